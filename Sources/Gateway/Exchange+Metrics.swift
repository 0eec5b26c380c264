import HTTP1
import HTTPServer
import Networking
import OpenAIAPI
import Telemetry
import Upstream
import W3CTraceContext

/// What a request adds to the metrics, whether or not its trace is sampled. Times, status and
/// `error.type` are those of the SERVER span.
extension Exchange {
    /// `error.type` of the SERVER span; nil where it is not an error. A client that left is not
    /// an error of the server's.
    var errorType: String? {
        if connection.isClientGone { return nil }
        if let error, error.status >= 500 { return error.errorType }
        return status >= 500 ? String(status) : nil
    }

    /// Attempts made for the request; nil where none could have been.
    var attemptCount: Int? { call?.attemptCount ?? (operation == nil ? nil : 0) }

    /// The status that was sent; 499, as nginx and others write it, where the client left before
    /// that; 0 where there was none.
    var sentStatus: Int {
        if status > 0, connection.hasResponseStarted { return status }
        return connection.isClientGone ? 499 : 0
    }

    /// Takes note of the request's end, at `now` in nanoseconds since 1970.
    func measureRequest(at now: UInt64) {
        let started = trace.clock.time(atMonotonic: max(connection.requestAt, 1))
        let measurement = HTTPServerMeasurement(
            method: Int(connection.parser.head.method.rawValue),
            route: route, status: sentStatus,
            isOldVersion: connection.parser.head.minorVersion == 0,
            errorType: errorType)
        let context = MeasurementContext(
            traceID: trace.server.traceID, spanID: trace.server.spanID,
            isSampled: trace.server.flags.contains(.sampled), at: now)
        worker.meter.requestEnded(
            measurement, nanoseconds: now > started ? Int(now - started) : 0, context)
    }
}
