import Bytes

/// What a receiver says of a batch it took in part (`ExportTracePartialSuccess` and its kin,
/// which have the same fields for all signals).
package struct PartialSuccess: Sendable, Equatable {
    /// Spans, data points or log records it rejected; with zero the message is a warning.
    package var rejectedItems = 0
    /// For the log: at most 256 characters.
    package var message = ""

    /// Reads an `Export...ServiceResponse`; nil where it says nothing of the kind, or is no
    /// protocol buffer.
    package init?(response bytes: Span<UInt8>) {
        var reader = ProtobufReader()
        var inner = 0..<0
        while let field = reader.next(in: bytes) {
            if field.number == 1, case .bytes(let range) = field.value { inner = range }
        }
        guard !reader.isMalformed, !inner.isEmpty else { return nil }
        let partial = bytes.extracting(inner)
        reader = ProtobufReader()
        while let field = reader.next(in: partial) {
            switch (field.number, field.value) {
            case (1, .varint(let value)):
                rejectedItems = max(0, Int(truncatingIfNeeded: value))
            case (2, .bytes(let range)):
                message = String(
                    String(decoding: partial.extracting(range)).prefix(
                        ExportAnswer.messageCharactersMax))
            default: break
            }
        }
        guard !reader.isMalformed, rejectedItems > 0 || !message.isEmpty else { return nil }
    }
}

/// Reads protocol buffers' wire format; trusts nothing in it.
struct ProtobufReader {
    enum Value {
        case varint(UInt64)
        case fixed64
        case fixed32
        case bytes(Range<Int>)
    }

    private var offset = 0
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
            return (tag >> 3, .fixed64)
        case 2:
            guard let length = varint(in: bytes), length <= UInt64(bytes.count),
                skip(Int(length), in: bytes)
            else { return fail() }
            return (tag >> 3, .bytes((offset - Int(length))..<offset))
        case 5:
            guard skip(4, in: bytes) else { return fail() }
            return (tag >> 3, .fixed32)
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
