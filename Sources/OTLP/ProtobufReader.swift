import Bytes

/// Reads protocol buffers' wire format; trusts nothing in it.
struct ProtobufReader {
    enum Value {
        case varint(UInt64)
        case fixed64(UInt64)
        case fixed32(UInt32)
        case bytes(Range<Int>)
    }

    private var offset = 0
    /// Bytes that were read.
    var position: Int { offset }
    private(set) var isMalformed = false

    /// The next field; nil at the end, or where the bytes make no sense.
    mutating func next(in bytes: Span<UInt8>) -> (number: UInt64, value: Value)? {
        guard offset < bytes.count, !isMalformed else { return nil }
        guard let tag = varint(in: bytes) else { return fail() }
        switch tag & 7 {
        case 0:
            guard let value = varint(in: bytes) else { return fail() }
            return (tag >> 3, .varint(value))
        case 1:
            guard skip(8, in: bytes) else { return fail() }
            return (tag >> 3, .fixed64(Self.word(bytes.extracting(offset - 8..<offset))))
        case 2:
            guard let length = varint(in: bytes), length <= UInt64(bytes.count),
                skip(Int(length), in: bytes)
            else { return fail() }
            return (tag >> 3, .bytes((offset - Int(length))..<offset))
        case 5:
            guard skip(4, in: bytes) else { return fail() }
            let word = Self.word(bytes.extracting(offset - 4..<offset))
            return (tag >> 3, .fixed32(UInt32(word)))
        default:
            return fail()
        }
    }

    private mutating func fail() -> (number: UInt64, value: Value)? {
        isMalformed = true
        return nil
    }

    private mutating func skip(_ count: Int, in bytes: Span<UInt8>) -> Bool {
        guard count <= bytes.count - offset else { return false }
        offset += count
        return true
    }

    /// The next element of a packed field; nil at the end, or where the bytes make no sense.
    mutating func nextPacked(_ type: PackedType, in bytes: Span<UInt8>) -> Value? {
        guard offset < bytes.count, !isMalformed else { return nil }
        switch type {
        case .varint:
            if let value = varint(in: bytes) { return .varint(value) }
        case .fixed64:
            if skip(8, in: bytes) {
                return .fixed64(Self.word(bytes.extracting(offset - 8..<offset)))
            }
        }
        isMalformed = true
        return nil
    }

    /// What a packed field is made of.
    enum PackedType {
        case varint, fixed64
    }

    /// Up to eight bytes, the least significant first.
    private static func word(_ bytes: Span<UInt8>) -> UInt64 {
        var word: UInt64 = 0
        for index in bytes.indices.reversed() { word = word << 8 | UInt64(bytes[index]) }
        return word
    }

    private mutating func varint(in bytes: Span<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while offset < bytes.count, shift < 64 {
            let byte = bytes[offset]
            offset += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }
}
