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

/// Finished traces on their way to one exporter.
package typealias ExportQueue = ItemQueue<FinishedTrace>

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

    private struct Slot {
        let entry: Entry
        let items: Int
        let bytes: Int
    }

    private struct State {
        var ring: [Slot?]
        var head = 0
        var count = 0
        var items = 0
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
        state = Mutex(State(ring: Array(repeating: nil, count: max(1, limits.itemsMax))))
    }

    /// Sets what wakes the consumer, called on any thread, at most once a batch.
    package func onWake(_ wake: @escaping @Sendable () -> Void) {
        state.withLock { $0.wake = wake }
    }

    /// Takes all items of an entry, or counts them as lost where they do not fit.
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
            var place = state.head + state.count
            if place >= state.ring.count { place -= state.ring.count }
            state.ring[place] = Slot(entry: entry, items: items, bytes: bytes)
            state.count += 1
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
    @_specialize(where Entry == LogItem)
    package func take() -> Entry? {
        state.withLock { state in
            guard state.count > 0 else {
                state.isIdle = true
                state.isFlushing = false
                return nil
            }
            let slot = state.ring[state.head].take()
            state.head = state.head + 1 == state.ring.count ? 0 : state.head + 1
            state.count -= 1
            state.items -= slot?.items ?? 0
            state.bytes -= slot?.bytes ?? 0
            return slot?.entry
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
