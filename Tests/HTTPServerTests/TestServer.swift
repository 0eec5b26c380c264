import Bytes
import GatewayTesting
import HTTP1
import HTTPServer
import Networking

/// A server of its own for a test, which serves by path:
///
/// `/echo` the request line and the body (at most 1,000 bytes), `/stream` how many bytes a
/// streamed body had, `/slow` the same with 250 ms after each piece, `/unread` an answer without
/// reading the body, `/hang` nothing until the client leaves, `/chunks` two chunks, `/large` 8 MiB,
/// `/cut` less than announced.
struct TestServer: Sendable {
    /// What the server noticed.
    enum Event: Equatable, Sendable {
        case request(String)
        case gone(isStalled: Bool)
        case bodyFailed
        case closed
        case drained
    }

    static let largeBytes = 8 << 20

    let address: ListenAddress
    let journal: Journal<Event>
    let connections: Confined<Connections>
    private let loop: TestLoop

    static func start(
        on address: ListenAddress = .tcp(host: "127.0.0.1", port: 0), connectionsMax: Int = 0,
        loop: TestLoop = .shared,
        _ configure: @Sendable (inout ConnectionSettings) -> Void = { _ in }
    ) async throws -> TestServer {
        var settings = ConnectionSettings()
        configure(&settings)
        let journal = Journal<Event>()
        return try await loop.run { [settings] eventLoop in
            let connections = Connections(
                loop: eventLoop, settings: settings, connectionsMax: connectionsMax
            ) { connection in
                await serve(connection, journal)
                journal.append(.closed)
            }
            // Listeners last until they are closed, here until the process ends.
            _ = Unmanaged.passRetained(connections)
            let socket = try ListeningSocket(binding: address, workers: 1, backlog: 64)
            for descriptor in socket.descriptors {
                try connections.listen(on: descriptor, address: socket.address, backlog: 64)
            }
            return TestServer(
                address: socket.address, journal: journal, connections: Confined(connections),
                loop: loop)
        }
    }

    /// Calls `body` on the server's loop.
    func withConnections(
        _ body: @escaping @Sendable (Connections, EventLoop) async throws -> Void
    ) async throws {
        let connections = connections
        try await loop.run { try await body(connections.value, $0) }
    }

    /// Waits until every connection is closed.
    func waitForNone() async throws {
        try await withConnections { connections, loop in
            try await loop.wait(for: "the end of all connections") { connections.count == 0 }
        }
    }

    private static func serve(_ connection: HTTPConnection, _ journal: Journal<Event>) async {
        while true {
            switch await connection.nextRequest() {
            case .closed: return
            case .timedOut: answer(connection, 408, "timed out")
            case .refused(let error): answer(connection, error.status, "\(error.code)")
            case .request:
                do throws(BodyFailure) {
                    try await serveRequest(connection, journal)
                } catch {
                    switch error {
                    case .refused(let error): answer(connection, error.status, "\(error.code)")
                    case .timedOut: answer(connection, 408, "body timed out")
                    case .clientGone: journal.append(.bodyFailed)
                    }
                }
            }
            guard await connection.finishResponse() else { return }
        }
    }

    private static func serveRequest(
        _ connection: HTTPConnection, _ journal: Journal<Event>
    ) async throws(BodyFailure) {
        let head = connection.parser.head
        let path = connection.withHead { String(decoding: $0.extracting(head.path)) }
        journal.append(.request(path))
        switch path {
        case "/unread": answer(connection, 200, "unread")
        case "/stream", "/slow":
            let sink = CountingSink(connection, pause: path == "/slow" ? 2500 : 0)
            try connection.streamBody(to: sink, bytesMax: 1000)
            while !sink.isOver { await sink.point.wait() }
            if let failure = sink.failure { throw failure }
            answer(connection, 200, "\(sink.count) bytes")
        case "/hang":
            try await connection.readBody(bytesMax: 1000)
            let point = WaitPoint()
            connection.clientGone = { point.signal() }
            while !connection.isClientGone { await point.wait() }
            journal.append(.gone(isStalled: connection.isWriteStalled))
        default:
            try await connection.readBody(bytesMax: 1000)
            await answer(connection, path: path, journal)
        }
    }

    private static func answer(
        _ connection: HTTPConnection, path: String, _ journal: Journal<Event>
    ) async {
        switch path {
        case "/chunks":
            connection.startHead(status: 200)
            connection.finishHead(.unknown)
            connection.write("first ".utf8.span)
            await connection.loop.sleep(milliseconds: 1)
            connection.write("second".utf8.span)
            connection.endResponse()
        case "/cut":
            connection.startHead(status: 200)
            connection.finishHead(.unknown)
            connection.write("begun".utf8.span)
            connection.cutResponse()
        case "/none":
            connection.startHead(status: 204)
            connection.finishHead(.none)
            connection.endResponse()
        case "/large":
            connection.startHead(status: 200)
            connection.finishHead(.length(largeBytes))
            let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 64 << 10)
            let point = WaitPoint()
            connection.clientGone = { point.signal() }
            connection.drained = { point.signal() }
            var left = largeBytes
            while left > 0, !connection.isClientGone {
                connection.write(piece.span)
                left -= piece.count
                while connection.pendingBytes > 256 << 10, !connection.isClientGone {
                    await point.wait()
                }
            }
            if connection.isClientGone {
                journal.append(.gone(isStalled: connection.isWriteStalled))
            }
            connection.endResponse()
        default:
            let target = connection.withHead {
                String(decoding: $0.extracting(connection.parser.head.target))
            }
            let body = connection.body.withBytes { String(decoding: $0) }
            answer(connection, 200, "\(connection.parser.head.method.name) \(target) \(body)")
        }
    }

    private static func answer(_ connection: HTTPConnection, _ status: Int, _ text: String) {
        connection.startHead(status: status)
        connection.addField("content-type", "text/plain")
        connection.finishHead(.length(text.utf8.count))
        connection.write(text.utf8.span)
        connection.endResponse()
    }
}

private final class CountingSink: RequestBodySink {
    let point = WaitPoint()
    private(set) var count = 0
    private(set) var isOver = false
    private(set) var failure: BodyFailure?
    private let connection: HTTPConnection
    private let pause: UInt64

    /// Takes a piece every `pause` milliseconds.
    init(_ connection: HTTPConnection, pause: UInt64) {
        self.connection = connection
        self.pause = pause
    }

    func bodyReceived(_ bytes: Span<UInt8>) {
        count += bytes.count
        connection.pauseBody()
        connection.loop.spawn { [self] in
            if pause > 0 { await connection.loop.sleep(milliseconds: pause) }
            if !isOver { connection.resumeBody() }
        }
    }

    func bodyEnded() {
        isOver = true
        point.signal()
    }

    func bodyFailed(_ failure: BodyFailure) {
        self.failure = failure
        isOver = true
        point.signal()
    }
}
