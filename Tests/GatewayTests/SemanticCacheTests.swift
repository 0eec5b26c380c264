import Foundation
import GatewayTesting
import Testing

/// Answers to questions that mean the same.
@Suite struct SemanticCacheTests {
    static let memory = ["cache.store": "memory"]
    static let semantic = ["cache.store": "memory", "cache.semanticModel": "mock-embedding"]
    static let always = semantic.merging(["cache.semanticDefault": "true"]) { $1 }
    static let key = "Authorization: Bearer sk-one"
    static let near = [key, "x-portkey-cache: semantic"]

    static func body(
        _ content: String, _ more: String = "", model: String = "mock-gpt",
        system: String = "Short."
    ) -> String {
        #"{"model":"\#(model)","messages":[{"role":"system","content":"\#(system)"},"#
            + #"{"role":"user","content":"\#(content)"}]\#(more)}"#
    }

    /// The same question in another shape: another call, of the same text.
    static func parts(_ content: String, _ more: String = "") -> String {
        body(content, more).replacing(
            #""\#(content)""#, with: #"[{"type":"text","text":"\#(content)"}]"#)
    }

    private func send(
        _ gateway: TestGateway, _ body: String, _ fields: [String] = near
    ) throws -> RawClient.Response {
        try #require(try gateway.answer(to: Wire.chat(body, fields)))
    }

    /// Answers calls of an embedding model on one connection, one vector after another.
    private func embeddings(_ vectors: [[Double]]) throws -> FaultyUpstream {
        var steps: [FaultyUpstream.Step] = []
        for vector in vectors {
            let numbers = vector.map { "\($0)" }.joined(separator: ",")
            steps += [.readRequest, .send(Wire.answer(Self.answer("[\(numbers)]")))]
        }
        return try FaultyUpstream(steps + [.readToEnd])
    }

    static func answer(_ vector: String) -> String {
        #"{"object":"list","data":[{"object":"embedding","index":0,"embedding":"# + vector
            + #"}],"model":"embed-1","usage":{"prompt_tokens":5,"total_tokens":5}}"#
    }

    private func asking(
        _ embeddings: FaultyUpstream, _ more: [String: String] = [:]
    ) -> [String: String] {
        Self.semantic.merging(["cache.semanticURL": embeddings.url("/v1")]) { $1 }
            .merging(more) { $1 }
    }

    /// Settings and fields with which nobody wants an embedding.
    static let unwanted: [([String: String], [String])] = [
        (memory, near), (semantic, [key]), (semantic, [key, "x-portkey-cache: simple"]),
        (always, near + ["x-portkey-cache: simple"]),
        (semantic, near + ["cache-control: no-store"]),
        (["cache.store": "off"], near),
    ]

    @Test(arguments: unwanted)
    func `no embedding is asked for unless the configuration and the caller want it`(
        settings: [String: String], fields: [String]
    ) throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, settings)
        for body in [Self.body("Where?"), Self.parts("Where?")] {
            #expect(try send(gateway, body, fields).header("x-martlet-cache-similarity") == nil)
            let trace = try gateway.trace()
            #expect(trace.operations.map(\.name) == ["chat mock-gpt"])
        }
        #expect(upstream.count == 2)
    }

    @Test func `the questions that are known are told of`() throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, Self.semantic)
        _ = try send(gateway, Self.body("Where?"))
        // Known once the answer is kept, which is after the client has it.
        _ = gateway.traces(1)
        let request = Wire.get("/cache").replacing("gateway.test", with: "localhost")
        let page = try #require(try gateway.answer(to: request))
        #expect(page.text.contains(#""semantic":{"questions":1,"bytes":"#), "\(page.text)")
        let metrics = try #require(try gateway.answer(to: Wire.get("/metrics"))).text
        #expect(metrics.contains("martlet_cache_semantic_entries 1\n"), "\(metrics)")
        #expect(metrics.contains("martlet_cache_semantic_bytes "))
    }

    @Test(arguments: [near, [key]])
    func `an equal question is answered by the upstream's embeddings`(
        fields: [String]
    ) throws {
        let upstream = try MockUpstream()
        let gateway = try TestGateway(upstream.url, Self.always)
        let first = try send(gateway, Self.body("Where?"), fields)
        #expect(first.header("x-martlet-cache") == "miss")
        #expect(first.header("x-portkey-cache-status") == "SEMANTIC MISS")
        let second = try send(gateway, Self.parts("Where?"), fields)
        #expect(second.header("x-martlet-cache") == "hit")
        #expect(second.header("x-portkey-cache-status") == "SEMANTIC HIT")
        #expect(second.header("x-martlet-cache-similarity") == "1.00")
        #expect(second.body == first.body)
        let streamed = try send(gateway, Self.parts("Where?", #","stream":true"#), fields)
        #expect(streamed.header("x-martlet-cache") == "hit")
        #expect(streamed.header("content-type")?.hasPrefix("text/event-stream") == true)
        #expect(streamed.text.hasSuffix("data: [DONE]\n\n"))
        // An answer, and an embedding each time.
        #expect(upstream.count == 4)
        // An equal call needs none.
        #expect(try send(gateway, Self.body("Where?"), fields).header("x-martlet-cache") == "hit")
        #expect(upstream.count == 4)
    }

    @Test func `a near question gets the answer, and its trace says how near it was`() throws {
        let upstream = try MockUpstream()
        let vectors = try embeddings([[2, 0, 0], [0.97, 0.2431, 0]])
        let gateway = try TestGateway(
            upstream.url, asking(vectors, ["cache.semanticModel": "embed"]))
        let first = try send(gateway, Self.body("Where is it?"))
        let made = try gateway.trace()
        let second = try send(gateway, Self.body("Where can it be?"))
        #expect(second.header("x-martlet-cache") == "hit")
        #expect(second.header("x-martlet-cache-similarity") == "0.97")
        #expect(second.header("age") != nil)
        #expect(second.body == first.body)
        #expect(upstream.count == 1)

        let trace = try gateway.trace()
        let lookup = try #require(trace.spans.first { $0.name == "cache.lookup" })
        #expect(lookup["cache.hit"] == "true")
        #expect(lookup["martlet.cache.store"] == "semantic")
        #expect(lookup["martlet.cache.origin.trace_id"] == made.id)
        let chat = try #require(trace.operations.first { $0.name == "chat mock-gpt" })
        #expect(chat.kind == .internal)
        #expect(chat["martlet.cache.status"] == "hit")
        let answered = try #require(made.operations.first { $0.name == "chat mock-gpt" })
        #expect(chat.links.map { "\($0.context.spanID)" } == [answered.id])
        for span in [lookup, chat] {
            let similarity = try #require(Double(span["martlet.cache.similarity"] ?? ""))
            #expect(abs(similarity - 0.97) < 0.001)
        }

        let embedding = try #require(trace.operations.first { $0.name == "embeddings embed" })
        #expect(embedding.kind == .client)
        #expect(embedding.parentID == lookup.id)
        #expect(embedding["gen_ai.operation.name"] == "embeddings")
        #expect(embedding["gen_ai.request.model"] == "embed")
        #expect(embedding["gen_ai.response.model"] == "embed-1")
        #expect(embedding["gen_ai.usage.input_tokens"] == "5")
        #expect(embedding["server.address"] == "127.0.0.1")
        let attempt = try #require(trace.attempts.first)
        #expect(trace.attempts.count == 1)
        #expect(attempt.parentID == embedding.id)
        let request = try #require(vectors.requests.last)
        #expect(request.contains("traceparent: 00-\(trace.id)-\(attempt.id)-"))
        #expect(request.hasPrefix("POST /v1/embeddings HTTP/1.1\r\n"))
        #expect(request.hasSuffix(#"{"model":"embed","input":"Where can it be?"}"#))
        #expect(vectors.connections == 1)
    }

    @Test func `another host gets its own key, and nothing of the caller's`() throws {
        let upstream = try MockUpstream()
        let vectors = try embeddings([[1, 0]])
        let gateway = try TestGateway(
            upstream.url, asking(vectors), environment: ["MARTLET_CACHE_SEMANTIC_KEY": "sk-own"])
        let fields = Self.near + ["OpenAI-Organization: org", "Cookie: c=1", "X-Own: x"]
        // A web page elsewhere cannot spend that key.
        #expect(try send(gateway, Self.body("Where?"), fields).status == 403)
        let own = Wire.chat(Self.body("Where?"), fields)
            .replacing("gateway.test", with: "localhost")
        #expect(try gateway.answer(to: own)?.status == 200)
        let request = try #require(vectors.requests.first)
        #expect(request.contains("authorization: Bearer sk-own\r\n"))
        for text in ["sk-one", "org", "cookie", "x-own", "portkey"] {
            #expect(!request.lowercased().contains(text), "\(text)")
        }
    }

    @Test func `the upstream gets the caller's credential, and no more`() throws {
        let upstream = try FaultyUpstream([
            .readRequest, .send(Wire.answer(Self.answer("[1,0]"))), .readRequest,
            .send(Wire.answer()), .readToEnd,
        ])
        let gateway = try TestGateway(upstream, Self.semantic)
        let fields = Self.near + ["OpenAI-Organization: org-1", "Cookie: c=1", "X-Own: x"]
        #expect(try send(gateway, Self.body("Where?"), fields).status == 200)
        let request = try #require(upstream.requests.first)
        #expect(request.hasPrefix("POST /v1/embeddings HTTP/1.1\r\n"))
        #expect(request.contains("Authorization: Bearer sk-one\r\n"))
        #expect(request.contains("OpenAI-Organization: org-1\r\n"))
        for text in ["cookie", "x-own", "portkey"] {
            #expect(!request.lowercased().contains(text), "\(text)")
        }
    }

    @Test func `what is not near enough, or differs in more than words, is asked`() throws {
        let upstream = try MockUpstream()
        let vector: [Double] = [1, 0]
        let vectors = try embeddings(
            [vector, [0.94, 0.3412]] + Array(repeating: vector, count: 6))
        let gateway = try TestGateway(upstream.url, asking(vectors))
        let others = [
            (Self.body("Where is it?"), Self.near), (Self.body("Where?"), Self.near),
            (Self.body("And where?", system: "Long."), Self.near),
            (Self.body("And where?", model: "mock-tools"), Self.near),
            (Self.body("And where?", #","temperature":0"#), Self.near),
            (Self.body("And where are 2?"), Self.near),
            (Self.body("And where?"), Self.near + ["x-portkey-cache-namespace: n"]),
            (
                Self.body("And where?"),
                ["Authorization: Bearer sk-two", "x-portkey-cache: semantic"]
            ),
        ]
        for (body, fields) in others {
            #expect(try send(gateway, body, fields).header("x-martlet-cache") == "miss", "\(body)")
        }
        #expect(vectors.requests.count == others.count)
        #expect(upstream.count == others.count)
    }

    @Test func `an answer that calls a tool answers no other question`() throws {
        let upstream = try MockUpstream()
        let vectors = try embeddings([[1, 0], [1, 0]])
        let gateway = try TestGateway(upstream.url, asking(vectors))
        let tools = #","tools":[{"type":"function","function":{"name":"remove","parameters":{}}}]"#
        for content in ["Remove a.", "Remove b."] {
            let response = try send(gateway, Self.body(content, tools, model: "mock-tools"))
            #expect(response.text.contains("tool_calls"))
            #expect(response.header("x-martlet-cache") == "miss")
        }
        #expect(upstream.count == 2)
    }

    @Test(
        arguments: [
            ([.readRequest, .send(Wire.answer("{}", status: "500 Oh"))], "embeddings_status"),
            ([.readRequest, .send(Wire.answer("{}", status: "401 No"))], "embeddings_status"),
            ([.readRequest, .send(Wire.answer("{}"))], "embeddings_malformed"),
            ([.readRequest, .send(Wire.answer("<html>"))], "embeddings_malformed"),
            ([.readRequest, .send(Wire.answer(answer("[0,0]")))], "embeddings_malformed"),
            ([.readRequest, .reset], "embeddings_upstream_closed"),
            (
                [.readRequest, .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")],
                "embeddings_upstream_cut"
            ),
            ([.readRequest, .waitForGate], "embeddings_upstream_total_timeout"),
        ] as [([FaultyUpstream.Step], String)])
    func `an embedding that does not come is a miss`(script: [FaultyUpstream.Step], kind: String)
        throws
    {
        let upstream = try MockUpstream()
        let vectors = try FaultyUpstream(script)
        defer { vectors.open() }
        // What must come has time enough.
        let budget = kind.hasSuffix("timeout") ? "100ms" : "30s"
        let gateway = try TestGateway(
            upstream.url, asking(vectors, ["cache.semanticTimeout": budget]))
        let response = try send(gateway, Self.body("Where?"))
        #expect(response.status == 200)
        #expect(response.header("x-martlet-cache") == "miss")
        #expect(upstream.count == 1)
        let trace = try gateway.trace()
        let lookup = try #require(trace.spans.first { $0.name == "cache.lookup" })
        #expect(lookup.events == ["martlet.cache.error"])
        #expect(trace.operations.map(\.name) == ["embeddings mock-embedding", "chat mock-gpt"])
        #expect(trace.operations[1].status == .unset)
        let metrics = try #require(try gateway.answer(to: Wire.get("/metrics"))).text
        #expect(metrics.contains("kind=\"\(kind)\""), "\(metrics)")
        // The answer was kept all the same.
        #expect(try send(gateway, Self.body("Where?")).header("x-martlet-cache") == "hit")
    }

    @Test func `after failures in a row nobody waits for embeddings for a while`() throws {
        let upstream = try MockUpstream()
        let vectors = try FaultyUpstream.answering(Wire.answer("{}", status: "503 Away"))
        let gateway = try TestGateway(upstream.url, asking(vectors))
        for letter in "abcdefgh" {
            #expect(try send(gateway, Self.body("Where \(letter)?")).status == 200)
        }
        // Slow machines may see the pause end.
        #expect((5..<8).contains(vectors.requests.count))
        #expect(upstream.count == 8)
    }
}
