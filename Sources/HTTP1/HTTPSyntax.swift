import Bytes

/// The character rules of HTTP, also for what the gateway puts into messages itself: a value that
/// passes `isFieldValue` cannot begin another line.
package enum HTTPSyntax {
    /// A token byte (RFC 9110 section 5.6.2).
    @inlinable
    package static func isTokenByte(_ byte: UInt8) -> Bool {
        ASCII.isToken(byte)
    }

    /// A byte a field value may have: visible ASCII, space, tab, and 0x80 and above, which pass as
    /// they are (RFC 9110 section 5.5).
    @inlinable
    package static func isFieldValueByte(_ byte: UInt8) -> Bool {
        byte >= 0x20 ? byte != 0x7F : byte == ASCII.tab
    }

    /// A token: a method, a field name.
    package static func isToken(_ bytes: Span<UInt8>) -> Bool {
        bytes.count > 0 && bytes.endOfToken(from: 0) == bytes.count
    }

    /// A field value without white space around it; may be empty.
    package static func isFieldValue(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.firstControl(in: bytes.indices) == nil else { return false }
        let count = bytes.count
        guard count > 0 else { return true }
        return bytes[0] > ASCII.space && bytes[count - 1] > ASCII.space
    }
}
