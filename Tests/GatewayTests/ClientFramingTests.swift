import GatewayTesting
import Testing

/// Rows A of the catalogue of faults: what a client may put on the wire, and what it gets.
@Suite struct ClientFramingTests {
    private static let chatHead =
        "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\n"
        + "Content-Type: application/json\r\n"

    @Test(
        "a request that is framed wrongly gets its status, closes, and never goes upstream",
        arguments: [
            // A1, A2: Content-Length.
            ("Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400, "invalid_request"),
            ("Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400, "invalid_request"),
            ("Content-Length: +2\r\n\r\n{}", 400, "invalid_request"),
            ("Content-Length: 0x2\r\n\r\n{}", 400, "invalid_request"),
            ("Content-Length: 2_0\r\n\r\n{}", 400, "invalid_request"),
            ("Content-Length: -1\r\n\r\n{}", 400, "invalid_request"),
            ("Content-Length: 2 2\r\n\r\n{}", 400, "invalid_request"),
            ("Content-Length: 99999999999999999999\r\n\r\n{}", 400, "invalid_request"),
            ("Content-Length:\r\n\r\n{}", 400, "invalid_request"),
            // A3: both framings.
            (
                "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400,
                "invalid_request"
            ),
            (
                "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400,
                "invalid_request"
            ),
            // A4: codings.
            ("Transfer-Encoding: identity\r\n\r\n{}", 501, "not_implemented"),
            ("Transfer-Encoding: chunked, chunked\r\n\r\n", 400, "invalid_request"),
            ("Transfer-Encoding: xchunked\r\n\r\n", 501, "not_implemented"),
            ("Transfer-Encoding: chunked;q=1\r\n\r\n", 400, "invalid_request"),
            // A6, A7, A8: lines.
            ("X: a\r\n b\r\n\r\n", 400, "invalid_request"),
            ("X: a\nY: b\r\n\r\n", 400, "invalid_request"),
            ("X: a\rb\r\n\r\n", 400, "invalid_request"),
            ("X: a\0b\r\n\r\n", 400, "invalid_request"),
            ("X\0: a\r\n\r\n", 400, "invalid_request"),
            ("X : a\r\n\r\n", 400, "invalid_request"),
            // A9: chunks.
            ("Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF1\r\n", 400, "invalid_request"),
            (
                "Transfer-Encoding: chunked\r\n\r\n" + String(repeating: "0", count: 100)
                    + "2\r\n{}\r\n0\r\n\r\n", 400, "invalid_request"
            ),
            ("Transfer-Encoding: chunked\r\n\r\n0x10\r\n", 400, "invalid_request"),
            ("Transfer-Encoding: chunked\r\n\r\n-1\r\n", 400, "invalid_request"),
            ("Transfer-Encoding: chunked\r\n\r\n\r\n", 400, "invalid_request"),
            (
                "Transfer-Encoding: chunked\r\n\r\n1;" + String(repeating: "x", count: 1 << 17),
                400, "invalid_request"
            ),
            ("Transfer-Encoding: chunked\r\n\r\n1;a\n{\r\n", 400, "invalid_request"),
            ("Transfer-Encoding: chunked\r\n\r\n1;\0\r\n", 400, "invalid_request"),
            ("Transfer-Encoding: chunked\r\n\r\n2\r\n{}}}\r\n", 400, "invalid_request"),
            // A16: expectations.
            ("Expect: 200-ok\r\nContent-Length: 2\r\n\r\n{}", 417, "expectation_failed"),
            // A17: sizes.
            (
                (0..<101).map { "X-\($0): 1\r\n" }.joined() + "\r\n", 431, "headers_too_large"
            ),
            (
                "Cookie: " + String(repeating: "c", count: 64 << 10) + "\r\n\r\n", 431,
                "headers_too_large"
            ),
            (
                (0..<13).map { "X-\($0): " + String(repeating: "v", count: 5 << 10) + "\r\n" }
                    .joined() + "\r\n", 431, "headers_too_large"
            ),
        ])
    func refusesFraming(_ rest: String, _ status: Int, _ code: String) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        let client = try gateway.connect()
        client.send(Self.chatHead + rest)
        let response = client.response()
        try gateway.trace().expectError(response, status, code)
        #expect(response?.header("connection") == "close")
        client.finishSending()
        #expect(client.receiveAll() == ("", .closed))
        #expect(upstream.connections == 0)
        #expect(gateway.hasNoFurtherTrace)
    }

    @Test(
        "a first line that is no acceptable request line gets its status and closes",
        arguments: [
            ("GET /v1/models\r\n\r\n", 400, "invalid_request"),
            (
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "http_version_not_supported"
            ),
            (" GET / HTTP/1.1\r\n\r\n", 400, "invalid_request"),
            ("GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505, "http_version_not_supported"),
            ("GET / HTTP/1.1\r\n\r\n", 400, "invalid_request"),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "invalid_request"),
            (
                "POST /v1/chat/completions HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
                "invalid_request"
            ),
            (
                "GET /" + String(repeating: "a", count: 9 << 10) + " HTTP/1.1\r\nHost: h\r\n\r\n",
                414, "uri_too_long"
            ),
        ])
    func refusesRequestLines(_ request: String, _ status: Int, _ code: String) throws {
        let gateway = try TestGateway(try FaultyUpstream.good())
        let client = try gateway.connect()
        client.send(request)
        let response = client.response()
        try gateway.trace().expectError(response, status, code)
        client.finishSending()
        #expect(client.receiveAll() == ("", .closed))
    }

    @Test func `a TLS handshake on the plain port is closed without an answer`() throws {
        let gateway = try TestGateway(try FaultyUpstream.good())
        let client = try gateway.connect()
        client.send([0x16, 0x03, 0x01, 0x00, 0x05, 1, 2, 3, 4, 5])
        #expect(client.receiveAll().text == "")
        #expect(gateway.hasNoFurtherTrace)
    }

    @Test(
        "a method that is not for the path gets its status and the connection goes on",
        arguments: [
            ("TRACE /v1/models", 405, "method_not_allowed"),
            ("PUT /v1/chat/completions", 405, "method_not_allowed"),
            ("PATCH /v1/embeddings", 405, "method_not_allowed"),
            ("DELETE /v1/completions", 405, "method_not_allowed"),
            ("BREW /v1/chat/completions", 501, "not_implemented"),
            ("CONNECT api.openai.com:443", 501, "not_implemented"),
        ])
    func refusesMethods(_ line: String, _ status: Int, _ code: String) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        let client = try gateway.connect()
        client.send(Wire.head(line + " HTTP/1.1"))
        let response = client.response()
        try gateway.trace().expectError(response, status, code)
        if status == 405 { #expect(response?.header("allow")?.contains("OPTIONS") == true) }
        client.send(Wire.chat())
        #expect(client.response()?.status == 200)
        #expect(upstream.requests.count == 1)
    }

    @Test(
        "OPTIONS is answered here with 204 and Allow",
        arguments: ["*", "/v1/chat/completions", "/v1/files"])
    func answersOptions(_ target: String) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        let response = try gateway.answer(to: Wire.head("OPTIONS \(target) HTTP/1.1"))
        #expect(response?.status == 204)
        #expect(response?.header("allow") != nil)
        #expect(response?.header("access-control-allow-origin") == nil)
        #expect(response?.header("content-length") == nil)
        #expect(upstream.connections == 0)
        try gateway.trace().expectShape(attempts: 0)
    }

    @Test func `an upgrade to a WebSocket gets 501 with a sentence`() throws {
        let gateway = try TestGateway(try FaultyUpstream.good())
        let response = try gateway.answer(
            to: Wire.get("/v1/realtime", ["Connection: Upgrade", "Upgrade: websocket"]))
        try gateway.trace().expectError(response, 501, "not_implemented")
    }

    @Test func `three requests in one packet are answered in their order`() throws {
        let upstream = try FaultyUpstream([
            .readRequest, .send(Wire.answer("1")), .readRequest, .send(Wire.answer("2")),
            .readRequest, .send(Wire.answer("3")), .readToEnd,
        ])
        let gateway = try TestGateway(upstream)
        let client = try gateway.connect()
        client.send(Wire.chat() + Wire.get("/v1/files") + Wire.chat())
        #expect((0..<3).map { _ in client.response()?.text } == ["1", "2", "3"])
        #expect(gateway.traces(3).map(\.attempts.count) == [1, 1, 1])
        #expect(upstream.connections == 1)
    }

    @Test func `a malformed second request is refused after the first was answered`() throws {
        let gateway = try TestGateway(try FaultyUpstream.good())
        let client = try gateway.connect()
        client.send(Wire.chat() + "GET / HTTP/1.1\r\n bad\r\n\r\n")
        #expect(client.response()?.status == 200)
        let second = client.response()
        let traces = gateway.traces(2)
        try #require(traces.count == 2)
        traces[1].expectError(second, 400, "invalid_request")
        client.finishSending()
        #expect(client.receiveAll().ending == .closed)
    }

    @Test func `a body that was refused unread is never taken for a request`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        let client = try gateway.connect()
        let smuggled = Wire.get("/v1/files")
        client.send(Wire.post("/v1/chat/completions", smuggled, ["Content-Type: text/plain"]))
        let response = client.response()
        try gateway.trace().expectError(response, 415, "unsupported_media_type")
        client.finishSending()
        #expect(client.receiveAll() == ("", .closed))
        #expect(upstream.connections == 0)
        #expect(gateway.hasNoFurtherTrace)
    }

    @Test func `an absolute target's authority wins and never chooses the upstream`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        let response = try gateway.answer(
            to: "GET http://evil.test:81/v1/files?x=1 HTTP/1.1\r\nHost: other.test\r\n\r\n")
        #expect(response?.status == 200)
        let request = try #require(upstream.requests.first)
        #expect(request.hasPrefix("GET /v1/files?x=1 HTTP/1.1\r\n"))
        #expect(request.contains("\r\nHost: \(upstream.address)\r\n"))
        let trace = try gateway.trace()
        #expect(trace.server["server.address"] == "evil.test")
        #expect(trace.server["server.port"] == "81")
    }

    @Test func `HTTP 1_0 is answered and closed, and kept open where it asks`() throws {
        let gateway = try TestGateway(try FaultyUpstream.good())
        let closing = try gateway.connect()
        closing.send("GET /v1/files HTTP/1.0\r\n\r\n")
        #expect(closing.response()?.status == 200)
        #expect(closing.receiveAll() == ("", .closed))
        let keeping = try gateway.connect()
        for _ in 0..<2 {
            keeping.send("GET /v1/files HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            let response = keeping.response()
            #expect(response?.status == 200)
            #expect(response?.header("connection") == "keep-alive")
        }
    }

    @Test(
        "a path that is a typed one in disguise, or leads out, is not found",
        arguments: [
            "/v1//chat/completions", "/v1/%63hat/completions", "/v1/chat/completions/",
            "/v1/chat/completions;x=1", "/v1/./chat/completions", "/v1/%2e%2e/admin",
            "/v1/../admin", "/v1/chat%2Fcompletions", "/v1/CHAT/completions", "/v2/files", "/",
            "/v1", "/v1/chat/completions#x",
        ])
    func refusesDisguises(_ path: String) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        let response = try gateway.answer(to: Wire.chat(path: path))
        try gateway.trace().expectError(response, 404, "not_found")
        #expect(upstream.connections == 0)
    }

    @Test func `queries go upstream as they are, on typed and relayed paths`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        let query = "?a=%2F%00&b=;&c=?&&d"
        _ = try gateway.answer(to: Wire.chat(path: "/chat/completions" + query))
        _ = try gateway.answer(to: Wire.get("/v1/files/a%20b" + query))
        #expect(upstream.requests.count == 2)
        #expect(upstream.requests[0].hasPrefix("POST /v1/chat/completions\(query) HTTP/1.1\r\n"))
        #expect(upstream.requests[1].hasPrefix("GET /v1/files/a%20b\(query) HTTP/1.1\r\n"))
    }

    @Test func `trailers are dropped`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        let response = try gateway.answer(
            to: Wire.head(
                "POST /v1/chat/completions HTTP/1.1",
                ["Content-Type: application/json", "Transfer-Encoding: chunked"])
                + Wire.chunk(Wire.chatBody) + "0\r\nContent-Length: 5\r\nHost: evil\r\n\r\n")
        #expect(response?.status == 200)
        let request = try #require(upstream.requests.first)
        #expect(!request.contains("evil"))
        #expect(request.contains("\r\nContent-Length: \(Wire.chatBody.utf8.count)\r\n"))
        #expect(request.hasSuffix("\r\n\r\n" + Wire.chatBody))
    }
}
