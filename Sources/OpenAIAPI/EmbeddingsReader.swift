import Bytes
import JSON

/// Reads an answer of the embeddings endpoint without looking at every number of its vectors:
/// they are nearly all of its bytes and nothing of them is told but how many there are.
enum EmbeddingsReader {
    private static let key: StaticString = "\"embedding\":"

    /// What `body` says. The vectors' contents are left out before the scan; where that does not
    /// leave JSON, all of it is scanned.
    static func read(_ body: Span<UInt8>, scanner: inout JSONScanner) -> AnswerFacts {
        var outline = ByteBuffer(capacity: 2048)
        guard let first = copyOutline(of: body, to: &outline) else {
            return AnswerReader.readWhole(body, endpoint: .embeddings, scanner: &scanner)
        }
        var facts = AnswerReader.readWhole(outline.bytes, endpoint: .embeddings, scanner: &scanner)
        guard facts.unreadableCount == 0, facts.embeddingDimensions != nil else {
            return AnswerReader.readWhole(body, endpoint: .embeddings, scanner: &scanner)
        }
        facts.embeddingDimensions = dimensions(of: body.extracting(first))
        return facts
    }

    /// Copies `body` with an empty vector in the place of each, and answers where the first one
    /// stands; nil where there is none that it knows.
    private static func copyOutline(
        of body: Span<UInt8>, to outline: inout ByteBuffer
    ) -> Range<Int>? {
        var first: Range<Int>?
        var copied = 0
        var position = 0
        while let colon = nextKey(in: body, from: position) {
            var start = colon
            while start < body.count, isSpace(body[start]) { start += 1 }
            guard start < body.count, let close = closing(body[start]),
                let end = body.firstIndex(of: close, from: start + 1)
            else { return nil }
            outline.append(body.extracting(copied...start))
            copied = end
            position = end + 1
            if first == nil { first = start..<end + 1 }
        }
        outline.append(body.extracting(copied...))
        return first
    }

    /// The offset behind the next `"embedding":`.
    private static func nextKey(in body: Span<UInt8>, from position: Int) -> Int? {
        let length = key.utf8CodeUnitCount
        var position = position
        while let quote = body.firstIndex(of: UInt8(ascii: "\""), from: position) {
            if quote + length <= body.count,
                body.extracting(quote..<quote + length).equals(key)
            {
                return quote + length
            }
            position = quote + 1
        }
        return nil
    }

    private static func closing(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "["): UInt8(ascii: "]")
        case UInt8(ascii: "\""): UInt8(ascii: "\"")
        default: nil
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == ASCII.space || byte == ASCII.lineFeed || byte == ASCII.carriageReturn
            || byte == ASCII.tab
    }

    /// How many numbers a vector with its brackets or quotes has: its commas and one, or its
    /// bytes of base64 as floats of 32 bits.
    private static func dimensions(of vector: Span<UInt8>) -> Int {
        let inner = vector.extracting(1..<vector.count - 1)
        if vector[0] == UInt8(ascii: "[") {
            return inner.trimmed.isEmpty ? 0 : inner.count(of: UInt8(ascii: ",")) + 1
        }
        // Padding, and the backslash of an escaped slash, are no digits.
        let digits =
            inner.count - inner.count(of: UInt8(ascii: "=")) - inner.count(of: UInt8(ascii: "\\"))
        return digits * 3 / 4 / MemoryLayout<Float>.size
    }
}
