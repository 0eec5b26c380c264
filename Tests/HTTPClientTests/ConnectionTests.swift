import Bytes
import GatewayTesting
import HTTPClient
import Networking
import Testing

/// What becomes of connections between transfers.
@Suite struct ConnectionTests {
    private static func calls(
        _ count: Int, _ upstream: FaultyUpstream, settings: CurlClient.Settings = .init()
    ) async throws -> [Outcome] {
        let url = upstream.url()
        return try await TestLoop.shared.run { loop in
            let client = CurlClient(loop: loop, settings: settings)
            var outcomes: [Outcome] = []
            for _ in 0..<count { outcomes.append(await client.call(.get, url)) }
            return outcomes
        }
    }

    @Test(
        "a connection is used again after a clean end",
        arguments: [
            ok("a"), "HTTP/1.1 204 No\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nT: 1\r\n\r\n",
            "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 100 C\r\n\r\n" + ok("a"),
        ])
    func reuses(_ answer: String) async throws {
        let upstream = try FaultyUpstream([.readRequest, .send(answer), .again])
        let outcomes = try await Self.calls(3, upstream)
        #expect(outcomes.map(\.kind) == [nil, nil, nil])
        #expect(outcomes.map(\.isOnNewConnection) == [true, false, false])
        #expect(upstream.connections == 1)
    }

    @Test(
        "a connection is not used again after any other end",
        arguments: [
            ok("a", "Connection: close\r\n"), "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
            ok("a") + "x", "HTTP/1.1 204 No\r\n\r\n" + ok("evil"),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200",
        ])
    func closes(_ answer: String) async throws {
        let upstream = try FaultyUpstream(
            [.readRequest, .send(answer), .readToEnd], [.readRequest, .send(ok("good")), .again])
        let outcomes = try await Self.calls(2, upstream)
        #expect(outcomes.map(\.kind) == [nil, nil])
        #expect(outcomes[1].isOnNewConnection && outcomes[1].text == "good")
        #expect(upstream.waitForPeersToClose())
    }

    @Test func `an answer that ends with its connection is whole where that ends cleanly`()
        async throws
    {
        let head = "HTTP/1.1 200 OK\r\n\r\nabc"
        let clean = try FaultyUpstream([.readRequest, .send(head)])
        #expect(
            try await Self.calls(1, clean)[0].calls == ["connected", "head 200", "body", "end"])
        let broken = try FaultyUpstream([
            .readRequest, .send(head), .wait(milliseconds: 20), .reset,
        ])
        #expect(try await Self.calls(1, broken)[0].kind == .cut)
    }

    @Test func `an idle connection the server closes or talks on is dropped at once`()
        async throws
    {
        for last in [FaultyUpstream.Step.finish, .send("HTTP/1.1 408 Late\r\n\r\n")] {
            let upstream = try FaultyUpstream(
                [.readRequest, .send(ok("a")), .waitForGate, last, .readToEnd],
                [.readRequest, .send(ok("b"))])
            let url = upstream.url()
            let outcome = try await TestLoop.shared.run { loop in
                let client = CurlClient(loop: loop)
                _ = await client.call(.get, url)
                #expect(client.idleConnections == 1)
                upstream.open()
                try await loop.wait(for: "the drop") { client.idleConnections == 0 }
                return await client.call(.get, url)
            }
            #expect(outcome.text == "b" && outcome.isOnNewConnection && outcome.kind == nil)
            #expect(upstream.waitForPeersToClose())
        }
    }

    @Test func `a kept connection that dies before an answer says so, once the request is out`()
        async throws
    {
        let upstream = try FaultyUpstream([.readRequest, .send(ok("a")), .readRequest])
        let outcomes = try await Self.calls(2, upstream)
        #expect(outcomes[1].kind == .closed && outcomes[1].isReused)
        #expect(!outcomes[1].isOnNewConnection)
        #expect(upstream.requests.count == 2)
    }

    @Test(
        "where an answer breaks off decides between closed and cut",
        arguments: [
            ("", .closed), ("H", .cut), ("HTTP/1.1 200 OK\r\n", .cut),
            ("HTTP/1.1 100 C\r\n\r\n", .cut),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", .cut),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n", .cut),
        ] as [(String, HTTPClientError.Kind)])
    func breaksOff(_ answer: String, _ kind: HTTPClientError.Kind) async throws {
        let upstream = try FaultyUpstream([.readRequest, .send(answer), .wait(milliseconds: 5)])
        let outcome = try await Self.calls(1, upstream)[0]
        #expect(outcome.kind == kind, "\(outcome)")
        #expect(!outcome.isReused)
    }

    @Test func `connections over their age, lifetime or number are not kept`() async throws {
        for change in 0..<2 {
            var settings = CurlClient.Settings()
            if change == 0 { settings.idleAgeMax = 0 } else { settings.idleConnectionsMax = 0 }
            let upstream = try FaultyUpstream([.readRequest, .send(ok("a")), .again])
            let outcomes = try await Self.calls(2, upstream, settings: settings)
            #expect(outcomes.map(\.isOnNewConnection) == [true, true])
        }
        var settings = CurlClient.Settings()
        settings.lifetimeMax = 1
        let upstream = try FaultyUpstream([
            .readRequest, .wait(milliseconds: 1050), .send(ok("a")), .again,
        ])
        let outcomes = try await Self.calls(2, upstream, settings: settings)
        #expect(outcomes.map(\.isOnNewConnection) == [true, true])
    }

    @Test func `transfers that run at a time have connections of their own`() async throws {
        let upstream = try FaultyUpstream([.readRequest, .waitForGate, .send(ok("a")), .again])
        let url = upstream.url()
        try await TestLoop.shared.run { loop in
            let client = CurlClient(loop: loop)
            var recorders: [Recorder] = []
            var transfers: [HTTPTransfer] = []
            for _ in 0..<20 {
                let recorder = Recorder()
                let transfer = client.transfer(.get, url)
                transfer.start(body: .none, timeouts: HTTPTimeouts(), observer: recorder)
                recorders.append(recorder)
                transfers.append(transfer)
            }
            try await loop.wait(for: "the requests") { upstream.requests.count == 20 }
            upstream.open()
            for recorder in recorders { await recorder.wait() }
            for transfer in transfers { transfer.release() }
            #expect(recorders.allSatisfy { $0.text == "a" })
            #expect(client.idleConnections == 20)
        }
        #expect(upstream.connections == 20)
    }

    @Test func `a refused connection and an unknown name have kinds of their own`() async throws {
        let upstream = try FaultyUpstream([.readToEnd])
        let url = upstream.url()
        upstream.stopListening()
        let kinds = try await TestLoop.shared.run { loop in
            let client = CurlClient(loop: loop)
            return [
                await client.call(.get, url).kind,
                await client.call(.get, "http://nowhere.invalid/").kind,
            ]
        }
        #expect(kinds == [.connect, .resolve])
    }

    @Test func `plain requests go through a proxy by a tunnel`() async throws {
        let proxy = try FaultyUpstream(
            [
                .readHead, .send("HTTP/1.1 200 Go\r\n\r\n"), .readRequest, .send(ok("a")),
                .readRequest, .send(ok("b")),
            ], [.readHead, .send("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")])
        var settings = CurlClient.Settings()
        settings.proxy = "http://u:p@\(proxy.address)"
        let outcomes = try await TestLoop.shared.run { [settings] loop in
            let client = CurlClient(loop: loop, settings: settings)
            return [
                await client.call(.get, "http://inside.invalid/x"),
                await client.call(.get, "http://inside.invalid/y"),
                await client.call(.get, "http://other.invalid/"),
            ]
        }
        #expect(outcomes.map(\.text) == ["a", "b", ""])
        #expect(outcomes.map(\.isOnNewConnection) == [true, false, true])
        #expect(outcomes[2].kind == .connect)
        let requests = proxy.requests
        #expect(requests[0].hasPrefix("CONNECT inside.invalid:80 HTTP/1.1\r\n"))
        #expect(requests[0].contains("Proxy-Authorization: Basic"))
        #expect(requests[1] == "GET /x HTTP/1.1\r\nHost: inside.invalid\r\n\r\n")
    }
}
