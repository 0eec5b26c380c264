import Bytes

/// The id of a trace: 16 bytes that are not all zero (W3C Trace Context Level 2, section 3.2.2.3).
package struct TraceID: Sendable, Hashable {
    /// The first eight bytes, most significant first.
    package let high: UInt64
    /// The last eight bytes, most significant first.
    package let low: UInt64

    /// The id of those 16 bytes, or nil where all are zero.
    package init?(high: UInt64, low: UInt64) {
        guard high | low != 0 else { return nil }
        self.high = high
        self.low = low
    }

    /// The id of 32 lower-case hexadecimal digits, or nil where they are none or all zero.
    package init?(hex: Span<UInt8>) {
        guard hex.count == 32,
            let high = UInt64(lowerHex: hex, from: 0, digits: 16),
            let low = UInt64(lowerHex: hex, from: 16, digits: 16)
        else { return nil }
        self.init(high: high, low: low)
    }
}

/// The id of a span: 8 bytes that are not all zero (W3C Trace Context Level 2, section 3.2.2.4,
/// where it is called parent-id).
package struct SpanID: Sendable, Hashable {
    /// The eight bytes, most significant first.
    package let value: UInt64

    /// The id of those 8 bytes, or nil where all are zero.
    package init?(_ value: UInt64) {
        guard value != 0 else { return nil }
        self.value = value
    }

    /// The id of 16 lower-case hexadecimal digits, or nil where they are none or all zero.
    package init?(hex: Span<UInt8>) {
        guard hex.count == 16, let value = UInt64(lowerHex: hex, from: 0, digits: 16) else {
            return nil
        }
        self.init(value)
    }
}

extension TraceID: CustomStringConvertible {
    /// 32 lower-case hexadecimal digits.
    package var description: String {
        var buffer = ByteBuffer(capacity: 32)
        buffer.append(self)
        return String(decoding: buffer.bytes)
    }
}

extension SpanID: CustomStringConvertible {
    /// 16 lower-case hexadecimal digits.
    package var description: String {
        var buffer = ByteBuffer(capacity: 16)
        buffer.append(self)
        return String(decoding: buffer.bytes)
    }
}

extension ByteBuffer {
    /// Appends 32 lower-case hexadecimal digits.
    package mutating func append(_ id: TraceID) {
        append(digitsOf: id.high)
        append(digitsOf: id.low)
    }

    /// Appends 16 lower-case hexadecimal digits.
    package mutating func append(_ id: SpanID) {
        append(digitsOf: id.value)
    }

    /// Appends the id's 16 bytes as they are, for binary formats.
    package mutating func append(bytesOf id: TraceID) {
        append(bigEndian: id.high)
        append(bigEndian: id.low)
    }

    /// Appends the id's 8 bytes as they are, for binary formats.
    package mutating func append(bytesOf id: SpanID) {
        append(bigEndian: id.value)
    }

    private mutating func append(bigEndian value: UInt64) {
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }
}

extension UInt64 {
    /// The value of `digits` lower-case hexadecimal digits that are there, or nil.
    init?(lowerHex bytes: Span<UInt8>, from start: Int, digits: Int) {
        var value: UInt64 = 0
        for index in start..<start + digits {
            let byte = bytes[index]
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte - 0x30
            case 0x61...0x66: digit = byte - 0x57
            default: return nil
            }
            value = value << 4 | UInt64(digit)
        }
        self = value
    }
}
