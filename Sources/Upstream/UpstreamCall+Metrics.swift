import Bytes
import HTTP1
import HTTPClient
import Networking
import OpenAIAPI
import Telemetry
import W3CTraceContext

/// What attempts add to the metrics, whether or not their trace is sampled. Times, and
/// `error.type`, are those of their spans.
extension UpstreamCall {
    /// Takes note of how an attempt ended, at `now` in nanoseconds since 1970.
    func measureAttempt(
        _ transfer: HTTPTransfer, _ attempt: AttemptSpan, failure: UpstreamFailure?, at now: UInt64
    ) {
        let context = MeasurementContext(
            traceID: trace.server.traceID, spanID: attempt.id, isSampled: isSampled, at: now)
        let measurement = HTTPClientMeasurement(
            target: target.labels, method: methodIndex, status: transfer.status,
            isOldVersion: transfer.minorVersion == 0, failure: failure?.errorType)
        services.meter.attemptEnded(
            measurement, nanoseconds: Self.duration(from: attempt.startedAt, to: now), context)
        guard attemptCount == 1, receivedAt > 0, transfer.startedAt >= receivedAt else { return }
        services.meter.requestSent(
            afterNanoseconds: Int(transfer.startedAt - receivedAt), serverContext(at: now))
    }

    private func serverContext(at now: UInt64) -> MeasurementContext {
        MeasurementContext(
            traceID: trace.server.traceID, spanID: trace.server.spanID, isSampled: isSampled,
            at: now)
    }

    private var isSampled: Bool { trace.server.flags.contains(.sampled) }

    private var methodIndex: Int {
        guard case .opaque(let method, _) = payload else { return Int(HTTPMethod.post.rawValue) }
        let known: HTTPMethod =
            switch method {
            case .get: .get
            case .head: .head
            case .post: .post
            case .other(let name): HTTPMethod.recognise(name.utf8.span)
            }
        return Int(known.rawValue)
    }

    /// Not below zero.
    static func duration(from start: UInt64, to end: UInt64) -> Int {
        end > start ? Int(end - start) : 0
    }
}
