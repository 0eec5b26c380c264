import Bytes
import HTTP1
import HTTPServer
import OpenAIAPI
import Telemetry
import Upstream
import W3CTraceContext

// Errors become responses here and nowhere else.
extension Exchange {
    /// Answers with an error, in the shape OpenAI's clients read.
    func answer(_ given: GatewayError) {
        // A body that failed on its way took the call down with it: that is the cause.
        let error = bodyError ?? given
        self.error = error
        services.metrics.countError(error.code)
        guard !connection.isClientGone, !connection.hasResponseStarted else { return }
        status = error.status
        var body = ByteBuffer(capacity: 256)
        var requestID = ByteBuffer(capacity: 32)
        appendRequestID(to: &requestID)
        var traceID = ByteBuffer(capacity: 32)
        traceID.append(trace.server.traceID)
        error.object.append(requestID: requestID.bytes, traceID: traceID.bytes, to: &body)
        connection.startHead(status: error.status)
        connection.addDate()
        connection.addField("content-type", "application/json")
        connection.addField("x-martlet-error", "true")
        if let allow = error.allow { connection.addField("allow", allow.value) }
        if error.code == .unauthorized { connection.addField("www-authenticate", "Bearer") }
        if error.code == .overloaded { connection.addField("retry-after", "1") }
        addCommonFields(hasRequestID: false)
        addOwnTiming()
        connection.finishHead(.length(body.count))
        connection.write(body.bytes)
        connection.endResponse()
    }

    /// Ends a relay whose upstream broke off. A stream, which stands at `position`, gets an error
    /// event; either way the response does not end cleanly, so that nobody takes it for complete.
    func cut(_ error: GatewayError, at position: SSEParser.Position?) {
        self.error = error
        if !connection.isClientGone {
            services.metrics.cutAnswers.add()
            if let position {
                var event = ByteBuffer(capacity: 256)
                var requestID = ByteBuffer(capacity: 32)
                appendRequestID(to: &requestID)
                var traceID = ByteBuffer(capacity: 32)
                traceID.append(trace.server.traceID)
                error.object.appendEvent(
                    closing: position, requestID: requestID.bytes, traceID: traceID.bytes,
                    to: &event)
                connection.write(event.bytes)
            }
        }
        connection.cutResponse()
    }

    /// Answers OPTIONS (RFC 9110 section 9.3.7); there are no CORS headers.
    func answerOptions(_ allow: AllowList) {
        status = 204
        connection.startHead(status: 204)
        connection.addDate()
        connection.addField("allow", allow.value)
        addCommonFields(hasRequestID: false)
        addOwnTiming()
        connection.finishHead(.none)
        connection.endResponse()
    }
}
