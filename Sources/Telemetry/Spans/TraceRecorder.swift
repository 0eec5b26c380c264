import Bytes
import W3CTraceContext

/// Collects the spans of one request, all of one trace, on the request's thread.
///
/// Made only for sampled traces (`Tracer.recorder`): what is not sampled costs nothing.
package final class TraceRecorder {
    /// The trace all spans belong to.
    package let traceID: TraceID
    /// The flags all spans carry.
    package let flags: TraceFlags
    /// The header's value as received and valid; empty where there was none.
    private let tracestate: ByteBuffer
    private let limits: SpanLimits
    private var last: SpanRecord?
    private var isFinished = false

    /// The spans in order of start, chained by `SpanRecord.next`.
    package private(set) var first: SpanRecord?
    /// Spans there are.
    package private(set) var count = 0
    /// What the spans hold in memory, about, in bytes; counted by `finish`.
    package private(set) var byteCount = 0

    /// A recorder without spans. `tracestate` is the valid value that goes with the trace.
    package init(
        traceID: TraceID, flags: TraceFlags, tracestate: Span<UInt8>, limits: SpanLimits
    ) {
        self.traceID = traceID
        self.flags = flags
        self.tracestate = ByteBuffer(copying: tracestate)
        self.limits = limits
    }

    /// Starts a span. `time` is in nanoseconds since 1970.
    package func startSpan(
        _ name: Span<UInt8>, kind: SpanKind, id: SpanID, parent: SpanParent, at time: UInt64
    ) -> SpanRecord {
        precondition(!isFinished, "a span was started after its trace was handed over")
        let context = SpanContext(traceID: traceID, spanID: id, flags: flags)
        let span = SpanRecord(
            context: context, parent: parent, kind: kind, name: name, startTime: time,
            limits: limits)
        if let last { last.next = span } else { first = span }
        last = span
        count += 1
        return span
    }

    /// Ends what is still live at `time` and seals the spans: nothing can change them any more.
    package func finish(at time: UInt64) -> FinishedTrace {
        precondition(!isFinished, "a trace was handed over twice")
        isFinished = true
        byteCount = 128 + tracestate.count
        var span = first
        while let current = span {
            current.end(at: time)
            byteCount += current.byteCount
            span = current.next
        }
        return FinishedTrace(sealing: self)
    }

    func withTracestate<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        tracestate.withBytes(body)
    }

    deinit {
        // A chain is freed one by one: a long one freed by recursion could exhaust the stack.
        var span = first
        first = nil
        last = nil
        while let current = span {
            span = current.next
            current.next = nil
        }
    }
}
