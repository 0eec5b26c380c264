import Privacy
import Synchronization
import W3CTraceContext

/// The traces of the last requests, for the debug pages: many writers, few readers.
///
/// Bounded by traces and by bytes; the oldest make room. It holds what the exporters get too, so
/// that a request costs one short lock and a reference more.
package final class TraceRing: Sendable {
    /// Bounds of the ring.
    package struct Limits: Sendable {
        /// Requests that are kept (`debug.tracesMax`).
        package var tracesMax = 100
        /// Bytes their spans hold (`debug.traceBytesMax`): message content can be large.
        package var bytesMax = 16 << 20

        /// The defaults.
        package init() {}
    }

    private struct State {
        var ring: [FinishedTrace?]
        /// Where the oldest lies.
        var head = 0
        var count = 0
        var bytes = 0

        mutating func removeOldest() -> FinishedTrace? {
            guard count > 0 else { return nil }
            let trace = ring[head]
            ring[head] = nil
            head = (head + 1) % ring.count
            count -= 1
            bytes -= trace?.byteCount ?? 0
            return trace
        }
    }

    /// The fullest form in which the pages show message content, where it was captured.
    package let content: ContentForm
    private let bytesMax: Int
    private let state: Mutex<State>

    /// An empty ring.
    package init(limits: Limits, content: ContentForm) {
        self.content = content
        bytesMax = limits.bytesMax
        state = Mutex(State(ring: Array(repeating: nil, count: max(1, limits.tracesMax))))
    }

    /// Keeps a request's spans, unless they alone are over the limit of bytes.
    package func add(_ trace: FinishedTrace) {
        let bytes = trace.byteCount
        guard trace.spanCount > 0, bytes <= bytesMax else { return }
        // What goes is freed behind the lock.
        let replaced = state.withLock { state in
            let oldest = state.count == state.ring.count ? state.removeOldest() : nil
            state.ring[(state.head + state.count) % state.ring.count] = trace
            state.count += 1
            state.bytes += bytes
            return (oldest, isOver: state.bytes > bytesMax)
        }
        if replaced.isOver { shrink() }
    }

    private func shrink() {
        while true {
            let oldest = state.withLock { state in
                state.bytes > bytesMax ? state.removeOldest() : nil
            }
            if oldest == nil { return }
        }
    }

    /// Requests that are kept, and the bytes their spans hold.
    package var size: (traces: Int, bytes: Int) { state.withLock { ($0.count, $0.bytes) } }

    /// At most `countMax` requests, the newest first.
    package func newest(_ countMax: Int) -> [FinishedTrace] {
        state.withLock { state in
            (0..<min(state.count, max(0, countMax))).compactMap { age in
                state.ring[(state.head + state.count - 1 - age) % state.ring.count]
            }
        }
    }

    /// The requests of one trace, the oldest first: a caller may have made several.
    package func requests(of id: TraceID) -> [FinishedTrace] {
        state.withLock { state in
            (0..<state.count).compactMap { age in
                let trace = state.ring[(state.head + age) % state.ring.count]
                return trace?.traceID == id ? trace : nil
            }
        }
    }
}
