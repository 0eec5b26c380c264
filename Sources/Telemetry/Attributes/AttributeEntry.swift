import Bytes

/// What an attribute is, as readers see it.
package enum AttributeType: UInt8, Sendable {
    /// A text that is no attribute.
    case dead
    /// UTF-8.
    case string
    /// UTF-8 of a JSON document with message content.
    case content
    /// Eight bytes, the least significant first, two's complement.
    case int
    /// Eight bytes, the least significant first, IEEE 754.
    case double
    /// One byte, 0 or 1.
    case bool
    /// Elements of UTF-8, each after its length in four bytes.
    case strings
}

/// Where one attribute lies in the bytes that `SpanRecord.withBytes` lends.
///
/// Each entry is a header (type, key's length, two bytes unused, value's length in four bytes),
/// the key and the value.
package struct AttributeEntry: Sendable {
    static let headerBytes = 8

    /// What the value is.
    package let type: AttributeType
    /// The name's bytes.
    package let key: Range<Int>
    /// The value's bytes.
    package let value: Range<Int>

    /// The attribute at or after `offset`, which moves behind it; nil at the end.
    package static func next(in bytes: Span<UInt8>, at offset: inout Int) -> AttributeEntry? {
        while offset < bytes.count {
            let entry = AttributeEntry(in: bytes, at: offset)
            offset = entry.value.upperBound
            if entry.type != .dead { return entry }
        }
        return nil
    }

    /// The element at or after `offset`, counted from the value's start, of a value of type
    /// `strings`; `offset` moves behind it.
    package static func nextElement(
        of value: Range<Int>, in bytes: Span<UInt8>, at offset: inout Int
    ) -> Range<Int>? {
        let start = value.lowerBound + offset
        guard start < value.upperBound else { return nil }
        let length = Int(bytes.littleEndian32(at: start))
        offset += 4 + length
        return (start + 4)..<(start + 4 + length)
    }

    init(in bytes: Span<UInt8>, at offset: Int) {
        let header = bytes.littleEndian64(at: offset)
        type = AttributeType(rawValue: UInt8(truncatingIfNeeded: header)) ?? .dead
        let keyStart = offset + Self.headerBytes
        let keyEnd = keyStart + Int(header >> 8 & 0xFF)
        key = keyStart..<keyEnd
        value = keyEnd..<(keyEnd + Int(header >> 32))
    }

    /// Appends the header of an entry with a key of `keyBytes`, and a value of `valueBytes`.
    static func appendHeader(
        _ type: AttributeType, keyBytes: Int, valueBytes: Int, to buffer: inout ByteBuffer
    ) {
        let word = UInt64(type.rawValue) | UInt64(keyBytes) << 8 | UInt64(valueBytes) << 32
        buffer.append(littleEndian: word)
    }
}
