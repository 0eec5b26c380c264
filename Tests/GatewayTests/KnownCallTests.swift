import Foundation
import GatewayTesting
import Testing

/// Calls that come again the same to the byte, which are not read again: nothing may be taken for
/// one of them that is another, and nothing may be said of them that is not so any more.
@Suite struct KnownCallTests {
    private static let path = "/v1/chat/completions"
    private static let field = ["Authorization: Bearer sk-one"]

    /// A chat whose text is long enough that places in it are skipped by hashing.
    private static func body(_ text: String = String(repeating: "swift ", count: 500)) -> String {
        #"{"model":"mock-gpt","messages":[{"role":"user","content":"\#(text)"}]}"#
    }

    private let upstream: MockUpstream
    private let gateway: TestGateway

    init() throws {
        upstream = try MockUpstream()
        gateway = try TestGateway(upstream.url, ["cache.store": "memory"])
    }

    @discardableResult
    private func send(
        _ body: String = body(), _ fields: [String] = field, path: String = path
    ) throws -> String? {
        let response = try #require(try gateway.answer(to: Wire.chat(body, path: path, fields)))
        #expect(response.status == 200)
        return response.header("x-martlet-cache")
    }

    /// Sends the call until it is known.
    private func learn() throws {
        for status in ["miss", "hit", "hit"] { #expect(try send() == status) }
    }

    @Test func `the spans of a known call say what those of the first hit said`() throws {
        try learn()
        _ = try gateway.trace()
        func told(_ trace: RecordedTrace) -> [[String: String]] {
            trace.spans.map { span in
                var all: [String: String] = [:]
                for (key, value) in span.attributes
                where !["martlet.request.id", "network.peer.port"].contains(key) {
                    all[key] = value
                }
                return all
            }
        }
        let hit = told(try gateway.trace())
        #expect(hit.count == 3)
        #expect(told(try gateway.trace()) == hit)
    }

    @Test func `a body that differs in one byte is another call`() throws {
        try learn()
        let known = Self.body()
        let text = Array(known.utf8)
        for place in stride(from: 60, to: text.count - 10, by: 97) {
            var other = text
            other[place] = UInt8(ascii: "X")
            #expect(try send(String(decoding: other, as: UTF8.self)) == "miss")
        }
        #expect(try send() == "hit")
    }

    @Test func `a credential that differs in one byte is another caller's`() throws {
        // Long enough that places in it are skipped by hashing.
        let key = Array(String(repeating: "k", count: 600).utf8)
        func field(_ key: [UInt8]) -> [String] {
            ["Authorization: Bearer " + String(decoding: key, as: UTF8.self)]
        }
        for status in ["miss", "hit", "hit"] {
            #expect(try send(Self.body(), field(key)) == status)
        }
        for place in stride(from: 0, to: key.count, by: 11) {
            var other = key
            other[place] = UInt8(ascii: "x")
            #expect(try send(Self.body(), field(other)) == "miss")
        }
    }

    @Test(arguments: [
        (["Authorization: Bearer sk-two"], "miss"),
        (["Authorization: Bearer sk-one", "OpenAI-Organization: o"], "miss"),
        (["Authorization: Bearer sk-one", "OpenAI-Beta: b"], "miss"),
        (["Authorization: Bearer sk-one", "anthropic-version: 1"], "miss"),
        (["Authorization: Bearer sk-one", "x-portkey-cache-namespace: n"], "miss"),
        (["Authorization: Bearer sk-one", "x-portkey-cache-force-refresh: true"], "refresh"),
        (["Authorization: Bearer sk-one", "Cache-Control: no-store"], "bypass"),
        (["Authorization: Bearer sk-one", "Cache-Control: no-cache"], "refresh"),
        (["Authorization: Bearer sk-one", "traceparent: 00-1-2-3"], "hit"),
        (["Authorization: Bearer sk-one", "x-other: 1"], "hit"),
    ])
    func `other fields are looked at as before`(fields: [String], status: String) throws {
        try learn()
        #expect(try send(Self.body(), fields) == status)
        #expect(try send() == "hit")
    }

    @Test func `another path or query is another call`() throws {
        try learn()
        #expect(try send(path: "/v1/chat/completions?api-version=1") == "miss")
        #expect(try send() == "hit")
    }

    @Test func `an answer that took the place of the known one is told of as it is`() throws {
        try learn()
        for _ in 0..<3 { _ = try gateway.trace() }
        #expect(
            try send(Self.body(), Self.field + ["x-portkey-cache-force-refresh: true"])
                == "refresh")
        let made = try gateway.trace()
        #expect(try send() == "hit")
        let hit = try gateway.trace()
        #expect(hit.operations[0].links.map { "\($0.context.spanID)" } == [made.operations[0].id])
        #expect(
            hit.operations[0]["gen_ai.response.id"] == made.operations[0]["gen_ai.response.id"])
        #expect(hit.operations[0]["gen_ai.response.id"] != nil)
    }

    @Test func `a known call whose answer is gone goes upstream as it came`() throws {
        try learn()
        let count = upstream.count
        let flush = "POST /cache/flush HTTP/1.1\r\nHost: localhost\r\n\r\n"
        #expect(try gateway.answer(to: flush)?.status == 200)
        #expect(try send() == "miss")
        #expect(upstream.count == count + 1)
        #expect(try send() == "hit")
    }
}
