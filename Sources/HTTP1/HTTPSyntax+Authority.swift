import Bytes

extension HTTPSyntax {
    /// A byte of a path but for "%": unreserved, sub-delims, ":", "@" or "/"
    /// (RFC 3986 section 3.3).
    static func isPathByte(_ byte: UInt8) -> Bool {
        let mask: UInt64 =
            switch byte >> 6 {
            case 0: 0x2FFF_FFD2_0000_0000
            case 1: 0x47FF_FFFE_87FF_FFFF
            default: 0
            }
        return mask >> UInt64(byte & 63) & 1 == 1
    }

    /// `host [":" port]` with a host that is not empty (RFC 3986 section 3.2, RFC 9110
    /// section 7.2).
    ///
    /// A comma, which the grammar allows in a name, is refused: no host has one, and a joined pair
    /// of Host fields does.
    package static func isAuthority(_ bytes: Span<UInt8>, withPort: Bool = false) -> Bool {
        var end = 0
        if bytes.count > 0, bytes[0] == UInt8(ascii: "[") {
            guard let closing = bytes.firstIndex(of: UInt8(ascii: "]")),
                isIPLiteral(bytes.extracting(1..<closing))
            else { return false }
            end = closing + 1
        } else {
            while end < bytes.count, bytes[end] != UInt8(ascii: ":") {
                guard isHostByte(bytes, end) else { return false }
                end += 1
            }
            guard end > 0 else { return false }
        }
        guard end < bytes.count else { return !withPort }
        guard bytes[end] == UInt8(ascii: ":") else { return false }
        let port = bytes.extracting(end + 1..<bytes.count)
        if port.count == 0 { return !withPort }
        guard port.count <= 5, let number = port.decimal else { return false }
        return number <= 65_535
    }

    private static func isIPLiteral(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count >= 2 else { return false }
        for index in bytes.indices {
            let byte = bytes[index]
            guard
                ASCII.hexValue(byte) != nil || byte == UInt8(ascii: ":")
                    || byte == UInt8(ascii: ".")
            else { return false }
        }
        return bytes.firstIndex(of: UInt8(ascii: ":")) != nil
    }

    private static func isHostByte(_ bytes: Span<UInt8>, _ index: Int) -> Bool {
        switch bytes[index] {
        case UInt8(ascii: "%"):
            index + 2 < bytes.count && ASCII.hexValue(bytes[index + 1]) != nil
                && ASCII.hexValue(bytes[index + 2]) != nil
        case UInt8(ascii: ","), UInt8(ascii: "/"), UInt8(ascii: "@"): false
        case let byte: isPathByte(byte)
        }
    }
}
