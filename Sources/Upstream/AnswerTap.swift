import Bytes
import Configuration
import JSON
import OpenAIAPI
import Privacy

/// Memory of a worker that its calls use in turn: nothing of it is held between two events.
package final class Workbench {
    /// For the documents of all calls, one after another.
    package var scanner: JSONScanner
    /// What of the piece goes on to the client.
    var output = ByteBuffer(capacity: 16 << 10)

    /// Messages on their way to a span.
    var messages = ByteBuffer(capacity: 1024)
    /// Bytes of `messages` that are kept between calls.
    static let messageBytesKept = 64 << 10

    /// Turns messages into the form that spans hold.
    var content: MessageContent

    /// Takes out of it what must not leave. Made when it is first needed.
    package private(set) lazy var filter = makeFilter()
    private let makeFilter: () -> ContentFilter

    /// `secret` keys the hashes of all workers.
    package init(settings: Settings, secret: Secret) {
        makeFilter = { ContentFilter(settings.content, secret: secret) }
        scanner = JSONScanner(depthMax: settings.limits.jsonDepthMax)
        var options = MessageContent.Options()
        options.partBytesMax = settings.content.partBytesMax
        options.attributeBytesMax = settings.content.totalBytesMax
        options.keepsBlobs = settings.content.keepBlobs
        options.keepsSystemMessages = settings.telemetry.systemMessagesInHistory
        content = MessageContent(options: options)
    }

    /// Scans `bytes`, unless the scanner still holds the scan of theirs with the number `scan`,
    /// and lends the document together with the converter of messages; nil where they are not
    /// JSON.
    package func read<Result>(
        _ bytes: Span<UInt8>, scan: UInt64,
        _ body: (borrowing JSONDocument, inout MessageContent) -> Result
    ) -> Result? {
        Self.read(bytes, scan, scanner: &scanner, content: &content, body)
    }

    /// Scans `bytes` and lends the document; nil where they are not JSON.
    package func scan<Result>(
        _ bytes: Span<UInt8>, _ body: (borrowing JSONDocument) -> Result
    ) -> Result? {
        Self.scan(bytes, &scanner, body)
    }

    private static func scan<Result>(
        _ bytes: Span<UInt8>, _ scanner: inout JSONScanner,
        _ body: (borrowing JSONDocument) -> Result
    ) -> Result? {
        guard !bytes.isEmpty, (try? scanner.scan(bytes)) != nil else { return nil }
        return body(scanner.document(bytes))
    }

    private static func read<Result>(
        _ bytes: Span<UInt8>, _ scan: UInt64, scanner: inout JSONScanner,
        content: inout MessageContent,
        _ body: (borrowing JSONDocument, inout MessageContent) -> Result
    ) -> Result? {
        if !scanner.holds(bytes, of: scan) {
            guard !bytes.isEmpty, (try? scanner.scan(bytes)) != nil else { return nil }
        }
        return body(scanner.document(bytes), &content)
    }
}

extension ContentFilter {
    convenience init(_ settings: ContentSettings, secret: Secret) {
        var rules = Redaction.Rules()
        rules.addresses = settings.redactAddresses
        self.init(
            secret: secret.reveal().utf8.span,
            redactor: Redactor(rules: rules, patterns: settings.patterns))
    }
}

/// Reads an upstream's answer beside the relay.
struct AnswerTap: ~Copyable {
    enum Kind {
        /// Nobody reads it: not a call of a model, or encoded.
        case none
        /// A JSON answer, kept to be read at its end.
        case plain
        /// A stream that goes to the client as it is.
        case stream
        /// A stream with usage the client has not asked for.
        case filtered
    }

    /// Bytes of a plain answer that are read; a longer one is relayed and not understood.
    static let plainBytesMax = 16 << 20
    /// Bytes of an error's body that are read.
    static let errorBytesMax = 64 << 10

    /// What streams alone need lies elsewhere: it is large, and most answers are none.
    private final class Box<Value: ~Copyable> {
        var value: Value

        init(_ value: consuming Value) {
            self.value = value
        }
    }

    let kind: Kind
    private var kept: ByteBuffer
    private var keptBytesMax: Int
    /// `JSONScanner.serial` of the scan of `kept`, 0 before it.
    private var keptScan: UInt64 = 0
    private let reader: Box<StreamReader>?
    private let filter: Box<UsageFilter>?

    private init(
        _ kind: Kind, capacity: Int = 0, bytesMax: Int = 0, reader: Box<StreamReader>? = nil,
        filter: Box<UsageFilter>? = nil
    ) {
        self.kind = kind
        kept = ByteBuffer(capacity: capacity)
        keptBytesMax = bytesMax
        self.reader = reader
        self.filter = filter
    }

    static func none() -> AnswerTap { AnswerTap(.none) }

    /// `length` is what the answer's head announces.
    static func plain(length: Int?, bytesMax: Int) -> AnswerTap {
        AnswerTap(.plain, capacity: min(length ?? 0, bytesMax), bytesMax: bytesMax)
    }

    static func stream(_ reader: consuming StreamReader) -> AnswerTap {
        AnswerTap(.stream, reader: Box(reader))
    }

    /// `heldBytesMax` bytes of an unfinished event are held back.
    static func filtered(
        _ reader: consuming StreamReader, heldBytesMax: Int
    ) -> AnswerTap {
        let filter = UsageFilter(reader: reader, heldBytesMax: heldBytesMax)
        return AnswerTap(.filtered, filter: Box(filter))
    }

    /// The answer is a stream of events that is read.
    var isStream: Bool { kind == .stream || kind == .filtered }

    /// Takes note of a piece of the body. What of a filtered stream goes on to the client is in
    /// `bench.output` then.
    mutating func take(_ bytes: Span<UInt8>, bench: Workbench) {
        switch kind {
        case .none: break
        case .plain:
            if kept.count + bytes.count <= keptBytesMax {
                kept.append(bytes)
            } else {
                keptBytesMax = 0
                kept.removeAll(keeping: 0)
            }
        case .stream:
            reader?.value.read(bytes, scanner: &bench.scanner)
        case .filtered:
            bench.output.removeAll()
            filter?.value.filter(bytes, into: &bench.output, scanner: &bench.scanner)
        }
    }

    /// Puts what was held back into `bench.output`: at the end of the stream, or where it was cut.
    mutating func finish(bench: Workbench) {
        bench.output.removeAll()
        filter?.value.finish(into: &bench.output)
    }

    /// The stream has shown a part of the answer.
    var hasContent: Bool {
        mutating get {
            switch kind {
            case .none, .plain: false
            case .stream: reader?.value.facts.hasContent ?? false
            case .filtered: filter?.value.reader.facts.hasContent ?? false
            }
        }
    }

    /// Events with data that the stream has shown, `[DONE]` left out.
    var chunkCount: Int {
        mutating get {
            switch kind {
            case .none, .plain: 0
            case .stream: reader?.value.facts.chunkCount ?? 0
            case .filtered: filter?.value.reader.facts.chunkCount ?? 0
            }
        }
    }

    /// Where the stream stands, for closing one that was cut; nil for what is none.
    var position: SSEParser.Position? {
        mutating get {
            switch kind {
            case .none, .plain: nil
            case .stream: reader?.value.position
            case .filtered: filter?.value.reader.position
            }
        }
    }

    /// Lends what the answer has said so far; does nothing where nobody read it.
    mutating func withFacts(
        endpoint: Endpoint, bench: Workbench, _ body: (borrowing AnswerFacts) -> Void
    ) {
        switch kind {
        case .none: break
        case .plain:
            if kept.isEmpty { return }
            let facts = AnswerReader.read(
                kept.bytes, endpoint: endpoint, scanner: &bench.scanner)
            // Of embeddings, an outline is scanned.
            keptScan = endpoint == .embeddings ? 0 : bench.scanner.serial
            body(facts)
        case .stream: reader?.value.lendFacts(to: body)
        case .filtered: filter?.value.reader.lendFacts(to: body)
        }
    }
}

extension AnswerTap {
    /// Appends the answer's messages in the form that spans hold; false where there are none.
    mutating func appendMessages(
        endpoint: Endpoint, bench: Workbench, to buffer: inout ByteBuffer
    ) -> Bool {
        switch kind {
        case .none: false
        case .plain:
            bench.read(kept.bytes, scan: keptScan) { document, content in
                content.appendOutputMessages(of: document, endpoint: endpoint, to: &buffer)
            } ?? false
        case .stream: reader?.value.appendMessages(bench, to: &buffer) ?? false
        case .filtered: filter?.value.reader.appendMessages(bench, to: &buffer) ?? false
        }
    }
}

extension AnswerTap {
    /// See `Operation.withStorableAnswer`.
    mutating func withStorableAnswer(
        endpoint: Endpoint, inputCount: Int?, bytesMax: Int, bench: Workbench,
        _ use: (Span<UInt8>) -> Void
    ) -> StaticString? {
        switch kind {
        case .none: return "unread"
        case .plain:
            guard !kept.isEmpty, kept.count <= bytesMax else { return "too_large" }
            let refusal = bench.read(kept.bytes, scan: keptScan) { document, _ in
                StorableAnswer.judge(document, endpoint: endpoint, inputCount: inputCount)?.name
            }
            guard let refusal else { return "malformed" }
            if refusal == nil { use(kept.bytes) }
            return refusal
        case .stream: return reader == nil ? "unread" : reader?.value.withAssembly(use) ?? nil
        case .filtered:
            return filter == nil ? "unread" : filter?.value.reader.withAssembly(use) ?? nil
        }
    }
}

extension StreamReader {
    /// nil: lent. A word otherwise.
    fileprivate mutating func withAssembly(_ use: (Span<UInt8>) -> Void) -> StaticString? {
        guard assembly != nil else { return "unread" }
        var plain = ByteBuffer()
        do throws(AssemblyError) {
            // A client that does not stream is always told of usage.
            guard try assembly?.finish(to: &plain).hasUsage == true else { return "no_usage" }
        } catch {
            return error.name
        }
        use(plain.bytes)
        return nil
    }

    fileprivate mutating func appendMessages(
        _ bench: Workbench, to buffer: inout ByteBuffer
    ) -> Bool {
        guard let content = content.take() else { return false }
        return bench.content.appendOutputMessages(of: content, facts: facts, to: &buffer)
    }

    fileprivate func lendFacts(to body: (borrowing AnswerFacts) -> Void) {
        body(facts)
    }
}
