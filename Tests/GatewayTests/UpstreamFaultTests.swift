import Foundation
import GatewayTesting
import Testing

/// Rows C1 to C4: upstreams that give no answer or half of one, and what is seen of it.
@Suite struct UpstreamFaultTests {
    /// A port that nobody listens on.
    private static func refusingURL() throws -> String {
        let upstream = try FaultyUpstream([.readToEnd])
        upstream.stopListening()
        return upstream.url("/v1")
    }

    @Test func `a refused connection is 502`() throws {
        let gateway = try TestGateway(try Self.refusingURL())
        let client = try gateway.connect()
        for _ in 0..<2 {
            client.send(Wire.chat())
            let response = client.response()
            let trace = try gateway.trace()
            trace.expectError(
                response, 502, "upstream_connect_error", attempts: ["upstream_connect_error"])
            trace.expectShape(attempts: 1, operations: 1)
            #expect(trace.operations.first?.errorType == "upstream_connect_error")
            #expect(trace.operations.first?.status == .error)
            #expect(response?.header("x-martlet-attempts") == "1")
        }
    }

    @Test func `a name that does not exist is 502 with a type of its own`() throws {
        let gateway = try TestGateway("http://nowhere.invalid/v1", ["timeouts.connect": "20s"])
        let response = try gateway.answer(to: Wire.chat(), within: 6000)
        try gateway.trace().expectError(
            response, 502, "upstream_connect_error", attempts: ["upstream_resolve_error"])
    }

    @Test func `an upstream that speaks no TLS where it is wanted is 502`() throws {
        let upstream = try FaultyUpstream([.send("HTTP/1.1 400 No\r\n\r\n")])
        let url = upstream.url("/v1").replacingOccurrences(of: "http:", with: "https:")
        let gateway = try TestGateway(url)
        let response = try gateway.answer(to: Wire.chat())
        try gateway.trace().expectError(
            response, 502, "upstream_connect_error", attempts: ["upstream_tls_error"])
    }

    @Test(
        "a TLS handshake that does not end runs into the connect time-out")
    func timesOutConnecting() throws {
        let upstream = try FaultyUpstream([.readToEnd])
        let url = upstream.url("/v1").replacingOccurrences(of: "http:", with: "https:")
        let gateway = try TestGateway(url, ["timeouts.connect": "500ms"])
        let response = try gateway.answer(to: Wire.chat())
        try gateway.trace().expectError(
            response, 504, "upstream_timeout", attempts: ["upstream_connect_timeout"])
    }

    @Test(
        "an upstream that ends before its answer's head is 502, asked once",
        arguments: [
            ([.readRequest], "upstream_closed"), ([.readRequest, .reset], "upstream_closed"),
            ([.readRequest, .send("HTTP/1.1 200 OK\r\n")], "upstream_cut"),
            (
                [.readRequest, .send("HTTP/1.1 200 OK\r\n"), .wait(milliseconds: 20), .reset],
                "upstream_cut"
            ),
        ] as [([FaultyUpstream.Step], String)])
    func closesBeforeHead(_ script: [FaultyUpstream.Step], _ type: String) throws {
        let upstream = try FaultyUpstream(script)
        let gateway = try TestGateway(upstream)
        let response = try gateway.answer(to: Wire.chat())
        let trace = try gateway.trace()
        trace.expectError(
            response, 502, "upstream_protocol_error", attempts: [type])
        #expect(trace.operations.first?.errorType == type)
        #expect(upstream.requests.count == 1)
    }

    @Test(
        "an answer that breaks off after its head is cut, not ended",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"a\"\r\n",
        ], [true, false])
    func cutsAnswers(_ answer: String, byReset: Bool) throws {
        // A moment for the head to arrive before the end does.
        let last: [FaultyUpstream.Step] = byReset ? [.wait(milliseconds: 20), .reset] : []
        let upstream = try FaultyUpstream([.readRequest, .send(answer)] + last)
        let gateway = try TestGateway(upstream)
        let client = try gateway.connect()
        client.send(Wire.chat())
        let (text, ending) = client.receiveAll()
        #expect(ending != .timedOut)
        #expect(text.hasPrefix("HTTP/1.1 200 "))
        #expect(!text.hasSuffix("\r\n" + Wire.lastChunk))
        let trace = try gateway.trace()
        trace.expectShape(attempts: 1, operations: 1)
        #expect(trace.attempts[0].errorType == "upstream_cut")
        #expect(trace.operations[0].errorType == "upstream_cut")
        #expect(trace.server.errorType == "upstream_cut")
        #expect(upstream.requests.count == 1)
    }

    @Test(
        "a stream of events with a length gets its error event too when it is cut",
        arguments: [Wire.streamBody, Wire.streamBodyWithUsage, Wire.chatBody])
    func cutsStreamsOfKnownLength(_ body: String) throws {
        let event = Wire.event("Hel")
        let upstream = try FaultyUpstream(
            [
                .readRequest,
                .send(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                        + "Content-Length: \(event.utf8.count + 10)\r\n\r\n" + event),
            ], [.readRequest, .send(Wire.answer()), .again])
        let gateway = try TestGateway(upstream)
        let client = try gateway.connect()
        client.send(Wire.chat(body))
        let (text, ending) = client.receiveAll()
        #expect(ending != .timedOut)
        #expect(text.contains("Hel") && text.contains("upstream_protocol_error"))
        #expect(!text.hasSuffix("0\r\n\r\n"))
        #expect(try gateway.answer(to: Wire.chat())?.status == 200)
    }

    @Test func `an answer without a length ends with its connection`() throws {
        let upstream = try FaultyUpstream([
            .readRequest, .send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"),
            .send(Wire.completion),
        ])
        let gateway = try TestGateway(upstream)
        #expect(try gateway.answer(to: Wire.chat())?.text == Wire.completion)
        let trace = try gateway.trace()
        trace.expectShape(attempts: 1, operations: 1)
        #expect(trace.operations[0]["gen_ai.usage.input_tokens"] == "9")
    }

    @Test(
        "a kept connection that the upstream closed costs one more attempt, which is visible",
        arguments: [false, true])
    func repeatsOnStaleConnections(byReset: Bool) throws {
        let stale: [FaultyUpstream.Step] = [.readRequest, .send(Wire.answer()), .readRequest]
        let upstream = try FaultyUpstream(
            stale + (byReset ? [.reset] : []), [.readRequest, .send(Wire.answer()), .again])
        let gateway = try TestGateway(upstream)
        #expect(try gateway.answer(to: Wire.chat())?.status == 200)
        try gateway.trace().expectShape(attempts: 1, operations: 1)
        let response = try gateway.answer(to: Wire.chat())
        #expect(response?.status == 200)
        #expect(response?.header("x-martlet-attempts") == "2")
        #expect(response?.header("x-portkey-retry-attempt-count") == "1")
        let trace = try gateway.trace()
        trace.expectShape(attempts: 2, operations: 1)
        #expect(trace.attempts.map(\.errorType) == ["upstream_closed", nil])
        #expect(trace.attempts.map { $0["http.request.resend_count"] } == [nil, "1"])
        #expect(trace.server.errorType == nil)
        // Each attempt went out under its own id.
        let parents = upstream.requests.suffix(2).map { traceparent(of: $0)?.parent }
        #expect(parents == trace.attempts.map(\.id))
    }

    @Test func `a second connection that ends without an answer is 502, not a third attempt`()
        throws
    {
        let upstream = try FaultyUpstream(
            [.readRequest, .send(Wire.answer()), .readRequest], [.readRequest])
        let gateway = try TestGateway(upstream)
        #expect(try gateway.answer(to: Wire.chat())?.status == 200)
        _ = try gateway.trace()
        let response = try gateway.answer(to: Wire.chat())
        try gateway.trace().expectError(
            response, 502, "upstream_protocol_error",
            attempts: ["upstream_closed", "upstream_closed"])
        #expect(upstream.requests.count <= 3)
    }

    @Test(
        "nothing is repeated once an answer began on a kept connection",
        arguments: [
            ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12", false),
            ("HTTP/1.1 200 OK\r\nX: 1", true), ("HTTP/1.1 200 OK\r\nX: 1\r\n", false),
            ("HTTP/1.1 103 Early\r\n\r\n", true), ("HTTP/1.1 103 Early\r\n\r\n", false),
        ])
    func neverRepeatsBegunAnswers(_ begun: String, byReset: Bool) throws {
        let upstream = try FaultyUpstream(
            [.readRequest, .send(Wire.answer()), .readRequest, .send(begun)]
                + (byReset ? [.wait(milliseconds: 20), .reset] : []),
            [.readRequest, .send(Wire.answer())])
        let gateway = try TestGateway(upstream)
        _ = try gateway.answer(to: Wire.chat())
        _ = try gateway.trace()
        let client = try gateway.connect()
        client.send(Wire.chat())
        #expect(client.receive())
        let trace = try gateway.trace()
        trace.expectShape(attempts: 1, operations: 1)
        #expect(trace.attempts[0].errorType == "upstream_cut")
        #expect(upstream.requests.count == 2)
    }

    @Test func `an upload that was streamed is not repeated`() throws {
        let upstream = try FaultyUpstream([
            .readRequest, .send(Wire.answer()), .readRequest, .reset,
        ])
        let gateway = try TestGateway(upstream)
        #expect(try gateway.answer(to: Wire.post("/v1/files", "abc"))?.status == 200)
        _ = try gateway.trace()
        let response = try gateway.answer(to: Wire.post("/v1/files", "abc"))
        try gateway.trace().expectError(
            response, 502, "upstream_protocol_error", attempts: ["upstream_closed"])
        #expect(upstream.requests.count == 2)
    }

    @Test func `an upstream that never answers is 504 and its connection is closed`() throws {
        let upstream = try FaultyUpstream([.readRequest, .readToEnd])
        let gateway = try TestGateway(upstream, ["timeouts.firstByte": "700ms"])
        let client = try gateway.connect()
        client.send(Wire.chat())
        let response = client.response()
        let trace = try gateway.trace()
        trace.expectError(
            response, 504, "upstream_timeout", attempts: ["upstream_first_byte_timeout"])
        #expect(upstream.waitForPeersToClose())
        #expect(response?.header("connection") == nil)
    }

    @Test func `an answer that stops in the middle is cut after the idle time`() throws {
        let upstream = try FaultyUpstream([
            .readRequest, .send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12"), .readToEnd,
        ])
        let gateway = try TestGateway(upstream, ["timeouts.streamIdle": "700ms"])
        let client = try gateway.connect()
        client.send(Wire.chat())
        let (text, ending) = client.receiveAll()
        #expect(text.hasSuffix("\r\n\r\n12"))
        #expect(ending != .timedOut)
        let trace = try gateway.trace()
        trace.expectShape(attempts: 1, operations: 1)
        #expect(trace.attempts[0].errorType == "upstream_idle_timeout")
        #expect(upstream.waitForPeersToClose())
    }

    @Test func `a call that takes longer than allowed in all is 504`() throws {
        let upstream = try FaultyUpstream([.readRequest, .readToEnd])
        let gateway = try TestGateway(upstream, ["timeouts.total": "700ms"])
        let response = try gateway.answer(to: Wire.chat())
        try gateway.trace().expectError(
            response, 504, "upstream_timeout", attempts: ["upstream_total_timeout"])
    }
}

/// The context a request went upstream with.
func traceparent(of request: String) -> (
    version: String, trace: String, parent: String, flags: String
)? {
    let name = "\r\ntraceparent: "
    guard let start = request.range(of: name, options: .caseInsensitive) else { return nil }
    let line = request[start.upperBound...].prefix { $0 != "\r\n" && $0 != "\r" }
    let parts = line.split(separator: "-").map { String($0) }
    guard parts.count == 4 else { return nil }
    return (parts[0], parts[1], parts[2], parts[3])
}
