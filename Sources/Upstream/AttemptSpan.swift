import Bytes
import HTTPClient
import Networking
import Telemetry
import W3CTraceContext

/// The span of one attempt on the wire: an HTTP client span (semconv v1.40.0, docs/http).
struct AttemptSpan {
    /// Its id, which goes upstream in `traceparent` whether or not the span is recorded.
    let id: SpanID
    /// Nanoseconds since 1970.
    let startedAt: UInt64
    private let record: SpanRecord?

    init(
        trace: RequestTrace, parent: SpanID, method: HTTPTransfer.Method,
        url: borrowing ByteBuffer, target: UpstreamTarget, resend: Int,
        prepared: SpanTemplates
    ) {
        let name: String =
            switch method {
            case .get: "GET"
            case .head: "HEAD"
            case .post: "POST"
            case .other(let name): name
            }
        let span = trace.startSpan(name.utf8.span, kind: .client, below: parent)
        id = span.id
        record = span.record
        startedAt = span.record?.startTime ?? trace.clock.now
        guard let record else { return }
        if !prepared.setAttempt(name, url.bytes, on: record) {
            record.set(HTTPAttributes.requestMethod, name)
            record.set(NetworkAttributes.serverAddress, target.host)
            record.set(NetworkAttributes.serverPort, target.port)
            var redacted = ByteBuffer(capacity: url.count)
            URLRedaction.append(url.bytes, to: &redacted)
            record.set(URLAttributes.full, redacted.bytes)
            prepared.keepAttempt(name, url.bytes, of: record)
        }
        trace.setShared(on: record, isGenAI: false)
        if resend > 0 { record.set(HTTPAttributes.requestResendCount, resend) }
    }

    /// Ends the span, at `now` in nanoseconds since 1970, with what the transfer has to tell.
    /// `isOutermost`: no operation's span tells of a failure.
    func end(
        _ transfer: HTTPTransfer, failure: UpstreamFailure?, isOutermost: Bool, at now: UInt64
    ) {
        guard let record else { return }
        if let peer = transfer.peer {
            record.set(NetworkAttributes.peerAddress, peer.address)
            record.set(NetworkAttributes.peerPort, peer.port)
        }
        if transfer.status > 0 {
            record.set(HTTPAttributes.responseStatusCode, transfer.status)
            record.set(
                NetworkAttributes.protocolVersion, transfer.minorVersion == 0 ? "1.0" : "1.1")
        }
        if let failure {
            record.set(GeneralAttributes.errorType, failure.errorType)
            record.setError(message: failure.sentence)
            if isOutermost, failure.isException {
                record.addException(failure.errorType, failure.sentence, at: now)
            }
        } else if transfer.status >= 400 {
            record.set(GeneralAttributes.errorType, String(transfer.status))
            record.setError()
        }
        record.end(at: now)
    }
}
