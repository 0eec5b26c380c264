import Bytes
import W3CTraceContext

/// What the process does with traces: one immutable value for all workers.
package final class Tracer: Sendable {
    /// Decides what is recorded.
    package let sampler: Sampler
    /// Bounds of each span.
    package let limits: SpanLimits
    /// One queue for each exporter.
    package let queues: [any TraceConsumer]
    /// What the debug pages show; nil: they are off. Neither it, nor a queue, nor `logs`:
    /// nothing is recorded.
    package let ring: TraceRing?
    /// Who gets the events of a request; nil: nobody.
    package let logs: LogExport?
    private let pool = SpanPool()

    /// A tracer that hands spans to `queues` and to `ring`, and their events to `logs`.
    package init(
        sampler: Sampler, limits: SpanLimits, queues: [any TraceConsumer], ring: TraceRing? = nil,
        logs: LogExport? = nil
    ) {
        self.sampler = sampler
        self.limits = limits
        self.queues = queues
        self.ring = ring
        self.logs = logs
    }

    /// The sampled bit to send on, exporters or not. `parentFlags` is nil for a root.
    package func isSampled(traceID: TraceID, parentFlags: TraceFlags?) -> Bool {
        sampler.isSampled(traceID: traceID, parentFlags: parentFlags)
    }

    /// A recorder for a sampled trace; nil where the trace is not sampled or nobody looks.
    /// `flags` are those the spans are sent on with, `lane` is a number of the worker's.
    package func recorder(
        traceID: TraceID, flags: TraceFlags, tracestate: Span<UInt8>, lane: Int = 0
    ) -> TraceRecorder? {
        guard flags.contains(.sampled), !queues.isEmpty || ring != nil || logs != nil else {
            return nil
        }
        return TraceRecorder(
            traceID: traceID, flags: flags, tracestate: tracestate, limits: limits,
            lane: lane, pool: pool)
    }

    /// Hands all spans of a request to every exporter and the debug pages; never waits.
    package func submit(_ trace: FinishedTrace) {
        for queue in queues { queue.submit(trace) }
        ring?.add(trace)
        logs?.submit(eventsOf: trace)
    }
}
