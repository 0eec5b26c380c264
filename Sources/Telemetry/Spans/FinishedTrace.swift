import Bytes
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

    /// Lends the value of `tracestate` that all spans carry, empty where there was none.
    package func withTracestate<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        recorder.withTracestate(body)
    }

    /// The trace the spans belong to.
    package var traceID: TraceID { recorder.traceID }
    /// Spans there are.
    package var spanCount: Int { recorder.count }
    /// What the spans hold in memory, about, in bytes.
    package var byteCount: Int { recorder.byteCount }
    /// The first span; the others follow by `SpanRecord.next`.
    package var firstSpan: SpanRecord? { recorder.first }
}
