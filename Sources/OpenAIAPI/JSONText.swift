import Bytes
import JSON

/// A JSON string left where it stands in a body, decoded when somebody asks.
package struct JSONText: Sendable, Equatable {
    /// The bytes between the quotes, escapes and all.
    package let contents: Range<Int>
    /// Whether the source is not the text.
    package let hasEscapes: Bool

    /// nil where `value` is no string.
    init?(_ value: JSONValue, in document: borrowing JSONDocument) {
        guard let contents = document.contents(of: value) else { return nil }
        self.contents = contents
        self.hasEscapes = document.hasEscapes(value)
    }

    /// The bytes of the whole value with its quotes: what a splice replaces.
    package var range: Range<Int> { contents.lowerBound - 1..<contents.upperBound + 1 }

    /// Appends the decoded text in UTF-8; a lone surrogate becomes U+FFFD. `body` is the document
    /// the text stands in.
    package func append(from body: Span<UInt8>, to buffer: inout ByteBuffer) {
        let source = body.extracting(contents)
        guard hasEscapes else { return buffer.append(source) }
        var index = 0
        while let backslash = source.firstIndex(of: UInt8(ascii: "\\"), from: index) {
            buffer.append(source.extracting(index..<backslash))
            index = Self.appendEscape(source, at: backslash, to: &buffer)
        }
        buffer.append(source.extracting(index..<source.count))
    }

    /// The decoded text as a copy. For tests and rare needs.
    package func string(from body: Span<UInt8>) -> String {
        var buffer = ByteBuffer(capacity: contents.count)
        append(from: body, to: &buffer)
        return String(decoding: buffer.bytes)
    }

    /// Decodes the escape at `start` of a valid string; answers where the text goes on.
    private static func appendEscape(
        _ source: Span<UInt8>, at start: Int, to buffer: inout ByteBuffer
    ) -> Int {
        let escaped = start + 1 < source.count ? source[start + 1] : 0
        switch escaped {
        case UInt8(ascii: "n"): buffer.append(0x0A)
        case UInt8(ascii: "t"): buffer.append(0x09)
        case UInt8(ascii: "r"): buffer.append(0x0D)
        case UInt8(ascii: "b"): buffer.append(0x08)
        case UInt8(ascii: "f"): buffer.append(0x0C)
        case UInt8(ascii: "u"):
            guard let unit = codeUnit(source, at: start + 2) else { break }
            var scalar = unit
            var end = start + 6
            if unit & 0xFC00 == 0xD800, end + 1 < source.count,
                source[end] == UInt8(ascii: "\\"), source[end + 1] == UInt8(ascii: "u"),
                let low = codeUnit(source, at: end + 2), low & 0xFC00 == 0xDC00
            {
                scalar = 0x10000 + (unit & 0x3FF) << 10 + (low & 0x3FF)
                end += 6
            }
            let character = Unicode.Scalar(scalar) ?? "\u{FFFD}"
            for byte in UTF8.encode(character) ?? UTF8.encodedReplacementCharacter {
                buffer.append(byte)
            }
            return end
        default: buffer.append(escaped)
        }
        return min(start + 2, source.count)
    }

    /// The four hexadecimal digits at `start`.
    private static func codeUnit(_ source: Span<UInt8>, at start: Int) -> UInt32? {
        guard start + 4 <= source.count else { return nil }
        var unit: UInt32 = 0
        for index in start..<start + 4 {
            guard let digit = ASCII.hexValue(source[index]) else { return nil }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }
}
