import Bytes
import HTTP1
import HTTPClient
import HTTPServer
import Networking
import OpenAIAPI
import Telemetry
import Upstream
import W3CTraceContext

// The request's lines in the log: one at `info`, when it has ended, and more at `debug`.
//
// Of what the client sent, they hold the method and the model; of its path, only the route.
extension Exchange {
    private var export: LogExport? { services.tracer.logs }

    private var serverContext: SpanContext {
        SpanContext(
            traceID: trace.server.traceID, spanID: trace.server.spanID, flags: trace.server.flags)
    }

    /// The request's head is there.
    func logStart() {
        services.log.write(
            .debug, .requestStart, "the request began", span: serverContext, export: export
        ) { line in
            addRequest(to: &line)
            if let peer = connection.peer { line.add(.client, peer.address) }
        }
    }

    /// The response has ended.
    func logEnd() {
        let level = max(error?.logLevel ?? .info, .info)
        services.log.write(
            level, .requestEnd, "the request ended", span: serverContext, export: export
        ) { line in
            addRequestID(to: &line)
            addRequest(to: &line)
            operation?.withModel { line.add(.model, $0) }
            if status > 0, connection.hasResponseStarted {
                line.add(.status, status)
            } else if connection.isClientGone {
                line.add(.status, 499)
            }
            if let error { line.add(.error, error.errorType) }
            line.add(.duration, nanoseconds: Clock.monotonic &- connection.requestAt)
            if let attemptCount { line.add(.attempts, attemptCount) }
            if operation?.request.isStreaming == true { line.add(.stream, true) }
            if use.status != .off { line.add(.cache, use.status.name) }
            line.add(.bytes, connection.responseBytes)
        }
    }

    /// A store of the cache has the answer, which `lookup` found.
    func logHit(_ operation: Operation, _ lookup: LookupSpan) {
        let server = trace.server
        let context = SpanContext(traceID: server.traceID, spanID: lookup.id, flags: server.flags)
        services.log.write(
            .debug, .cacheHit, "the cache had the answer", span: context, export: export
        ) { line in
            addRequestID(to: &line)
            operation.withModel { line.add(.model, $0) }
        }
    }

    /// See `AnswerSink`.
    func attemptEnded(
        _ call: UpstreamCall, _ attempt: SpanID, _ transfer: HTTPTransfer,
        _ failure: UpstreamFailure?
    ) {
        let server = trace.server
        let context = SpanContext(traceID: server.traceID, spanID: attempt, flags: server.flags)
        services.log.write(
            .debug, .upstreamAttempt, "an attempt ended", span: context, export: export
        ) { line in
            addRequestID(to: &line)
            call.operation?.withModel { line.add(.model, $0) }
            line.add(.attempt, call.attemptCount)
            line.add(.upstream, services.target.host)
            if transfer.status > 0 { line.add(.status, transfer.status) }
            if let failure { line.add(.error, failure.errorType) }
            line.add(.duration, nanoseconds: Clock.monotonic &- transfer.startedAt)
            line.add(.newConnection, transfer.isOnNewConnection)
        }
    }

    /// The id that the client got: the upstream's, else ours.
    private func addRequestID(to line: inout LogLine) {
        if let upstreamRequestID {
            line.add(.requestID, upstreamRequestID)
        } else {
            var id = ByteBuffer(capacity: 32)
            trace.appendRequestID(to: &id)
            line.add(.requestID, id.bytes)
        }
    }

    private func addRequest(to line: inout LogLine) {
        let method = connection.parser.head.method
        line.add(.method, method == .other ? "_OTHER" : method.name)
        if let route { line.add(.route, route.name) }
    }
}
