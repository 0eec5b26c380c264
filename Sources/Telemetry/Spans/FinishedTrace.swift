import Bytes
import Synchronization
import W3CTraceContext

// SAFETY: `TraceRecorder.finish` has ended every span; ended spans and finished recorders do not
// change any more.

/// The spans of one request after the hand-over: read by exporters, changed by nobody.
///
/// The one seam where spans leave their thread.
package struct FinishedTrace: @unchecked Sendable {
    private let recorder: TraceRecorder

    init(sealing recorder: TraceRecorder) {
        self.recorder = recorder
    }

    /// Lends the value of `tracestate` that all spans carry, where there was one.
    package func withTracestate(_ body: (Span<UInt8>) -> Void) {
        recorder.withTracestate(body)
    }

    /// The trace the spans belong to.
    package var traceID: TraceID { recorder.traceID }
    /// The worker the spans come from, as a number.
    package var lane: Int { recorder.lane }
    /// Spans there are.
    package var spanCount: Int { recorder.count }
    /// What the spans hold in memory, about, in bytes.
    package var byteCount: Int { recorder.byteCount }
    /// The first span; the others follow by `SpanRecord.next`.
    package var firstSpan: SpanRecord? { recorder.first }
}

/// Spans that everybody is done with, with their memory, on their way back to requests.
///
/// Spans are filled on one thread and dropped on another, which is what an allocator is worst at.
/// The spans of a request come and go as one chain, so that each way is one short lock.
package final class SpanPool: Sendable {
    /// Chains that are kept: those of two full batches, about.
    package static let chainsMax = 384

    // SAFETY: `give` takes chains that nobody else holds, so that one has one owner at any time.
    private struct Chain: @unchecked Sendable {
        let first: SpanRecord
    }

    private let chains = Mutex<[Chain]>([])

    /// An empty pool.
    package init() {}

    /// Spans to be used again, chained by `SpanRecord.next`; nil where there are none.
    func take() -> SpanRecord? {
        chains.withLock { $0.popLast() }?.first
    }

    /// Keeps a chain of spans, which the caller alone holds, unless there are enough.
    func give(_ first: consuming SpanRecord) {
        let chain = Chain(first: first)
        chains.withLock { if $0.count < Self.chainsMax { $0.append(chain) } }
    }
}
