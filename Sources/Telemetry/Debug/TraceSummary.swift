import Bytes
import W3CTraceContext

/// A request in a line: what the list of traces shows.
package struct TraceSummary {
    /// The trace.
    package let traceID: TraceID
    /// The first span's name.
    package private(set) var name = ""
    /// Nanoseconds since 1970.
    package private(set) var start: UInt64 = 0
    /// Nanoseconds the first span took.
    package private(set) var duration: UInt64 = 0
    /// A span of the request failed.
    package private(set) var isError = false
    /// The status the client got, if any.
    package private(set) var status: Int?
    /// The first `error.type` in order of the spans' starts.
    package private(set) var errorType: String?
    /// The model that answered, else the one asked for.
    package private(set) var model: String?
    /// Tokens of all operations, as the providers reported them.
    package private(set) var inputTokens: Int?
    /// As above.
    package private(set) var outputTokens: Int?
    /// Spans of the request.
    package let spanCount: Int

    /// Reads the spans of `trace`, without their message content.
    package init(_ trace: FinishedTrace) {
        traceID = trace.traceID
        spanCount = trace.spanCount
        guard let first = trace.firstSpan else { return }
        name = first.withName { String(decoding: $0) }
        start = first.startTime
        duration = first.endTime - first.startTime
        var span: SpanRecord? = first
        while let current = span {
            if current.status == .error { isError = true }
            read(current, isFirst: current === first)
            span = current.next
        }
    }

    private mutating func read(_ span: SpanRecord, isFirst: Bool) {
        span.withAttributes(includingContent: false) { bytes in
            var offset = 0
            while let entry = AttributeEntry.next(in: bytes, at: &offset) {
                let key = bytes.extracting(entry.key)
                let value = bytes.extracting(entry.value)
                switch entry.type {
                case .int:
                    let number = Int(truncatingIfNeeded: value.littleEndian64(at: 0))
                    if key.equals("gen_ai.usage.input_tokens") {
                        inputTokens = (inputTokens ?? 0) &+ number
                    } else if key.equals("gen_ai.usage.output_tokens") {
                        outputTokens = (outputTokens ?? 0) &+ number
                    } else if isFirst, key.equals("http.response.status_code") {
                        status = number
                    }
                case .string:
                    if key.equals("gen_ai.response.model") {
                        model = String(decoding: value)
                    } else if model == nil, key.equals("gen_ai.request.model") {
                        model = String(decoding: value)
                    } else if errorType == nil, key.equals("error.type") {
                        errorType = String(decoding: value)
                    }
                default: break
                }
            }
        }
    }
}
