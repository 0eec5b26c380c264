import Bytes
import Configuration
import HTTPClient
import JSON
import Networking

/// `martlet cache`: asks a running gateway for its cache's statistics, or has it forget answers.
enum CacheCommand {
    static func run(_ invocation: Invocation) throws(UsageError) -> Int32 {
        let settings = try StartUp.load(invocation).settings
        let base = try base(invocation, settings)
        let loop = EventLoop()
        let call = AdminCall()
        let key = settings.admin.key?.reveal()
        loop.spawn {
            switch invocation.cacheAction {
            case .stats:
                await call.send(.get, base + "/cache", key: key, loop: loop)
            case .flush:
                let body = selection(invocation.selectors)
                await call.send(.post, base + "/cache/flush", body: body, key: key, loop: loop)
            }
            loop.stop()
        }
        loop.run()
        return report(call, base, invocation)
    }

    /// Where the gateway is, without a slash at the end.
    private static func base(
        _ invocation: Invocation, _ settings: Settings
    ) throws(UsageError) -> String {
        if let url = invocation.url {
            guard let base = BaseURL(configured: url) else {
                throw UsageError("'--url' is no URL such as http://127.0.0.1:8787")
            }
            // What SDKs are given is as good.
            let text = base.description
            return text.hasSuffix("/v1") ? String(text.dropLast(3)) : text
        }
        let addresses = settings.listener.addresses
        for address in addresses {
            guard case .tcp(_, let port) = address, port != 0 else { continue }
            return "http://\(address.callable)"
        }
        throw UsageError(
            "the configuration listens on \(addresses[0]), which this command cannot call: "
                + "give a second address, or --url")
    }

    /// The selectors as the page takes them.
    private static func selection(_ selectors: [(name: String, value: String)]) -> ByteBuffer {
        var body = ByteBuffer(capacity: 256)
        body.append("{")
        for (index, selector) in selectors.enumerated() {
            if index > 0 { body.append(",") }
            body.append(jsonString: selector.name)
            body.append(":")
            body.append(jsonString: selector.value)
        }
        body.append("}")
        return body
    }

    private static func report(
        _ call: AdminCall, _ base: String, _ invocation: Invocation
    ) -> Int32 {
        if let failure = call.failure {
            Output.error("martlet: no gateway answers at \(base): \(failure)")
            return 1
        }
        if invocation.json, call.status == 200 || call.status == 503 {
            Output.line(String(decoding: call.body.bytes.trimmed))
            return call.status == 200 ? 0 : 1
        }
        var scanner = JSONScanner()
        let isJSON =
            (try? call.body.withBytes { bytes throws(JSONError) in
                try scanner.scan(bytes)
            }) != nil
        guard isJSON else {
            Output.error("martlet: what answers at \(base) is no gateway: \(call.status)")
            return 1
        }
        return call.body.withBytes { bytes in
            let answer = CacheAnswer(document: scanner.document(bytes))
            guard call.status == 200 else {
                let message = answer.errorMessage ?? "it answered \(call.status)"
                Output.error("martlet: \(base): \(message)")
                if case .flush = invocation.cacheAction, call.status == 503 {
                    Output.line(answer.removal)
                }
                // The gateway does not know a selector: the user wrote it.
                return call.status == 400 ? 2 : 1
            }
            switch invocation.cacheAction {
            case .stats: for line in answer.statistics { Output.line(line) }
            case .flush: Output.line(answer.removal)
            }
            return 0
        }
    }
}

extension ListenAddress {
    /// The address in a form that can be connected to.
    var callable: ListenAddress {
        switch self {
        case .tcp("0.0.0.0", let port): .tcp(host: "127.0.0.1", port: port)
        case .tcp("::", let port): .tcp(host: "::1", port: port)
        case let address: address
        }
    }
}

/// One request to a page of a running gateway.
final class AdminCall: HTTPTransferObserver {
    /// The status of the answer, 0 before it.
    private(set) var status = 0
    /// The answer's body.
    private(set) var body = ByteBuffer()
    /// Why there is no whole answer.
    private(set) var failure: String?

    private let point = WaitPoint()
    private var isFinished = false

    /// Milliseconds without a byte after which nobody answers: a flush of a large store takes its
    /// time.
    private static let patience: UInt64 = 300_000
    /// Bytes of an answer.
    private static let bodyBytesMax = 1 << 20

    /// Returns when the answer is complete, or will not be. `key` is the admin key.
    func send(
        _ method: HTTPTransfer.Method, _ url: String, body: borrowing ByteBuffer = ByteBuffer(),
        key: String?, loop: EventLoop
    ) async {
        let client = CurlClient(loop: loop)
        let transfer = client.makeTransfer()
        transfer.prepare(method, url: ByteBuffer(copying: url.utf8.span))
        func add(_ name: String, _ value: String) {
            transfer.addHeader(name.utf8.span, value.utf8.span)
        }
        add("user-agent", "martlet-cache/\(MartletProgram.version)")
        if let key { add("authorization", "Bearer \(key)") }
        if method == .post { add("content-type", "application/json") }
        transfer.body.append(body.bytes)
        transfer.start(
            body: method == .post ? .buffered : .none,
            timeouts: HTTPTimeouts(firstByte: Self.patience, idle: Self.patience), observer: self)
        while !isFinished { await point.wait() }
        transfer.release()
    }

    func transferConnected(_ transfer: HTTPTransfer) {}
    func transferWantsBody(_ transfer: HTTPTransfer) {}

    func transferReceivedHead(_ transfer: HTTPTransfer) {
        status = transfer.status
    }

    func transferReceivedBody(_ transfer: HTTPTransfer, _ bytes: Span<UInt8>) -> Bool {
        if body.count + bytes.count <= Self.bodyBytesMax { body.append(bytes) }
        return true
    }

    func transferFinished(_ transfer: HTTPTransfer, _ error: HTTPClientError?) {
        failure = error?.reason
        isFinished = true
        point.signal()
    }
}
