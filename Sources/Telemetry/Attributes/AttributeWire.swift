import Bytes

/// Attributes as OTLP has them on the wire: `KeyValue { key = 1, value = 2 }` messages, with
/// `AnyValue { string = 1, bool = 2, int = 3, double = 4, array = 5 }` as values
/// (opentelemetry-proto v1.11.0, common.proto). Each is written once, with its lengths before it.
package enum AttributeWire {
    /// Bytes of the base-128 varint of `value`.
    @inline(__always)
    static func varintBytes(_ value: Int) -> Int {
        value < 128 ? 1 : (UInt64.bitWidth - UInt64(value).leadingZeroBitCount + 6) / 7
    }

    /// Appends a `KeyValue` with a text, as the field that `tag` names.
    package static func append(
        _ tag: UInt8, _ key: Span<UInt8>, text: Span<UInt8>, to buffer: inout ByteBuffer
    ) {
        let value = 1 + varintBytes(text.count) + text.count
        guard let head = head(tag, key, bytes: value) else {
            openLongValue(tag, key, bytes: value, to: &buffer)
            return appendDelimited(0x0A, text, to: &buffer)
        }
        let length = UInt64(truncatingIfNeeded: text.count)
        buffer.append(
            low: 4, of: head, then: key, low: 4, of: valueHead(value) | 0x0A << 16 | length << 24,
            then: text)
    }

    /// The same with a number.
    package static func append(
        _ tag: UInt8, _ key: Span<UInt8>, int: Int, to buffer: inout ByteBuffer
    ) {
        guard int >= 0, int < 1 << 28 else {
            let bits = UInt64(bitPattern: Int64(int))
            let length = (UInt64.bitWidth - bits.leadingZeroBitCount + 6) / 7
            openValue(tag, key, bytes: 1 + length, to: &buffer)
            buffer.append(low: 1, of: 0x18)
            return appendVarint(bits, to: &buffer)
        }
        let length = varintBytes(int)
        let word = 0x18 | varintWord(int) << 8
        guard let head = head(tag, key, bytes: 1 + length) else {
            openLongValue(tag, key, bytes: 1 + length, to: &buffer)
            return buffer.append(low: 1 + length, of: word)
        }
        buffer.append(
            low: 4, of: head, then: key, low: 3 + length, of: valueHead(1 + length) | word << 16)
    }

    static func append(
        _ tag: UInt8, _ key: Span<UInt8>, double: Double, to buffer: inout ByteBuffer
    ) {
        openValue(tag, key, bytes: 9, to: &buffer)
        buffer.append(low: 1, of: 0x21)
        buffer.append(low: 8, of: double.bitPattern)
    }

    /// The same with a truth value.
    package static func append(
        _ tag: UInt8, _ key: Span<UInt8>, bool: Bool, to buffer: inout ByteBuffer
    ) {
        let word: UInt64 = bool ? 0x0110 : 0x0010
        guard let head = head(tag, key, bytes: 2) else {
            openLongValue(tag, key, bytes: 2, to: &buffer)
            return buffer.append(low: 2, of: word)
        }
        buffer.append(low: 4, of: head, then: key, low: 4, of: valueHead(2) | word << 16)
    }

    /// Appends an array of `elements`, which `appendElement` wrote.
    static func append(
        _ tag: UInt8, _ key: Span<UInt8>, elements: Span<UInt8>, to buffer: inout ByteBuffer
    ) {
        let count = elements.count
        openValue(tag, key, bytes: 1 + varintBytes(count) + count, to: &buffer)
        buffer.append(low: 1, of: 0x2A)
        appendVarint(UInt64(count), to: &buffer)
        buffer.append(elements)
    }

    /// Appends a text as an element of an array: `ArrayValue.values`, an `AnyValue`.
    static func appendElement(_ text: Span<UInt8>, to buffer: inout ByteBuffer) {
        buffer.append(low: 1, of: 0x0A)
        appendVarint(UInt64(1 + varintBytes(text.count) + text.count), to: &buffer)
        appendDelimited(0x0A, text, to: &buffer)
    }

    /// Appends everything of a `KeyValue` before its `AnyValue`, which takes `bytes` bytes.
    @inline(__always)
    private static func openValue(
        _ tag: UInt8, _ key: Span<UInt8>, bytes: Int, to buffer: inout ByteBuffer
    ) {
        guard let head = head(tag, key, bytes: bytes) else {
            return openLongValue(tag, key, bytes: bytes, to: &buffer)
        }
        buffer.append(low: 4, of: head, then: key, low: 2, of: valueHead(bytes))
    }

    /// The four bytes before the key; nil where a length takes more than one.
    @inline(__always)
    private static func head(_ tag: UInt8, _ key: Span<UInt8>, bytes: Int) -> UInt64? {
        let whole = 2 + key.count + 2 + bytes
        guard whole < 128 else { return nil }
        return UInt64(tag) | UInt64(truncatingIfNeeded: whole) << 8 | 0x0A << 16
            | UInt64(truncatingIfNeeded: key.count) << 24
    }

    /// The two bytes before an `AnyValue` of `bytes` bytes, fewer than 128.
    @inline(__always)
    private static func valueHead(_ bytes: Int) -> UInt64 {
        0x12 | UInt64(truncatingIfNeeded: bytes) << 8
    }

    private static func openLongValue(
        _ tag: UInt8, _ key: Span<UInt8>, bytes: Int, to buffer: inout ByteBuffer
    ) {
        let keyField = 1 + varintBytes(key.count) + key.count
        buffer.append(tag)
        appendVarint(UInt64(keyField + 1 + varintBytes(bytes) + bytes), to: &buffer)
        appendDelimited(0x0A, key, to: &buffer)
        buffer.append(0x12)
        appendVarint(UInt64(bytes), to: &buffer)
    }

    /// Appends a field of type string or bytes.
    @inline(__always)
    private static func appendDelimited(
        _ tag: UInt64, _ bytes: Span<UInt8>, to buffer: inout ByteBuffer
    ) {
        let count = bytes.count
        if count < 128 {
            buffer.append(low: 2, of: tag | UInt64(truncatingIfNeeded: count) << 8, then: bytes)
        } else {
            buffer.append(low: 1, of: tag)
            appendVarint(UInt64(count), to: &buffer)
            buffer.append(bytes)
        }
    }

    private static func appendVarint(_ value: UInt64, to buffer: inout ByteBuffer) {
        var rest = value
        while rest > 0x7F {
            buffer.append(low: 1, of: rest | 0x80)
            rest >>= 7
        }
        buffer.append(low: 1, of: rest)
    }

    /// The varint of a value below 2^28, its first byte the least significant.
    @inline(__always)
    private static func varintWord(_ value: Int) -> UInt64 {
        let value = UInt64(truncatingIfNeeded: value)
        if value < 1 << 7 { return value }
        if value < 1 << 14 { return value & 0x7F | 0x80 | (value >> 7) << 8 }
        let low = value & 0x7F | 0x80 | (value >> 7 & 0x7F | 0x80) << 8
        if value < 1 << 21 { return low | (value >> 14) << 16 }
        return low | (value >> 14 & 0x7F | 0x80) << 16 | (value >> 21) << 24
    }
}
