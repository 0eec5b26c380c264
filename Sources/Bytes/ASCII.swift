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

    /// The same for the eight bytes of a word.
    @inlinable
    public static func lowercased(word: UInt64) -> UInt64 {
        word | within(word, 0x41, 0x5A) >> 2
    }

    /// The top bit of each byte of `word` that is between `low` and `high`, which are ASCII.
    @inlinable
    static func within(_ word: UInt64, _ low: UInt64, _ high: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let septets = word & (ones &* 0x7F)
        // Seven bits and at most 0x7F more: no byte overflows into the next.
        let isAtLeast = septets &+ ones &* (0x80 &- low)
        let isAbove = septets &+ ones &* (0x7F &- high)
        return (isAtLeast ^ isAbove) & ~word & (ones &* 0x80)
    }

    /// The top bit of each byte of `word` that is a letter or "-".
    @inlinable
    static func namePart(of word: UInt64) -> UInt64 {
        within(word | 0x2020_2020_2020_2020, 0x61, 0x7A) | within(word, 0x2D, 0x2D)
    }

    /// All eight bytes of `word` are letters, digits or one of "-./_".
    public static func isPlain(_ word: UInt64) -> Bool {
        let letters = within(word | 0x2020_2020_2020_2020, 0x61, 0x7A)
        let others = within(word, 0x2D, 0x39) | within(word, 0x5F, 0x5F)
        return (letters | others) == 0x8080_8080_8080_8080
    }

    /// A token byte (RFC 9110 section 5.6.2).
    @inlinable
    public static func isToken(_ byte: UInt8) -> Bool {
        // !#$%&'*+-. and digits, then letters, ^_` and |~
        let mask: UInt64 =
            switch byte >> 6 {
            case 0: 0x03FF_6CFA_0000_0000
            case 1: 0x57FF_FFFF_C7FF_FFFE
            default: 0
            }
        return mask >> UInt64(byte & 63) & 1 == 1
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
