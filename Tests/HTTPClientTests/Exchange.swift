import Bytes
import GatewayTesting
import HTTPClient
import Networking

/// Runs transfers on a client of its own and keeps what they tell. Confined to the loop.
final class Exchange: HTTPTransferObserver {
    /// What came of a transfer.
    struct Outcome: Sendable {
        var status = 0
        var headers: [(name: String, value: String)] = []
        var body: [UInt8] = []
        var error: HTTPClientError?
        var isOnNewConnection = false
        var peer: String?
        var finishes = 0
        var heads = 0
        var connects = 0

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    let loop: EventLoop
    let transfer: HTTPTransfer
    private let point = WaitPoint()
    private(set) var outcome = Outcome()
    private(set) var wants = 0
    /// Called at the points of a transfer's life: "connected", "head", "body", "finished".
    var at: ((String, HTTPTransfer) -> Void)?
    /// Says whether a piece of the body is taken.
    var takes: ((Span<UInt8>) -> Bool)?

    init(_ client: CurlClient, loop: EventLoop) {
        self.loop = loop
        transfer = client.makeTransfer()
    }

    /// Fills the transfer in and starts it.
    func start(
        _ method: HTTPTransfer.Method, _ url: String,
        headers: [(String, String)] = [], body: HTTPTransfer.Body = .none, text: String = "",
        timeouts: HTTPTimeouts = HTTPTimeouts()
    ) {
        var address = ByteBuffer()
        address.append(string: url)
        transfer.prepare(method, url: address)
        for (name, value) in headers { transfer.addHeader(name.utf8.span, value.utf8.span) }
        transfer.body.append(string: text)
        transfer.start(body: body, timeouts: timeouts, observer: self)
    }

    /// Waits for the end and gives the transfer back.
    func finish() async -> Outcome {
        while outcome.finishes == 0 { await point.wait() }
        transfer.release()
        return outcome
    }

    func wait(for what: String, _ condition: @escaping () -> Bool) async throws {
        try await loop.wait(for: what, condition)
    }

    func transferConnected(_ transfer: HTTPTransfer) {
        outcome.connects += 1
        at?("connected", transfer)
    }

    func transferReceivedHead(_ transfer: HTTPTransfer) {
        outcome.heads += 1
        outcome.status = transfer.status
        outcome.headers = transfer.head.withBytes { head in
            transfer.fields.map { field in
                (
                    name: String(decoding: head.extracting(field.name)).lowercased(),
                    value: String(decoding: head.extracting(field.value))
                )
            }
        }
        at?("head", transfer)
    }

    func transferReceivedBody(_ transfer: HTTPTransfer, _ bytes: Span<UInt8>) -> Bool {
        if let takes, !takes(bytes) { return false }
        for index in bytes.indices { outcome.body.append(bytes[index]) }
        at?("body", transfer)
        return true
    }

    func transferWantsBody(_ transfer: HTTPTransfer) {
        wants += 1
        at?("wants", transfer)
    }

    func transferFinished(_ transfer: HTTPTransfer, _ error: HTTPClientError?) {
        outcome.error = error
        outcome.isOnNewConnection = transfer.isOnNewConnection
        outcome.peer = transfer.peer?.address
        outcome.finishes += 1
        at?("finished", transfer)
        point.signal()
    }
}

/// Calls `body` on a loop with a client of its own.
func withClient<Result: Sendable>(
    _ settings: CurlClient.Settings = CurlClient.Settings(),
    _ body: @escaping @Sendable (CurlClient, EventLoop) async throws -> Result
) async throws -> Result {
    try await TestLoop(name: "client").run { loop in
        let client = CurlClient(loop: loop, settings: settings)
        // A client lives as long as its loop.
        _ = Unmanaged.passRetained(client)
        // Deadlines count from the begin of the loop's turn, and this one was long.
        await loop.sleep(milliseconds: 1)
        return try await body(client, loop)
    }
}

extension CurlClient {
    /// One whole exchange.
    func exchange(
        _ loop: EventLoop, _ method: HTTPTransfer.Method, _ url: String,
        headers: [(String, String)] = [], body: HTTPTransfer.Body = .none, text: String = "",
        timeouts: HTTPTimeouts = HTTPTimeouts()
    ) async -> Exchange.Outcome {
        let exchange = Exchange(self, loop: loop)
        exchange.start(
            method, url, headers: headers, body: body, text: text, timeouts: timeouts)
        return await exchange.finish()
    }
}

let okay = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
