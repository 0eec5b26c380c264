import Bytes
import JSON

/// The tap beside the relay: reads a streamed answer and never fails; what it cannot parse it
/// counts.
///
/// It parses where the chunk lies, and keeps only what a chunk boundary cut. The scanner is the
/// worker's: one serves all streams, which leave nothing in it between two calls.
package struct StreamReader: ~Copyable {
    /// What the stream has said so far.
    package internal(set) var facts = AnswerFacts()
    /// The answer's content, where it was asked for.
    package var content: CapturedContent?
    /// The plain answer being made of the stream, where one is wanted.
    package var assembly: AnswerAssembly?
    private let endpoint: Endpoint
    private var parser: SSEParser

    /// `captureBytesMax` bounds the content that is kept; zero keeps none. Events of over
    /// `eventBytesMax` are relayed unread.
    package init(endpoint: Endpoint, captureBytesMax: Int = 0, eventBytesMax: Int = 1 << 20) {
        self.endpoint = endpoint
        self.parser = SSEParser(eventBytesMax: eventBytesMax)
        self.content = captureBytesMax > 0 ? CapturedContent(bytesMax: captureBytesMax) : nil
    }

    /// Where the stream stands, for closing one that was cut.
    package var position: SSEParser.Position { parser.position }

    /// Reads the next bytes of the stream.
    package mutating func read(_ chunk: Span<UInt8>, scanner: inout JSONScanner) {
        while next(in: chunk, scanner: &scanner) != nil {}
    }

    /// One step of `read`: the next block and what to take out of it; nil at the chunk's end.
    mutating func next(in chunk: Span<UInt8>, scanner: inout JSONScanner) -> Block? {
        guard let block = parser.next(in: chunk) else { return nil }
        var edit = UsageEdit.none
        switch block {
        case .empty: break
        case .oversized:
            facts.unreadableCount += 1
            assembly?.refuse(.tooLarge)
        case .event:
            edit = Self.take(
                parser, chunk, endpoint, &facts, &content, &assembly, scanner: &scanner)
        }
        return Block(range: parser.range, edit: edit, dataOffset: parser.dataOffset)
    }

    /// A part of the stream up to a blank line.
    struct Block {
        let range: Range<Int>
        let edit: UsageEdit
        /// Where in the chunk its data begins, if it is one line that lies there whole.
        let dataOffset: Int?
    }

    /// Bytes of the stream before the chunk at hand.
    var chunkOffset: Int { parser.chunkOffset }
    /// Where the unfinished block begins in the stream.
    var blockOffset: Int { parser.blockOffset }
    /// The unfinished block has nothing but comments so far.
    var isInComments: Bool { parser.isInComments }

    private static func take(
        _ parser: borrowing SSEParser, _ chunk: Span<UInt8>, _ endpoint: Endpoint,
        _ facts: inout AnswerFacts, _ content: inout CapturedContent?,
        _ assembly: inout AnswerAssembly?, scanner: inout JSONScanner
    ) -> UsageEdit {
        let data = parser.data(in: chunk)
        if data.equals("[DONE]") {
            facts.isDone = true
            assembly?.takeDone()
            return .none
        }
        if facts.isDone { facts.eventsAfterDone += 1 }
        facts.chunkCount += 1
        do throws(JSONError) {
            try scanner.scan(data)
            assembly?.take(scanner.document(data), type: parser.eventType)
            return facts.take(scanner.document(data), endpoint: endpoint, content: &content)
        } catch {
            facts.unreadableCount += 1
            assembly?.refuse(.malformed)
            return .none
        }
    }
}

/// Reads a plain answer, or an upstream's error body.
package enum AnswerReader {
    /// What `body` says, which is not JSON in the worst case: `unreadableCount` is 1 then.
    package static func read(
        _ body: Span<UInt8>, endpoint: Endpoint, scanner: inout JSONScanner
    ) -> AnswerFacts {
        if endpoint == .embeddings { return EmbeddingsReader.read(body, scanner: &scanner) }
        return readWhole(body, endpoint: endpoint, scanner: &scanner)
    }

    /// As `read`, by a scan of every byte.
    static func readWhole(
        _ body: Span<UInt8>, endpoint: Endpoint, scanner: inout JSONScanner
    ) -> AnswerFacts {
        var facts = AnswerFacts()
        var nothing: CapturedContent?
        do throws(JSONError) {
            try scanner.scan(body)
            _ = facts.take(scanner.document(body), endpoint: endpoint, content: &nothing)
        } catch {
            facts.unreadableCount = 1
        }
        return facts
    }
}

extension StreamReader {
    /// Appends `gen_ai.output.messages` of what came so far; false, with nothing appended, where
    /// the content is not captured or there is none.
    package borrowing func appendOutputMessages(
        with writer: inout MessageContent, to buffer: inout ByteBuffer
    ) -> Bool {
        switch content {
        case .none: false
        case .some(let content):
            writer.appendOutputMessages(of: content, facts: facts, to: &buffer)
        }
    }
}
