/// ASCII as the protocols of this public use it: bytes, never characters.
public enum ASCII {
    /// HTAB.
    public static let tab: UInt8 = 0x09
    /// LF.
    public static let lineFeed: UInt8 = 0x0A
    /// CR.
    public static let carriageReturn: UInt8 = 0x0D
    /// SP.
    public static let space: UInt8 = 0x20

    /// "A"..."Z" as "a"..."z", any other byte as it is.
    @inlinable
    public static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }

    /// The value of a hexadecimal digit of either case, or nil.
    @inlinable
    public static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x61...0x66: byte - 0x61 + 10
        case 0x41...0x46: byte - 0x41 + 10
        default: nil
        }
    }

    /// The lower-case digit of `nibble`, which is below 16.
    @inlinable
    public static func hexDigit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? 0x30 + nibble : 0x57 + nibble
    }
}
