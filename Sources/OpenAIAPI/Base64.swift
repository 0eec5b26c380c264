import Bytes

/// Base64 (RFC 4648 sections 4 and 5, both alphabets), read leniently: what is neither alphabet is
/// skipped, and padding ends the text.
enum Base64 {
    /// Bytes the text stands for.
    static func decodedCount(_ text: Span<UInt8>) -> Int {
        var digits = 0
        for index in text.indices {
            if text[index] == UInt8(ascii: "=") { break }
            if value(text[index]) != nil { digits += 1 }
        }
        return digits * 3 / 4
    }

    /// Appends what `text` stands for.
    static func decode(_ text: Span<UInt8>, into buffer: inout ByteBuffer) {
        buffer.reserve(text.count / 4 * 3 + 3)
        var bits: UInt32 = 0
        var count = 0
        for index in text.indices {
            if text[index] == UInt8(ascii: "=") { break }
            guard let digit = value(text[index]) else { continue }
            bits = bits << 6 | UInt32(digit)
            count += 6
            if count >= 8 {
                count -= 8
                buffer.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
    }

    private static func value(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
