import Foundation
import GatewayTesting
import Testing

/// Rows D: streams of events, and how they end.
@Suite struct StreamTests {
    /// What a caller that asked for no usage is sent.
    private static let events = [
        Wire.event("Hel"), Wire.event("lo 漢"), Wire.finishEvent, Wire.doneEvent,
    ]

    private static func expectStreamEnd(
        _ gateway: TestGateway, _ errorType: String?, attempts: Int = 1,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> RecordedTrace {
        let trace = try gateway.trace(sourceLocation: sourceLocation)
        trace.expectShape(attempts: attempts, operations: 1, sourceLocation: sourceLocation)
        #expect(trace.attempts.last?.errorType == errorType, sourceLocation: sourceLocation)
        #expect(trace.operations.first?.errorType == errorType, sourceLocation: sourceLocation)
        #expect(
            trace.operations.first?["gen_ai.request.stream"] == "true",
            sourceLocation: sourceLocation)
        return trace
    }

    @Test func `each event reaches the client when it came, not later`() throws {
        let upstream = try FaultyUpstream([
            .readRequest, .send(Wire.streamHead + Wire.chunk(Wire.event("a"))), .waitForGate,
            .send(Wire.chunk(Wire.doneEvent) + Wire.lastChunk), .readToEnd,
        ])
        let gateway = try TestGateway(upstream)
        let client = try gateway.connect()
        client.send(Wire.chat(Wire.streamBodyWithUsage))
        #expect(client.receive(until: Wire.event("a")))
        upstream.open()
        let response = client.response()
        #expect(response?.text == Wire.event("a") + Wire.doneEvent)
        #expect(response?.header("content-type") == "text/event-stream")
        #expect(response?.header("x-accel-buffering") == "no")
        #expect(response?.header("x-trace-id") != nil)
        _ = try Self.expectStreamEnd(gateway, nil)
    }

    @Test func `the head of a stream leaves before its first event`() throws {
        let upstream = try FaultyUpstream([.readRequest, .send(Wire.streamHead), .readToEnd])
        let gateway = try TestGateway(upstream)
        let client = try gateway.connect()
        client.send(Wire.chat(Wire.streamBody))
        #expect(client.receive(until: "\r\n\r\n"))
    }

    @Test(
        "a stream cut into pieces anywhere arrives unchanged",
        arguments: [1, 2, 3, 7])
    func relaysAnySplit(_ size: Int) throws {
        let body =
            "\u{FEFF}: hi\r\nretry: 5\rid: a\0b\nevent: x\n\n"
            + Self.events[0].replacingOccurrences(of: "\n", with: "\r\n") + ": keep-alive\n\n"
            + #"data:{"choices":[{"index":0,"#
            + "\ndata: \"delta\":{\"content\":\"[DONE] é😀\"}}]}\r\r"
            + Wire.finishEvent + Wire.usageEvent + Wire.doneEvent + "data: [DONE]\n\ndata: no end"
        let upstream = try FaultyUpstream(Self.script(body, pieces: size))
        let gateway = try TestGateway(upstream)
        let response = try gateway.answer(to: Wire.chat(Wire.streamBodyWithUsage))
        #expect(response?.text == body)
        let trace = try Self.expectStreamEnd(gateway, nil)
        #expect(trace.operations[0]["gen_ai.usage.output_tokens"] == "3")
        #expect(trace.operations[0]["gen_ai.response.finish_reasons"] == "stop")
    }

    @Test(
        "the usage nobody asked for is taken out wherever the stream is cut",
        arguments: [1, 2, 3, 5, 64, 4096], ["\n", "\r\n", "\r"])
    func filtersAnySplit(_ size: Int, _ lineEnd: String) throws {
        func lines(_ events: [String]) -> String {
            events.joined().replacingOccurrences(of: "\n", with: lineEnd)
        }
        var sent = Self.events.map {
            $0.replacingOccurrences(of: "]}\n\n", with: #"],"usage":null}"# + "\n\n")
        }
        sent.insert(Wire.usageEvent, at: 3)
        let upstream = try FaultyUpstream(Self.script(lines(sent), pieces: size))
        let gateway = try TestGateway(upstream)
        let response = try gateway.answer(to: Wire.chat(Wire.streamBody))
        #expect(response?.text == lines(Self.events))
        #expect(response?.header("content-length") == nil)
        let request = try #require(upstream.requests.first)
        #expect(request.contains(#""stream_options":{"include_usage":true}"#))
        let trace = try Self.expectStreamEnd(gateway, nil)
        #expect(trace.operations[0]["gen_ai.usage.input_tokens"] == "9")
    }

    @Test func `usage that was asked for stays, and its request goes up as it came`() throws {
        let body = Self.events.dropLast().joined() + Wire.usageEvent + Wire.doneEvent
        let upstream = try FaultyUpstream(Self.script(body, pieces: 100))
        let gateway = try TestGateway(upstream)
        let response = try gateway.answer(to: Wire.chat(Wire.streamBodyWithUsage))
        #expect(response?.text == body)
        #expect(upstream.requests.first?.hasSuffix(Wire.streamBodyWithUsage) == true)
    }

    @Test func `an upstream that refuses the question for usage is asked again, and remembered`()
        throws
    {
        let refusal = Wire.answer(#"{"error":{"message":"stream_options?"}}"#, status: "400 No")
        let stream = Wire.streamHead + Self.events.map(Wire.chunk).joined() + Wire.lastChunk
        let upstream = try FaultyUpstream([
            .readRequest, .send(refusal), .readRequest, .send(stream), .readRequest,
            .send(stream), .readToEnd,
        ])
        let gateway = try TestGateway(upstream)
        let client = try gateway.connect()
        client.send(Wire.chat(Wire.streamBody))
        let response = client.response()
        #expect(response?.text == Self.events.joined())
        #expect(response?.header("x-martlet-attempts") == "2")
        let trace = try gateway.trace()
        trace.expectShape(attempts: 2, operations: 1)
        #expect(trace.attempts.map(\.errorType) == ["400", nil])
        #expect(trace.attempts[1]["http.request.resend_count"] == "1")
        #expect(trace.operations[0].errorType == nil)
        client.send(Wire.chat(Wire.streamBody))
        #expect(client.response()?.text == Self.events.joined())
        try gateway.trace().expectShape(attempts: 1, operations: 1)
        #expect(upstream.requests.map { $0.contains("include_usage") } == [true, false, false])
        #expect(upstream.requests[1].hasSuffix(Wire.streamBody))
    }

    @Test func `a refusal that nobody will see is not read for ever`() throws {
        let upstream = try FaultyUpstream(
            [
                .readRequest, .send("HTTP/1.1 400 No\r\nContent-Length: 999999999\r\n\r\n"),
                .sendBytes(1 << 20), .readToEnd,
            ],
            [
                .readRequest, .send(Wire.streamHead + Wire.chunk(Wire.doneEvent) + Wire.lastChunk),
                .readToEnd,
            ])
        let gateway = try TestGateway(upstream)
        let response = try gateway.answer(to: Wire.chat(Wire.streamBody))
        #expect(response?.text == Wire.doneEvent)
        #expect(upstream.waitForPeersToClose())
        try gateway.trace().expectShape(attempts: 2, operations: 1)
    }

    @Test func `a request that is wrong in itself gets its 400, and nothing is remembered`() throws
    {
        let refusal = Wire.answer(#"{"error":{"message":"bad model"}}"#, status: "400 No")
        let upstream = try FaultyUpstream.answering(refusal)
        let gateway = try TestGateway(upstream)
        for _ in 0..<2 {
            let response = try gateway.answer(to: Wire.chat(Wire.streamBody))
            #expect(response?.status == 400)
            #expect(response?.text == #"{"error":{"message":"bad model"}}"#)
            let trace = try gateway.trace()
            trace.expectShape(attempts: 2, operations: 1)
            #expect(trace.operations[0].errorType == "400")
            #expect(trace.server.status == .unset)
        }
    }

    @Test func `usage is not asked for where that is switched off`() throws {
        let upstream = try FaultyUpstream(Self.script(Self.events.joined(), pieces: 100))
        let gateway = try TestGateway(upstream, ["upstream.injectUsage": "false"])
        let response = try gateway.answer(to: Wire.chat(Wire.streamBody))
        #expect(response?.text == Self.events.joined())
        #expect(upstream.requests.first?.hasSuffix(Wire.streamBody) == true)
    }

    @Test(
        "a client that leaves in the middle of a stream cancels the upstream",
        arguments: [true, false])
    func cancelsOnLeaving(byReset: Bool) throws {
        let upstream = try FaultyUpstream([
            .readRequest, .send(Wire.streamHead + Wire.chunk(Wire.event("a"))), .readToEnd,
        ])
        let gateway = try TestGateway(upstream)
        let client = try gateway.connect()
        client.send(Wire.chat(Wire.streamBody))
        #expect(client.receive(until: Wire.event("a")))
        if byReset { client.reset() } else { client.close() }
        #expect(upstream.waitForPeersToClose())
        let trace = try Self.expectStreamEnd(gateway, "client_disconnected")
        #expect(trace.server.errorType == nil)
        #expect(trace.server.status == .unset)
        #expect(trace.server["martlet.client.disconnected"] == "true")
        #expect(trace.operations[0]["gen_ai.usage.output_tokens"] == nil)
    }

    @Test(
        "an upstream that breaks off in a stream ends it with an error event and no clean end",
        arguments: [
            Wire.event("a"), Wire.event("a") + "data: {\"id\"", Wire.event("a") + "data: x\n",
            ": comment", "",
        ], [true, false])
    func endsCutStreams(_ begun: String, byReset: Bool) throws {
        let last: [FaultyUpstream.Step] = byReset ? [.wait(milliseconds: 20), .reset] : []
        let upstream = try FaultyUpstream(
            [.readRequest, .send(Wire.streamHead + (begun.isEmpty ? "" : Wire.chunk(begun)))]
                + last)
        let gateway = try TestGateway(upstream)
        let client = try gateway.connect()
        client.send(Wire.chat(Wire.streamBodyWithUsage))
        let (text, ending) = client.receiveAll()
        #expect(ending != .timedOut)
        #expect(!text.contains("[DONE]"))
        #expect(!text.hasSuffix("\r\n" + Wire.lastChunk))
        let event = try #require(text.components(separatedBy: "data: ").last)
        #expect(event.contains("\n\n"))
        let error = GatewayErrorBody(text: String(event.prefix { $0 != "\n" }))
        let trace = try Self.expectStreamEnd(gateway, "upstream_cut")
        #expect(error?.code == "upstream_protocol_error")
        #expect(error?.traceID == trace.id)
        #expect(trace.server.errorType == "upstream_cut")
        #expect(trace.server.status == .error)
        // What was begun is closed, so that the event stands alone.
        #expect(text.contains("\n\ndata: {\"error\":") || text.contains("\r\ndata: {\"error\":"))
    }

    @Test func `a stream that stalls is cut after its idle time with an error event`() throws {
        let upstream = try FaultyUpstream([
            .readRequest, .send(Wire.streamHead + Wire.chunk(Wire.event("a"))), .readToEnd,
        ])
        let gateway = try TestGateway(upstream, ["timeouts.streamIdle": "700ms"])
        let client = try gateway.connect()
        client.send(Wire.chat(Wire.streamBody))
        let (text, _) = client.receiveAll()
        #expect(text.contains(#""code":"upstream_timeout""#))
        #expect(!text.hasSuffix("\r\n" + Wire.lastChunk))
        #expect(upstream.waitForPeersToClose())
        _ = try Self.expectStreamEnd(gateway, "upstream_idle_timeout")
    }

    @Test func `a stream that never ends is cut after the configured time`() throws {
        let upstream = try FaultyUpstream([
            .readRequest, .send(Wire.streamHead), .send(Wire.chunk(Wire.event("a"))),
            .wait(milliseconds: 300), .send(Wire.chunk(Wire.event("a"))),
            .wait(milliseconds: 300), .send(Wire.chunk(Wire.event("a"))),
            .wait(milliseconds: 300), .send(Wire.chunk(Wire.event("a"))), .readToEnd,
        ])
        let gateway = try TestGateway(upstream, ["limits.streamDurationMax": "1s"])
        let client = try gateway.connect()
        client.send(Wire.chat(Wire.streamBody))
        let (text, _) = client.receiveAll()
        #expect(text.contains(#""code":"upstream_timeout""#))
        _ = try Self.expectStreamEnd(gateway, "upstream_total_timeout")
    }

    @Test func `a slow client gets every byte, and the upstream waits for it`() throws {
        let size = 12_000_000
        let upstream = try FaultyUpstream([
            .readRequest, .send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n"),
            .sendBytes(size), .finish, .readToEnd,
        ])
        let gateway = try TestGateway(upstream)
        let client = try gateway.connect()
        client.send(Wire.get("/v1/files/1/content"))
        usleep(200_000)
        // Kernel buffers on two connections and what the gateway holds: far from all of it.
        #expect(gateway.hasNoFurtherTrace)
        let response = client.response(within: 30_000)
        #expect(response?.body == FaultyUpstream.pattern(size))
        try gateway.trace().expectShape(attempts: 1)
    }

    @Test func `a filtered stream to a slow client loses nothing either`() throws {
        let content = String(repeating: "w", count: 2000)
        let count = 3000
        let chunks = String(repeating: Wire.chunk(Wire.event(content)), count: count)
        let upstream = try FaultyUpstream([
            .readRequest, .send(Wire.streamHead + chunks),
            .send(Wire.chunk(Wire.usageEvent + Wire.doneEvent) + Wire.lastChunk), .readToEnd,
        ])
        let gateway = try TestGateway(upstream)
        let client = try gateway.connect()
        client.send(Wire.chat(Wire.streamBody))
        usleep(100_000)
        let response = client.response(within: 30_000)
        let expected = String(repeating: Wire.event(content), count: count) + Wire.doneEvent
        #expect(response?.text == expected)
        let trace = try Self.expectStreamEnd(gateway, nil)
        #expect(trace.operations[0]["gen_ai.usage.output_tokens"] == "3")
    }

    @Test func `a request that comes during a stream is answered after it, never mixed`() throws {
        let upstream = try FaultyUpstream(
            [
                .readRequest, .send(Wire.streamHead + Wire.chunk(Wire.event("a"))), .waitForGate,
                .send(Wire.chunk(Wire.doneEvent) + Wire.lastChunk), .readRequest,
                .send(Wire.answer("next")), .readToEnd,
            ])
        let gateway = try TestGateway(upstream)
        let client = try gateway.connect()
        client.send(Wire.chat(Wire.streamBodyWithUsage))
        #expect(client.receive(until: Wire.event("a")))
        client.send(Wire.get("/v1/files"))
        usleep(10_000)
        upstream.open()
        #expect(client.response()?.text == Wire.event("a") + Wire.doneEvent)
        #expect(client.response()?.text == "next")
        #expect(gateway.traces(2).map(\.attempts.count) == [1, 1])
    }

    @Test func `an error inside a stream passes unchanged and stands on the operation`() throws {
        let body =
            #"data: {"error":{"message":"Overloaded","type":"server_error","code":"x_y"}}"#
            + "\n\n"
        let upstream = try FaultyUpstream(Self.script(body, pieces: 20))
        let gateway = try TestGateway(upstream)
        #expect(try gateway.answer(to: Wire.chat(Wire.streamBody))?.text == body)
        let trace = try gateway.trace()
        trace.expectShape(attempts: 1, operations: 1)
        #expect(trace.operations[0].status == .error)
        #expect(trace.operations[0].errorType != nil)
        #expect(trace.attempts[0].errorType == nil)
    }

    @Test(
        "usage is read as it was sent, and a stream without an end marker is still whole",
        arguments: [
            ([Wire.usageEvent, Wire.finishEvent], "3"), ([Wire.finishEvent], nil),
            ([Wire.usageEvent, Wire.usageEvent, Wire.doneEvent, Wire.doneEvent], "3"),
            (
                [
                    Wire.usageEvent.replacingOccurrences(
                        of: #""completion_tokens":3"#, with: #""completion_tokens":0"#),
                    Wire.doneEvent,
                ], "0"
            ),
            ([#"data: {"choices":[]}"# + "\n\n", Wire.doneEvent, "data: more\n\n"], nil),
        ] as [([String], String?)])
    func readsUsage(_ events: [String], _ output: String?) throws {
        let body = Wire.event("a") + events.joined()
        let upstream = try FaultyUpstream(Self.script(body, pieces: 50))
        let gateway = try TestGateway(upstream)
        #expect(try gateway.answer(to: Wire.chat(Wire.streamBodyWithUsage))?.text == body)
        let trace = try Self.expectStreamEnd(gateway, nil)
        #expect(trace.operations[0]["gen_ai.usage.output_tokens"] == output)
    }

    @Test func `an event of 16 MiB is relayed whole`() throws {
        let event = "data: {\"x\":\"" + String(repeating: "y", count: 16 << 20) + "\"}\n\n"
        let upstream = try FaultyUpstream([
            .readRequest, .send(Wire.streamHead + Wire.chunk(event)),
            .send(Wire.chunk(Wire.usageEvent) + Wire.chunk(Wire.doneEvent) + Wire.lastChunk),
            .readToEnd,
        ])
        let gateway = try TestGateway(upstream)
        let client = try gateway.connect()
        client.send(Wire.chat(Wire.streamBodyWithUsage))
        let response = client.response(within: 30_000)
        #expect(response?.body.count == (event + Wire.usageEvent + Wire.doneEvent).utf8.count)
        _ = try Self.expectStreamEnd(gateway, nil)
    }

    @Test func `a client that wants no stream and an upstream that sends one anyway get along`()
        throws
    {
        let body = Self.events.joined()
        let upstream = try FaultyUpstream(Self.script(body, pieces: 100))
        let gateway = try TestGateway(upstream)
        #expect(try gateway.answer(to: Wire.chat())?.text == body)
        try gateway.trace().expectShape(attempts: 1, operations: 1)
        let plain = try TestGateway(try FaultyUpstream.good())
        #expect(try plain.answer(to: Wire.chat(Wire.streamBody))?.text == Wire.completion)
        let trace = try plain.trace()
        trace.expectShape(attempts: 1, operations: 1)
        #expect(trace.operations[0]["gen_ai.usage.output_tokens"] == "3")
    }

    /// Sends `body` in chunks of so many bytes, each flushed on its own for the small ones.
    private static func script(_ body: String, pieces size: Int) -> [FaultyUpstream.Step] {
        var steps: [FaultyUpstream.Step] = [.readRequest, .send(streamHead)]
        let bytes = Array(body.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = Array(bytes[start..<min(start + size, bytes.count)])
            steps.append(
                .sendRaw(Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + [13, 10]))
        }
        return steps + [.send(Wire.lastChunk), .again]
    }

    private static let streamHead = Wire.streamHead
}
