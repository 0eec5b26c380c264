import Bytes
import Privacy
import Telemetry
import W3CTraceContext

/// A span and the request's spans it came with.
package struct ExportItem {
    /// The request, which holds the trace's `tracestate`.
    package let trace: FinishedTrace
    /// One of its spans.
    package let span: SpanRecord

    /// `span` belongs to `trace`.
    package init(trace: FinishedTrace, span: SpanRecord) {
        self.trace = trace
        self.span = span
    }
}

/// Encodes spans as `ExportTraceServiceRequest` (opentelemetry-proto v1.11.0), straight from
/// their bytes.
package struct TraceEncoder: BatchEncoder {
    /// `Span.attributes`, field 9.
    private static let attributeTag: UInt8 = 9 << 3 | 2

    private let resource: ExportResource
    /// See `BatchEncoder`.
    package var contentForm = ContentForm.full

    /// An encoder of spans of `resource`.
    package init(resource: ExportResource) {
        self.resource = resource
    }

    /// Traces.
    package var signal: Signal { .traces }

    /// Appends the spans of a request.
    package func append(itemsOf entry: FinishedTrace, to items: inout [ExportItem]) {
        var span = entry.firstSpan
        while let current = span {
            items.append(ExportItem(trace: entry, span: current))
            span = current.next
        }
    }

    /// Whether the span or its events hold message content.
    package func hasContent(_ item: ExportItem) -> Bool { item.span.hasContent }

    /// Appends a request with the leading `items` that fit.
    package func encode(
        _ items: ArraySlice<ExportItem>, content: ContentMode, bytesMax: Int,
        into output: inout ByteBuffer
    ) -> Int {
        resource.encode(items, bytesMax: bytesMax, into: &output) { item, writer in
            encode(item, content: content, to: &writer)
        }
    }

    private func encode(
        _ item: ExportItem, content: ContentMode, to writer: inout ProtobufWriter
    ) {
        let span = item.span
        let message = writer.open(2, lengthBytes: 2)
        writer.traceID(1, span.context.traceID)
        writer.spanID(2, span.context.spanID)
        item.trace.withTracestate { if !$0.isEmpty { writer.field(3, bytes: $0) } }
        switch span.parent {
        case .none: break
        case .local(let id), .remote(let id): writer.spanID(4, id)
        }
        writer.openBytes(5, count: span.nameCount)
        span.appendName(to: &writer.buffer)
        writer.field(6, varint: UInt64(span.kind.rawValue))
        writer.field(7, fixed64: span.startTime)
        writer.field(8, fixed64: span.endTime)
        let isFull = content == .full
        span.appendAttributes(includingContent: isFull, form: contentForm, to: &writer.buffer)
        var left = 0
        if case .shortened(let bytesMax) = content, span.hasContent {
            left = span.withBytes(content: contentForm) {
                encodeContent(of: $0, bytesMax: bytesMax, to: &writer)
            }
        }
        writer.count(10, span.droppedAttributesCount + left)
        for event in span.events { encode(event, content: content, to: &writer) }
        writer.count(12, span.droppedEventsCount)
        for link in span.links { encode(link, to: &writer) }
        writer.count(14, span.droppedLinksCount)
        if span.status != .unset {
            let status = writer.open(15)
            if span.statusMessageCount > 0 {
                writer.openBytes(2, count: span.statusMessageCount)
                span.appendStatusMessage(to: &writer.buffer)
            }
            writer.field(3, varint: UInt64(span.status.rawValue))
            writer.close(status)
        }
        let isRemote = if case .remote = span.parent { true } else { false }
        writer.flags(16, span.context.flags, isRemote: isRemote)
        writer.close(message)
    }

    private func encode(
        _ event: SpanEvent, content: ContentMode, to writer: inout ProtobufWriter
    ) {
        let message = writer.open(11)
        writer.field(1, fixed64: event.time)
        writer.field(2, bytes: event.name.bytes)
        event.appendAttributes(
            includingContent: content == .full, form: contentForm, to: &writer.buffer)
        writer.count(4, event.droppedAttributesCount)
        writer.close(message)
    }

    private func encode(_ link: SpanLink, to writer: inout ProtobufWriter) {
        let message = writer.open(13)
        writer.traceID(1, link.context.traceID)
        writer.spanID(2, link.context.spanID)
        writer.flags(6, link.context.flags, isRemote: link.isRemote)
        writer.close(message)
    }

    /// Writes the attributes with message content, each cut to `bytesMax` bytes, and answers how
    /// many were left out because they could not be made so short.
    private func encodeContent(
        of bytes: Span<UInt8>, bytesMax: Int, to writer: inout ProtobufWriter
    ) -> Int {
        var left = 0
        var offset = 0
        while let entry = AttributeEntry.next(in: bytes, at: &offset) {
            guard entry.type == .content else { continue }
            let value = bytes.extracting(entry.value)
            var short = ByteBuffer(capacity: min(value.count, bytesMax))
            if value.count <= bytesMax {
                short.append(value)
            } else if !ContentTruncation.shorten(value, bytesMax: bytesMax, into: &short) {
                left += 1
                continue
            }
            AttributeWire.append(
                Self.attributeTag, bytes.extracting(entry.key), text: short.bytes,
                to: &writer.buffer)
        }
        return left
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

    private mutating func field(_ number: Int, word: UInt64, _ second: UInt64?) {
        openBytes(number, count: second == nil ? 8 : 16)
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
