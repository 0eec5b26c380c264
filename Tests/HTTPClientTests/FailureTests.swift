import Foundation
import GatewayTesting
import HTTPClient
import Networking
import Testing

/// Servers that are away, die, dawdle or lie.
@Suite(.timeLimit(.minutes(5)), .ownThread) struct FailureTests {
    @Test func `nobody listens`() async throws {
        let server = try FaultyUpstream([])
        server.stopListening()
        try await withClient { client, loop in
            let outcome = await client.exchange(loop, .get, server.url())
            #expect(outcome.error?.kind == .connect)
            #expect(outcome.finishes == 1 && outcome.connects == 0)
        }
    }

    @Test(arguments: [
        ("http://no-such-host.invalid/", HTTPClientError.Kind.resolve),
        ("ftp://127.0.0.1/", .invalidRequest), ("http://", .invalidRequest),
        ("", .invalidRequest), ("file:///etc/passwd", .invalidRequest),
        ("http://a b/", .invalidRequest),
    ])
    func `a URL that leads nowhere`(url: String, kind: HTTPClientError.Kind) async throws {
        try await withClient { client, loop in
            let outcome = await client.exchange(loop, .get, url)
            #expect(outcome.error?.kind == kind)
            #expect(outcome.finishes == 1)
        }
    }

    @Test(
        arguments: [
            ([FaultyUpstream.Step.readRequest, .reset], HTTPClientError.Kind.closed),
            ([.readRequest], .closed),
            ([.readRequest, .send("HTTP/1.1 20")], .cut),
            ([.readRequest, .send("HTTP/1.1 200 OK\r\nContent-Le")], .cut),
            ([.readRequest, .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")], .cut),
            (
                [.readRequest, .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), .reset],
                .cut
            ),
            (
                [
                    .readRequest,
                    .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf"),
                ],
                .cut
            ),
            (
                [
                    .readRequest,
                    .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
                    .reset,
                ], .cut
            ),
        ] as [([FaultyUpstream.Step], HTTPClientError.Kind)])
    func `a connection that ends too early`(
        script: [FaultyUpstream.Step], kind: HTTPClientError.Kind
    ) async throws {
        let server = try FaultyUpstream(script)
        try await withClient { client, loop in
            let outcome = await client.exchange(
                loop, .post, server.url(), body: .buffered, text: "x")
            #expect(outcome.error?.kind == kind)
            #expect(outcome.error?.reusedConnection == false)
            if outcome.heads == 1 { #expect(outcome.text == "half") }
        }
        #expect(server.requests.count == 1)
    }

    private static let head = "HTTP/1.1 200 OK\r\n"

    /// Each is whole, but not as HTTP has it.
    static let malformed: [String] =
        [
            "nonsense\r\n\r\n",
            "HTTP/1.1 2x0 OK\r\n\r\n",
            "HTTP/3.7 200 OK\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.1 99 X\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
            String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 17) + okay,
        ]
        + [
            "A: b\r\n folded", "no colon here", ": no name", "A b: c", "A\tb: c", "A: b\0c",
            "A: b\rc", "Content-Length : 2",
        ].map { head + $0 + "\r\nContent-Length: 2\r\n\r\nok" }
        + [
            "Content-Length: 2\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: 2",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: gzip", "Transfer-Encoding: gzip, chunked",
        ].map { head + $0 + "\r\n\r\n2\r\nok\r\n0\r\n\r\n" }
        + [
            "Content-Length: 2\r\nContent-Length: 3", "Content-Length: 2\r\nContent-Length: 2",
            "Content-Length: 2, 2", "Content-Length: -2", "Content-Length: +2",
            "Content-Length: two", "Content-Length:", "Content-Length: 99999999999999999999",
        ].map { head + $0 + "\r\n\r\nok" }

    @Test(arguments: ["xyz\r\n", "2\r\nokay\r\n0\r\n\r\n", "-1\r\n"])
    func `chunks that are none cut the answer`(body: String) async throws {
        try await refuses(
            Self.head + "Transfer-Encoding: chunked\r\n\r\n" + body, as: .cut)
    }

    @Test(arguments: malformed)
    func `an answer that is not HTTP is refused`(answer: String) async throws {
        try await refuses(answer, as: .malformed)
    }

    @Test func `a head that is too large is refused`() async throws {
        try await refuses(
            Self.head + "A: " + String(repeating: "x", count: 70_000) + "\r\n\r\n",
            as: .headTooLarge)
        try await refuses(
            Self.head + String(repeating: "A: b\r\n", count: 12_000) + "\r\n", as: .headTooLarge)
    }

    private func refuses(_ answer: String, as kind: HTTPClientError.Kind) async throws {
        let server = try FaultyUpstream(
            [.readRequest, .send(answer), .readToEnd], [.readRequest, .send(okay), .readToEnd])
        try await withClient { client, loop in
            let outcome = await client.exchange(loop, .get, server.url())
            #expect(outcome.error?.kind == kind)
            // The connection is not used again.
            let next = await client.exchange(loop, .get, server.url())
            #expect(next.error == nil && next.isOnNewConnection)
        }
        #expect(server.waitForPeersToClose())
    }

    @Test func `as many interim answers as are allowed are skipped`() async throws {
        let interim = String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 16)
        let server = try FaultyUpstream([.readRequest, .send(interim + okay), .readToEnd])
        try await withClient { client, loop in
            #expect(await client.exchange(loop, .get, server.url()).text == "ok")
        }
    }

    @Test func `bytes behind an answer are not taken for the next one`() async throws {
        let server = try FaultyUpstream(
            [
                .readRequest, .send(okay + "HTTP/1.1 500 Evil\r\nContent-Length: 0\r\n\r\n"),
                .readRequest, .readToEnd,
            ],
            [.readRequest, .send(okay), .readToEnd])
        try await withClient { client, loop in
            #expect(await client.exchange(loop, .get, server.url()).status == 200)
            let second = await client.exchange(loop, .get, server.url())
            #expect(second.status == 200)
        }
    }

    @Test func `a reused connection that dies is reported, and nothing is sent twice`()
        async throws
    {
        let server = try FaultyUpstream([.readRequest, .send(okay), .readRequest, .reset])
        try await withClient { client, loop in
            let first = await client.exchange(
                loop, .post, server.url(), body: .buffered, text: "one")
            #expect(first.error == nil)
            let second = await client.exchange(
                loop, .post, server.url(), body: .buffered, text: "two")
            #expect(second.error?.kind == .closed)
            #expect(second.error?.reusedConnection == true)
            #expect(second.connects == 1)
            let third = await client.exchange(
                loop, .post, server.url(), body: .buffered, text: "three")
            #expect(third.error == nil && third.isOnNewConnection)
        }
        let bodies = server.requests.map { $0.components(separatedBy: "\r\n\r\n").last }
        #expect(bodies == ["one", "two", "three"])
    }

    @Test func `a reused connection the server closes without an answer is reported too`()
        async throws
    {
        let server = try FaultyUpstream([.readRequest, .send(okay), .readRequest])
        try await withClient { client, loop in
            for method in [HTTPTransfer.Method.post, .get] {
                let first = await client.exchange(loop, method, server.url())
                #expect(first.error == nil)
                let second = await client.exchange(loop, method, server.url())
                #expect(second.error?.kind == .closed && second.error?.reusedConnection == true)
            }
        }
        #expect(server.requests.count == 4)
    }

    @Test func `a connection that was closed while idle is not used again`() async throws {
        let server = try FaultyUpstream([.readRequest, .send(okay)])
        try await withClient { client, loop in
            for _ in 0..<20 {
                let outcome = await client.exchange(
                    loop, .post, server.url(), body: .buffered, text: "x")
                #expect(outcome.error == nil && outcome.isOnNewConnection)
                try await loop.wait(for: "the close") { client.idleConnections == 0 }
            }
        }
        #expect(server.connections == 20 && server.requests.count == 20)
    }

    @Test func `no connection in time`() async throws {
        // A backlog that is full makes a connection wait: the kernel answers nothing.
        let (full, fillers) = try FullListener.make()
        defer { for filler in fillers { filler.close() } }
        try await withClient { client, loop in
            let outcome = await client.exchange(
                loop, .get, "http://\(full)/", timeouts: HTTPTimeouts(connect: 150))
            #expect(outcome.error?.kind == .connectTimeout)
        }
    }

    @Test(
        arguments: [
            (
                [FaultyUpstream.Step.readRequest, .readToEnd], HTTPTimeouts(firstByte: 150),
                HTTPClientError.Kind.firstByteTimeout
            ),
            (
                [.readRequest, .send("HTTP/1.1 200"), .readToEnd], HTTPTimeouts(firstByte: 150),
                .firstByteTimeout
            ),
            (
                [
                    .readRequest, .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
                    .readToEnd,
                ],
                HTTPTimeouts(idle: 150), .idleTimeout
            ),
            (
                [.readRequest, .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), .readToEnd],
                HTTPTimeouts(idle: 150), .idleTimeout
            ),
            ([.readRequest, .readToEnd], HTTPTimeouts(total: 150), .totalTimeout),
            (
                [
                    .readRequest, .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
                    .readToEnd,
                ],
                HTTPTimeouts(total: 150), .totalTimeout
            ),
        ] as [([FaultyUpstream.Step], HTTPTimeouts, HTTPClientError.Kind)])
    func `no answer in time, and the connection is closed`(
        script: [FaultyUpstream.Step], timeouts: HTTPTimeouts, kind: HTTPClientError.Kind
    ) async throws {
        let server = try FaultyUpstream(script)
        try await withClient { client, loop in
            let start = Clock.monotonic
            let outcome = await client.exchange(
                loop, .post, server.url(), body: .buffered, text: "x", timeouts: timeouts)
            #expect(outcome.error?.kind == kind)
            #expect(Clock.monotonic - start >= 140_000_000)
        }
        #expect(server.waitForPeersToClose())
    }

    @Test func `an answer that goes on slowly is not idle`() async throws {
        let pieces = (0..<8).flatMap { _ in
            [FaultyUpstream.Step.wait(milliseconds: 500), .send("1\r\nx\r\n")]
        }
        let server = try FaultyUpstream(
            [.readRequest, .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")]
                + pieces + [.send("0\r\n\r\n"), .readToEnd])
        try await withClient { client, loop in
            let outcome = await client.exchange(
                loop, .get, server.url(), timeouts: HTTPTimeouts(firstByte: 3000, idle: 3000))
            #expect(outcome.error == nil && outcome.text == "xxxxxxxx")
        }
    }

    @Test func `a zero is no limit`() async throws {
        let server = try FaultyUpstream([
            .readRequest, .wait(milliseconds: 120), .send(okay), .readToEnd,
        ])
        try await withClient { client, loop in
            let none = HTTPTimeouts(connect: 0, firstByte: 0, idle: 0, total: 0)
            #expect(
                await client.exchange(loop, .get, server.url(), timeouts: none).error == nil)
        }
    }
}
