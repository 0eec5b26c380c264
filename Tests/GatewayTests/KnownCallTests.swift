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

    @Test func `callers on one connection have each their own on every span`() throws {
        // What spans share is kept and copied: nothing of one caller may go onto another's.
        let client = try gateway.connect()
        for round in 0..<9 {
            let name = ["ann", "bob", "cy"][round % 3]
            let fields = [
                "Authorization: Bearer sk-one", "User-Agent: agent-\(name)",
                "baggage: user.id=\(name),metadata.team=t-\(name)",
            ]
            let path = round % 2 == 0 ? Self.path : "/v1/completions"
            let body =
                round % 2 == 0 ? Self.body() : #"{"model":"mock-gpt","prompt":"\#(round / 6)"}"#
            client.send(Wire.chat(body, path: path, fields))
            #expect(client.response()?.status == 200)
            let trace = try gateway.trace()
            for span in trace.spans {
                #expect(span["user.id"] == name)
                #expect(span["metadata.team"] == "t-\(name)")
            }
            #expect(trace.server["user_agent.original"] == "agent-\(name)")
            #expect(trace.server["url.path"] == path)
            for attempt in trace.attempts {
                #expect(attempt["url.full"]?.hasSuffix(path) == true)
            }
            let operation = path == Self.path ? "chat" : "text_completion"
            #expect(trace.operations[0]["gen_ai.operation.name"] == operation)
            let lookup = try #require(trace.spans.first { $0.name == "cache.lookup" })
            #expect(lookup["cache.key"]?.count == 32)
        }
    }

    /// Calls that the client's worker knows, and the bytes they take.
    private func known(_ client: RawClient) throws -> (calls: Int, bytes: Int) {
        client.send(Wire.get("/cache").replacing("gateway.test", with: "localhost"))
        let page = try #require(client.response())
        let object = try JSONSerialization.jsonObject(with: Data(page.body)) as? [String: Any]
        let known = try #require(object?["known_calls"] as? [String: Int])
        return (known["calls"] ?? -1, known["bytes"] ?? -1)
    }

    @Test func `what is known is bounded, makes room, and is forgotten with a flush`() throws {
        let client = try gateway.connect()
        #expect(try known(client) == (0, 0))
        let long = String(repeating: "x", count: 60_000)
        for number in 0..<150 {
            for status in ["miss", "hit"] {
                client.send(Wire.chat(Self.body("\(number) \(long)"), Self.field))
                #expect(client.response()?.header("x-martlet-cache") == status)
            }
        }
        let (calls, bytes) = try known(client)
        #expect(calls > 100 && calls < 150, "\(calls)")
        #expect(bytes > 6 << 20 && bytes <= 8 << 20, "\(bytes)")
        client.send("POST /cache/flush HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(client.response()?.status == 200)
        #expect(try known(client) == (0, 0))
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
