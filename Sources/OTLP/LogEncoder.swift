import Bytes
import JSON
import Privacy
import Telemetry
import W3CTraceContext

/// Encodes log records as `ExportLogsServiceRequest` (opentelemetry-proto v1.11.0, logs.proto).
package struct LogEncoder: BatchEncoder {
    /// `LogRecord.attributes`, field 6.
    private static let attributeTag: UInt8 = 6 << 3 | 2
    /// What spans say and events do not: an attribute that the conventions leave out of the
    /// event, and the older names that only some receivers of spans need.
    private static let omitted: [StaticString] = [
        "gen_ai.request.top_k", "gen_ai.system", "gen_ai.usage.prompt_tokens",
        "gen_ai.usage.completion_tokens", "gen_ai.usage.total_tokens",
    ]

    private let resource: ExportResource
    /// See `BatchEncoder`.
    package var contentForm = ContentForm.full

    /// An encoder of records of `resource`.
    package init(resource: ExportResource) {
        self.resource = resource
    }

    /// Logs.
    package var signal: Signal { .logs }

    /// Appends the one record.
    package func append(itemsOf entry: LogItem, to items: inout [LogItem]) {
        items.append(entry)
    }

    /// Whether the record holds message content.
    package func hasContent(_ item: LogItem) -> Bool {
        guard case .span(let event) = item, event.kind == .details else { return false }
        return event.withSpan(\.hasContent) ?? false
    }

    /// Appends a request with the leading `items` that fit.
    package func encode(
        _ items: ArraySlice<LogItem>, content: ContentMode, bytesMax: Int,
        into output: inout ByteBuffer
    ) -> Int {
        resource.encode(items, bytesMax: bytesMax, into: &output) { item, writer in
            let message = writer.open(2, lengthBytes: 2)
            switch item {
            case .record(let record): encode(record, to: &writer)
            case .span(let event):
                event.withSpan { encode(event.kind, of: $0, content: content, to: &writer) }
            }
            writer.close(message)
        }
    }

    private func encode(_ record: LogRecord, to writer: inout ProtobufWriter) {
        encodeHead(record.time, record.severity, record.event.recordName, record.span, &writer)
        let body = writer.open(5)
        writer.field(1, bytes: record.body.bytes)
        writer.close(body)
        record.appendAttributes(to: &writer.buffer)
        writer.count(7, record.droppedAttributesCount)
    }

    /// Everything but body and attributes. An event's time is that of its observation.
    private func encodeHead(
        _ time: UInt64, _ severity: LogSeverity, _ event: StaticString, _ span: SpanContext?,
        _ writer: inout ProtobufWriter
    ) {
        writer.field(1, fixed64: time)
        writer.field(2, varint: UInt64(severity.rawValue))
        writer.field(3, bytes: severity.text.bytes)
        if let span {
            writer.field(8, fixed32: UInt32(span.flags.rawValue))
            writer.traceID(9, span.traceID)
            writer.spanID(10, span.spanID)
        }
        writer.field(11, fixed64: time)
        writer.field(12, bytes: event.bytes)
    }

    private func encode(
        _ kind: SpanLogEvent.Kind, of span: SpanRecord, content: ContentMode,
        to writer: inout ProtobufWriter
    ) {
        switch kind {
        case .details:
            encodeHead(span.endTime, .info, kind.name, span.context, &writer)
            encodeDetails(span, content: content, to: &writer)
        case .operationException, .requestException:
            encodeHead(span.endTime, .warning, kind.name, span.context, &writer)
            encodeException(span, to: &writer)
        }
    }

    /// Attributes of the operation's span (semconv v1.40.0, docs/gen-ai/gen-ai-events.md).
    private func encodeDetails(
        _ span: SpanRecord, content: ContentMode, to writer: inout ProtobufWriter
    ) {
        span.appendAttributes(tag: Self.attributeTag, to: &writer.buffer) { name in
            !Self.omitted.contains { name.equals($0) }
        }
        var left = 0
        if content != .none, span.hasContent {
            left = span.withAttributes(includingContent: true, form: contentForm) { bytes in
                encodeContent(of: bytes, content, to: &writer)
            }
        }
        writer.count(7, span.droppedAttributesCount + left)
    }

    /// Writes the attributes with message content in structured form, and answers how many were
    /// left out because they could not be made short enough.
    private func encodeContent(
        of bytes: Span<UInt8>, _ content: ContentMode, to writer: inout ProtobufWriter
    ) -> Int {
        var left = 0
        var offset = 0
        var scanner = JSONScanner(depthMax: 1 << 12)
        while let entry = AttributeEntry.next(in: bytes, at: &offset) {
            guard entry.type == .content else { continue }
            let key = bytes.extracting(entry.key)
            let json = bytes.extracting(entry.value)
            guard case .shortened(let bytesMax) = content, json.count > bytesMax else {
                encode(key, json: json, &scanner, to: &writer)
                continue
            }
            var short = ByteBuffer(capacity: bytesMax)
            if ContentTruncation.shorten(json, bytesMax: bytesMax, into: &short) {
                encode(key, json: short.bytes, &scanner, to: &writer)
            } else {
                left += 1
            }
        }
        return left
    }

    private func encode(
        _ key: Span<UInt8>, json: Span<UInt8>, _ scanner: inout JSONScanner,
        to writer: inout ProtobufWriter
    ) {
        let attribute = writer.open(6, lengthBytes: 3)
        writer.field(1, bytes: key)
        let value = writer.open(2, lengthBytes: 3)
        writer.appendValue(json: json, scanner: &scanner)
        writer.close(value)
        writer.close(attribute)
    }

    /// What failed and, where somebody said so, why (semconv v1.40.0,
    /// docs/general/recording-errors.md).
    private func encodeException(_ span: SpanRecord, to writer: inout ProtobufWriter) {
        span.withAttributes(includingContent: false) { bytes in
            var offset = 0
            while let entry = AttributeEntry.next(in: bytes, at: &offset) {
                guard bytes.extracting(entry.key).equals("error.type") else { continue }
                AttributeWire.append(
                    Self.attributeTag, ExceptionAttributes.type.name.bytes,
                    text: bytes.extracting(entry.value), to: &writer.buffer)
            }
        }
        guard span.statusMessageCount > 0 else { return }
        span.withStatusMessage { message in
            AttributeWire.append(
                Self.attributeTag, ExceptionAttributes.message.name.bytes, text: message,
                to: &writer.buffer)
        }
    }
}
