import Bytes
import W3CTraceContext

/// The spans of one trace as text for people: indented below their parents, in order of start.
package struct SpanTree {
    private let spans: [SpanRecord]
    private let options: ConsoleOptions
    private var children: [SpanID: [SpanRecord]] = [:]
    private var roots: [SpanRecord] = []

    /// `traces` hold spans of the same trace.
    package init(_ traces: [FinishedTrace], options: ConsoleOptions) {
        self.options = options
        var spans: [SpanRecord] = []
        for trace in traces {
            var span = trace.firstSpan
            while let current = span {
                spans.append(current)
                span = current.next
            }
        }
        self.spans = spans.sorted { $0.startTime < $1.startTime }
        let known = Set(spans.map(\.context.spanID))
        for span in self.spans {
            switch span.parent {
            case .local(let id) where known.contains(id), .remote(let id) where known.contains(id):
                children[id, default: []].append(span)
            default:
                roots.append(span)
            }
        }
    }

    /// Appends the tree: a line for each span, and its attributes below it.
    package mutating func append(to buffer: inout ByteBuffer) {
        guard let first = spans.first else { return }
        buffer.append("trace ")
        styled(.bold, &buffer) { $0.append(first.context.traceID) }
        buffer.append("  ")
        buffer.append(decimal: spans.count)
        buffer.append(spans.count == 1 ? " span\n" : " spans\n")
        var waiting = roots.isEmpty ? [] : [Level(spans: roots, indent: "")]
        while var level = waiting.popLast() {
            let span = level.spans[level.next]
            level.next += 1
            let isLast = level.next == level.spans.count
            if !isLast { waiting.append(level) }
            // Taken out, so that parents in a circle, which only a hostile caller's ids could
            // make, end.
            let below = children.removeValue(forKey: span.context.spanID) ?? []
            // A caller that uses the gateway again and again in one trace can nest as deep as it
            // likes.
            let isDeep = level.depth == SpanForest.depthMax
            let inner = isDeep ? level.indent : level.indent + (isLast ? "   " : "│  ")
            append(span, in: level, isLast: isLast, below: below, to: &buffer)
            guard !below.isEmpty else { continue }
            waiting.append(
                Level(spans: below, indent: inner, depth: level.depth + (isDeep ? 0 : 1)))
        }
        buffer.append("\n")
    }

    /// Spans of one parent, and how many of them were printed.
    private struct Level {
        let spans: [SpanRecord]
        let indent: String
        var depth = 0
        var next = 0
    }

    private func append(
        _ span: SpanRecord, in level: Level, isLast: Bool, below: [SpanRecord],
        to buffer: inout ByteBuffer
    ) {
        buffer.append(string: level.indent)
        buffer.append(isLast ? "└─ " : "├─ ")
        appendHead(span, to: &buffer)
        let inner = level.indent + (isLast ? "   " : "│  ")
        span.withBytes(content: options.contentForm) { bytes in
            appendAttributes(
                bytes, indent: inner + (below.isEmpty ? "     " : "│    "), to: &buffer)
        }
        let indent = inner + (below.isEmpty ? "     " : "│    ")
        for event in span.events {
            buffer.append(string: indent)
            buffer.append("event ")
            buffer.append(event.name)
            buffer.append(" after ")
            appendDuration(event.time &- min(event.time, span.startTime), to: &buffer)
            buffer.append("\n")
            event.withBytes { appendAttributes($0, indent: indent + "  ", to: &buffer) }
        }
        for link in span.links {
            buffer.append(string: indent)
            buffer.append("link to ")
            buffer.append(link.context.traceID)
            buffer.append(" ")
            buffer.append(link.context.spanID)
            buffer.append("\n")
        }
    }

    private func appendHead(_ span: SpanRecord, to buffer: inout ByteBuffer) {
        let isError = span.status == .error
        span.withBytes { bytes in
            styled(isError ? .red : .bold, &buffer) { $0.append(bytes.extracting(span.name)) }
        }
        buffer.append("  ")
        styled(.cyan, &buffer) { $0.append(Self.word(for: span.kind)) }
        buffer.append("  ")
        appendDuration(span.endTime - span.startTime, to: &buffer)
        if case .remote(let parent) = span.parent {
            buffer.append("  parent ")
            buffer.append(parent)
        }
        if isError {
            buffer.append("  ")
            styled(.red, &buffer) { buffer in
                buffer.append("ERROR")
                guard !span.statusMessage.isEmpty else { return }
                buffer.append(" ")
                span.withBytes { bytes in
                    Text.appendEscaped(
                        bytes.extracting(span.statusMessage), charactersMax: 256, to: &buffer)
                }
            }
        }
        buffer.append("\n")
    }

    private func appendAttributes(
        _ bytes: Span<UInt8>, indent: String, to buffer: inout ByteBuffer
    ) {
        var offset = 0
        var column = 0
        while let entry = AttributeEntry.next(in: bytes, at: &offset) {
            if entry.type == .content, !options.includesContent { continue }
            var text = ByteBuffer(capacity: 64)
            styled(.dim, &text) { text in
                Text.appendEscaped(bytes.extracting(entry.key), charactersMax: 255, to: &text)
            }
            text.append(" = ")
            appendValue(entry, in: bytes, to: &text)
            let width = Self.columns(of: text.bytes)
            if column > 0 {
                let fits = column + Self.gap + width <= options.columns ?? 0
                buffer.append(fits ? "   " : "\n")
                column = fits ? column + Self.gap : 0
            }
            if column == 0 {
                buffer.append(string: indent)
                column = indent.count
            }
            buffer.append(text)
            column += width
        }
        if column > 0 { buffer.append("\n") }
    }

    /// Columns between two attributes of a line.
    private static let gap = 3

    /// Columns that `text` takes on a terminal: a scalar is one, an escape sequence none.
    private static func columns(of text: Span<UInt8>) -> Int {
        var columns = 0
        var isEscaped = false
        for index in text.indices {
            let byte = text[index]
            if byte == 0x1B { isEscaped = true }
            if !isEscaped, byte & 0xC0 != 0x80 { columns += 1 }
            if byte == UInt8(ascii: "m") { isEscaped = false }
        }
        return columns
    }

    private func appendValue(
        _ entry: AttributeEntry, in bytes: Span<UInt8>, to buffer: inout ByteBuffer
    ) {
        let value = bytes.extracting(entry.value)
        switch entry.type {
        case .dead: break
        case .string, .content: appendText(value, to: &buffer)
        case .int:
            buffer.append(decimal: Int(truncatingIfNeeded: value.littleEndian64(at: 0)))
        case .double:
            let number = Double(bitPattern: value.littleEndian64(at: 0))
            buffer.append(string: number.description)
        case .bool: buffer.append(value[0] == 1 ? "true" : "false")
        case .strings:
            buffer.append("[")
            var offset = 0
            while let element = AttributeEntry.nextElement(
                of: entry.value, in: bytes, at: &offset)
            {
                if element.lowerBound > entry.value.lowerBound + 4 { buffer.append(", ") }
                appendText(bytes.extracting(element), to: &buffer)
            }
            buffer.append("]")
        }
    }

    private func appendText(_ text: Span<UInt8>, to buffer: inout ByteBuffer) {
        let start = buffer.count
        Text.appendEscaped(text, charactersMax: options.valueCharactersMax, to: &buffer)
        if buffer.count - start < text.count { buffer.append("...") }
    }

    /// Milliseconds with three decimals.
    private func appendDuration(_ nanoseconds: UInt64, to buffer: inout ByteBuffer) {
        Text.appendThousandths(nanoseconds / 1000, to: &buffer)
        buffer.append(" ms")
    }

    private enum Style {
        case bold
        case dim
        case red
        case cyan

        var code: StaticString {
            switch self {
            case .bold: "\u{1B}[1m"
            case .dim: "\u{1B}[2m"
            case .red: "\u{1B}[1;31m"
            case .cyan: "\u{1B}[36m"
            }
        }
    }

    private func styled(
        _ style: Style, _ buffer: inout ByteBuffer, _ body: (inout ByteBuffer) -> Void
    ) {
        if options.isColoured { buffer.append(style.code) }
        body(&buffer)
        if options.isColoured { buffer.append("\u{1B}[0m") }
    }

    private static func word(for kind: SpanKind) -> StaticString {
        switch kind {
        case .internal: "INTERNAL"
        case .server: "SERVER"
        case .client: "CLIENT"
        case .producer: "PRODUCER"
        case .consumer: "CONSUMER"
        }
    }
}
