import Glibc

/// Opens streams one after the other, evenly over the stagger, and reads each to its end. Prints
/// `open` when every stream has had its first event.
func runStreams(_ options: inout Options) -> Int32 {
    let port = options.number("port")
    let request = Request(
        port: port, path: options.string("path"), body: readFile(options.string("body-file")))
    let streams = Streams(
        port: port, request: request, count: options.number("count"),
        stagger: UInt64(options.number("stagger-ms", default: 1000)) * 1_000_000,
        secondsMax: options.number("seconds-max", default: 120))
    options.finish()
    streams.run()
    return 0
}

private final class Streams {
    private let port: Int
    private let request: Request
    private let count: Int
    private let stagger: UInt64
    private let begin = monotonicNow()
    private let deadline: UInt64
    private let poller = Poller()
    private let buffer = ReceiveBuffer()

    private var clients = ClientTable()
    private var opened = 0
    private var withFirstEvent = 0
    private var ended = 0
    /// Streams that came to an end without `[DONE]`, without a clean last chunk, or with an error.
    private var cut = 0
    private var events = 0
    private var reads = 0
    private var bodyBytes = 0
    private var eventsMin = Int.max
    private var eventsMax = 0
    private var firstEvent = Latencies(expected: 4096)

    init(port: Int, request: Request, count: Int, stagger: UInt64, secondsMax: Int) {
        self.port = port
        self.request = request
        self.count = count
        self.stagger = stagger
        deadline = begin + UInt64(secondsMax) * 1_000_000_000
    }

    func run() {
        while ended < count {
            let now = monotonicNow()
            guard now < deadline else { break }
            while opened < count, begin + stagger * UInt64(opened) / UInt64(count) <= now { open() }
            let next = begin + stagger * UInt64(opened) / UInt64(count)
            let pause = opened < count ? next - min(next, now) : deadline - now
            for index in 0..<poller.wait(nanoseconds: pause) {
                let (descriptor, what) = poller.event(index)
                guard let client = clients[descriptor] else { continue }
                if what & Poller.writable != 0 { client.proceed(request, poller: poller) }
                if what & ~Poller.writable != 0 { receive(client) }
            }
        }
        say(report())
    }

    private func open() {
        let client = Client(port: port)
        clients[client.descriptor] = client
        poller.add(client.descriptor)
        opened += 1
        if !client.start(request, poller: poller) { end(client) }
    }

    private func receive(_ client: Client) {
        guard let bytes = buffer.receive(client.descriptor) else { return }
        reads += 1
        let hadEvent = client.reader.events > 0
        let isOver = bytes.isEmpty || client.reader.feed(bytes)
        if !hadEvent, client.reader.events > 0 {
            firstEvent.add(monotonicNow() - client.sentAt)
            withFirstEvent += 1
            if withFirstEvent == count { say("open") }
        }
        if isOver { end(client) }
    }

    private func end(_ client: Client) {
        ended += 1
        events += client.reader.events
        bodyBytes += client.reader.bodyBytes
        eventsMin = min(eventsMin, client.reader.events)
        eventsMax = max(eventsMax, client.reader.events)
        let isWhole =
            client.reader.isComplete && client.reader.status == 200 && client.reader.endsWithDone
        if !isWhole { cut += 1 }
        clients[client.descriptor] = nil
    }

    private func report() -> String {
        """
        {"opened":\(opened),"ended":\(ended),"cut":\(cut + count - ended),"events":\(events),\
        "eventsMin":\(eventsMin == .max ? 0 : eventsMin),"eventsMax":\(eventsMax),\
        "reads":\(reads),"bodyBytes":\(bodyBytes),\
        "seconds":\(Double(monotonicNow() - begin) / 1e9),"firstEvent":\(firstEvent.json())}
        """
    }
}
