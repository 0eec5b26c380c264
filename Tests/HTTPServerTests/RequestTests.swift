import Foundation
import GatewayTesting
import HTTPServer
import Networking
import Testing

/// Requests as they should be, cut and joined in all ways.
@Suite(.timeLimit(.minutes(5)), .ownThread) struct RequestTests {
    static let chunked =
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: t\r\n\r\n"
    static let sized = "POST /echo?q HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"

    @Test(arguments: [
        ("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n", "GET /echo "),
        (sized, "POST /echo?q hello"),
        (chunked, "POST /echo hello world"),
    ])
    func `a request is answered however its bytes are split`(
        request: String, answer: String
    ) async throws {
        let server = try await TestServer.start()
        let client = try RawClient(server.address)
        let bytes = Array(request.utf8)
        for split in 1..<bytes.count {
            client.send(Array(bytes[..<split]))
            try await TestLoop.shared.run { _ in }
            client.send(Array(bytes[split...]))
            #expect(client.response()?.text == answer, "split at \(split)")
        }
        for byte in bytes {
            client.send([byte])
            try await TestLoop.shared.run { _ in }
        }
        #expect(client.response()?.text == answer)
    }

    @Test func `pipelined requests are answered in their order`() async throws {
        let server = try await TestServer.start()
        let client = try RawClient(server.address)
        let one = "GET /chunks HTTP/1.1\r\nHost: h\r\n\r\n"
        client.send(one + Self.sized + Self.chunked + "GET /echo?last HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(client.response()?.text == "first second")
        #expect(client.response()?.text == "POST /echo?q hello")
        #expect(client.response()?.text == "POST /echo hello world")
        #expect(client.response()?.text == "GET /echo?last ")
        #expect(client.received.isEmpty)
    }

    @Test func `what is malformed behind a good request is refused in its turn`() async throws {
        let server = try await TestServer.start()
        let client = try RawClient(server.address)
        client.send("GET /echo HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\nHost: h\n\n")
        #expect(client.response()?.status == 200)
        let refused = try #require(client.response())
        #expect(refused.status == 400)
        #expect(refused.header("connection") == "close")
        client.finishSending()
        #expect(client.receiveAll().ending == .closed)
        try await server.waitForNone()
    }

    @Test func `requests ahead of their turn are kept up to a limit`() async throws {
        let server = try await TestServer.start { $0.pipelinedBytesMax = 1000 }
        let client = try RawClient(server.address)
        client.send("GET /hang HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(server.journal.wait(for: 1) == [.request("/hang")])
        client.send(String(repeating: "x", count: 1001))
        #expect(client.receiveAll().ending != .timedOut)
        #expect(server.journal.wait(for: 3).contains(.gone(isStalled: false)))
    }

    @Test func `a client that waits for 100 Continue gets it once the body is wanted`() async throws
    {
        let server = try await TestServer.start()
        let client = try RawClient(server.address)
        let head =
            "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
        for _ in 0..<2 {
            client.send(head)
            #expect(client.receive(until: "HTTP/1.1 100 Continue\r\n\r\n"))
            #expect(client.response()?.status == 100)
            client.send("hello")
            #expect(client.response()?.text == "POST /echo hello")
        }
        // A body that comes at once needs no invitation.
        client.send(head + "hello")
        #expect(client.response()?.status == 200)
        // One that is too large gets none.
        client.send(head.replacingOccurrences(of: ": 5", with: ": 5000"))
        #expect(client.response()?.status == 413)
    }

    @Test func `a body that nobody read ends the connection behind its answer`() async throws {
        let server = try await TestServer.start { $0.lingerTimeout = 5000 }
        let client = try RawClient(server.address)
        client.send(
            "POST /unread HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n"
                + String(repeating: "x", count: 60_000))
        let response = try #require(client.response())
        #expect(response.text == "unread")
        #expect(response.header("connection") == "close")
        client.send("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n")
        client.finishSending()
        let rest = client.receiveAll()
        #expect(rest.text.isEmpty && rest.ending == .closed)
        try await server.waitForNone()
    }

    @Test(arguments: [
        ("GET /echo HTTP/1.0\r\n\r\n", "close", true),
        ("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "keep-alive", false),
        ("GET /chunks HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "close", true),
        ("GET /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "close", true),
    ])
    func `a connection ends where the version or the client wants it`(
        request: String, connection: String, isClosed: Bool
    ) async throws {
        let server = try await TestServer.start()
        let client = try RawClient(server.address)
        client.send(request)
        let response = try #require(client.response())
        #expect(response.header("connection") == connection)
        #expect(response.header("transfer-encoding") == nil)
        if isClosed {
            #expect(client.receiveAll().ending == .closed)
        } else {
            client.send(request)
            #expect(client.response()?.status == 200)
        }
    }

    @Test func `HEAD and 204 have no body, and the next answer follows at once`() async throws {
        let server = try await TestServer.start()
        let client = try RawClient(server.address)
        for path in ["/echo", "/chunks", "/none"] {
            client.send("HEAD \(path) HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(client.response(hasBody: false) != nil)
        }
        client.send("GET /none HTTP/1.1\r\nHost: h\r\n\r\n")
        let none = try #require(client.response())
        #expect(none.status == 204 && none.header("content-length") == nil)
        client.send("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(client.response()?.text == "GET /echo ")
        #expect(client.received.isEmpty)
    }

    @Test func `a streamed body is handed on in pieces and counted`() async throws {
        let server = try await TestServer.start()
        let client = try RawClient(server.address)
        client.send("POST /stream HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<10 {
            client.send("a\r\n0123456789\r\n")
            try await TestLoop.shared.run { _ in }
        }
        client.send("0\r\n\r\n" + Self.sized)
        #expect(client.response()?.text == "100 bytes")
        #expect(client.response()?.text == "POST /echo?q hello")
    }

    @Test func `a unix socket and IPv6 are served as well`() async throws {
        let path = NSTemporaryDirectory() + "m-\(UInt32.random(in: 0...UInt32.max)).socket"
        defer { unlink(path) }
        for address in [ListenAddress.unix(path: path), .tcp(host: "::1", port: 0)] {
            let server = try await TestServer.start(on: address)
            let client = try RawClient(server.address)
            client.send(Self.sized)
            #expect(client.response()?.text == "POST /echo?q hello")
        }
    }

    @Test func `a large answer arrives whole at a slow client, then the next`() async throws {
        let server = try await TestServer.start()
        let client = try RawClient(server.address)
        client.limitReceiveBuffer(to: 64 << 10)
        client.send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n" + Self.sized)
        #expect(client.response()?.body.count == TestServer.largeBytes)
        #expect(client.response()?.text == "POST /echo?q hello")
    }

    @Test func `an answer that is cut does not look complete`() async throws {
        let server = try await TestServer.start()
        let chunked = try RawClient(server.address)
        chunked.send("GET /cut HTTP/1.1\r\nHost: h\r\n\r\n")
        let (text, _) = chunked.receiveAll()
        #expect(text.contains("begun") && !text.contains("0\r\n\r\n"))
        let old = try RawClient(server.address)
        old.send("GET /cut HTTP/1.0\r\n\r\n")
        #expect(old.receiveAll().ending == .reset)
    }
}
