import Foundation
import GatewayTesting
import Testing

/// Calls that several clients share, where one of them is slow, leaves, or may not have the answer.
@Suite struct FlightTests {
    private static func request(_ model: String, _ fields: [String] = CacheTests.key) -> String {
        Wire.chat(CacheTests.body(model, CacheTests.stream), fields)
    }

    /// A stream of about 4 MB.
    private static let long = "mock-long-20000"

    @Test func `a leader that does not read holds up nobody, also when it leaves`() throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, CacheTests.settings)
        let leader = try gateway.connect()
        leader.limitReceiveBuffer(to: 4096)
        leader.send(Self.request(Self.long))
        #expect(leader.receive(until: "data:"))
        let follower = try gateway.connect()
        follower.send(Self.request(Self.long))
        #expect(follower.receive(until: "data:"))
        leader.reset()
        let response = follower.response()
        #expect(response?.text.hasSuffix("data: [DONE]\n\n") == true)
        #expect(upstream.count == 1)
    }

    @Test func `a leader that stays and does not read holds up nobody`() throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(
            upstream.url, ["cache.store": "memory", "cache.entryBytesMax": "16MiB"])
        let leader = try gateway.connect()
        leader.limitReceiveBuffer(to: 4096)
        leader.send(Self.request(Self.long))
        #expect(leader.receive(until: "data:"))
        let follower = try gateway.connect()
        follower.send(Self.request(Self.long))
        #expect(follower.response()?.text.hasSuffix("data: [DONE]\n\n") == true)
        #expect(upstream.count == 1)
        leader.reset()
    }

    @Test func `where answers are shared, a refusal is not`() throws {
        let upstream = try FaultyUpstream(
            [
                .readRequest, .wait(milliseconds: 300),
                .send(Wire.answer(#"{"error":{"message":"no"}}"#, status: "401 Unauthorized")),
                .readToEnd,
            ], [.readRequest, .send(Wire.answer()), .again])
        let gateway = try TestGateway(
            upstream, ["cache.store": "memory", "cache.scope": "shared"])
        let bad = try gateway.connect()
        let good = try gateway.connect()
        bad.send(Wire.chat(CacheTests.body(), ["Authorization: Bearer bad"]))
        usleep(50_000)
        good.send(Wire.chat(CacheTests.body(), ["Authorization: Bearer good"]))
        #expect(good.response()?.status == 200)
        #expect(bad.response()?.status == 401)
    }

    @Test func `an answer without a body has none for a follower either`() throws {
        let upstream = try FaultyUpstream(
            [.readRequest, .wait(milliseconds: 300), .send("HTTP/1.1 204 No Content\r\n\r\n")])
        let gateway = try TestGateway(upstream, CacheTests.settings)
        let clients = try (0..<3).map { _ in try gateway.connect() }
        for client in clients { client.send(Wire.chat(CacheTests.body(), CacheTests.key)) }
        for client in clients {
            let response = client.response(hasBody: false)
            #expect(response?.status == 204)
            #expect(response?.header("transfer-encoding") == nil)
            #expect(client.received.isEmpty)
        }
        #expect(upstream.connections == 1)
    }

    @Test(
        "what a caller says in other fields makes another call",
        arguments: [
            ["x-api-key: other"], ["anthropic-beta: tools"],
            ["OpenAI-Project: a", "OpenAI-Project: b"],
            ["x-goog-api-key: other"], ["openai-variant: b"],
        ])
    func tellsCallersApart(_ fields: [String]) throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, CacheTests.settings)
        let plain = Wire.chat(CacheTests.body(), CacheTests.key)
        let other = Wire.chat(CacheTests.body(), CacheTests.key + fields)
        #expect(try gateway.answer(to: plain)?.header("x-martlet-cache") == "miss")
        #expect(try gateway.answer(to: other)?.header("x-martlet-cache") == "miss")
        #expect(try gateway.answer(to: other)?.header("x-martlet-cache") == "hit")
    }

    @Test(
        "an answer that breaks off, or lacks what was asked for, is not kept",
        arguments: [
            (
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n" + Wire.chunk(Wire.completion), "chat"
            ),
            (
                Wire.answer(
                    #"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1]}],"#
                        + #""model":"m","usage":{"prompt_tokens":2,"total_tokens":2}}"#),
                "embeddings"
            ),
        ])
    func keepsWholeAnswers(_ answer: String, _ kind: String) throws {
        let upstream = try FaultyUpstream(
            [.readRequest, .send(answer), .wait(milliseconds: 5)],
            [.readRequest, .send(answer), .wait(milliseconds: 5)])
        let gateway = try TestGateway(upstream, CacheTests.settings)
        let request =
            kind == "chat"
            ? Wire.chat(CacheTests.body(), CacheTests.key + ["Connection: close"])
            : Wire.chat(
                #"{"model":"m","input":["a","b"]}"#, path: "/v1/embeddings",
                CacheTests.key + ["Connection: close"])
        for _ in 0..<2 {
            let client = try gateway.connect()
            client.send(request)
            #expect(client.receiveAll().text.contains("x-martlet-cache: miss"))
        }
        #expect(upstream.connections == 2)
    }

    @Test func `a stream without usage is not kept`() throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, CacheTests.settings)
        for _ in 0..<2 {
            let response = try gateway.answer(to: Self.request("mock-no-usage"))
            #expect(response?.header("x-martlet-cache") == "miss")
        }
    }

    @Test func `a batch with a known part is known the next time, and what was missing too`()
        throws
    {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, CacheTests.settings)
        func status(_ input: String) throws -> String? {
            let body = #"{"model":"mock-embedding","dimensions":4,"input":\#(input)}"#
            return try gateway.answer(
                to: Wire.chat(body, path: "/v1/embeddings", CacheTests.key))?
                .header("x-martlet-cache")
        }
        #expect(try status(#""k""#) == "miss")
        #expect(try status(#"["k","z"]"#) == "miss")
        #expect(try status(#"["k","z"]"#) == "hit")
        #expect(try status(#""z""#) == "hit")
        #expect(upstream.count == 2)
    }

    @Test func `a caller's namespace is not on spans as it was sent`() throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, CacheTests.settings)
        let fields = CacheTests.key + ["x-portkey-cache-namespace: alice@example.com"]
        _ = try gateway.answer(to: Wire.chat(CacheTests.body(), fields))
        let trace = try gateway.trace()
        #expect(!trace.allText.contains("alice"))
        let lookup = try #require(trace.spans.first { $0.name == "cache.lookup" })
        #expect(lookup["martlet.cache.namespace"]?.count == 8)
    }
}
