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
    private var tracestate: ByteBuffer?
    private let limits: SpanLimits
    /// The worker that records, as a number.
    let lane: Int
    /// Where the spans come from and go to; nil: from and to the allocator.
    private let pool: SpanPool?
    /// Spans of an earlier request that this one has not taken into use.
    private var spare: SpanRecord?
    private var last: SpanRecord?
    private var isFinished = false

    /// The spans in order of start, chained by `SpanRecord.next`.
    package private(set) var first: SpanRecord?
    /// Spans there are.
    package private(set) var count = 0
    /// What the spans hold in memory, about, in bytes; counted by `finish`.
    package private(set) var byteCount = 0

    /// A recorder without spans. `tracestate` is the valid value that goes with the trace; `lane`
    /// is a number of the worker's; `pool` is of recorders with the same `limits`.
    package init(
        traceID: TraceID, flags: TraceFlags, tracestate: Span<UInt8>, limits: SpanLimits,
        lane: Int = 0, pool: SpanPool? = nil
    ) {
        self.traceID = traceID
        self.flags = flags
        self.tracestate = tracestate.isEmpty ? nil : ByteBuffer(copying: tracestate)
        self.limits = limits
        self.lane = lane
        self.pool = pool
        spare = pool?.take()
    }

    /// Starts a span. `time` is in nanoseconds since 1970.
    package func startSpan(
        _ name: Span<UInt8>, kind: SpanKind, id: SpanID, parent: SpanParent, at time: UInt64
    ) -> SpanRecord {
        precondition(!isFinished, "a span was started after its trace was handed over")
        let context = SpanContext(traceID: traceID, spanID: id, flags: flags)
        let span = makeSpan(context, parent: parent, kind: kind, startTime: time)
        span.setName(name)
        if let last { last.next = span } else { first = span }
        last = span
        count += 1
        return span
    }

    private func makeSpan(
        _ context: SpanContext, parent: SpanParent, kind: SpanKind, startTime: UInt64
    ) -> SpanRecord {
        guard let span = spare else {
            return SpanRecord(
                context, parent: parent, kind: kind, startTime: startTime, limits: limits)
        }
        spare = span.next.take()
        span.begin(context, parent: parent, kind: kind, startTime: startTime)
        return span
    }

    /// Ends what is still live at `time` and seals the spans: nothing can change them any more.
    package func finish(at time: UInt64) -> FinishedTrace {
        precondition(!isFinished, "a trace was handed over twice")
        isFinished = true
        byteCount = 128 + tracestateCount
        var span = first
        while let current = span {
            current.end(at: time)
            byteCount += current.byteCount
            span = current.next
        }
        return FinishedTrace(sealing: self)
    }

    private var tracestateCount: Int { tracestate?.count ?? 0 }

    func withTracestate(_ body: (Span<UInt8>) -> Void) {
        tracestate?.withBytes(body)
    }

    deinit {
        last = nil
        // Spans are taken out one by one: a long chain freed by recursion could exhaust the stack.
        var kept = spare.take()
        var rest = first.take()
        while var span = rest.take() {
            rest = span.next.take()
            // Whoever still holds a span keeps it.
            guard pool != nil, isKnownUniquelyReferenced(&span) else { continue }
            span.clear()
            span.next = kept
            kept = span
        }
        if let kept { pool?.give(kept) }
    }
}
