import Foundation
import GatewayTesting
import Telemetry
import Testing
import W3CTraceContext

/// Answers that are given again, from a real Redis.
@Suite struct RedisCacheTests {
    private static func settings(_ redis: RedisServer, _ more: [String: String] = [:]) -> [String:
        String]
    {
        ["cache.redisURL": redis.url, "cache.redisBudget": "2s"].merging(more) { $1 }
    }

    private func send(
        _ gateway: TestGateway, _ body: String = CacheTests.body()
    ) throws -> RawClient.Response {
        try #require(try gateway.answer(to: Wire.chat(body, CacheTests.key)))
    }

    @Test func `another process with the same secret gives the answer, and one without cannot`()
        throws
    {
        let upstream = try MockUpstream()
        let redis = try RedisServer()
        let shared = Self.settings(redis)
        let secret = ["MARTLET_SECRET": "of-all-of-them"]
        let first = try TestGateway(upstream.url, shared, environment: secret)
        let second = try TestGateway(upstream.url, shared, environment: secret)
        let foreign = try TestGateway(upstream.url, shared)
        let made = try send(first)
        #expect(made.header("x-martlet-cache") == "miss")
        let origin = try first.trace()
        let store = try #require(origin.spans.first { $0.name == "cache.store" })
        let set = try #require(origin.spans.first { $0.name == "SET" })
        #expect(set.parent == .local(id: store))
        #expect(set.kind == .client)
        #expect(set["db.system.name"] == "redis")
        #expect(set["db.operation.name"] == "SET")
        #expect(set["db.namespace"] == "0")
        #expect(set["server.port"] == "\(redis.port)")

        let again = try send(second)
        #expect(again.header("x-martlet-cache") == "hit")
        #expect(again.body == made.body)
        let trace = try second.trace()
        let lookup = try #require(trace.spans.first { $0.name == "cache.lookup" })
        #expect(lookup["martlet.cache.store"] == "redis")
        let get = try #require(trace.spans.first { $0.name == "GET" })
        #expect(get.parent == .local(id: lookup))
        #expect(trace.operations[0].links.map { "\($0.context.traceID)" } == [origin.id])
        #expect(try send(foreign).header("x-martlet-cache") == "miss")
        #expect(upstream.count == 2)
    }

    @Test func `a forged value is a miss`() throws {
        let upstream = try MockUpstream()
        let redis = try RedisServer()
        let gateway = try TestGateway(upstream.url, Self.settings(redis))
        _ = try send(gateway)
        let name = try redis.cli("KEYS", "martlet:*").trimmingCharacters(
            in: .whitespacesAndNewlines)
        #expect(name.hasPrefix("martlet:1:"))
        _ = try redis.cli("SETRANGE", name, "200", "x")
        #expect(try send(gateway).header("x-martlet-cache") == "miss")
        _ = try redis.cli("DEL", name)
        _ = try redis.cli("RPUSH", name, "a list")
        let response = try send(gateway)
        #expect(response.status == 200)
        #expect(response.header("x-martlet-cache") == "error")
        let page = try Exposition(gateway)
        #expect(page.value("martlet_cache_errors_total", ["kind": "forged"]) == 1)
        #expect(page.value("martlet_cache_errors_total", ["kind": "WRONGTYPE"]) == 1)
    }

    @Test func `without Redis requests go on, and with it hits resume`() throws {
        let upstream = try MockUpstream()
        let redis = try RedisServer()
        let gateway = try TestGateway(upstream.url, Self.settings(redis))
        #expect(try send(gateway).header("x-martlet-cache") == "miss")
        redis.stop()
        for index in 0..<10 {
            let response = try send(gateway, CacheTests.body("mock-gpt-\(index)"))
            #expect(response.status == 200)
            #expect(response.header("x-martlet-cache") == "error")
        }
        try redis.restart()
        var isBack = false
        for _ in 0..<3000 where !isBack {
            _ = try send(gateway)
            isBack = try send(gateway).header("x-martlet-cache") == "hit"
            if !isBack { usleep(10_000) }
        }
        #expect(isBack)
        #expect(gateway.log.all.count { $0.contains("Redis does not answer") } == 1)
    }

    @Test func `a Redis that hangs costs the budget once, then nothing`() throws {
        let upstream = try MockUpstream()
        let redis = try RedisServer()
        let gateway = try TestGateway(
            upstream.url, Self.settings(redis, ["cache.redisBudget": "50ms"]))
        _ = try send(gateway)
        redis.pause()
        defer { redis.resume() }
        var trips: [String] = []
        for index in 0..<20 {
            #expect(try send(gateway, CacheTests.body("mock-gpt-\(index)")).status == 200)
        }
        for trace in gateway.traces(21) {
            trips += trace.spans.filter { $0.name == "GET" }.compactMap { $0["error.type"] }
        }
        // Each probe of the breaker may cost one more.
        #expect(trips.count >= 1 && trips.count < 10)
        #expect(trips.allSatisfy { ["timeout", "down"].contains($0) })
    }

    @Test func `tiers: memory answers before Redis, and is filled from it`() throws {
        let upstream = try MockUpstream()
        let redis = try RedisServer()
        let secret = ["MARTLET_SECRET": "of-all-of-them"]
        let settings = Self.settings(redis, ["cache.store": "tiered"])
        let first = try TestGateway(upstream.url, settings, environment: secret)
        let second = try TestGateway(upstream.url, settings, environment: secret)
        _ = try send(first)
        _ = try first.trace()
        _ = try send(first)
        _ = try send(second)
        _ = try send(second)
        func store(_ trace: RecordedTrace) -> String? {
            trace.spans.first { $0.name == "cache.lookup" }?["martlet.cache.store"]
        }
        #expect(store(try first.trace()) == "memory")
        #expect(second.traces(2).map(store) == ["redis", "memory"])
        #expect(upstream.count == 1)
    }
}

extension SpanParent {
    fileprivate static func local(id span: RecordedSpan) -> SpanParent? {
        SpanID(hex: Array(span.id.utf8).span).map { .local($0) }
    }
}
