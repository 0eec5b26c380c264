import Bytes
import W3CTraceContext

/// Writes protocol buffers' wire format (proto3) to a buffer, field by field.
///
/// Default values are written like others: the caller leaves out what proto3 leaves out.
package struct ProtobufWriter: ~Copyable {
    /// What was written.
    package var buffer: ByteBuffer

    /// A writer that appends to `buffer`.
    package init(into buffer: consuming ByteBuffer) {
        self.buffer = buffer
    }

    /// Appends a base-128 varint.
    @inline(__always)
    package mutating func varint(_ value: UInt64) {
        if value < 0x80 { return buffer.append(low: 1, of: value) }
        longVarint(value)
    }

    private mutating func longVarint(_ value: UInt64) {
        var rest = value
        while rest > 0x7F {
            buffer.append(low: 1, of: rest | 0x80)
            rest >>= 7
        }
        buffer.append(low: 1, of: rest)
    }

    /// A field of type uint32, uint64, int64, enum or bool.
    package mutating func field(_ number: Int, varint value: UInt64) {
        tag(number, wireType: 0)
        varint(value)
    }

    /// A field of type fixed64, sfixed64 or, by its bit pattern, double.
    package mutating func field(_ number: Int, fixed64 value: UInt64) {
        tag(number, wireType: 1)
        buffer.append(low: 8, of: value)
    }

    /// A field of type fixed32.
    package mutating func field(_ number: Int, fixed32 value: UInt32) {
        tag(number, wireType: 5)
        buffer.append(low: 4, of: UInt64(value))
    }

    /// A field of type string, which must be UTF-8, or bytes.
    package mutating func field(_ number: Int, bytes value: Span<UInt8>) {
        openBytes(number, count: value.count)
        buffer.append(value)
    }

    /// Begins a field of type string or bytes, whose `count` bytes are to be appended.
    package mutating func openBytes(_ number: Int, count: Int) {
        tag(number, wireType: 2)
        varint(UInt64(count))
    }

    /// A field of type string.
    package mutating func field(_ number: Int, string value: String) {
        field(number, bytes: value.utf8.span)
    }

    /// Opens a message; what is written until `close` belongs to it. Where its length takes as
    /// many bytes as `lengthBytes` says, closing it moves nothing.
    package mutating func open(_ number: Int, lengthBytes: Int = 1) -> OpenMessage {
        tag(number, wireType: 2)
        buffer.append(low: lengthBytes, of: 0)
        return OpenMessage(start: buffer.count, lengthBytes: lengthBytes)
    }

    /// Closes the message opened last and writes its length before it.
    package mutating func close(_ message: OpenMessage) {
        let length = buffer.count - message.start
        let lengthStart = message.start - message.lengthBytes
        let lengthBytes = Self.varintBytes(UInt64(length))
        if lengthBytes > message.lengthBytes {
            buffer.openGap(at: message.start, count: lengthBytes - message.lengthBytes)
        } else if lengthBytes < message.lengthBytes {
            buffer.remove(lengthStart + lengthBytes..<message.start)
        }
        var rest = UInt64(length)
        for index in 0..<lengthBytes {
            let more: UInt8 = index < lengthBytes - 1 ? 0x80 : 0
            buffer.overwrite(
                at: lengthStart + index, with: UInt8(truncatingIfNeeded: rest) & 0x7F | more)
            rest >>= 7
        }
    }

    /// A message whose length is not known yet.
    package struct OpenMessage {
        fileprivate let start: Int
        fileprivate let lengthBytes: Int
    }

    /// Bytes a varint takes.
    package static func varintBytes(_ value: UInt64) -> Int {
        max(1, (UInt64.bitWidth - value.leadingZeroBitCount + 6) / 7)
    }

    private mutating func tag(_ number: Int, wireType: UInt64) {
        varint(UInt64(number) << 3 | wireType)
    }
}

// The messages of opentelemetry.proto.common.v1, and what the signals share.
extension ProtobufWriter {
    /// A trace id: 16 bytes, the most significant first.
    mutating func traceID(_ number: Int, _ id: TraceID) {
        field(number, word: id.high, id.low)
    }

    /// A span id: 8 bytes, the most significant first.
    mutating func spanID(_ number: Int, _ id: SpanID) {
        field(number, word: id.value, nil)
    }

    /// `number` is below 16, as the tag then takes one byte.
    private mutating func field(_ number: Int, word: UInt64, _ second: UInt64?) {
        let head = UInt64(number) << 3 | 2 | (second == nil ? 8 : 16) << 8
        buffer.reserve(18)
        buffer.append(low: 2, of: head)
        buffer.append(low: 8, of: word.byteSwapped)
        if let second { buffer.append(low: 8, of: second.byteSwapped) }
    }

    /// A count of dropped things, left out when zero.
    mutating func count(_ number: Int, _ value: Int) {
        if value > 0 { field(number, varint: UInt64(UInt32(clamping: value))) }
    }

    /// W3C trace flags, with the bits that say whether the parent or link is remote.
    mutating func flags(_ number: Int, _ flags: TraceFlags, isRemote: Bool) {
        field(number, fixed32: UInt32(flags.rawValue) | (isRemote ? 0x300 : 0x100))
    }
}
