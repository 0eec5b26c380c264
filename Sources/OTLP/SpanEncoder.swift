import Bytes
import Privacy
import Telemetry
import W3CTraceContext

/// Writes finished spans as OTLP has them (`Span`, opentelemetry-proto v1.11.0), straight from
/// their bytes: on the thread that made them, while they are at hand.
package struct SpanEncoder: Sendable {
    /// The fullest form of message content that is written.
    private let content: ContentForm
    /// There is one.
    private let includesContent: Bool

    /// An encoder that leaves message content out (`.off`), or writes it in the fullest form up
    /// to `content`.
    package init(content: ContentForm) {
        self.content = content
        includesContent = content != .off
    }

    /// Appends the spans of a request, each as field 2 of what will be around them, and answers
    /// whether message content is among them.
    package func append(_ trace: FinishedTrace, to buffer: inout ByteBuffer) -> Bool {
        var own = ByteBuffer()
        swap(&own, &buffer)
        var writer = ProtobufWriter(into: own)
        defer { swap(&writer.buffer, &buffer) }
        var hasContent = false
        var span = trace.firstSpan
        while let current = span {
            append(current, of: trace, to: &writer)
            hasContent =
                hasContent
                || (includesContent
                    && (current.hasContent || current.events.contains(where: \.hasContent)))
            span = current.next
        }
        return hasContent
    }

    private func append(
        _ span: SpanRecord, of trace: FinishedTrace, to writer: inout ProtobufWriter
    ) {
        let message = writer.open(2, lengthBytes: 2)
        writer.traceID(1, span.context.traceID)
        writer.spanID(2, span.context.spanID)
        trace.withTracestate { writer.field(3, bytes: $0) }
        var isRemote = false
        switch span.parent {
        case .none: break
        case .local(let id): writer.spanID(4, id)
        case .remote(let id):
            isRemote = true
            writer.spanID(4, id)
        }
        writer.openBytes(5, count: span.nameCount)
        span.appendName(to: &writer.buffer)
        writer.field(6, varint: UInt64(span.kind.rawValue))
        writer.field(7, fixed64: span.startTime)
        writer.field(8, fixed64: span.endTime)
        span.appendAttributes(
            includingContent: includesContent, form: content, to: &writer.buffer)
        writer.count(10, span.droppedAttributesCount)
        for event in span.events { append(event, to: &writer) }
        writer.count(12, span.droppedEventsCount)
        for link in span.links { append(link, to: &writer) }
        writer.count(14, span.droppedLinksCount)
        switch span.status {
        case .unset: break
        case .ok, .error:
            let status = writer.open(15)
            if span.statusMessageCount > 0 {
                writer.openBytes(2, count: span.statusMessageCount)
                span.appendStatusMessage(to: &writer.buffer)
            }
            writer.field(3, varint: UInt64(span.status.rawValue))
            writer.close(status)
        }
        writer.flags(16, span.context.flags, isRemote: isRemote)
        writer.close(message)
    }

    private func append(_ event: SpanEvent, to writer: inout ProtobufWriter) {
        let message = writer.open(11)
        writer.field(1, fixed64: event.time)
        writer.field(2, bytes: event.name.bytes)
        event.appendAttributes(
            includingContent: includesContent, form: content, to: &writer.buffer)
        writer.count(4, event.droppedAttributesCount)
        writer.close(message)
    }

    private func append(_ link: SpanLink, to writer: inout ProtobufWriter) {
        let message = writer.open(13)
        writer.traceID(1, link.context.traceID)
        writer.spanID(2, link.context.spanID)
        writer.flags(6, link.context.flags, isRemote: link.isRemote)
        writer.close(message)
    }
}
