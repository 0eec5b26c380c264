import Bytes
import Telemetry

/// Takes message content out of an encoded span, for a receiver that it is too large for.
enum ContentReduction {
    /// `Span.attributes`, field 9, `Span.dropped_attributes_count`, field 10, `Span.events`, field
    /// 11, and `Span.Event.attributes`, field 3.
    private static let attributes: UInt64 = 9, droppedCount: UInt64 = 10
    private static let events: UInt64 = 11, eventAttributes: UInt64 = 3
    private static let attributeTag: UInt8 = 9 << 3 | 2

    static func hasContent(_ span: Span<UInt8>) -> Bool {
        let fields = message(span)
        var reader = ProtobufReader()
        while let field = reader.next(in: fields) {
            if content(field, attributes, in: fields) != nil { return true }
        }
        return false
    }

    /// Appends the span with each content attribute cut to what `mode` allows. What cannot be made
    /// so short is left out and counted.
    static func append(_ span: Span<UInt8>, _ mode: ContentMode, to writer: inout ProtobufWriter) {
        let fields = message(span)
        let own = writer.open(2, lengthBytes: 2)
        var reader = ProtobufReader()
        var dropped: UInt64 = 0
        var start = 0
        while let field = reader.next(in: fields) {
            let whole = fields.extracting(start..<reader.position)
            start = reader.position
            if field.number == droppedCount, case .varint(let count) = field.value {
                dropped += count
            } else if field.number == events, case .bytes(let event) = field.value {
                append(event: fields.extracting(event), to: &writer)
            } else if let attribute = content(field, attributes, in: fields) {
                if !append(attribute, of: fields, whole, mode, to: &writer) { dropped += 1 }
            } else {
                writer.buffer.append(whole)
            }
        }
        writer.count(Int(droppedCount), Int(clamping: dropped))
        writer.close(own)
    }

    /// Appends an event without message content.
    private static func append(event: Span<UInt8>, to writer: inout ProtobufWriter) {
        let own = writer.open(Int(events))
        var reader = ProtobufReader()
        var start = 0
        while let field = reader.next(in: event) {
            if content(field, eventAttributes, in: event) == nil {
                writer.buffer.append(event.extracting(start..<reader.position))
            }
            start = reader.position
        }
        writer.close(own)
    }

    /// False where the attribute was to be kept, and could not be.
    private static func append(
        _ attribute: (key: Range<Int>, value: Range<Int>), of fields: Span<UInt8>,
        _ whole: Span<UInt8>, _ mode: ContentMode, to writer: inout ProtobufWriter
    ) -> Bool {
        guard case .shortened(let bytesMax) = mode else { return true }
        guard attribute.value.count > bytesMax else {
            writer.buffer.append(whole)
            return true
        }
        var short = ByteBuffer(capacity: bytesMax)
        guard
            ContentTruncation.shorten(
                fields.extracting(attribute.value), bytesMax: bytesMax, into: &short)
        else { return false }
        AttributeWire.append(
            attributeTag, fields.extracting(attribute.key), text: short.bytes, to: &writer.buffer)
        return true
    }

    /// The fields of a span that stands as a field itself.
    @_lifetime(copy span)
    private static func message(_ span: Span<UInt8>) -> Span<UInt8> {
        var reader = ProtobufReader()
        guard case .bytes(let range)? = reader.next(in: span)?.value else {
            return span.extracting(0..<0)
        }
        return span.extracting(range)
    }

    /// Name and text of an attribute with message content, `number` being that of attributes; nil
    /// for everything else.
    private static func content(
        _ field: (number: UInt64, value: ProtobufReader.Value), _ number: UInt64,
        in fields: Span<UInt8>
    ) -> (key: Range<Int>, value: Range<Int>)? {
        guard field.number == number, case .bytes(let range) = field.value else { return nil }
        let bytes = fields.extracting(range)
        var reader = ProtobufReader()
        guard case .bytes(let key)? = reader.next(in: bytes)?.value,
            GenAIAttributes.contentNames.contains(where: { bytes.extracting(key).equals($0) }),
            case .bytes(let value)? = reader.next(in: bytes)?.value
        else { return nil }
        let any = bytes.extracting(value)
        var text = ProtobufReader()
        guard let first = text.next(in: any), first.number == 1,
            case .bytes(let string) = first.value
        else { return nil }
        let lower = range.lowerBound
        let offset = lower + value.lowerBound
        return (
            lower + key.lowerBound..<lower + key.upperBound,
            offset + string.lowerBound..<offset + string.upperBound
        )
    }
}
