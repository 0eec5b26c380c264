import Synchronization

/// What a queue holds: items that are handed over together, e.g. the spans of a request.
package protocol ExportEntry: Sendable {
    /// Spans, data points or log records in it.
    var itemCount: Int { get }
    /// What they hold in memory, about, in bytes.
    var byteCount: Int { get }
}

extension FinishedTrace: ExportEntry {
    /// Spans there are.
    package var itemCount: Int { spanCount }
}

/// Takes finished traces from workers, and never makes them wait for what becomes of them.
package protocol TraceConsumer: AnyObject, Sendable {
    /// What became of the spans.
    var counters: ExportCounters { get }
    /// Takes all spans of a request, or counts them as lost. From any thread.
    func submit(_ trace: FinishedTrace)
    /// Takes no more, and has what is there dealt with by `deadline`, nanoseconds of the
    /// consumer's monotonic clock.
    func close(deadline: UInt64)
}

/// Finished traces on their way to somebody in this process.
package typealias ExportQueue = ItemQueue<FinishedTrace>

extension ItemQueue: TraceConsumer where Entry == FinishedTrace {}

/// Bounds of a queue.
package struct QueueLimits: Sendable {
    /// Items, e.g. spans (`OTEL_BSP_MAX_QUEUE_SIZE`).
    package var itemsMax = 2048
    /// Bytes the items hold: message content can be large.
    package var bytesMax = 64 << 20
    /// Items that wake the consumer before its delay is over
    /// (`OTEL_BSP_MAX_EXPORT_BATCH_SIZE`).
    package var batchItems = 512

    /// The defaults of the specification.
    package init() {}
}

/// When a consumer must be done.
package protocol ExportClosing: AnyObject {
    /// Nanoseconds of the consumer's monotonic clock; nil while there is no end in sight.
    var closingDeadline: UInt64? { get }
}

/// Telemetry of one signal on its way to one exporter: many producers, one consumer, never a
/// wait.
///
/// Bounded by items and by bytes. What does not fit is dropped, newest first, and counted. All
/// items of an entry, e.g. the spans of a request, are one, so that a hand-over is one short
/// lock.
package final class ItemQueue<Entry: ExportEntry>: ExportClosing, Sendable {
    /// Bounds of a queue.
    package typealias Limits = QueueLimits

    /// Entries that there is room for from the start; the ring grows up to the limit.
    private static var entriesMin: Int { 256 }

    private struct State {
        var ring: [Entry?]
        var head = 0
        var count = 0
        var items = 0
        var bytes = 0
        var isFlushing = false
        var closingDeadline: UInt64?
        /// The consumer has nothing to do and waits.
        var isIdle = true
        var wake: (@Sendable () -> Void)?

        mutating func append(_ entry: Entry) {
            if count == ring.count { grow() }
            var place = head + count
            if place >= ring.count { place -= ring.count }
            ring[place] = entry
            count += 1
        }

        private mutating func grow() {
            let ordered = ring[head...] + ring[..<head]
            ring = Array(ordered) + Array(repeating: nil, count: ring.count)
            head = 0
        }
    }

    /// The exporter's accounting; the queue counts what it takes and turns away.
    package let counters: ExportCounters
    private let limits: Limits
    private let state: Mutex<State>

    /// An open, empty queue.
    package init(limits: Limits, counters: ExportCounters) {
        self.limits = limits
        self.counters = counters
        let entries = min(max(1, limits.itemsMax), Self.entriesMin)
        state = Mutex(State(ring: Array(repeating: nil, count: entries)))
    }

    /// Sets what wakes the consumer, called on any thread, at most once a batch.
    package func onWake(_ wake: @escaping @Sendable () -> Void) {
        state.withLock { $0.wake = wake }
    }

    /// Takes all items of an entry, or counts them as lost where they do not fit.
    @_specialize(where Entry == FinishedTrace)
    @_specialize(where Entry == EncodedSpans)
    @_specialize(where Entry == LogItem)
    package func submit(_ entry: Entry) {
        let items = entry.itemCount
        guard items > 0 else { return }
        let bytes = entry.byteCount
        var lost: LossReason?
        var wake: (@Sendable () -> Void)?
        state.withLock { state in
            guard state.closingDeadline == nil else {
                lost = .shutdown
                return
            }
            guard items <= limits.itemsMax - state.items, bytes <= limits.bytesMax - state.bytes
            else {
                lost = .queueFull
                return
            }
            // Counted before the consumer can see the entry, or pending could fall below zero.
            counters.countQueued(items)
            let wasBelow = state.items < limits.batchItems
            state.append(entry)
            state.items += items
            state.bytes += bytes
            if state.isIdle || (wasBelow && state.items >= limits.batchItems) {
                state.isIdle = false
                wake = state.wake
            }
        }
        if let lost { counters.countTurnedAway(items, lost) }
        wake?()
    }

    /// Whether `items` more would be taken now. Where they would not, they are counted as lost.
    package func hasRoom(for items: Int) -> Bool {
        let lost: LossReason? = state.withLock { state in
            if state.closingDeadline != nil { return .shutdown }
            let isFull =
                items > limits.itemsMax - state.items || state.bytes >= limits.bytesMax
            return isFull ? .queueFull : nil
        }
        if let lost { counters.countTurnedAway(items, lost) }
        return lost == nil
    }

    /// Items waiting.
    package var itemCount: Int { state.withLock { $0.items } }

    /// Whether items wait; where none do, the next `submit` wakes the consumer.
    package var hasItems: Bool {
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
    @_specialize(where Entry == FinishedTrace)
    @_specialize(where Entry == EncodedSpans)
    @_specialize(where Entry == LogItem)
    package func take() -> Entry? {
        state.withLock { state in
            guard state.count > 0 else {
                state.isIdle = true
                state.isFlushing = false
                return nil
            }
            let entry = state.ring[state.head].take()
            state.head = state.head + 1 == state.ring.count ? 0 : state.head + 1
            state.count -= 1
            state.items -= entry?.itemCount ?? 0
            state.bytes -= entry?.byteCount ?? 0
            return entry
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

    /// Takes no more items, and has the consumer finish with those that are there by `deadline`,
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
