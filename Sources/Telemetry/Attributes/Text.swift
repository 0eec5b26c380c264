import Bytes

/// Text that came from outside, made safe to keep and to print.
package enum Text {
    /// Appends `text` as valid UTF-8: what is not becomes U+FFFD. Cut off behind
    /// `charactersMax` Unicode scalars or before the scalar that would pass `bytesMax` bytes.
    package static func append(
        _ text: Span<UInt8>, charactersMax: Int, bytesMax: Int, to buffer: inout ByteBuffer
    ) {
        let cut = text.extracting(0..<prefix(text, charactersMax, bytesMax))
        if isValid(cut) {
            buffer.append(cut)
        } else {
            let repaired = String(decoding: cut).utf8.span
            buffer.append(repaired.extracting(0..<prefix(repaired, charactersMax, bytesMax)))
        }
    }

    /// Appends `text` as `append` does, with control characters (C0, DEL and C1)
    /// written out as `\n`, `\x1B`: it stays on one line and moves no cursor.
    package static func appendEscaped(
        _ text: Span<UInt8>, charactersMax: Int, to buffer: inout ByteBuffer
    ) {
        if text.count <= charactersMax, isPrintableASCII(text) { return buffer.append(text) }
        let cut = text.extracting(0..<prefix(text, charactersMax, .max))
        guard needsEscape(cut) || !isValid(cut) else { return buffer.append(cut) }
        var room = charactersMax
        for scalar in String(decoding: cut).unicodeScalars {
            let before = buffer.count
            appendEscaped(scalar, to: &buffer)
            let written = buffer.count - before
            room -= isControl(scalar) ? written : 1
            if room < 0 { return buffer.truncate(to: before) }
        }
    }

    /// Whether `bytes` are well-formed UTF-8.
    package static func isValid(_ bytes: Span<UInt8>) -> Bool {
        bytes.isASCII || (try? UTF8Span(validating: bytes)) != nil
    }

    /// Bytes of the longest prefix within both limits that ends between scalars.
    private static func prefix(_ text: Span<UInt8>, _ charactersMax: Int, _ bytesMax: Int) -> Int {
        if text.count <= charactersMax, text.count <= bytesMax { return text.count }
        var characters = 0
        var index = 0
        let end = min(text.count, bytesMax)
        while index < end {
            if text[index] & 0xC0 != 0x80 {
                characters += 1
                if characters > charactersMax { return index }
            }
            index += 1
        }
        guard end < text.count else { return end }
        // Not inside a scalar: back over at most three continuation bytes to its first.
        var back = 0
        while back < 3, end - back > 0, text[end - back] & 0xC0 == 0x80 { back += 1 }
        return text[end - back] & 0xC0 == 0x80 ? end : end - back
    }

    /// Nothing but 0x20 to 0x7E; eight bytes are looked at in a step.
    private static func isPrintableASCII(_ bytes: Span<UInt8>) -> Bool {
        bytes.isASCII && bytes.firstControl(in: bytes.indices) == nil
            && bytes.firstIndex(of: ASCII.tab) == nil
    }

    private static func needsEscape(_ bytes: Span<UInt8>) -> Bool {
        for index in bytes.indices {
            let byte = bytes[index]
            // 0xC2 leads the C1 controls, among others: the slow way looks closer.
            if byte < 0x20 || byte == 0x7F || byte == 0xC2 { return true }
        }
        return false
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    }

    private static func appendEscaped(_ scalar: Unicode.Scalar, to buffer: inout ByteBuffer) {
        switch scalar {
        case "\n": buffer.append("\\n")
        case "\r": buffer.append("\\r")
        case "\t": buffer.append("\\t")
        default:
            guard isControl(scalar) else {
                for unit in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
                    buffer.append(unit)
                }
                return
            }
            let value = UInt8(truncatingIfNeeded: scalar.value)
            buffer.append("\\x")
            buffer.append(hexDigitUpper(value >> 4))
            buffer.append(hexDigitUpper(value & 15))
        }
    }

    private static func hexDigitUpper(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? 0x30 + nibble : 0x37 + nibble
    }
}
