import Foundation
import GatewayTesting
import Testing

/// Embeddings whose inputs are known one by one.
@Suite struct EmbeddingCacheTests {
    private static func body(_ input: String, _ more: String = "") -> String {
        #"{"model":"mock-embedding","dimensions":8,"input":\#(input)\#(more)}"#
    }

    private func send(_ gateway: TestGateway, _ body: String) throws -> RawClient.Response {
        let request = Wire.chat(body, path: "/v1/embeddings", CacheTests.key)
        return try #require(try gateway.answer(to: request))
    }

    /// All but the usage: the mock's tokens of several texts are not the sum of theirs.
    private func value(_ response: RawClient.Response) throws -> NSDictionary {
        let body = Data(response.body)
        let object = try JSONSerialization.jsonObject(with: body) as? [String: Any]
        return NSDictionary(dictionary: try #require(object).filter { $0.key != "usage" })
    }

    private func tokens(_ response: RawClient.Response) throws -> Int? {
        let body = Data(response.body)
        let object = try JSONSerialization.jsonObject(with: body) as? [String: Any]
        return (object?["usage"] as? [String: Int])?["prompt_tokens"]
    }

    @Test(
        "inputs that are known are not asked for again, and the answer is the same",
        arguments: [
            ["cache.store": "memory"], ["cache.store": "redis"],
        ], ["", #","encoding_format":"base64""#])
    func asksForTheRest(_ settings: [String: String], _ format: String) throws {
        let upstream = try MockUpstream()
        let redis = try settings["cache.store"] == "redis" ? RedisServer() : nil
        var settings = settings.merging(["cache.redisBudget": "2s"]) { $1 }
        if let redis { settings["cache.redisURL"] = redis.url }
        let gateway = try TestGateway(upstream.url, settings)
        let plain = try TestGateway(upstream.url)
        let inputs = #"["one","two","three","two"]"#
        let expected = try value(send(plain, Self.body(inputs, format)))
        let one = try tokens(send(gateway, Self.body(#""one""#, format))) ?? 0
        // An array of one is the same call.
        #expect(
            try send(gateway, Self.body(#"["one"]"#, format)).header("x-martlet-cache") == "hit")
        let three = try tokens(send(gateway, Self.body(#"["three"]"#, format))) ?? 0
        _ = gateway.traces(3)
        let count = upstream.count
        let mixed = try send(gateway, Self.body(inputs, format))
        #expect(mixed.status == 200)
        #expect(mixed.header("x-martlet-cache") == "miss")
        #expect(try value(mixed) == expected)
        #expect(upstream.count == count + 1)
        #expect(upstream.lastBody == Self.body(#"["two","two"]"#, format))
        let trace = try gateway.trace()
        let lookup = try #require(trace.spans.first { $0.name == "cache.lookup" })
        #expect(lookup["martlet.cache.items.known"] == "2")
        if redis != nil {
            let batch = try #require(trace.spans.first { $0.name == "PIPELINE GET" })
            #expect(batch["db.operation.batch.size"] == "4")
        }
        // The whole answer was merged, not learnt; and of a batch nothing is learnt.
        _ = try send(gateway, Self.body(#""two""#, format))
        #expect(upstream.count == count + 2)

        let known = try send(gateway, Self.body(#"["three","one"]"#, format))
        #expect(known.header("x-martlet-cache") == "hit")
        #expect(upstream.count == count + 2)
        #expect(try tokens(known) == one + three)
        let answer = try value(send(plain, Self.body(#"["three","one"]"#, format)))
        #expect(try value(known) == answer)
    }

    @Test func `an error of the provider for the rest is the client's`() throws {
        let upstream = try FaultyUpstream(
            [
                .readRequest,
                .send(
                    Wire.answer(
                        #"{"object":"list","data":[{"object":"embedding","index":0,"#
                            + #""embedding":[1.0]}],"model":"m","#
                            + #""usage":{"prompt_tokens":1,"total_tokens":1}}"#)),
                .readRequest,
                .send(
                    Wire.answer(
                        #"{"error":{"message":"no","type":"x"}}"#,
                        status: "429 Too Many Requests", ["Retry-After: 7"])),
            ])
        let gateway = try TestGateway(upstream, CacheTests.settings)
        #expect(try send(gateway, Self.body(#""one""#)).status == 200)
        let response = try send(gateway, Self.body(#"["one","two"]"#))
        #expect(response.status == 429)
        #expect(response.header("retry-after") == "7")
        #expect(response.text.contains(#""message":"no""#))
    }
}
