import Glibc

/// Plain requests: closed loop (each connection sends the next request when it has its answer) or
/// open loop (a fixed rate, whatever the answers do).
func runLoad(_ options: inout Options) -> Int32 {
    let port = options.number("port")
    let request = Request(
        port: port, path: options.string("path"), body: readFile(options.string("body-file")))
    let rate = options.number("rate", default: 0)
    let load = Load(
        port: port, request: request, connections: options.number("connections", default: 32),
        secondsMax: options.number("seconds", default: 60),
        requestsMax: options.number("requests", default: 100_000_000))
    options.finish()
    if rate > 0 { load.runOpen(rate: rate) } else { load.runClosed() }
    say(load.report())
    return 0
}

private final class Load {
    /// How long answers that are still out are waited for at the end.
    private let graceNanoseconds: UInt64 = 10_000_000_000

    private let port: Int
    private let request: Request
    private let connections: Int
    private let requestsMax: Int
    private let begin = monotonicNow()
    private let deadline: UInt64
    private let poller = Poller()
    private let buffer = ReceiveBuffer()

    private var clients = ClientTable()
    private var idle: [Client] = []
    private var busy = 0
    private var started = 0
    private var answered = 0
    private var errors = 0
    private var opened = 0
    private var bodyBytes = -1
    private var bodyBytesDiffer = 0
    private var latenessMax: UInt64 = 0
    private var latencies = Latencies(expected: 1 << 20)
    private var finishedAt: UInt64 = 0

    init(port: Int, request: Request, connections: Int, secondsMax: Int, requestsMax: Int) {
        self.port = port
        self.request = request
        self.connections = connections
        self.requestsMax = requestsMax
        deadline = begin + UInt64(secondsMax) * 1_000_000_000
    }

    func runClosed() {
        for _ in 0..<connections { send() }
        while busy > 0 {
            let now = monotonicNow()
            guard now < deadline + graceNanoseconds else { break }
            serve(pause: deadline + graceNanoseconds - now) { [self] in
                while busy < connections, started < requestsMax, monotonicNow() < deadline {
                    send()
                }
            }
        }
        finish()
    }

    func runOpen(rate: Int) {
        let interval = 1_000_000_000 / UInt64(rate)
        var due = begin
        while true {
            var now = monotonicNow()
            while due <= now, due < deadline, started < requestsMax {
                latenessMax = max(latenessMax, now - due)
                send()
                due += interval
                now = monotonicNow()
            }
            let isOver = due >= deadline || started >= requestsMax
            if isOver && (busy == 0 || now > deadline + graceNanoseconds) { break }
            serve(pause: isOver ? 10_000_000 : due - min(due, now)) {}
        }
        finish()
    }

    private func finish() {
        finishedAt = monotonicNow()
        errors += busy
        clients.removeAll()
    }

    /// Sends one request on an idle connection, or on a new one.
    private func send() {
        started += 1
        while true {
            let client = idle.popLast() ?? open()
            if client.start(request, poller: poller) {
                busy += 1
                return
            }
            clients[client.descriptor] = nil
        }
    }

    private func open() -> Client {
        opened += 1
        let client = Client(port: port)
        clients[client.descriptor] = client
        poller.add(client.descriptor)
        return client
    }

    private func serve(pause: UInt64, whenAnswered: () -> Void) {
        for index in 0..<poller.wait(nanoseconds: pause) {
            let (descriptor, what) = poller.event(index)
            guard let client = clients[descriptor] else { continue }
            if what & Poller.writable != 0 { client.proceed(request, poller: poller) }
            if what & ~Poller.writable != 0, receive(client) { whenAnswered() }
        }
    }

    /// Reads what has come; true when a request has ended, one way or the other.
    private func receive(_ client: Client) -> Bool {
        guard let bytes = buffer.receive(client.descriptor) else { return false }
        guard !bytes.isEmpty else {
            drop(client)
            return true
        }
        guard client.isBusy, client.reader.feed(bytes) else { return false }
        guard !client.reader.isBroken else {
            drop(client)
            return true
        }
        latencies.add(monotonicNow() - client.sentAt)
        client.sentAt = 0
        busy -= 1
        answered += 1
        if client.reader.status != 200 { errors += 1 }
        if bodyBytes < 0 { bodyBytes = client.reader.bodyBytes }
        if bodyBytes != client.reader.bodyBytes { bodyBytesDiffer += 1 }
        if client.reader.closes { clients[client.descriptor] = nil } else { idle.append(client) }
        return true
    }

    /// The connection is of no more use; a request on it has failed.
    private func drop(_ client: Client) {
        if client.isBusy {
            busy -= 1
            errors += 1
        } else {
            idle.removeAll { $0 === client }
        }
        clients[client.descriptor] = nil
    }

    func report() -> String {
        """
        {"answered":\(answered),"errors":\(errors),"bodyBytes":\(bodyBytes),\
        "bodyBytesDiffer":\(bodyBytesDiffer),"connectionsOpened":\(opened),\
        "seconds":\(Double(finishedAt - begin) / 1e9),\
        "latenessMaxMicroseconds":\(latenessMax / 1000),"latency":\(latencies.json())}
        """
    }
}
