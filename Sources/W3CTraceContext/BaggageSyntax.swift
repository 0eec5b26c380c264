import Bytes

/// The characters of W3C Baggage, section 3.3.1.
enum BaggageSyntax {
    /// A token (RFC 9110 section 5.6.2).
    static func isToken(_ bytes: Span<UInt8>) -> Bool {
        for index in bytes.indices {
            let byte = bytes[index]
            let mask: UInt64 =
                switch byte >> 6 {
                case 0: 0x03FF_6CFA_0000_0000
                case 1: 0x57FF_FFFF_C7FF_FFFE
                default: 0
                }
            guard mask >> UInt64(byte & 63) & 1 == 1 else { return false }
        }
        return bytes.count > 0
    }

    /// `baggage-octet`: visible ASCII without quote, comma, semicolon and backslash.
    static func isOctet(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\\"): false
        case 0x21...0x7E: true
        default: false
        }
    }

    /// What may stand behind a value; it is passed on as it is.
    static func isProperties(_ bytes: Span<UInt8>) -> Bool {
        for index in bytes.indices {
            switch bytes[index] {
            case ASCII.space, ASCII.tab, UInt8(ascii: ";"): continue
            case let byte: guard isOctet(byte) else { return false }
            }
        }
        return true
    }

    /// The percent-decoded value, or nil where an octet is not allowed or a "%" not followed by
    /// two hexadecimal digits. "+" is a plus.
    static func decode(_ bytes: Span<UInt8>) -> String? {
        var isPlain = true
        for index in bytes.indices {
            guard isOctet(bytes[index]) else { return nil }
            if bytes[index] == UInt8(ascii: "%") { isPlain = false }
        }
        if isPlain { return String(decoding: bytes) }
        var decoded = ByteBuffer(capacity: bytes.count)
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "%") else {
                decoded.append(bytes[index])
                index += 1
                continue
            }
            guard index + 2 < bytes.count, let high = ASCII.hexValue(bytes[index + 1]),
                let low = ASCII.hexValue(bytes[index + 2])
            else { return nil }
            decoded.append(high << 4 | low)
            index += 3
        }
        return String(decoding: decoded.bytes)
    }

    /// Appends the value, everything that is not a `baggage-octet` and "%" percent-encoded.
    static func encode(_ value: String, into buffer: inout ByteBuffer) {
        for byte in value.utf8 {
            if isOctet(byte), byte != UInt8(ascii: "%") {
                buffer.append(byte)
            } else {
                buffer.append(UInt8(ascii: "%"))
                buffer.append(upperHexDigit(byte >> 4))
                buffer.append(upperHexDigit(byte & 15))
            }
        }
    }

    /// Bytes `encode` appends.
    static func encodedCount(_ value: String) -> Int {
        var count = 0
        for byte in value.utf8 { count += isOctet(byte) && byte != UInt8(ascii: "%") ? 1 : 3 }
        return count
    }

    private static func upperHexDigit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? 0x30 + nibble : 0x37 + nibble
    }
}
