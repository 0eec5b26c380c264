import Synchronization

/// Finished spans on their way to one exporter: many producers, one consumer, never a wait.
///
/// Bounded by spans and by bytes. What does not fit is dropped, newest first, and counted. All
/// spans of a request are one entry, so that a hand-over is one short lock.
package final class ExportQueue: Sendable {
    /// Bounds of a queue.
    package struct Limits: Sendable {
        /// Spans (`OTEL_BSP_MAX_QUEUE_SIZE`).
        package var spansMax = 2048
        /// Bytes the spans hold: message content can be large.
        package var bytesMax = 64 << 20
        /// Spans that wake the consumer before its delay is over
        /// (`OTEL_BSP_MAX_EXPORT_BATCH_SIZE`).
        package var batchSpans = 512

        /// The defaults of the specification.
        package init() {}
    }

    private struct State {
        var ring: [FinishedTrace?]
        var head = 0
        var count = 0
        var spans = 0
        var bytes = 0
        var isFlushing = false
        var closingDeadline: UInt64?
        /// The consumer has nothing to do and waits.
        var isIdle = true
        var wake: (@Sendable () -> Void)?
    }

    /// The exporter's accounting; the queue counts what it takes and turns away.
    package let counters: ExportCounters
    private let limits: Limits
    private let state: Mutex<State>

    /// An open, empty queue.
    package init(limits: Limits, counters: ExportCounters) {
        self.limits = limits
        self.counters = counters
        state = Mutex(State(ring: Array(repeating: nil, count: max(1, limits.spansMax))))
    }

    /// Sets what wakes the consumer, called on any thread, at most once a batch.
    package func onWake(_ wake: @escaping @Sendable () -> Void) {
        state.withLock { $0.wake = wake }
    }

    /// Takes all spans of a request, or counts them as lost where they do not fit.
    package func submit(_ trace: FinishedTrace) {
        let spans = trace.spanCount
        guard spans > 0 else { return }
        let bytes = trace.byteCount
        var lost: LossReason?
        var wake: (@Sendable () -> Void)?
        state.withLock { state in
            guard state.closingDeadline == nil else {
                lost = .shutdown
                return
            }
            guard spans <= limits.spansMax - state.spans, bytes <= limits.bytesMax - state.bytes
            else {
                lost = .queueFull
                return
            }
            // Counted before the consumer can see the entry, or pending could fall below zero.
            counters.countQueued(spans)
            let wasBelow = state.spans < limits.batchSpans
            state.ring[(state.head + state.count) % state.ring.count] = trace
            state.count += 1
            state.spans += spans
            state.bytes += bytes
            if state.isIdle || (wasBelow && state.spans >= limits.batchSpans) {
                state.isIdle = false
                wake = state.wake
            }
        }
        if let lost { counters.countTurnedAway(spans, lost) }
        wake?()
    }

    /// Spans waiting.
    package var spanCount: Int { state.withLock { $0.spans } }

    /// Whether spans wait; where none do, the next `submit` wakes the consumer.
    package var hasSpans: Bool {
        state.withLock { state in
            if state.count == 0 {
                state.isIdle = true
                state.isFlushing = false
            }
            return state.count > 0
        }
    }

    /// Takes the oldest entry out; nil where there is none, and then a flush is over and the
    /// next `submit` wakes the consumer.
    package func take() -> FinishedTrace? {
        state.withLock { state in
            guard state.count > 0 else {
                state.isIdle = true
                state.isFlushing = false
                return nil
            }
            let trace = state.ring[state.head]
            state.ring[state.head] = nil
            state.head = (state.head + 1) % state.ring.count
            state.count -= 1
            state.spans -= trace?.spanCount ?? 0
            state.bytes -= trace?.byteCount ?? 0
            return trace
        }
    }

    /// Has the consumer take what is there without waiting for a full batch.
    package func flush() {
        let wake = state.withLock { state in
            state.isFlushing = state.count > 0
            return state.wake
        }
        wake?()
    }

    /// Takes no more spans, and has the consumer finish with those that are there by `deadline`,
    /// nanoseconds of the consumer's monotonic clock. What comes later is lost by the shutdown.
    package func close(deadline: UInt64) {
        let wake = state.withLock { state in
            state.closingDeadline = deadline
            return state.wake
        }
        wake?()
    }

    /// Whether `close` was called.
    package var isClosed: Bool { state.withLock { $0.closingDeadline != nil } }

    /// When the consumer is to give up; nil while the queue is open.
    package var closingDeadline: UInt64? { state.withLock { $0.closingDeadline } }

    /// Whether the consumer is not to wait for a full batch.
    package var isUrgent: Bool {
        state.withLock { $0.isFlushing || $0.closingDeadline != nil }
    }
}
