import Bytes
import HTTP1
import HTTPClient
import HTTPServer
import Telemetry
import Upstream
import W3CTraceContext

/// Keeps an upstream's answer in place of relaying it, for one that is made of it.
final class AnswerCollector: AnswerSink {
    private let exchange: Exchange
    private(set) var status = 0
    /// The body, as it came or as it was changed since.
    var body = ByteBuffer()
    /// The answer's field lines.
    private var fields = ByteBuffer(capacity: 512)
    private var hasRequestID = false

    init(_ exchange: Exchange) { self.exchange = exchange }

    func addRequestFields(to transfer: HTTPTransfer, readsAnswer: Bool) {
        exchange.addRequestFields(to: transfer, readsAnswer: readsAnswer)
    }

    func answerBegins(_ call: UpstreamCall, _ transfer: HTTPTransfer, length: Int?) {
        status = transfer.status
        HeaderForwarding.forEachAnswerField(transfer) { known, name, value in
            if known == .xRequestID {
                hasRequestID = true
                exchange.recordRequestID(value, call)
            }
            fields.appendField(name, value)
        }
    }

    func answerContinues(_ bytes: Span<UInt8>) { body.append(bytes) }
    func answerReceived(_ bytes: Span<UInt8>) -> Bool { true }
    var unsentBytes: Int { 0 }
    func answerWaits() {}
    func requestBodyIsWanted() {}

    func attemptEnded(
        _ call: UpstreamCall, _ attempt: SpanID, _ transfer: HTTPTransfer,
        _ failure: UpstreamFailure?
    ) {
        exchange.attemptEnded(call, attempt, transfer, failure)
    }

    /// Sends the head as it came and the body as it is.
    func send() {
        let connection = exchange.connection
        exchange.status = status
        connection.startHead(status: status)
        fields.withBytes { connection.addFields($0) }
        exchange.addCommonFields(hasRequestID: hasRequestID)
        exchange.addOwnTiming()
        connection.finishHead(.length(body.count))
        body.withBytes { connection.write($0) }
        connection.endResponse()
    }
}
