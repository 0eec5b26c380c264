import Bytes
import HTTPClient
import Networking

/// An observer that writes down what it hears and does what a test says.
final class Recorder: HTTPTransferObserver {
    let point = WaitPoint()
    private(set) var calls: [String] = []
    private(set) var body: [UInt8] = []
    private(set) var error: HTTPClientError?
    private(set) var isFinished = false
    private var depth = 0
    var onConnected: (HTTPTransfer) -> Void = { _ in }
    var onHead: (HTTPTransfer) -> Void = { _ in }
    /// Answers whether the piece is taken.
    var onBody: (HTTPTransfer) -> Bool = { _ in true }
    var onWantsBody: (HTTPTransfer) -> Void = { _ in }
    var onFinished: (HTTPTransfer) -> Void = { _ in }

    private func heard(_ call: String) {
        if isFinished { calls.append("late") }
        if calls.last != call { calls.append(call) }
    }

    func transferConnected(_ transfer: HTTPTransfer) {
        heard("connected")
        depth += 1
        onConnected(transfer)
        depth -= 1
    }

    func transferReceivedHead(_ transfer: HTTPTransfer) {
        heard("head \(transfer.status)")
        depth += 1
        onHead(transfer)
        depth -= 1
    }

    func transferReceivedBody(_ transfer: HTTPTransfer, _ bytes: Span<UInt8>) -> Bool {
        depth += 1
        let isTaken = onBody(transfer)
        depth -= 1
        heard(isTaken ? "body" : "not now")
        if isTaken { bytes.withUnsafeBufferPointer { body.append(contentsOf: $0) } }
        return isTaken
    }

    func transferWantsBody(_ transfer: HTTPTransfer) {
        heard("wants")
        depth += 1
        onWantsBody(transfer)
        depth -= 1
    }

    func transferFinished(_ transfer: HTTPTransfer, _ error: HTTPClientError?) {
        heard(error.map { "\($0.kind)" } ?? "end")
        if depth > 0 { calls.append("inside") }
        self.error = error
        isFinished = true
        onFinished(transfer)
        point.signal()
    }

    /// Waits for the end.
    func wait() async {
        while !isFinished { await point.wait() }
    }

    var text: String { String(decoding: body, as: UTF8.self) }
}

/// What one call came to.
struct Outcome: Sendable, Equatable {
    var calls: [String] = []
    var status = 0
    var text = ""
    var kind: HTTPClientError.Kind?
    var isOnNewConnection = true
    /// As the error has it.
    var isReused = false
}

extension CurlClient {
    /// A transfer whose request is prepared.
    func transfer(_ method: HTTPTransfer.Method = .get, _ url: String) -> HTTPTransfer {
        let transfer = makeTransfer()
        transfer.prepare(method, url: ByteBuffer(copying: url.utf8.span))
        return transfer
    }

    /// A whole call.
    func call(
        _ method: HTTPTransfer.Method = .get, _ url: String, body: HTTPTransfer.Body = .none,
        content: String = "", timeouts: HTTPTimeouts = HTTPTimeouts(),
        recorder: Recorder = Recorder()
    ) async -> Outcome {
        let transfer = transfer(method, url)
        transfer.body.append(string: content)
        transfer.start(body: body, timeouts: timeouts, observer: recorder)
        await recorder.wait()
        let outcome = Outcome(
            calls: recorder.calls, status: transfer.status, text: recorder.text,
            kind: recorder.error?.kind, isOnNewConnection: transfer.isOnNewConnection,
            isReused: recorder.error?.reusedConnection == true)
        transfer.release()
        return outcome
    }
}

extension HTTPTransfer {
    func add(_ name: String, _ value: String) -> Bool {
        addHeader(name.utf8.span, value.utf8.span)
    }
}

/// A 200 with that body.
func ok(_ body: String, _ fields: String = "") -> String {
    "HTTP/1.1 200 OK\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
}
