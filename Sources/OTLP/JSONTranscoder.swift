import Bytes
import JSON
import Telemetry

/// Makes OTLP/JSON of an encoded request (opentelemetry-proto v1.11.0, docs/specification.md,
/// "JSON Protobuf Encoding"): ids in hexadecimal, 64-bit numbers as strings, enumerations as
/// numbers.
///
/// One function for all messages, driven by `OTLPMessage`, so that no encoder knows of JSON and
/// what is sent is the same in every encoding.
package enum JSONTranscoder {
    /// Messages inside each other beyond this are refused.
    package static let depthMax = 100

    /// Appends the JSON of an export request of `signal`; false where the bytes are no such
    /// request, and then what was appended is of no use.
    package static func transcode(
        _ request: Span<UInt8>, of signal: Signal, into output: inout ByteBuffer
    ) -> Bool {
        let type: OTLPMessage =
            switch signal {
            case .traces: .tracesRequest
            case .metrics: .metricsRequest
            case .logs: .logsRequest
            }
        return append(request, type, depth: 0, to: &output)
    }

    private static func append(
        _ bytes: Span<UInt8>, _ type: OTLPMessage, depth: Int, to output: inout ByteBuffer
    ) -> Bool {
        guard depth < depthMax else { return false }
        output.append("{")
        var reader = ProtobufReader()
        // Bits of the numbers that were written; no number of the schema is over 16.
        var seen: UInt64 = 0
        while let found = reader.next(in: bytes) {
            guard let field = type.field(found.number), seen & 1 << field.number == 0 else {
                continue
            }
            if seen != 0 { output.append(",") }
            seen |= 1 << field.number
            output.append("\"")
            output.append(field.name)
            output.append("\":")
            let isWritten =
                field.isRepeated
                ? append(allOf: field, from: found.value, reader, bytes, depth, to: &output)
                : append(lastOf: field, from: found.value, reader, bytes, depth, to: &output)
            guard isWritten else { return false }
        }
        output.append("}")
        return !reader.isMalformed
    }

    /// A field that can stand once: of several the last one counts.
    private static func append(
        lastOf field: OTLPField, from first: ProtobufReader.Value, _ rest: ProtobufReader,
        _ bytes: Span<UInt8>, _ depth: Int, to output: inout ByteBuffer
    ) -> Bool {
        var last = first
        var rest = rest
        while let next = rest.next(in: bytes) {
            if next.number == field.number { last = next.value }
        }
        return append(last, field.kind, bytes, depth, to: &output)
    }

    /// All occurrences, wherever they stand in the message.
    private static func append(
        allOf field: OTLPField, from first: ProtobufReader.Value, _ rest: ProtobufReader,
        _ bytes: Span<UInt8>, _ depth: Int, to output: inout ByteBuffer
    ) -> Bool {
        output.append("[")
        var isFirst = true
        var value: ProtobufReader.Value? = first
        var rest = rest
        while let current = value {
            if let type = field.kind.packedType, case .bytes(let range) = current {
                let packed = bytes.extracting(range)
                var elements = ProtobufReader()
                while let element = elements.nextPacked(type, in: packed) {
                    if !isFirst { output.append(",") }
                    isFirst = false
                    guard append(element, field.kind, packed, depth, to: &output) else {
                        return false
                    }
                }
                guard !elements.isMalformed else { return false }
            } else {
                if !isFirst { output.append(",") }
                isFirst = false
                guard append(current, field.kind, bytes, depth, to: &output) else { return false }
            }
            value = nil
            while value == nil, let next = rest.next(in: bytes) {
                if next.number == field.number { value = next.value }
            }
        }
        output.append("]")
        return true
    }

    private static func append(
        _ value: ProtobufReader.Value, _ kind: OTLPField.Kind, _ bytes: Span<UInt8>, _ depth: Int,
        to output: inout ByteBuffer
    ) -> Bool {
        switch (kind, value) {
        case (.message(let type), .bytes(let range)):
            return append(bytes.extracting(range), type, depth: depth + 1, to: &output)
        case (.string, .bytes(let range)):
            output.append(jsonString: bytes.extracting(range))
        case (.hex, .bytes(let range)):
            output.append("\"")
            for index in range {
                output.append(ASCII.hexDigit(bytes[index] >> 4))
                output.append(ASCII.hexDigit(bytes[index] & 15))
            }
            output.append("\"")
        case (.base64, .bytes(let range)):
            output.append("\"")
            Base64.encode(bytes.extracting(range), into: &output)
            output.append("\"")
        default: return append(number: value, kind, to: &output)
        }
        return true
    }

    private static func append(
        number value: ProtobufReader.Value, _ kind: OTLPField.Kind, to output: inout ByteBuffer
    ) -> Bool {
        switch (kind, value) {
        case (.bool, .varint(let bits)): output.append(jsonBool: bits != 0)
        case (.int32, .varint(let bits)):
            output.append(decimal: Int(Int32(truncatingIfNeeded: bits)))
        case (.uint32, .varint(let bits)):
            output.append(decimal: Int(UInt32(truncatingIfNeeded: bits)))
        case (.sint32, .varint(let bits)):
            let zigzag = Int(UInt32(truncatingIfNeeded: bits))
            output.append(decimal: zigzag >> 1 ^ -(zigzag & 1))
        case (.fixed32, .fixed32(let bits)): output.append(decimal: Int(bits))
        case (.int64, .varint(let bits)), (.sfixed64, .fixed64(let bits)):
            output.append("\"")
            output.append(decimal: Int(Int64(bitPattern: bits)))
            output.append("\"")
        case (.uint64, .varint(let bits)), (.fixed64, .fixed64(let bits)):
            output.append("\"")
            output.append(string: String(bits))
            output.append("\"")
        case (.double, .fixed64(let bits)): append(Double(bitPattern: bits), to: &output)
        default: return false
        }
        return true
    }

    private static func append(_ value: Double, to output: inout ByteBuffer) {
        if value.isNaN {
            output.append("\"NaN\"")
        } else if value.isInfinite {
            output.append(value < 0 ? "\"-Infinity\"" : "\"Infinity\"")
        } else if value == 0, value.sign == .minus {
            // `-0` is a whole number to some readers, and loses its sign.
            output.append("-0.0")
        } else {
            output.append(jsonNumber: value)
        }
    }
}

extension OTLPField.Kind {
    /// How elements of a repeated field are packed; nil where they are not.
    fileprivate var packedType: ProtobufReader.PackedType? {
        switch self {
        case .fixed64, .sfixed64, .double: .fixed64
        case .int32, .uint32, .sint32, .int64, .uint64, .bool: .varint
        default: nil
        }
    }
}
