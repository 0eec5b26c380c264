import Bytes
import HTTP1
import HTTPClient
import Networking

/// Shows a body while and after it arrives.
protocol DemoReader: AnyObject {
    /// A piece of the body, cut anywhere.
    func received(_ bytes: Span<UInt8>)
    /// The body is complete.
    func finished()
}

/// One POST of the demo, whose answer's head is printed and whose body a reader shows.
final class DemoCall: HTTPTransferObserver {
    /// Why the call did not end as it should have.
    private(set) var failure: String?

    private let screen: DemoScreen
    private let reader: any DemoReader
    private let point = WaitPoint()
    private var isFinished = false

    /// The answer's headers that are worth a look; the others are left out.
    private static let shownHeaders = [
        "content-type", "x-trace-id", "x-request-id", "x-martlet-attempts", "server-timing",
    ]

    init(screen: DemoScreen, reader: any DemoReader) {
        self.screen = screen
        self.reader = reader
    }

    /// Returns when the answer is complete, or will not be.
    func send(
        to url: String, by client: CurlClient, headers: [(name: String, value: String)],
        body: String
    ) async {
        let transfer = client.makeTransfer()
        transfer.prepare(.post, url: ByteBuffer(copying: url.utf8.span))
        for (name, value) in headers { transfer.addHeader(name.utf8.span, value.utf8.span) }
        transfer.body.append(string: body)
        transfer.start(
            body: .buffered, timeouts: HTTPTimeouts(firstByte: 10_000, idle: 10_000),
            observer: self)
        while !isFinished { await point.wait() }
        transfer.release()
        reader.finished()
    }

    func transferConnected(_ transfer: HTTPTransfer) {}
    func transferWantsBody(_ transfer: HTTPTransfer) {}

    func transferReceivedHead(_ transfer: HTTPTransfer) {
        if transfer.status != 200 { failure = "the gateway answered \(transfer.status)" }
        let status = "\(transfer.status)"
        screen.answer(status == "200" ? screen.green(status) : screen.red(status))
        transfer.head.withBytes { head in
            for name in Self.shownHeaders {
                for field in transfer.fields
                where String(decoding: head.extracting(field.name)).lowercased() == name {
                    let value = String(decoding: head.extracting(field.value))
                    screen.answer("\(screen.dim("\(name):")) \(value)")
                }
            }
        }
        screen.line()
    }

    func transferReceivedBody(_ transfer: HTTPTransfer, _ bytes: Span<UInt8>) -> Bool {
        reader.received(bytes)
        return true
    }

    func transferFinished(_ transfer: HTTPTransfer, _ error: HTTPClientError?) {
        if let error { failure = error.reason }
        isFinished = true
        point.signal()
    }
}
