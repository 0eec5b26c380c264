import Foundation
import GatewayTesting
import HTTPServer
import Networking
import Testing

/// Refusals, time-outs and clients that leave.
@Suite(.timeLimit(.minutes(5)), .ownThread) struct LimitTests {
    @Test(arguments: [
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4000000\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3d0900\r\n",
        "POST /stream HTTP/1.1\r\nHost: h\r\nContent-Length: 4000000\r\n\r\n",
        "POST /stream HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3d0900\r\n",
    ])
    func `a body over the limit answers 413, and the client can read it`(
        head: String
    ) async throws {
        let server = try await TestServer.start()
        let client = try RawClient(server.address)
        client.send(head)
        // More than any buffer on the way holds is sent before the answer is read.
        client.send(String(repeating: "x", count: 900_000))
        let response = try #require(client.response())
        #expect(response.status == 413)
        #expect(response.header("connection") == "close")
        client.finishSending()
        #expect(client.receiveAll().ending == .closed)
        try await server.waitForNone()
    }

    @Test func `a refused client that sends for ever is not read for ever`() async throws {
        let server = try await TestServer.start()
        let client = try RawClient(server.address)
        client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 40000000\r\n\r\n")
        var sent = 0
        let piece = String(repeating: "x", count: 100_000)
        while sent < 400, client.send(piece) { sent += 1 }
        #expect(sent < 400)
        try await server.waitForNone()
    }

    @Test func `a refused client that says nothing more is let go`() async throws {
        let server = try await TestServer.start { $0.lingerTimeout = 100 }
        let client = try RawClient(server.address)
        client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 40000000\r\n\r\n")
        #expect(client.response()?.status == 413)
        #expect(client.receiveAll().ending == .closed)
        try await server.waitForNone()
    }

    @Test(arguments: [
        ("GET /" + String(repeating: "x", count: 9000) + " HTTP/1.1\r\nHost: h\r\n\r\n", 414),
        ("GET / HTTP/1.1\r\nHost: h\r\nX: " + String(repeating: "x", count: 70_000), 431),
        ("GET / HTTP/1.1\r\nHost: h\r\n" + String(repeating: "X: y\r\n", count: 101) + "\r\n", 431),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\nHost: h\r\nExpect: tea\r\n\r\n", 417),
    ])
    func `a head that is refused is answered, then closed`(
        request: String, status: Int
    ) async throws {
        let server = try await TestServer.start()
        let client = try RawClient(server.address)
        client.send(request)
        #expect(client.response()?.status == status)
        client.finishSending()
        #expect(client.receiveAll().ending == .closed)
        try await server.waitForNone()
    }

    @Test func `TLS on the plain port is closed without a word`() async throws {
        let server = try await TestServer.start()
        let client = try RawClient(server.address)
        client.send([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03])
        let (text, ending) = client.receiveAll()
        #expect(text.isEmpty && ending != .timedOut)
    }

    @Test func `a head that takes too long answers 408`() async throws {
        let server = try await TestServer.start { $0.headerTimeout = 100 }
        for start in ["G", "GET /echo HTTP/1.1\r\nHost: h\r\n", "\r\nGET"] {
            let client = try RawClient(server.address)
            client.send(start)
            let response = try #require(client.response(), "\(start)")
            #expect(response.status == 408)
            #expect(response.header("connection") == "close")
            client.finishSending()
            #expect(client.receiveAll().ending == .closed)
        }
        try await server.waitForNone()
    }

    @Test func `a head that drips in does not get more time with each byte`() async throws {
        let server = try await TestServer.start { $0.headerTimeout = 200 }
        let client = try RawClient(server.address)
        let start = Clock.monotonic
        client.send("GET /echo HTTP/1.1\r\nX: ")
        while client.ending == nil, !client.receive(within: 20) {
            guard client.send("x"), Clock.monotonic - start < 30_000_000_000 else { break }
        }
        #expect(client.response()?.status == 408)
    }

    @Test(arguments: ["/echo", "/stream"])
    func `a body that stops answers 408`(path: String) async throws {
        let server = try await TestServer.start { $0.bodyIdleTimeout = 100 }
        for start in [
            "Content-Length: 9\r\n\r\n", "Content-Length: 9\r\n\r\nhalf",
            "Transfer-Encoding: chunked\r\n\r\n9\r\nhalf",
        ] {
            let client = try RawClient(server.address)
            client.send("POST \(path) HTTP/1.1\r\nHost: h\r\n" + start)
            #expect(client.response()?.status == 408, "\(start)")
            client.finishSending()
            #expect(client.receiveAll().ending == .closed)
        }
        try await server.waitForNone()
    }

    @Test func `a body that goes on slowly is read`() async throws {
        let server = try await TestServer.start { $0.bodyIdleTimeout = 5000 }
        let client = try RawClient(server.address)
        client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n")
        for byte in "slow body".utf8 {
            try await TestLoop.shared.run { await $0.sleep(milliseconds: 60) }
            client.send([byte])
        }
        #expect(client.response()?.text == "POST /echo slow body")
    }

    @Test func `a connection that says nothing is closed, before and between requests`()
        async throws
    {
        let server = try await TestServer.start { $0.keepAliveTimeout = 1000 }
        let silent = try RawClient(server.address)
        #expect(silent.receiveAll().ending == .closed)
        let client = try RawClient(server.address)
        client.send("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(client.response()?.status == 200)
        let (text, ending) = client.receiveAll()
        #expect(text.isEmpty && ending == .closed)
        try await server.waitForNone()
    }

    @Test func `a client that stops reading is given up`() async throws {
        let server = try await TestServer.start { $0.writeStallTimeout = 150 }
        let client = try RawClient(server.address)
        client.limitReceiveBuffer(to: 16 << 10)
        client.send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(
            server.journal.wait(for: 3)
                == [.request("/large"), .gone(isStalled: true), .closed])
        #expect(client.receiveAll().text.utf8.count < TestServer.largeBytes)
        try await server.waitForNone()
    }

    @Test func `a client that reads slowly is not`() async throws {
        let server = try await TestServer.start { $0.writeStallTimeout = 3000 }
        let client = try RawClient(server.address)
        client.limitReceiveBuffer(to: 256 << 10)
        client.send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n")
        for _ in 0..<16 {
            try await TestLoop.shared.run { await $0.sleep(milliseconds: 250) }
            _ = client.receive()
            _ = client.receive()
        }
        #expect(client.response()?.body.count == TestServer.largeBytes)
        #expect(server.journal.entries == [.request("/large")])
    }

    @Test(arguments: [true, false])
    func `a client that leaves is noticed while its answer is made`(resets: Bool) async throws {
        let server = try await TestServer.start()
        let client = try RawClient(server.address)
        client.send("GET /hang HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(server.journal.wait(for: 1).count == 1)
        if resets { client.reset() } else { client.close() }
        #expect(server.journal.wait(for: 2).dropFirst().first == .gone(isStalled: false))
        try await server.waitForNone()
    }

    @Test func `a client that leaves inside its body is noticed`() async throws {
        let server = try await TestServer.start()
        for path in ["/echo", "/stream"] {
            let client = try RawClient(server.address)
            client.send("POST \(path) HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf")
            try await TestLoop.shared.run { await $0.sleep(milliseconds: 5) }
            client.close()
        }
        #expect(server.journal.wait(for: 6).count { $0 == .bodyFailed } == 2)
        try await server.waitForNone()
    }

    @Test func `a half-closed client is served only where that is wanted`() async throws {
        for answers in [true, false] {
            let server = try await TestServer.start { $0.answersHalfClosed = answers }
            for path in ["/echo", "/chunks"] {
                let client = try RawClient(server.address)
                client.send("GET \(path) HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                client.finishSending()
                let (text, ending) = client.receiveAll()
                #expect(ending != .timedOut)
                if answers { #expect(text.hasPrefix("HTTP/1.1 200 OK"), "\(path)") }
                if !answers, path == "/chunks" { #expect(!text.contains("second")) }
            }
            try await server.waitForNone()
        }
    }

    @Test func `connections over the limit are closed at once`() async throws {
        let server = try await TestServer.start(connectionsMax: 1)
        let first = try RawClient(server.address)
        first.send("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(first.response()?.status == 200)
        let second = try RawClient(server.address)
        #expect(second.receiveAll().ending != .timedOut)
        try await server.withConnections { connections, _ in
            #expect(connections.refusedCount == 1)
        }
        first.close()
        try await server.waitForNone()
        let third = try RawClient(server.address)
        third.send("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(third.response()?.status == 200)
    }

    @Test func `draining ends idle connections, lets requests end, then is done`() async throws {
        let server = try await TestServer.start()
        let idle = try RawClient(server.address)
        idle.send("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(idle.response()?.status == 200)
        let busy = try RawClient(server.address)
        busy.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n")
        #expect(server.journal.wait(for: 2).count == 2)
        let journal = server.journal
        try await server.withConnections { connections, _ in
            connections.stopListening()
            connections.drain { journal.append(.drained) }
        }
        #expect(idle.receiveAll().ending == .closed)
        #expect(!journal.entries.contains(.drained))
        #expect(throws: RawSocketError.self) { try RawClient(server.address) }
        busy.send("hello")
        let response = try #require(busy.response())
        #expect(response.text == "POST /echo hello")
        #expect(response.header("connection") == "close")
        #expect(busy.receiveAll().ending == .closed)
        #expect(journal.wait(for: 5).last == .drained)
    }

    @Test func `abandoning gives up what is left`() async throws {
        let server = try await TestServer.start()
        let client = try RawClient(server.address)
        client.send("GET /hang HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(server.journal.wait(for: 1).count == 1)
        let idle = try RawClient(server.address)
        try await server.withConnections { connections, loop in
            try await loop.wait(for: "both") { connections.count == 2 }
            connections.abandonAll()
        }
        #expect(client.receiveAll().ending != .timedOut)
        #expect(idle.receiveAll().ending != .timedOut)
        try await server.waitForNone()
    }

    @Test func `a body that is kept waiting by the server does not time out`() async throws {
        let server = try await TestServer.start { $0.bodyIdleTimeout = 1000 }
        let client = try RawClient(server.address)
        for _ in 0..<2 {
            client.send("POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello")
            usleep(20_000)
            client.send("world")
            // The second turn shows that the connection is read again.
            #expect(client.response()?.text == "10 bytes")
        }
    }
}
