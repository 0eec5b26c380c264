import Bytes
import JSON
import Privacy
import Telemetry
import W3CTraceContext

/// The debug pages as JSON.
enum DebugDocument {
    /// Bytes of a value; what is longer is cut off.
    private static let valueBytesMax = 16 << 10
    /// Bytes of a document beyond which no further span is written.
    private static let bytesMax = 1 << 20

    /// Appends the list of traces.
    static func append(_ traces: [TraceSummary], to buffer: inout ByteBuffer) {
        buffer.append("{\"traces\":[")
        for (index, trace) in traces.enumerated() {
            if index > 0 { buffer.append(",") }
            append(trace, to: &buffer)
        }
        buffer.append("]}\n")
    }

    private static func append(_ trace: TraceSummary, to buffer: inout ByteBuffer) {
        buffer.append("{\"trace_id\":\"")
        buffer.append(trace.traceID)
        buffer.append("\",\"name\":")
        buffer.append(jsonString: trace.name)
        buffer.append(",\"start\":\"")
        Timestamp.append(trace.start, to: &buffer)
        buffer.append("\",\"duration_ms\":")
        Text.appendThousandths(trace.duration / 1000, to: &buffer)
        buffer.append(",\"status\":")
        buffer.append(trace.isError ? "\"error\"" : "\"ok\"")
        append("http_status", trace.status, to: &buffer)
        append("error_type", trace.errorType, to: &buffer)
        append("model", trace.model, to: &buffer)
        append("input_tokens", trace.inputTokens, to: &buffer)
        append("output_tokens", trace.outputTokens, to: &buffer)
        buffer.append(",\"spans\":")
        buffer.append(decimal: trace.spanCount)
        buffer.append("}")
    }

    private static func append(
        _ name: StaticString, _ value: Int?, to buffer: inout ByteBuffer
    ) {
        open(name, &buffer)
        if let value { buffer.append(decimal: value) } else { buffer.append("null") }
    }

    private static func append(
        _ name: StaticString, _ value: String?, to buffer: inout ByteBuffer
    ) {
        open(name, &buffer)
        if let value { buffer.append(jsonString: value) } else { buffer.append("null") }
    }

    private static func open(_ name: StaticString, _ buffer: inout ByteBuffer) {
        buffer.append(",\"")
        buffer.append(name)
        buffer.append("\":")
    }

    /// Appends one trace: its spans, each with those below it.
    static func append(
        _ forest: SpanForest, of id: TraceID, content: ContentForm, to buffer: inout ByteBuffer
    ) {
        let origin = forest.nodes.reduce(UInt64.max) { min($0, $1.span.startTime) }
        buffer.append("{\"trace_id\":\"")
        buffer.append(id)
        buffer.append("\",\"spans\":[")
        var isCut = forest.isCut
        // The depth of the span that is still open.
        var depth = -1
        for node in forest.nodes {
            guard buffer.count < bytesMax else {
                isCut = true
                break
            }
            if node.depth > depth {
                if depth >= 0 { buffer.append(",\"children\":[") }
            } else {
                buffer.append("}")
                for _ in node.depth..<depth { buffer.append("]}") }
                buffer.append(",")
            }
            depth = node.depth
            append(node.span, origin: origin, content: content, to: &buffer)
        }
        if depth >= 0 {
            buffer.append("}")
            for _ in 0..<depth { buffer.append("]}") }
        }
        buffer.append("],\"truncated\":")
        buffer.append(jsonBool: isCut)
        buffer.append("}\n")
    }

    /// Appends a span but for its closing brace.
    private static func append(
        _ span: SpanRecord, origin: UInt64, content: ContentForm, to buffer: inout ByteBuffer
    ) {
        buffer.append("{\"span_id\":\"")
        buffer.append(span.context.spanID)
        buffer.append("\",\"parent_span_id\":")
        switch span.parent {
        case .none: buffer.append("null")
        case .local(let id), .remote(let id):
            buffer.append("\"")
            buffer.append(id)
            buffer.append("\"")
        }
        buffer.append(",\"name\":")
        span.withName { _ = buffer.append(jsonString: $0) }
        buffer.append(",\"kind\":\"")
        buffer.append(span.kind.label)
        buffer.append("\",\"start\":\"")
        Timestamp.append(span.startTime, to: &buffer)
        buffer.append("\",\"offset_ms\":")
        Text.appendThousandths((span.startTime - origin) / 1000, to: &buffer)
        buffer.append(",\"duration_ms\":")
        Text.appendThousandths((span.endTime - span.startTime) / 1000, to: &buffer)
        buffer.append(",\"status\":")
        buffer.append(span.status == .error ? "\"error\"" : "\"ok\"")
        if span.statusMessageCount > 0 {
            buffer.append(",\"status_message\":")
            span.withStatusMessage { _ = buffer.append(jsonString: $0) }
        }
        buffer.append(",\"attributes\":{")
        span.withAttributes(includingContent: content != .off, form: content) {
            append($0, to: &buffer)
        }
        buffer.append("},\"events\":[")
        for (index, event) in span.events.enumerated() {
            if index > 0 { buffer.append(",") }
            buffer.append("{\"name\":")
            buffer.append(jsonString: event.name.bytes)
            buffer.append(",\"offset_ms\":")
            Text.appendThousandths((max(event.time, origin) - origin) / 1000, to: &buffer)
            buffer.append(",\"attributes\":{")
            event.withBytes { append($0, to: &buffer) }
            buffer.append("}}")
        }
        buffer.append("],\"links\":[")
        for (index, link) in span.links.enumerated() {
            buffer.append(index > 0 ? ",{\"trace_id\":\"" : "{\"trace_id\":\"")
            buffer.append(link.context.traceID)
            buffer.append("\",\"span_id\":\"")
            buffer.append(link.context.spanID)
            buffer.append("\"}")
        }
        buffer.append("]")
    }

    private static func append(_ attributes: Span<UInt8>, to buffer: inout ByteBuffer) {
        var offset = 0
        var isFirst = true
        while let entry = AttributeEntry.next(in: attributes, at: &offset) {
            if !isFirst { buffer.append(",") }
            isFirst = false
            buffer.append(jsonString: attributes.extracting(entry.key))
            buffer.append(":")
            append(entry, in: attributes, to: &buffer)
        }
    }

    private static func append(
        _ entry: AttributeEntry, in bytes: Span<UInt8>, to buffer: inout ByteBuffer
    ) {
        let value = bytes.extracting(entry.value)
        switch entry.type {
        case .dead: buffer.append("null")
        case .string, .content: buffer.append(jsonString: value, limit: valueBytesMax)
        case .int: buffer.append(decimal: Int(truncatingIfNeeded: value.littleEndian64(at: 0)))
        case .double: buffer.append(jsonNumber: Double(bitPattern: value.littleEndian64(at: 0)))
        case .bool: buffer.append(jsonBool: value[0] == 1)
        case .strings:
            buffer.append("[")
            var offset = 0
            while let element = AttributeEntry.nextElement(
                of: entry.value, in: bytes, at: &offset)
            {
                if element.lowerBound > entry.value.lowerBound + 4 { buffer.append(",") }
                buffer.append(jsonString: bytes.extracting(element), limit: valueBytesMax)
            }
            buffer.append("]")
        }
    }
}

extension SpanKind {
    /// The word on the debug pages.
    var label: StaticString {
        switch self {
        case .internal: "INTERNAL"
        case .server: "SERVER"
        case .client: "CLIENT"
        case .producer: "PRODUCER"
        case .consumer: "CONSUMER"
        }
    }
}
