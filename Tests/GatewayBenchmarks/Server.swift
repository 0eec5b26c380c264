import Glibc

/// One client of a `Server`.
final class ServerConnection {
    let descriptor: Int32
    fileprivate(set) var isOpen = true
    /// A streamed answer is under way: requests behind it wait.
    var isStreaming = false
    /// How many parts of the stream have been sent.
    var streamPosition = 0
    /// What kind of stream it is, as its handler numbers them.
    var streamKind = 0

    fileprivate var input = UnsafeMutableRawPointer.allocate(byteCount: 16384, alignment: 16)
    fileprivate var inputCapacity = 16384
    fileprivate var inputCount = 0
    fileprivate var unsent: [UInt8] = []

    fileprivate init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { input.deallocate() }
}

/// What a `Server` asks of the tool behind it.
protocol RequestHandler: AnyObject {
    /// A whole request has come; the body is without any chunked coding.
    func answer(
        _ head: UnsafeRawBufferPointer, _ parsed: HTTPHead, _ body: UnsafeRawBufferPointer,
        on connection: ServerConnection)

    /// Does what is due and says in how many nanoseconds there is more; nil for nothing planned.
    func work() -> UInt64?

    /// The answer to GET /stats, as JSON.
    func statistics(connections: Int) -> String
}

/// A single-threaded HTTP/1.1 server for thousands of keep-alive connections.
final class Server<Handler: RequestHandler> {
    /// Larger requests close the connection: an OTLP batch is at most 3.5 MiB.
    private let requestBytesMax = 16 << 20

    private let handler: Handler
    private let poller = Poller()
    private let listener: Int32
    private var connections: [ServerConnection?] = []
    private var accepted = 0

    init(handler: Handler, port: Int) {
        self.handler = handler
        let bound = Loopback.listener(port: port)
        listener = bound.descriptor
        poller.add(listener)
        poller.add(STDIN_FILENO)
        say("port \(bound.port)")
    }

    /// Serves until standard input ends or the time is up.
    func run(secondsMax: Int) {
        let end = monotonicNow() + UInt64(secondsMax) * 1_000_000_000
        while true {
            let now = monotonicNow()
            guard now < end else { return }
            let pause = min(handler.work() ?? .max, end - now)
            for index in 0..<poller.wait(nanoseconds: pause) {
                let (descriptor, what) = poller.event(index)
                if descriptor == listener {
                    acceptAll()
                } else if descriptor == STDIN_FILENO {
                    var byte: UInt8 = 0
                    if read(STDIN_FILENO, &byte, 1) <= 0 { return }
                } else if let connection = connections[Int(descriptor)] {
                    if what & Poller.writable != 0 { flush(connection) }
                    if what & ~Poller.writable != 0 { receive(connection) }
                }
            }
        }
    }

    private func acceptAll() {
        while let descriptor = Loopback.accept(listener) {
            accepted += 1
            while connections.count <= Int(descriptor) { connections.append(nil) }
            connections[Int(descriptor)] = ServerConnection(descriptor)
            poller.add(descriptor)
        }
    }

    private func drop(_ connection: ServerConnection) {
        guard connection.isOpen else { return }
        connection.isOpen = false
        connections[Int(connection.descriptor)] = nil
        close(connection.descriptor)
    }

    private func receive(_ connection: ServerConnection) {
        if connection.inputCount == connection.inputCapacity {
            guard connection.inputCapacity < requestBytesMax else { return drop(connection) }
            let larger = UnsafeMutableRawPointer.allocate(
                byteCount: connection.inputCapacity * 4, alignment: 16)
            memcpy(larger, connection.input, connection.inputCount)
            connection.input.deallocate()
            connection.input = larger
            connection.inputCapacity *= 4
        }
        let count = recv(
            connection.descriptor, connection.input + connection.inputCount,
            connection.inputCapacity - connection.inputCount, 0)
        guard count > 0 else {
            if count == 0 || errno != EAGAIN { drop(connection) }
            return
        }
        connection.inputCount += count
        answerAll(connection)
    }

    private func answerAll(_ connection: ServerConnection) {
        var used = 0
        while connection.isOpen, !connection.isStreaming, used < connection.inputCount {
            let bytes = UnsafeRawBufferPointer(
                start: connection.input + used, count: connection.inputCount - used)
            guard let head = HTTPHead(bytes) else { break }
            let length = head.isChunked ? dechunk(connection, from: used + head.count) : nil
            let framed = length?.framed ?? max(0, head.contentLength)
            if head.isChunked && length == nil || bytes.count < head.count + framed { break }
            let body = UnsafeRawBufferPointer(
                start: connection.input + used + head.count, count: length?.decoded ?? framed)
            used += head.count + framed
            answer(bytes, head, body, on: connection)
        }
        connection.inputCount -= used
        if used > 0, connection.inputCount > 0 {
            memmove(connection.input, connection.input + used, connection.inputCount)
        }
    }

    private func answer(
        _ bytes: UnsafeRawBufferPointer, _ head: HTTPHead, _ body: UnsafeRawBufferPointer,
        on connection: ServerConnection
    ) {
        if bytes.starts(with: "GET /stats ".utf8) {
            let text = handler.statistics(connections: accepted)
            let answer = response(type: "application/json", body: Array(text.utf8))
            return send(answer, on: connection)
        }
        let headBytes = UnsafeRawBufferPointer(rebasing: bytes[..<head.count])
        handler.answer(headBytes, head, body, on: connection)
    }

    /// Takes the chunked coding off in place; the size on the wire and of the content, or nil
    /// while the end has not come (then nothing has been changed).
    private func dechunk(
        _ connection: ServerConnection, from start: Int
    ) -> (framed: Int, decoded: Int)? {
        let input = connection.input
        var chunks: [(from: Int, count: Int)] = []
        var at = start
        while true {
            guard let feed = memchr(input + at, 0x0a, connection.inputCount - at) else {
                return nil
            }
            let size = strtol((input + at).assumingMemoryBound(to: CChar.self), nil, 16)
            at = feed - input + 1
            guard size >= 0, at + size + 2 <= connection.inputCount else { return nil }
            chunks.append((at, size))
            at += size + 2
            if size == 0 { break }
        }
        var decoded = 0
        for chunk in chunks {
            memmove(input + start + decoded, input + chunk.from, chunk.count)
            decoded += chunk.count
        }
        return (at - start, decoded)
    }

    /// Sends the bytes, or keeps for later what the socket does not take.
    func send(_ bytes: [UInt8], on connection: ServerConnection) {
        guard connection.isOpen else { return }
        guard connection.unsent.isEmpty else {
            connection.unsent += bytes
            return
        }
        let sent = bytes.withUnsafeBytes { Loopback.send(connection.descriptor, $0) }
        if sent == bytes.count { return }
        guard sent >= 0 || errno == EAGAIN else { return drop(connection) }
        connection.unsent = Array(bytes[max(0, sent)...])
        poller.change(connection.descriptor, Poller.readableAndWritable)
    }

    /// The streamed answer is complete; requests that wait behind it are answered now.
    func endStream(_ connection: ServerConnection) {
        connection.isStreaming = false
        if connection.inputCount > 0 { answerAll(connection) }
    }

    private func flush(_ connection: ServerConnection) {
        let sent = connection.unsent.withUnsafeBytes { Loopback.send(connection.descriptor, $0) }
        guard sent >= 0 || errno == EAGAIN else { return drop(connection) }
        connection.unsent.removeFirst(max(0, sent))
        if connection.unsent.isEmpty { poller.change(connection.descriptor, Poller.readable) }
    }
}

/// A whole 200 response with its length.
func response(type: String, body: [UInt8], extra: String = "") -> [UInt8] {
    let head = """
        HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\n\(extra)Content-Length: \(body.count)\r\n\r\n
        """
    return Array(head.utf8) + body
}
