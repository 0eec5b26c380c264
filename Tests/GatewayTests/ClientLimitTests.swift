import Foundation
import GatewayTesting
import Testing

/// Rows A9, A10, A16 to A22: what a client may cost, in time and in size.
@Suite struct ClientLimitTests {
    private static let typedHead =
        "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\n"
        + "Content-Type: application/json\r\n"

    @Test(
        "a request that stops half-way gets 408 and is closed",
        arguments: [
            "GET /v1/models HT",
            "GET /v1/models HTTP/1.1\r\nHost: h\r\ntraceparent: 00-",
            typedHead + "Content-Length: 10\r\n\r\n{",
            typedHead + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n",
            "POST /v1/files HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n{",
        ])
    func timesOut(_ request: String) throws {
        let upstream = try FaultyUpstream([.readRequest, .readToEnd])
        let gateway = try TestGateway(
            upstream, ["timeouts.header": "700ms", "timeouts.bodyIdle": "700ms"])
        let client = try gateway.connect()
        client.send(request)
        let response = client.response()
        let trace = try gateway.trace()
        let isRelayed = request.contains("/v1/files")
        trace.expectError(
            response, 408, "request_timeout",
            attempts: isRelayed ? ["client_disconnected"] : [])
        #expect(response?.header("connection") == "close")
        client.finishSending()
        #expect(client.receiveAll() == ("", .closed))
    }

    @Test func `a header that comes a byte at a time runs into its time limit`() throws {
        let gateway = try TestGateway(
            try FaultyUpstream.good(), ["timeouts.header": "100ms"])
        let client = try gateway.connect()
        client.send("GET /v1/models HTTP/1.1\r\nHost: gateway.test\r\nX: ")
        // Bytes keep coming until it answers, which it would never do if each gave it more time.
        let start = Date()
        while client.ending == nil, !client.receive(within: 20) {
            guard client.send("y"), Date().timeIntervalSince(start) < 30 else { break }
        }
        let response = client.response()
        try gateway.trace().expectError(response, 408, "request_timeout")
    }

    @Test func `a connection that says nothing is closed without a word or a trace`() throws {
        let gateway = try TestGateway(
            try FaultyUpstream.good(), ["timeouts.keepAliveIdle": "700ms"])
        #expect(try gateway.connect().receiveAll() == ("", .closed))
        let second = try gateway.connect()
        second.send(Wire.chat())
        #expect(second.response()?.status == 200)
        #expect(second.receiveAll() == ("", .closed))
        #expect(gateway.traces(1).count == 1)
        #expect(gateway.hasNoFurtherTrace)
    }

    @Test(
        "100-continue is answered once the body is wanted",
        arguments: ["/v1/chat/completions", "/v1/files"])
    func answersExpect(_ path: String) throws {
        let gateway = try TestGateway(try FaultyUpstream.good())
        let client = try gateway.connect()
        client.send(
            Wire.head(
                "POST \(path) HTTP/1.1",
                [
                    "Content-Type: application/json", "Expect: 100-continue",
                    "Content-Length: \(Wire.chatBody.utf8.count)",
                ]))
        #expect(client.response()?.status == 100)
        client.send(Wire.chatBody)
        #expect(client.response()?.status == 200)
        try gateway.trace().expectShape(attempts: 1)
    }

    @Test(
        "a body over the limit gets 413 before it is read",
        arguments: [
            "Content-Length: 1025\r\n\r\n", "Expect: 100-continue\r\nContent-Length: 1025\r\n\r\n",
            "Transfer-Encoding: chunked\r\n\r\n401\r\n",
        ])
    func refusesLargeBodies(_ rest: String) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream, ["limits.bodyBytesMax": "1024"])
        let client = try gateway.connect()
        client.send(Self.typedHead + rest)
        let response = client.response()
        try gateway.trace().expectError(response, 413, "payload_too_large")
        #expect(response?.header("connection") == "close")
        #expect(upstream.connections == 0)
    }

    @Test func `a chunked body is refused at the chunk that goes beyond the limit`() throws {
        let gateway = try TestGateway(
            try FaultyUpstream.good(), ["limits.bodyBytesMax": "1024"])
        let client = try gateway.connect()
        client.send(Self.typedHead + "Transfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<1025 { client.send(Wire.chunk("x")) }
        let response = client.response()
        try gateway.trace().expectError(response, 413, "payload_too_large")
    }

    @Test func `a passed-on body over its limit gets 413 and takes the attempt down`() throws {
        let upstream = try FaultyUpstream([.readRequest, .readToEnd])
        let gateway = try TestGateway(upstream, ["limits.passThroughBodyBytesMax": "1024"])
        let client = try gateway.connect()
        client.send(Wire.head("POST /v1/files HTTP/1.1", ["Transfer-Encoding: chunked"]))
        for _ in 0..<5 { client.send(Wire.chunk(String(repeating: "x", count: 256))) }
        let response = client.response()
        try gateway.trace().expectError(
            response, 413, "payload_too_large", attempts: ["client_disconnected"])
        #expect(upstream.waitForPeersToClose())
    }

    @Test func `a client still sends after its refusal and reads the answer`() throws {
        let gateway = try TestGateway(
            try FaultyUpstream.good(), ["limits.bodyBytesMax": "1024"])
        let client = try gateway.connect()
        client.send(Self.typedHead + "Content-Length: 300000\r\n\r\n")
        for _ in 0..<30 {
            #expect(client.send([UInt8](repeating: 0x20, count: 10_000)))
            usleep(1000)
        }
        #expect(client.response()?.status == 413)
        client.finishSending()
        #expect(client.receiveAll() == ("", .closed))
    }

    @Test(
        "a client that leaves during its request cancels the upstream",
        arguments: [true, false])
    func noticesLeaving(byReset: Bool) throws {
        let upstream = try FaultyUpstream([.readRequest, .readToEnd])
        let gateway = try TestGateway(upstream)
        let client = try gateway.connect()
        client.send(Wire.chat())
        _ = upstream.journal.wait(for: 2)
        if byReset { client.reset() } else { client.finishSending() }
        #expect(upstream.waitForPeersToClose())
        let trace = try gateway.trace()
        trace.expectShape(attempts: 1, operations: 1)
        #expect(trace.attempts[0].errorType == "client_disconnected")
        #expect(trace.operations[0].errorType == "client_disconnected")
        #expect(trace.server.status == .unset)
        #expect(trace.server.errorType == nil)
        #expect(trace.server["martlet.client.disconnected"] == "true")
        #expect(trace.server["http.response.status_code"] == "499")
    }

    @Test func `a half-closed client is served where that is asked for`() throws {
        let upstream = try FaultyUpstream([
            .readRequest, .wait(milliseconds: 50), .send(Wire.answer()), .readToEnd,
        ])
        let gateway = try TestGateway(upstream, ["listener.halfClose": "answer"])
        let client = try gateway.connect()
        client.send(Wire.chat())
        client.finishSending()
        #expect(client.response()?.text == Wire.completion)
        #expect(client.receiveAll() == ("", .closed))
        try gateway.trace().expectShape(attempts: 1, operations: 1)
    }

    @Test(
        "a client that leaves inside its request's body leaves no attempt behind",
        arguments: [true, false])
    func noticesLeavingInBody(byReset: Bool) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        let client = try gateway.connect()
        client.send(Self.typedHead + "Content-Length: 10\r\n\r\n{")
        usleep(20_000)
        if byReset { client.reset() } else { client.finishSending() }
        let trace = try gateway.trace()
        trace.expectShape(attempts: 0)
        #expect(trace.server["martlet.client.disconnected"] == "true")
        #expect(upstream.connections == 0)
    }

    @Test func `more pipelined bytes than may wait close the connection`() throws {
        let upstream = try FaultyUpstream([.readRequest, .readToEnd])
        let gateway = try TestGateway(upstream)
        let client = try gateway.connect()
        client.send(Wire.chat())
        _ = upstream.journal.wait(for: 2)
        let next = Wire.get("/v1/files")
        client.send(String(repeating: next, count: (80 << 10) / next.utf8.count))
        #expect(client.receiveAll().ending != .timedOut)
        #expect(upstream.waitForPeersToClose())
        let trace = try gateway.trace()
        #expect(trace.attempts.map(\.errorType) == ["client_disconnected"])
        #expect(gateway.hasNoFurtherTrace)
    }

    @Test func `a client that stops reading is cut and its upstream cancelled`() throws {
        let upstream = try FaultyUpstream([
            .readRequest,
            .send("HTTP/1.1 200 OK\r\nContent-Length: 30000000\r\n\r\n"),
            .sendBytes(8_000_000), .readToEnd,
        ])
        let gateway = try TestGateway(upstream, ["timeouts.writeStall": "150ms"])
        let client = try gateway.connect()
        client.limitReceiveBuffer(to: 4096)
        client.send(Wire.get("/v1/files/1/content"))
        let trace = try gateway.trace()
        trace.expectShape(attempts: 1)
        #expect(trace.attempts[0].errorType == "client_disconnected")
        #expect(trace.server["martlet.client.disconnected"] == "true")
        #expect(client.receiveAll().ending == .reset)
    }

    @Test(
        "a client whose reset comes together with its request leaves nothing running",
        arguments: [Wire.chat(), Wire.chat(Wire.streamBody), Wire.post("/v1/files", "abc")])
    func noticesEarlyResets(_ request: String) throws {
        let upstream = try FaultyUpstream([.readRequest, .readToEnd])
        let gateway = try TestGateway(upstream)
        for _ in 0..<20 {
            let client = try gateway.connect()
            client.send(request)
            client.reset()
        }
        let traces = gateway.traces(20)
        #expect(traces.count == 20)
        for trace in traces { #expect(trace.server.status == .unset) }
    }
}
