import Bytes

/// The character rules of HTTP, also for what the gateway puts into messages itself: a value that
/// passes `isFieldValue` cannot begin another line.
package enum HTTPSyntax {
    /// A token byte (RFC 9110 section 5.6.2).
    @inlinable
    package static func isTokenByte(_ byte: UInt8) -> Bool {
        // !#$%&'*+-. and digits, then letters, ^_` and |~
        let mask: UInt64 =
            switch byte >> 6 {
            case 0: 0x03FF_6CFA_0000_0000
            case 1: 0x57FF_FFFF_C7FF_FFFE
            default: 0
            }
        return mask >> UInt64(byte & 63) & 1 == 1
    }

    /// A byte a field value may have: visible ASCII, space, tab, and 0x80 and above, which pass as
    /// they are (RFC 9110 section 5.5).
    @inlinable
    package static func isFieldValueByte(_ byte: UInt8) -> Bool {
        byte >= 0x20 ? byte != 0x7F : byte == ASCII.tab
    }

    /// A token: a method, a field name.
    package static func isToken(_ bytes: Span<UInt8>) -> Bool {
        for index in bytes.indices where !isTokenByte(bytes[index]) { return false }
        return bytes.count > 0
    }

    /// A field value without white space around it; may be empty.
    package static func isFieldValue(_ bytes: Span<UInt8>) -> Bool {
        for index in bytes.indices where !isFieldValueByte(bytes[index]) { return false }
        let count = bytes.count
        guard count > 0 else { return true }
        return bytes[0] > ASCII.space && bytes[count - 1] > ASCII.space
    }
}
