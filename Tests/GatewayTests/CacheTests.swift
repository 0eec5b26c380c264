import Foundation
import GatewayTesting
import Testing

/// Answers that are given again, from memory.
@Suite struct CacheTests {
    static let settings = ["cache.store": "memory"]
    static let key = ["Authorization: Bearer sk-one"]

    static func body(_ model: String = "mock-gpt", _ more: String = "") -> String {
        #"{"model":"\#(model)","messages":[{"role":"user","content":"What is it?"}]\#(more)}"#
    }

    static let stream = #","stream":true"#
    static let streamWithUsage = #","stream":true,"stream_options":{"include_usage":true}"#

    private func send(
        _ gateway: TestGateway, _ body: String = body(), _ fields: [String] = key,
        path: String = "/v1/chat/completions"
    ) throws -> RawClient.Response {
        try #require(try gateway.answer(to: Wire.chat(body, path: path, fields)))
    }

    @Test func `without a store nothing is kept`() throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url)
        for _ in 0..<2 {
            let response = try send(gateway)
            #expect(response.header("x-martlet-cache") == "off")
            #expect(response.header("x-portkey-cache-status") == "DISABLED")
        }
        #expect(upstream.count == 2)
    }

    @Test func `an equal call is answered from memory, and its span links to the first`() throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, Self.settings)
        let first = try send(gateway)
        #expect(first.header("x-martlet-cache") == "miss")
        #expect(first.header("x-portkey-cache-status") == "MISS")
        let made = try gateway.trace()
        let second = try send(gateway)
        #expect(upstream.count == 1)
        #expect(second.status == 200)
        #expect(second.body == first.body)
        #expect(second.header("x-martlet-cache") == "hit")
        #expect(second.header("x-portkey-cache-status") == "HIT")
        #expect(second.header("content-type") == "application/json")
        #expect(second.header("x-martlet-attempts") == "0")
        #expect(Int(second.header("age") ?? "") != nil)
        #expect(second.header("server-timing")?.contains("cache;dur=") == true)

        #expect(made.spans.map(\.name).contains("cache.store"))
        let trace = try gateway.trace()
        let lookup = try #require(trace.spans.first { $0.name == "cache.lookup" })
        #expect(lookup["cache.hit"] == "true")
        #expect(lookup["cache.key"]?.count == 32)
        #expect(lookup["martlet.cache.status"] == "hit")
        #expect(lookup["martlet.cache.store"] == "memory")
        #expect(lookup["martlet.cache.origin.trace_id"] == made.id)
        let operation = try #require(trace.operations.first)
        #expect(operation.name == "chat mock-gpt")
        #expect(operation.kind == .internal)
        #expect(operation["martlet.cache.status"] == "hit")
        #expect(
            operation["gen_ai.response.model"] == made.operations[0]["gen_ai.response.model"])
        #expect(operation["gen_ai.usage.input_tokens"] == nil)
        #expect(operation["gen_ai.usage.output_tokens"] == nil)
        #expect(
            operation["martlet.cache.saved.input_tokens"]
                == made.operations[0]["gen_ai.usage.input_tokens"])
        #expect(
            operation["martlet.cache.saved.output_tokens"]
                == made.operations[0]["gen_ai.usage.output_tokens"])
        #expect(operation.links.map { "\($0.context.spanID)" } == [made.operations[0].id])
        #expect(operation.links.map { "\($0.context.traceID)" } == [made.id])
        #expect(trace.attempts.isEmpty)
        #expect(trace.server["martlet.cache.status"] == "hit")
    }

    @Test(arguments: [
        (["Authorization: Bearer sk-one", "Cache-Control: no-store"], "asked"),
        ([], "no_credential"),
    ])
    func `a call that passes the cache by says why`(fields: [String], reason: String) throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, Self.settings)
        #expect(try send(gateway, Self.body(), fields).header("x-martlet-cache") == "bypass")
        let trace = try gateway.trace()
        #expect(trace.server["martlet.cache.reason"] == reason)
        #expect(trace.operations[0]["martlet.cache.reason"] == reason)
    }

    @Test func `the debug pages lead from a hit to the call that made its answer`() throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, Self.settings)
        for _ in 0..<2 { _ = try send(gateway) }
        let traces = gateway.traces(2)
        let (made, hit) = (try #require(traces.first), try #require(traces.last))
        let operation = made.operations[0].id
        func page(_ accept: String) throws -> String {
            let path = "/debug/traces/\(hit.id)"
            let request =
                "GET \(path) HTTP/1.1\r\nHost: localhost\r\nAccept: \(accept)\r\n\r\n"
            return try #require(try gateway.answer(to: request)).text
        }
        let link = #"{"trace_id":"\#(made.id)","span_id":"\#(operation)"}"#
        #expect(try page("application/json").contains("\"links\":[\(link)]"))
        let html = try page("text/html")
        #expect(html.contains("<a href=\"/debug/traces/\(made.id)\">"))
        #expect(html.contains(operation))
    }

    @Test func `a client that asks for hits and reads none is given up`() throws {
        let text = String(repeating: "x", count: 12_000)
        let answer = Wire.completion.replacing(#""content":""#, with: #""content":"\#(text)"#)
        let upstream = try FaultyUpstream([.readRequest, .send(Wire.answer(answer)), .again])
        let gateway = try TestGateway(
            upstream, Self.settings.merging(["timeouts.writeStall": "1s"]) { $1 })
        let client = try gateway.connect()
        var sent = 0
        // Sooner or later the kernel takes no more, and the next request is not begun.
        repeat {
            client.send(Wire.chat(Self.body(), Self.key))
            sent += 1
        } while sent < 5_000 && gateway.traces(1, within: 1).count == 1
        #expect(sent > 10 && sent < 5_000)
        let isGone = ProcessUse.wait {
            (try? Exposition(gateway).value("martlet_client_disconnects_total")) == 1
        }
        #expect(isGone)
        var isOpen = true
        while isOpen { isOpen = client.receive() }
        #expect(client.ending == .reset)
    }

    @Test func `one entry serves both shapes, whichever came first`() throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, Self.settings)
        let plain = try send(gateway, Self.body("mock-gpt"))
        let replayed = try send(gateway, Self.body("mock-gpt", Self.streamWithUsage))
        #expect(replayed.header("x-martlet-cache") == "hit")
        #expect(replayed.header("content-type")?.hasPrefix("text/event-stream") == true)
        #expect(replayed.text.hasSuffix("data: [DONE]\n\n"))
        #expect(replayed.text.contains(#""usage":{"#))
        let unasked = try send(gateway, Self.body("mock-gpt", Self.stream))
        #expect(unasked.header("x-martlet-cache") == "hit")
        #expect(!unasked.text.contains(#""usage""#))
        #expect(upstream.count == 1)

        let other = try TestGateway(upstream.url, Self.settings)
        let live = try send(other, Self.body("mock-gpt", Self.stream))
        #expect(live.header("x-martlet-cache") == "miss")
        let assembled = try send(other, Self.body("mock-gpt"))
        #expect(assembled.header("x-martlet-cache") == "hit")
        #expect(try message(assembled) == message(plain))
        #expect(try usage(assembled) == usage(plain))
        #expect(upstream.count == 2)
    }

    private func object(_ response: RawClient.Response) throws -> [String: Any] {
        let body = Data(response.body)
        return try #require(JSONSerialization.jsonObject(with: body) as? [String: Any])
    }

    private func message(_ response: RawClient.Response) throws -> String? {
        let choices = try object(response)["choices"] as? [[String: Any]]
        return (choices?.first?["message"] as? [String: Any])?["content"] as? String
    }

    private func usage(_ response: RawClient.Response) throws -> [String: Int]? {
        (try object(response)["usage"] as? [String: Any])?.compactMapValues { $0 as? Int }
    }

    @Test(
        "what is not a whole answer is not kept",
        arguments: [
            ("mock-status-429", ""), ("mock-status-500", ""), ("mock-cut", stream),
            ("mock-cut", ""), ("mock-stream-error", stream), ("mock-html", ""),
        ])
    func keepsWholeAnswersAlone(_ model: String, _ more: String) throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, Self.settings)
        for _ in 0..<2 {
            let client = try gateway.connect()
            client.send(
                Wire.chat(Self.body(model, more), Self.key + ["Connection: close"]))
            #expect(client.receiveAll().text.contains("x-martlet-cache: miss"))
        }
        #expect(upstream.count == 2)
    }

    @Test func `callers with other credentials, or none, share nothing`() throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, Self.settings)
        let others = [
            ["Authorization: Bearer sk-one"], ["Authorization: Bearer sk-two"],
            ["api-key: sk-one"],
            ["Authorization: Bearer sk-one", "OpenAI-Organization: org-1"],
            ["Authorization: Bearer sk-one", "OpenAI-Project: p"],
            ["Authorization: Bearer sk-one", "x-portkey-cache-namespace: n"],
        ]
        for fields in others {
            #expect(try send(gateway, Self.body(), fields).header("x-martlet-cache") == "miss")
        }
        for fields in others {
            #expect(try send(gateway, Self.body(), fields).header("x-martlet-cache") == "hit")
        }
        for _ in 0..<2 {
            #expect(try send(gateway, Self.body(), []).header("x-martlet-cache") == "bypass")
        }
        #expect(upstream.count == others.count + 2)
    }

    @Test func `callers say whether an answer is looked up and kept`() throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, Self.settings)
        func status(_ fields: [String], _ more: String = "") throws -> String? {
            try send(gateway, Self.body("mock-gpt", more), Self.key + fields)
                .header("x-martlet-cache")
        }
        #expect(try status(["Cache-Control: no-store"]) == "bypass")
        #expect(try status([]) == "miss")
        #expect(try status(["Cache-Control: no-store"]) == "bypass")
        #expect(try status([]) == "hit")
        #expect(try status(["Cache-Control: no-cache"]) == "refresh")
        #expect(try status(["x-portkey-cache-force-refresh: true"]) == "refresh")
        let unaged = try status(["Cache-Control: max-age=0"])
        #expect(unaged == "refresh")
        #expect(try status(["Cache-Control: max-age=3600"]) == "hit")
        #expect(try status([], #","cache":{"no-cache":true}"#) == "refresh")
        #expect(!upstream.lastBody.contains("cache"))
        #expect(try status([], #","cache":{"namespace":"n"}"#) == "miss")
        #expect(try status(["x-portkey-cache-namespace: n"]) == "hit")
    }

    @Test func `a time to live outside of the bounds is clamped, and said`() throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, Self.settings)
        let response = try send(gateway, Self.body("mock-gpt", #","cache":{"ttl":99999999}"#))
        #expect(response.header("x-martlet-cache-ttl") == "2592000;clamped")
    }

    @Test func `many equal streams at a time are one call`() throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, Self.settings, workers: 2)
        let clients = try (0..<200).map { _ in try gateway.connect() }
        for client in clients {
            client.send(Wire.chat(Self.body("mock-slow-20", Self.stream), Self.key))
        }
        let responses = clients.map { $0.response() }
        #expect(upstream.count == 1)
        let bodies = Set(responses.map { $0?.text })
        #expect(bodies.count == 1)
        #expect(bodies.first??.hasSuffix("data: [DONE]\n\n") == true)
        let statuses = responses.map { $0?.header("x-martlet-cache") ?? "" }
        #expect(statuses.count { $0 == "miss" } == 1)
        #expect(statuses.allSatisfy { ["miss", "coalesced", "hit"].contains($0) })
        #expect(statuses.contains("coalesced"))
        let traces = gateway.traces(200)
        let leader = try #require(traces.first { !$0.attempts.isEmpty })
        for trace in traces where trace.server["martlet.cache.status"] == "coalesced" {
            let operation = try #require(trace.operations.first)
            #expect(operation.kind == .internal)
            #expect(operation.links.map { "\($0.context.spanID)" } == [leader.operations[0].id])
            #expect(operation["gen_ai.usage.input_tokens"] == nil)
        }
    }

    @Test func `a leader whose client leaves hands over to those who follow`() throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, Self.settings)
        let request = Wire.chat(Self.body("mock-slow-20", Self.stream), Self.key)
        let leader = try gateway.connect()
        leader.send(request)
        #expect(leader.receive(until: "data:"))
        let follower = try gateway.connect()
        follower.send(request)
        #expect(follower.receive(until: "data:"))
        leader.reset()
        let response = follower.response()
        #expect(response?.text.hasSuffix("data: [DONE]\n\n") == true)
        #expect(upstream.count == 1)
        #expect(try send(gateway, Self.body("mock-slow-20")).header("x-martlet-cache") == "hit")
    }

    @Test func `when all have left, the call is ended`() throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, Self.settings)
        let request = Wire.chat(Self.body("mock-stall", Self.stream), Self.key)
        let clients = try (0..<3).map { _ in try gateway.connect() }
        for client in clients {
            client.send(request)
            #expect(client.receive(until: "data:"))
        }
        for client in clients { client.reset() }
        let traces = gateway.traces(3)
        #expect(traces.count == 3)
        for trace in traces {
            #expect(trace.operations.first?.errorType == "client_disconnected")
        }
    }

    @Test func `a leader that fails fails those who follow, each with an error of its own`()
        throws
    {
        let upstream = try FaultyUpstream(
            [
                .readRequest, .wait(milliseconds: 300),
                .send(
                    Wire.answer(
                        #"{"error":{"message":"no","type":"server_error"}}"#,
                        status: "500 Internal Server Error")),
                .wait(milliseconds: 5),
            ])
        let gateway = try TestGateway(upstream, Self.settings)
        let clients = try (0..<5).map { _ in try gateway.connect() }
        for client in clients { client.send(Wire.chat(Self.body(), Self.key)) }
        let responses = clients.map { $0.response() }
        #expect(responses.allSatisfy { $0?.status == 500 })
        #expect(Set(responses.map { $0?.header("x-request-id") }).count == 5)
        #expect(Set(responses.map { $0?.header("x-trace-id") }).count == 5)
        #expect(upstream.connections == 1)
        let traces = gateway.traces(5)
        #expect(traces.allSatisfy { $0.operations.first?.status == .error })
    }
}
