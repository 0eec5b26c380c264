import Bytes
import HTTP1
import HTTPClient
import Networking

/// Shows a call's answer while and after it arrives.
protocol AnswerReader: AnyObject {
    /// Status and headers are there.
    func receivedHead(_ transfer: HTTPTransfer)
    /// A piece of the body, cut anywhere.
    func received(_ bytes: Span<UInt8>)
    /// The body is complete, or will not be.
    func finished()
}

/// One POST of JSON to the gateway in this process: of the demo and of the self-check.
final class GatewayCall: HTTPTransferObserver {
    /// Why the call did not end with a 200.
    private(set) var failure: String?

    private let reader: (any AnswerReader)?
    private let point = WaitPoint()
    private var isFinished = false

    /// Milliseconds without a byte after which the call has failed.
    private static let patience: UInt64 = 30_000

    /// Without a reader, only whether it worked is looked at.
    init(reader: (any AnswerReader)? = nil) {
        self.reader = reader
    }

    /// Returns when the answer is complete, or will not be. `command` is who calls; `headers`
    /// come beside the usual ones.
    func send(
        _ body: String, to url: String, as command: String, by client: CurlClient,
        headers: [(name: String, value: String)] = []
    ) async {
        let transfer = client.makeTransfer()
        transfer.prepare(.post, url: ByteBuffer(copying: url.utf8.span))
        let usual = [
            ("content-type", "application/json"),
            ("user-agent", "martlet-\(command)/\(MartletProgram.version)"),
        ]
        for (name, value) in usual + headers {
            transfer.addHeader(name.utf8.span, value.utf8.span)
        }
        transfer.body.append(string: body)
        transfer.start(
            body: .buffered,
            timeouts: HTTPTimeouts(firstByte: Self.patience, idle: Self.patience), observer: self)
        while !isFinished { await point.wait() }
        transfer.release()
        reader?.finished()
    }

    func transferConnected(_ transfer: HTTPTransfer) {}
    func transferWantsBody(_ transfer: HTTPTransfer) {}

    func transferReceivedHead(_ transfer: HTTPTransfer) {
        if transfer.status != 200 { failure = "the gateway answered \(transfer.status)" }
        reader?.receivedHead(transfer)
    }

    func transferReceivedBody(_ transfer: HTTPTransfer, _ bytes: Span<UInt8>) -> Bool {
        reader?.received(bytes)
        return true
    }

    func transferFinished(_ transfer: HTTPTransfer, _ error: HTTPClientError?) {
        if let error { failure = error.reason }
        isFinished = true
        point.signal()
    }
}
