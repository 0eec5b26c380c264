import Bytes
import CSimdjson

/// A scanned document: its bytes and their tokens, borrowed from the scanner.
///
/// Answers are byte ranges counted from the document's start, and spans of its bytes. Values must
/// come from this document.
@safe
package struct JSONDocument: ~Escapable {
    /// The document's bytes, as they were scanned.
    package let bytes: Span<UInt8>
    let positions: UnsafePointer<UInt32>
    let links: UnsafePointer<UInt32>
    let tokenCount: Int
    /// No escape is a slash's or a number: every string stands as `append(jsonEscaped:)` would
    /// write its text, byte for byte.
    package let hasPlainEscapes: Bool

    @_lifetime(copy bytes)
    @unsafe
    init(
        bytes: Span<UInt8>, positions: UnsafePointer<UInt32>, links: UnsafePointer<UInt32>,
        tokenCount: Int, hasPlainEscapes: Bool
    ) {
        self.bytes = bytes
        // SAFETY: the scanner's arrays, which the scanner's borrow keeps as they are.
        unsafe self.positions = positions
        unsafe self.links = links
        self.tokenCount = tokenCount
        self.hasPlainEscapes = hasPlainEscapes
    }

    /// The document's one value.
    package var root: JSONValue { JSONValue(token: 0) }

    /// What `value` is.
    package func kind(of value: JSONValue) -> JSONKind {
        switch bytes[position(of: Int(value.token))] {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "t"): .true
        case UInt8(ascii: "f"): .false
        case UInt8(ascii: "n"): .null
        default: .number
        }
    }

    /// The bytes of the whole value, quotes or brackets included.
    package func range(of value: JSONValue) -> Range<Int> {
        position(of: Int(value.token))..<end(of: value)
    }

    /// The source of the whole value, quotes or brackets included.
    @_lifetime(copy self)
    package func source(of value: JSONValue) -> Span<UInt8> {
        bytes.extracting(range(of: value))
    }

    /// The offset of token `index`; the document's length for the index after the last.
    @inline(__always)
    func position(of index: Int) -> Int {
        precondition(index <= tokenCount)
        // SAFETY: the scanner filled one entry for each token and one for the end.
        return Int(unsafe positions[index])
    }

    /// The scanner's note about token `index`: see `csimdjson_result`.
    @inline(__always)
    func link(of index: Int) -> Int {
        precondition(index < tokenCount)
        // SAFETY: the scanner filled one entry for each opening bracket and scalar.
        return Int(unsafe links[index])
    }

    /// The token's byte, or zero past the last token.
    @inline(__always)
    func byte(of index: Int) -> UInt8 {
        index < tokenCount ? bytes[position(of: index)] : 0
    }

    /// The index of the token after the value.
    @inline(__always)
    func tokenAfter(_ value: JSONValue) -> Int {
        let index = Int(value.token)
        switch byte(of: index) {
        case UInt8(ascii: "{"), UInt8(ascii: "["): return link(of: index) + 1
        default: return index + 1
        }
    }

    /// The offset after the value's last byte.
    private func end(of value: JSONValue) -> Int {
        let next = tokenAfter(value)
        if next - 1 > Int(value.token) { return position(of: next - 1) + 1 }
        return scalarEnd(of: Int(value.token))
    }

    /// The offset after a string's, number's or literal's last byte: what follows up to the next
    /// token is white space.
    @inline(__always)
    func scalarEnd(of index: Int) -> Int {
        let start = position(of: index)
        var end = position(of: index + 1)
        while end > start + 1, Self.isWhiteSpace(bytes[end - 1]) { end -= 1 }
        return end
    }

    private static func isWhiteSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }
}
