import Glibc

/// Clients that leave at random points: in the head, in the body, while the answer is awaited, in
/// the answer, in a stream, and (for comparison) after a whole answer; half of them with a reset.
func runHangups(_ options: inout Options) -> Int32 {
    let port = options.number("port")
    let path = options.string("path")
    let plain = Request(port: port, path: path, body: readFile(options.string("body-file")))
    let stream = Request(port: port, path: path, body: readFile(options.string("stream-body-file")))
    let hangups = Hangups(
        port: port, plain: plain, stream: stream, requests: options.number("requests"),
        connections: options.number("connections", default: 32),
        seed: UInt64(options.number("seed", default: 1)),
        secondsMax: options.number("seconds-max", default: 300))
    options.finish()
    hangups.run()
    return 0
}

private final class Hangups {
    /// Nobody waits longer than this for an answer.
    private let patience: UInt64 = 10_000_000_000

    private struct Visit {
        let client: Client
        /// Leave after this many bytes of the answer, or at this time.
        var bytesLeft: Int
        let leaveAt: UInt64
        let resets: Bool
    }

    private let port: Int
    private let plain: Request
    private let stream: Request
    private let requests: Int
    private let connections: Int
    private let deadline: UInt64
    private let poller = Poller()
    private let buffer = ReceiveBuffer()
    private var random: UInt64

    private var visits: [Visit] = []
    private var started = 0
    /// How many requests were sent whole, and how many answers came whole.
    private var sentWhole = 0
    private var answered = 0
    private var closedByServer = 0
    private var impatient = 0

    init(
        port: Int, plain: Request, stream: Request, requests: Int, connections: Int, seed: UInt64,
        secondsMax: Int
    ) {
        self.port = port
        self.plain = plain
        self.stream = stream
        self.requests = requests
        self.connections = connections
        random = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        deadline = monotonicNow() + UInt64(secondsMax) * 1_000_000_000
    }

    func run() {
        while started < requests || !visits.isEmpty {
            let now = monotonicNow()
            guard now < deadline else { break }
            while started < requests, visits.count < connections { begin(now) }
            for index in 0..<poller.wait(nanoseconds: 500_000) {
                receive(poller.event(index).descriptor)
            }
            leaveWhoIsDue(monotonicNow())
        }
        say(
            """
            {"started":\(started),"sentWhole":\(sentWhole),"answered":\(answered),\
            "closedByServer":\(closedByServer),"impatient":\(impatient),\
            "unfinished":\(visits.count + requests - started)}
            """)
    }

    /// A number below the bound (xorshift64).
    private func next(_ bound: Int) -> Int {
        random ^= random << 13
        random ^= random >> 7
        random ^= random << 17
        return Int(random % UInt64(bound))
    }

    private func begin(_ now: UInt64) {
        started += 1
        let request = next(2) == 0 ? plain : stream
        let client = Client(port: port)
        client.sentAt = now
        poller.add(client.descriptor)
        var count = request.bytes.count
        var bytesLeft = Int.max
        var leaveAt = now + UInt64(next(4_000)) * 1000
        switch next(6) {
        case 0: count = 1 + next(request.headCount - 1)
        case 1: count = request.headCount + next(count - request.headCount)
        case 2: break
        case 3, 4:
            bytesLeft = 1 + next(3000)
            leaveAt = now + patience
        default: leaveAt = now + patience
        }
        if count == request.bytes.count { sentWhole += 1 }
        // A small request fits the empty buffer of a fresh socket whole.
        _ = Loopback.send(
            client.descriptor, UnsafeRawBufferPointer(rebasing: request.bytes[..<count]))
        visits.append(
            Visit(client: client, bytesLeft: bytesLeft, leaveAt: leaveAt, resets: next(2) == 0))
    }

    private func receive(_ descriptor: Int32) {
        guard let index = visits.firstIndex(where: { $0.client.descriptor == descriptor }) else {
            return
        }
        let client = visits[index].client
        guard let bytes = buffer.receive(descriptor, atMost: min(visits[index].bytesLeft, 65536))
        else { return }
        if bytes.isEmpty {
            closedByServer += 1
            leave(index)
            return
        }
        visits[index].bytesLeft -= bytes.count
        if client.reader.feed(bytes) {
            answered += 1
            leave(index)
        } else if visits[index].bytesLeft == 0 {
            leave(index)
        }
    }

    private func leaveWhoIsDue(_ now: UInt64) {
        for index in visits.indices.reversed() where visits[index].leaveAt <= now {
            if now - visits[index].client.sentAt >= patience { impatient += 1 }
            leave(index)
        }
    }

    private func leave(_ index: Int) {
        let visit = visits.remove(at: index)
        if visit.resets { Loopback.resetOnClose(visit.client.descriptor) }
    }
}
