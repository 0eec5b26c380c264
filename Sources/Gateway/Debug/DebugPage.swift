import Bytes
import Privacy
import Telemetry
import W3CTraceContext

/// The debug pages for people: HTML that loads nothing, runs nothing and holds what it shows as
/// text only.
enum DebugPage {
    /// Traces in the list.
    static let rowsMax = 200
    /// Spans of a trace.
    static let spansMax = 500
    /// Unicode scalars of a value; what is longer is cut off.
    private static let valueCharactersMax = 8 << 10
    /// Bytes of a page beyond which no further span is written.
    private static let bytesMax = 1 << 20

    /// Appends the list of traces.
    static func append(_ traces: [TraceSummary], to page: inout ByteBuffer) {
        begin("Recent traces", &page)
        page.append("<h1>Recent traces</h1>\n")
        if traces.isEmpty {
            page.append("<p>No request was traced yet.</p>\n")
        } else {
            page.append("<table>\n<tr><th>start (UTC)<th>request<th>status<th>model")
            page.append("<th class=n>tokens in<th class=n>out<th class=n>ms<th class=n>spans\n")
            for trace in traces { append(trace, to: &page) }
            page.append("</table>\n")
        }
        end(&page)
    }

    private static func append(_ trace: TraceSummary, to page: inout ByteBuffer) {
        page.append("<tr><td class=t>")
        Timestamp.append(trace.start, to: &page)
        page.append("<td><a href=\"/debug/traces/")
        page.append(trace.traceID)
        page.append("\">")
        HTMLText.append(trace.name.utf8.span, charactersMax: 256, to: &page)
        page.append("</a><td")
        if trace.isError { page.append(" class=e") }
        page.append(">")
        if let status = trace.status { page.append(decimal: status) }
        if let type = trace.errorType {
            page.append(" ")
            HTMLText.append(type.utf8.span, charactersMax: 64, to: &page)
        }
        page.append("<td>")
        HTMLText.append((trace.model ?? "").utf8.span, charactersMax: 128, to: &page)
        for number in [trace.inputTokens, trace.outputTokens] {
            page.append("<td class=n>")
            if let number { page.append(decimal: number) }
        }
        page.append("<td class=n>")
        Text.appendThousandths(trace.duration / 1000, to: &page)
        page.append("<td class=n>")
        page.append(decimal: trace.spanCount)
        page.append("\n")
    }

    /// Appends one trace: a line and a bar for each span, its attributes below.
    static func append(
        _ forest: SpanForest, of id: TraceID, content: ContentForm, to page: inout ByteBuffer
    ) {
        begin("Trace", &page)
        page.append("<p><a href=\"/debug/traces\">Recent traces</a></p>\n<h1>Trace <code>")
        page.append(id)
        page.append("</code></h1>\n")
        let start = forest.nodes.reduce(UInt64.max) { min($0, $1.span.startTime) }
        let end = forest.nodes.reduce(UInt64(0)) { max($0, $1.span.endTime) }
        var isCut = forest.isCut
        for node in forest.nodes {
            guard page.count < bytesMax else {
                isCut = true
                break
            }
            append(
                node, from: start, to: max(end, start + 1), content: content,
                on: &page)
        }
        if isCut { page.append("<p>There is more; it is not shown.</p>\n") }
        Self.end(&page)
    }

    private static func append(
        _ node: SpanForest.Node, from start: UInt64, to end: UInt64, content: ContentForm,
        on page: inout ByteBuffer
    ) {
        let span = node.span
        page.append("<details open class=d")
        page.append(decimal: min(node.depth, 8))
        page.append("><summary><b")
        if span.status == .error { page.append(" class=e") }
        page.append(">")
        span.withName { HTMLText.append($0, charactersMax: 256, to: &page) }
        page.append("</b> <small>")
        page.append(span.kind.label)
        page.append(" +")
        Text.appendThousandths((span.startTime - start) / 1000, to: &page)
        page.append(" ms, ")
        Text.appendThousandths((span.endTime - span.startTime) / 1000, to: &page)
        page.append(" ms</small>")
        let scale = Double(end - start)
        page.append("<svg><rect height=\"100%\" x=\"")
        appendPercent(Double(span.startTime - start) / scale, to: &page)
        page.append("\" width=\"")
        appendPercent(max(Double(span.endTime - span.startTime) / scale, 0.002), to: &page)
        page.append("\"/></svg></summary>\n<table>\n<tr><th>span id<td><code>")
        page.append(span.context.spanID)
        page.append("</code>\n")
        if span.statusMessageCount > 0 {
            page.append("<tr><th class=e>error<td>")
            span.withStatusMessage { HTMLText.append($0, charactersMax: 512, to: &page) }
            page.append("\n")
        }
        span.withAttributes(includingContent: content != .off, form: content) {
            append($0, to: &page)
        }
        for event in span.events {
            page.append("<tr><th>event<td>")
            HTMLText.append(event.name.bytes, charactersMax: 256, to: &page)
            page.append(" +")
            Text.appendThousandths((max(event.time, start) - start) / 1000, to: &page)
            page.append(" ms\n")
            event.withBytes { append($0, to: &page) }
        }
        for link in span.links {
            page.append("<tr><th>link<td><a href=\"/debug/traces/")
            page.append(link.context.traceID)
            page.append("\"><code>")
            page.append(link.context.traceID)
            page.append("</code></a> <code>")
            page.append(link.context.spanID)
            page.append("</code>\n")
        }
        page.append("</table></details>\n")
    }

    /// A share from 0 to 1.
    private static func appendPercent(_ share: Double, to page: inout ByteBuffer) {
        Text.appendThousandths(UInt64(min(max(share, 0), 1) * 100_000), to: &page)
        page.append("%")
    }

    private static func append(_ attributes: Span<UInt8>, to page: inout ByteBuffer) {
        var offset = 0
        while let entry = AttributeEntry.next(in: attributes, at: &offset) {
            guard page.count < bytesMax else { return }
            page.append("<tr><th>")
            HTMLText.append(attributes.extracting(entry.key), charactersMax: 255, to: &page)
            page.append("<td>")
            append(entry, in: attributes, to: &page)
            page.append("\n")
        }
    }

    private static func append(
        _ entry: AttributeEntry, in bytes: Span<UInt8>, to page: inout ByteBuffer
    ) {
        let value = bytes.extracting(entry.value)
        switch entry.type {
        case .dead: break
        case .string, .content:
            HTMLText.append(value, charactersMax: valueCharactersMax, to: &page)
        case .int: page.append(decimal: Int(truncatingIfNeeded: value.littleEndian64(at: 0)))
        case .double:
            page.append(string: Double(bitPattern: value.littleEndian64(at: 0)).description)
        case .bool: page.append(value[0] == 1 ? "true" : "false")
        case .strings:
            var offset = 0
            while let element = AttributeEntry.nextElement(
                of: entry.value, in: bytes, at: &offset)
            {
                if element.lowerBound > entry.value.lowerBound + 4 { page.append(", ") }
                HTMLText.append(
                    bytes.extracting(element), charactersMax: valueCharactersMax, to: &page)
            }
        }
    }
}
