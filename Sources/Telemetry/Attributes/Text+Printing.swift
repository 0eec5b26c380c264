import Bytes

extension Text {
    /// Appends `text` as a JSON string, cut after `charactersMax` Unicode scalars. Control
    /// characters, C1 and the marks that turn the direction of text are written as `\uXXXX`.
    package static func appendQuoted(
        _ text: Span<UInt8>, charactersMax: Int, to buffer: inout ByteBuffer
    ) {
        buffer.append("\"")
        if isPlain(text), text.count <= charactersMax {
            buffer.append(text)
        } else {
            // Four bytes a scalar at most: no more of a huge text is looked at.
            let bytesMax = charactersMax < Int.max / 4 ? charactersMax * 4 : Int.max
            let start = text.extracting(0..<min(text.count, bytesMax))
            for scalar in String(decoding: start).unicodeScalars.prefix(charactersMax) {
                appendJSON(scalar, to: &buffer)
            }
        }
        buffer.append("\"")
    }

    /// Appends `value` / 1000 with three decimals.
    package static func appendThousandths(_ value: UInt64, to buffer: inout ByteBuffer) {
        buffer.append(decimal: Int(value / 1000))
        buffer.append(".")
        let rest = value % 1000
        buffer.append(UInt8(ascii: "0") + UInt8(rest / 100))
        buffer.append(UInt8(ascii: "0") + UInt8(rest / 10 % 10))
        buffer.append(UInt8(ascii: "0") + UInt8(rest % 10))
    }

    /// Printable ASCII without quotes and backslashes.
    private static func isPlain(_ text: Span<UInt8>) -> Bool {
        for index in text.indices {
            let byte = text[index]
            if byte < 0x20 || byte > 0x7E || byte == 0x22 || byte == 0x5C { return false }
        }
        return true
    }

    private static func appendJSON(_ scalar: Unicode.Scalar, to buffer: inout ByteBuffer) {
        switch scalar.value {
        case 0x22: buffer.append("\\\"")
        case 0x5C: buffer.append("\\\\")
        case 0x0A: buffer.append("\\n")
        case 0x0D: buffer.append("\\r")
        case 0x09: buffer.append("\\t")
        case 0..<0x20, 0x7F...0x9F, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069:
            buffer.append("\\u")
            for shift in [12, 8, 4, 0] as [UInt32] {
                buffer.append(
                    ASCII.hexDigit(UInt8(truncatingIfNeeded: scalar.value >> shift) & 15))
            }
        default:
            for unit in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
                buffer.append(unit)
            }
        }
    }
}
