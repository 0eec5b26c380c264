import Foundation
import GatewayTesting
import Testing

/// `/cache` and `/cache/flush`: what they show and do, and for whom; and what hits leave in
/// metrics and lines.
@Suite struct CacheAdminTests {
    private static let settings = ["cache.store": "memory"]

    /// A request of this machine's own clients.
    private static func ask(
        _ method: String, _ path: String, _ fields: [String] = [], _ body: String = "",
        host: String = "localhost"
    ) -> String {
        let more = body.isEmpty ? [] : ["Content-Length: \(body.utf8.count)"]
        let lines = ["\(method) \(path) HTTP/1.1", "Host: \(host)"] + fields + more
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    private static func object(_ response: RawClient.Response?) throws -> [String: Any] {
        let response = try #require(response)
        #expect(response.header("content-type") == "application/json")
        return try #require(
            JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
    }

    private static func call(
        _ gateway: TestGateway, _ text: String, key: String = "sk-one", model: String = "mock-gpt",
        _ fields: [String] = []
    ) throws -> String? {
        let body =
            #"{"model":"\#(model)","messages":[{"role":"user","content":"\#(text)"}]}"#
        let response = try gateway.answer(
            to: Wire.chat(body, ["Authorization: Bearer \(key)"] + fields))
        #expect(response?.status == 200)
        return response?.header("x-martlet-cache")
    }

    private static func flush(
        _ gateway: TestGateway, _ query: String = "", _ body: String = ""
    ) throws -> [String: Int]? {
        let response = try gateway.answer(to: ask("POST", "/cache/flush" + query, [], body))
        #expect(response?.status == 200, "\(response?.text ?? "")")
        return try object(response)["removed"] as? [String: Int]
    }

    @Test func `statistics tell what is held and what became of requests`() throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, Self.settings)
        #expect(try Self.call(gateway, "a") == "miss")
        #expect(try Self.call(gateway, "a") == "hit")
        #expect(try Self.call(gateway, "a") == "hit")
        #expect(try Self.call(gateway, "b", ["Cache-Control: no-cache"]) == "refresh")
        #expect(try Self.call(gateway, "c", ["Cache-Control: no-store"]) == "bypass")
        #expect(gateway.traces(5).count == 5)
        let response = try gateway.answer(to: Self.ask("GET", "/cache"))
        #expect(response?.status == 200)
        #expect(response?.header("cache-control") == "no-store")
        let page = try Self.object(response)
        #expect(page["store"] as? String == "memory")
        #expect(page["scope"] as? String == "tenant")
        #expect(page["ttl_seconds"] as? Int == 3600)
        #expect(page["redis"] is NSNull)
        #expect(page["semantic"] is NSNull)
        #expect(page["flights"] as? Int == 0)
        let memory = try #require(page["memory"] as? [String: Int])
        #expect(memory["entries"] == 2)
        #expect(memory["hits"] == 2)
        #expect(memory["misses"] == 1)
        #expect(memory["stored"] == 2)
        #expect(memory["bytes_max"] == 128 << 20)
        #expect((memory["bytes"] ?? 0) > 1000)
        #expect(
            page["requests"] as? [String: Int] == [
                "hit": 2, "miss": 1, "refresh": 1, "bypass": 1, "error": 0, "coalesced": 0,
            ])
        let saved = try #require(page["saved_tokens"] as? [String: Int])
        let metrics = try Exposition(gateway)
        for type in ["input", "output"] {
            let used = metrics.value(
                "gen_ai_client_token_usage_sum", ["gen_ai_token_type": type])
            let tokens = metrics.value(
                "martlet_cache_saved_tokens_total", ["gen_ai_token_type": type])
            #expect((tokens ?? 0) > 0)
            #expect(tokens == saved[type].map(Double.init))
            // Three calls have cost something, two of one of them have not.
            if type == "input" { #expect(tokens == used.map { $0 / 3 * 2 }) }
        }
        #expect(metrics.value("martlet_cache_memory_entries") == 2)
        #expect(metrics.value("martlet_cache_memory_bytes") == Double(memory["bytes"] ?? 0))
        #expect(metrics.value("martlet_cache_evictions_total") == 0)
        #expect(metrics.value("martlet_cache_requests_total", ["status": "bypass"]) == 1)
        // Looking leaves no trace.
        #expect(gateway.hasNoFurtherTrace)
        let client = try gateway.connect()
        client.send(Self.ask("HEAD", "/cache", ["Connection: close"]))
        let head = client.receiveAll().text
        #expect(head.hasPrefix("HTTP/1.1 200 "))
        #expect(head.hasSuffix("\r\n\r\n"))
    }

    @Test func `what is evicted is counted`() throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(
            upstream.url, Self.settings.merging(["cache.memoryBytesMax": "1MiB"]) { $1 })
        let long = String(repeating: "x", count: 20_000)
        for number in 0..<80 {
            let body = """
                {"model":"mock-embedding","input":"\(number)\(long)","dimensions":2000}
                """
            let answer = try gateway.answer(
                to: Wire.chat(body, path: "/v1/embeddings", ["Authorization: Bearer k"]))
            #expect(answer?.status == 200)
        }
        #expect(gateway.traces(80).count == 80)
        let metrics = try Exposition(gateway)
        #expect((metrics.value("martlet_cache_evictions_total") ?? 0) > 0)
        #expect((metrics.value("martlet_cache_memory_bytes") ?? .infinity) <= Double(1 << 20))
    }

    @Test func `a follower's tokens are saved too`() throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, Self.settings)
        let body =
            #"{"model":"mock-slow-20","stream":true,"messages":[{"role":"user","content":"a"}]}"#
        let clients = try (0..<3).map { _ in try gateway.connect() }
        for client in clients {
            client.send(Wire.chat(body, ["Authorization: Bearer sk-one"]))
        }
        for client in clients { #expect(client.response()?.status == 200) }
        #expect(gateway.traces(3).count == 3)
        #expect(upstream.count == 1)
        let metrics = try Exposition(gateway)
        for type in ["input", "output"] {
            let used = metrics.value(
                "gen_ai_client_token_usage_sum", ["gen_ai_token_type": type])
            #expect(
                metrics.value("martlet_cache_saved_tokens_total", ["gen_ai_token_type": type])
                    == used.map { $0 * 2 })
        }
    }

    @Test func `a flush takes what agrees with every selector, and nothing else`() throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, Self.settings)
        func fill() throws {
            _ = try Self.call(gateway, "a")
            _ = try Self.call(gateway, "a", model: "mock-gpt-b")
            _ = try Self.call(gateway, "a", key: "sk-two")
            _ = try Self.call(gateway, "a", ["x-portkey-cache-namespace: team one"])
        }
        try fill()
        #expect(try Self.flush(gateway, "?namespace=team+one") == ["memory": 1, "redis": 0])
        #expect(try Self.call(gateway, "a") == "hit")
        #expect(try Self.flush(gateway, "", #"{"model":"mock-gpt-b"}"#)?["memory"] == 1)
        #expect(try Self.call(gateway, "a", model: "mock-gpt-b") == "miss")
        #expect(
            try Self.flush(gateway, "?model=mock-gpt", #"{"namespace":"other"}"#)?["memory"] == 0)
        #expect(try Self.flush(gateway, "?tenant=0123456789abcdef")?["memory"] == 0)
        #expect(try Self.call(gateway, "a", key: "sk-two") == "hit")
        #expect(try Self.flush(gateway, "", #"{"namespace":null}"#)?["memory"] == 3)
        #expect(try Self.call(gateway, "a") == "miss")
    }

    @Test func `a tenant is named as its client key, whichever field the key is shown in`() throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(
            upstream.url, Self.settings,
            environment: ["ANN": "gw-ann", "BOB": "gw-bob"],
            file: """
                keys:
                  clientKeys:
                    - name: ann
                      key: env:ANN
                    - name: bob
                      key: env:BOB
                """)
        #expect(try Self.call(gateway, "a", key: "gw-ann") == "miss")
        let body = #"{"model":"mock-gpt","messages":[{"role":"user","content":"a"}]}"#
        let other = try gateway.answer(to: Wire.chat(body, ["api-key: gw-ann"]))
        #expect(other?.header("x-martlet-cache") == "hit")
        #expect(try Self.call(gateway, "a", key: "gw-bob") == "miss")
        #expect(try Self.flush(gateway, "?tenant=ann")?["memory"] == 1)
        #expect(try Self.call(gateway, "a", key: "gw-bob") == "hit")
        #expect(try Self.call(gateway, "a", key: "gw-ann") == "miss")
        let wrong = try gateway.answer(to: Self.ask("POST", "/cache/flush?tenant=anm"))
        #expect(wrong?.status == 400)
        #expect(wrong?.text.contains("Did you mean 'ann'?") == true)
    }

    @Test(
        "what makes no sense is refused in a sentence",
        arguments: [
            ("?namspace=a", "", "Did you mean 'namespace'?"),
            ("?everything=1", "", "there are namespace, tenant and model"),
            ("?model=", "", "'model' is empty"),
            ("?model=a&model=b", "", "'model' is given twice"),
            ("?model=a", #"{"model":"a"}"#, "'model' is given twice"),
            ("?tenant=xyz", "", "16 hexadecimal digits"),
            ("", #"{"modle":"a"}"#, "Did you mean 'model'?"),
            ("", #"{"modle":null}"#, "Did you mean 'model'?"),
            ("", #"{"model":1}"#, "'model' is no string"),
            ("", "[]", "no object of JSON"), ("", "{", "no JSON"),
        ])
    func refusesNonsense(_ query: String, _ body: String, _ part: String) throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, Self.settings)
        #expect(try Self.call(gateway, "a") == "miss")
        let response = try gateway.answer(to: Self.ask("POST", "/cache/flush" + query, [], body))
        #expect(response?.status == 400)
        #expect(response?.header("x-martlet-error") == "true")
        #expect(response?.text.contains(part) == true, "\(response?.text ?? "")")
        #expect(try Self.call(gateway, "a") == "hit")
    }

    @Test func `a body that is too long is refused`() throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, Self.settings)
        let body = #"{"model":""# + String(repeating: "x", count: 20_000) + #""}"#
        #expect(try gateway.answer(to: Self.ask("POST", "/cache/flush", [], body))?.status == 413)
    }

    @Test func `with an admin key, it is asked for, from this machine too`() throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(
            upstream.url, Self.settings.merging(["admin.key": "adm"]) { $1 })
        for request in ["GET /cache", "POST /cache/flush", "DELETE /cache"] {
            let parts = request.split(separator: " ").map(String.init)
            for fields in [[], ["Authorization: Bearer no"], ["Authorization: Basic adm"]] {
                let response = try gateway.answer(to: Self.ask(parts[0], parts[1], fields))
                #expect(response?.status == 401)
                #expect(response?.header("www-authenticate") == "Bearer")
                #expect(response?.text.contains("memory") == false)
            }
        }
        let key = ["Authorization: Bearer adm"]
        #expect(try gateway.answer(to: Self.ask("GET", "/cache", key))?.status == 200)
        #expect(try gateway.answer(to: Self.ask("POST", "/cache/flush", key))?.status == 200)
    }

    @Test(
        "without an admin key, only this machine's own callers come in",
        arguments: [
            (["Origin: https://example.com"], "localhost"), ([], "rebound.example.com"),
            (["X-Forwarded-For: 10.0.0.1"], "localhost"),
        ])
    func closedToOthers(_ fields: [String], _ host: String) throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, Self.settings)
        #expect(try Self.call(gateway, "a") == "miss")
        for (method, path) in [("GET", "/cache"), ("POST", "/cache/flush")] {
            let response = try gateway.answer(to: Self.ask(method, path, fields, host: host))
            #expect(response?.status == 403)
        }
        #expect(try Self.call(gateway, "a") == "hit")
    }

    @Test(
        "another method is told which would do",
        arguments: [
            ("POST", "/cache", "GET, HEAD"), ("DELETE", "/cache", "GET, HEAD"),
            ("GET", "/cache/flush", "POST"), ("OPTIONS", "/cache/flush", "POST"),
        ])
    func tellsTheMethod(_ method: String, _ path: String, _ allow: String) throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, Self.settings)
        let response = try gateway.answer(to: Self.ask(method, path))
        #expect(response?.status == 405)
        #expect(response?.header("allow") == allow)
        #expect(upstream.count == 0)
    }

    @Test func `without a cache there is nothing to tell or to forget`() throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url)
        #expect(
            try Self.object(gateway.answer(to: Self.ask("GET", "/cache")))["store"] as? String
                == "off")
        #expect(try Self.flush(gateway) == ["memory": 0, "redis": 0])
        // What is near is not the page.
        #expect(try gateway.answer(to: Self.ask("GET", "/cachex"))?.status == 404)
        #expect(try gateway.answer(to: Self.ask("GET", "/v1/cache"))?.status != 200)
    }

    @Test func `Redis is told of and flushed, memory before it too`() throws {
        let redis = try RedisServer()
        let upstream = try MockUpstream()
        let gateway = try TestGateway(
            upstream.url,
            ["cache.store": "tiered", "cache.redisURL": redis.url, "cache.redisBudget": "5s"])
        #expect(try Self.call(gateway, "a") == "miss")
        #expect(try Self.call(gateway, "b", model: "mock-gpt-b") == "miss")
        #expect(gateway.traces(2).count == 2)
        try redis.cli("SET", "somebody", "else")
        let page = try Self.object(gateway.answer(to: Self.ask("GET", "/cache")))
        #expect(page["store"] as? String == "tiered")
        let found = try #require(page["redis"] as? [String: Any])
        #expect(found["url"] as? String == redis.url)
        #expect(found["servers"] as? Int == 1)
        #expect(found["unavailable"] as? Int == 0)
        #expect(found["keys"] as? Int == 3)
        #expect((found["memory_bytes"] as? Int ?? 0) > 0)
        #expect(try Self.flush(gateway, "?model=mock-gpt-b") == ["memory": 1, "redis": 1])
        #expect(try Self.flush(gateway) == ["memory": 1, "redis": 1])
        #expect(try redis.cli("KEYS", "*") == "somebody")
    }

    @Test func `a Redis that is away makes the gateway degraded, and a flush say so`() throws {
        let redis = try RedisServer()
        let upstream = try MockUpstream()
        let gateway = try TestGateway(
            upstream.url, ["cache.redisURL": redis.url, "cache.redisBudget": "1s"])
        #expect(try Self.call(gateway, "a") == "miss")
        #expect(try gateway.answer(to: Wire.get("/readyz"))?.text.contains("ready") == true)
        redis.stop()
        // The connection's end, then its place.
        for _ in 0..<4 { _ = try Self.call(gateway, "b") }
        let degraded = ProcessUse.wait {
            (try? gateway.answer(to: Wire.get("/readyz")))??.text.contains(
                "the cache's Redis does not answer") == true
        }
        #expect(degraded)
        #expect(try gateway.answer(to: Wire.get("/readyz"))?.status == 200)
        let response = try gateway.answer(to: Self.ask("POST", "/cache/flush"))
        #expect(response?.status == 503)
        let answer = try Self.object(response)
        #expect(answer["removed"] as? [String: Int] == ["memory": 0, "redis": 0])
        #expect((answer["error"] as? [String: Any])?["message"] != nil)
        let page = try Self.object(gateway.answer(to: Self.ask("GET", "/cache")))
        let away = try #require(page["redis"] as? [String: Any])
        #expect(away["unavailable"] as? Int == 1)
        for name in ["keys", "memory_bytes", "evicted_keys"] { #expect(away[name] is NSNull) }
        try redis.restart()
        let recovered = ProcessUse.wait {
            (try? gateway.answer(to: Wire.get("/readyz")))??.text.contains("\"ready\"") == true
        }
        #expect(recovered)
    }

    @Test func `a hit is a line at debug, with the id of its look-up`() throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, Self.settings, logsJSON: true)
        #expect(try Self.call(gateway, "a") == "miss")
        #expect(try Self.call(gateway, "a") == "hit")
        let trace = try #require(gateway.traces(2).last)
        let lines = gateway.log.lines(of: "cache.hit", 1)
        #expect(lines.count == 1)
        let line = try #require(
            JSONSerialization.jsonObject(with: Data((lines.first ?? "").utf8)) as? [String: Any])
        #expect(line["level"] as? String == "debug")
        #expect(line["model"] as? String == "mock-gpt")
        #expect(line["trace_id"] as? String == trace.id)
        #expect(
            line["span_id"] as? String == trace.spans.first { $0.name == "cache.lookup" }?.id)
        #expect((line["request_id"] as? String)?.hasPrefix("req_") == true)
        #expect(line["timestamp"] != nil && line["message"] != nil)
    }
}
