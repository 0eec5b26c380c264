import Foundation
import GatewayTesting
import Glibc
import HTTPClient
import Networking
import Testing

/// Certificates of a CA that is made for the test, by the `openssl` command.
@Suite(.timeLimit(.minutes(5)), .ownThread) struct TLSTests {
    @Test func `a server whose certificate the CA has signed is trusted`() async throws {
        let server = try TLSServer(name: "localhost")
        defer { server.stop() }
        var settings = CurlClient.Settings()
        settings.caFile = server.caFile
        try await withClient(settings) { client, loop in
            for round in 0..<2 {
                let outcome = await client.exchange(
                    loop, .get, "https://localhost:\(server.port)/")
                #expect(outcome.error == nil)
                #expect(outcome.status == 200 && outcome.text.contains("s_server"))
                _ = round
            }
        }
    }

    @Test func `another name on the certificate is refused`() async throws {
        let server = try TLSServer(name: "other.example")
        defer { server.stop() }
        var settings = CurlClient.Settings()
        settings.caFile = server.caFile
        try await withClient(settings) { client, loop in
            let outcome = await client.exchange(loop, .get, "https://localhost:\(server.port)/")
            #expect(outcome.error?.kind == .tls)
            #expect(outcome.connects == 0)
        }
    }

    @Test func `a CA nobody knows is refused`() async throws {
        let server = try TLSServer(name: "localhost")
        defer { server.stop() }
        try await withClient { client, loop in
            let outcome = await client.exchange(loop, .get, "https://localhost:\(server.port)/")
            #expect(outcome.error?.kind == .tls)
        }
    }

    @Test func `a CA file that is not there is an error of TLS`() async throws {
        let server = try TLSServer(name: "localhost")
        defer { server.stop() }
        var settings = CurlClient.Settings()
        settings.caFile = "/no/such/file.pem"
        try await withClient(settings) { client, loop in
            let outcome = await client.exchange(loop, .get, "https://localhost:\(server.port)/")
            #expect(outcome.error?.kind == .tls)
        }
    }

    @Test func `a server that speaks plain HTTP is refused`() async throws {
        let server = try FaultyUpstream([.send("HTTP/1.1 400 No\r\n\r\n"), .readToEnd])
        try await withClient { client, loop in
            let outcome = await client.exchange(loop, .get, "https://\(server.address)/")
            #expect(outcome.error?.kind == .tls)
        }
    }

    @Test func `a handshake that does not end runs out of time`() async throws {
        let server = try FaultyUpstream([.readToEnd])
        try await withClient { client, loop in
            let outcome = await client.exchange(
                loop, .get, "https://\(server.address)/", timeouts: HTTPTimeouts(connect: 150))
            #expect(outcome.error?.kind == .connectTimeout)
        }
        #expect(server.waitForPeersToClose())
    }

    @Test func `a connection through TLS carries transfer after transfer`() async throws {
        let server = try TLSServer(name: "localhost", isPiped: true)
        defer { server.stop() }
        var settings = CurlClient.Settings()
        settings.caFile = server.caFile
        // What TLS decrypts at once is more than a piece, and the reader does not want it yet.
        let pattern = FaultyUpstream.pattern(3_000_000)
        let upload = String(decoding: FaultyUpstream.pattern(1_000_000), as: UTF8.self)
        let url = "https://localhost:\(server.port)/"
        Thread.detachNewThread {
            guard server.read(upTo: "\r\n\r\n", bytes: 0) else { return }
            server.write(Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".utf8))
            guard server.read(upTo: "\r\n\r\n", bytes: 1_000_000) else { return }
            server.write(Array("HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n".utf8))
            server.write(pattern)
            guard server.read(upTo: "\r\n\r\n", bytes: 0) else { return }
            server.write(Array("HTTP/1.1 200 OK\r\n\r\nuntil".utf8))
            server.finish()
        }
        let outcomes = try await withClient(settings) { client, loop in
            let first = await client.call(.get, url)
            #expect(client.idleConnections == 1)
            let recorder = Recorder()
            var pieces = 0
            recorder.onBody = { transfer in
                pieces += 1
                guard pieces % 5 == 0 else { return true }
                loop.spawn { transfer.resume() }
                return false
            }
            let second = await client.call(
                .post, url, body: .buffered, content: upload, recorder: recorder)
            #expect(recorder.body == pattern)
            return [first, second, await client.call(.get, url)]
        }
        #expect(outcomes.map(\.status) == [200, 200, 200])
        #expect(outcomes.map(\.isOnNewConnection) == [true, false, false])
        #expect(outcomes[0].text == "ok" && outcomes[2].text == "until")
        #expect(outcomes.map(\.kind) == [nil, nil, nil])
        #expect(server.uploaded == Array(upload.utf8))
    }
}

/// `openssl s_server` with a certificate for `name`, signed by a CA of its own: it answers every
/// request with a page, or passes bytes through pipes.
private final class TLSServer: @unchecked Sendable {
    let port: UInt16
    let caFile: String
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private(set) var uploaded: [UInt8] = []
    private let directory: URL

    init(name: String, isPiped: Bool = false) throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("tls-\(UInt32.random(in: 0...UInt32.max))")
        self.directory = directory
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        func path(_ name: String) -> String { directory.appendingPathComponent(name).path }
        caFile = path("ca.pem")
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        try Self.openssl(
            ["req", "-x509", "-days", "2", "-subj", "/CN=Test CA", "-keyout", path("ca.key")]
                + ["-out", caFile] + key)
        try Self.openssl(
            ["req", "-new", "-subj", "/CN=server", "-keyout", path("key.pem")]
                + ["-out", path("request.pem")] + key)
        try "subjectAltName=DNS:\(name)".write(
            toFile: path("names"), atomically: true, encoding: .utf8)
        try Self.openssl([
            "x509", "-req", "-days", "2", "-in", path("request.pem"), "-CA", caFile,
            "-CAkey", path("ca.key"), "-CAcreateserial", "-extfile", path("names"),
            "-out", path("cert.pem"),
        ])
        port = try Self.freePort()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments =
            [
                "s_server", "-quiet", "-accept", "127.0.0.1:\(port)", "-cert",
                path("cert.pem"), "-key", path("key.pem"),
            ] + (isPiped ? [] : ["-www"])
        process.standardInput = input
        process.standardOutput = isPiped ? output : FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let end = Date(timeIntervalSinceNow: 30)
        while (try? RawClient(.tcp(host: "127.0.0.1", port: port))) == nil {
            guard Date() < end, process.isRunning else { throw TimedOut("openssl s_server") }
            usleep(5000)
        }
    }

    /// Reads a request: a head that ends so, and a body.
    func read(upTo end: String, bytes count: Int) -> Bool {
        var request: [UInt8] = []
        while true {
            if let head = request.firstRange(of: Array(end.utf8)),
                request.count == head.upperBound + count
            {
                if count > 0 { uploaded = Array(request[head.upperBound...]) }
                return true
            }
            let next = output.fileHandleForReading.availableData
            guard !next.isEmpty else { return false }
            request += next
        }
    }

    func write(_ bytes: [UInt8]) {
        try? input.fileHandleForWriting.write(contentsOf: Data(bytes))
    }

    /// Ends the connection.
    func finish() {
        try? input.fileHandleForWriting.close()
    }

    func stop() {
        // The child inherits a signal mask that keeps SIGTERM from it.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: directory)
    }

    private static func freePort() throws -> UInt16 {
        let socket = try ListeningSocket(
            binding: .tcp(host: "127.0.0.1", port: 0), workers: 1, backlog: 1)
        for descriptor in socket.descriptors { close(descriptor) }
        guard case .tcp(_, let port) = socket.address else { throw TimedOut("a port") }
        return port
    }

    private static func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let ended = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in ended.signal() }
        try process.run()
        ended.wait()
        guard process.terminationStatus == 0 else { throw TimedOut("openssl \(arguments[0])") }
    }
}
