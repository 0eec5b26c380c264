import Bytes

/// Base64 with the standard alphabet (RFC 4648 section 4).
package enum Base64 {
    private static let alphabet: StaticString =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

    /// Appends `bytes` encoded, padded.
    package static func encode(_ bytes: Span<UInt8>, into output: inout ByteBuffer) {
        let alphabet = alphabet.bytes
        var index = 0
        while index < bytes.count {
            let left = bytes.count - index
            let second = left > 1 ? Int(bytes[index + 1]) : 0
            let third = left > 2 ? Int(bytes[index + 2]) : 0
            let word = Int(bytes[index]) << 16 | second << 8 | third
            output.append(alphabet[word >> 18])
            output.append(alphabet[word >> 12 & 63])
            output.append(left > 1 ? alphabet[word >> 6 & 63] : UInt8(ascii: "="))
            output.append(left > 2 ? alphabet[word & 63] : UInt8(ascii: "="))
            index += 3
        }
    }

    /// The bytes; padding may be missing. Nil where the text is something else.
    package static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var word: UInt32 = 0
        var bits = 0
        var end = text.count
        while end > 0, text[end - 1] == UInt8(ascii: "="), text.count - end < 2 { end -= 1 }
        guard end % 4 != 1 else { return nil }
        for index in 0..<end {
            guard let value = value(of: text[index]) else { return nil }
            word = word << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
            }
        }
        return bytes
    }

    private static func value(of byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 71
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte + 4
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
