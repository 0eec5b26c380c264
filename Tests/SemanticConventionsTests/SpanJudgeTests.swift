import SemanticConventions
import Testing

/// A change to a good span, and what the judge must say of it: code and attribute.
struct Mistake: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let code: Finding.Code
    let attribute: String?
    let change: @Sendable (inout JudgedSpan) -> Void

    init(
        _ title: String, _ code: Finding.Code, _ attribute: String? = nil,
        _ change: @escaping @Sendable (inout JudgedSpan) -> Void
    ) {
        testDescription = title
        self.code = code
        self.attribute = attribute
        self.change = change
    }
}

extension JudgedSpan {
    mutating func set(_ name: String, _ value: JudgedValue?) {
        attributes.removeAll { $0.name == name }
        if let value { attributes.append((name, value)) }
    }

    static let chat = JudgedSpan(
        name: "chat gpt-4o", kind: .client,
        attributes: [
            ("gen_ai.operation.name", .string("chat")),
            ("gen_ai.provider.name", .string("openai")),
            ("gen_ai.request.model", .string("gpt-4o")),
            ("gen_ai.request.temperature", .double(0)),
            ("gen_ai.request.top_k", .double(40)),
            ("gen_ai.request.seed", .int(0)),
            ("gen_ai.request.stop_sequences", .strings(["END"])),
            ("gen_ai.output.type", .string("json")),
            ("gen_ai.response.finish_reasons", .strings(["stop"])),
            ("gen_ai.usage.input_tokens", .int(10)),
            ("gen_ai.usage.cache_read.input_tokens", .int(4)),
            ("gen_ai.usage.output_tokens", .int(5)),
            ("gen_ai.usage.reasoning.output_tokens", .int(5)),
            ("openai.api.type", .string("chat_completions")),
            ("server.address", .string("api.openai.com")),
            ("server.port", .int(443)),
            ("http.response.status_code", .int(200)),
            ("metadata.team", .string("birds")),
            ("martlet.request.id", .string("req_1")),
            (
                "gen_ai.input.messages",
                .content(#"[{"role":"user","parts":[{"type":"text","content":"Hi"}]}]"#)
            ),
        ])

    static let server = JudgedSpan(
        name: "POST /v1/chat/completions", kind: .server,
        attributes: [
            ("http.request.method", .string("POST")), ("url.scheme", .string("http")),
            ("url.path", .string("/v1/chat/completions")),
            ("http.route", .string("/v1/chat/completions")),
            ("http.response.status_code", .int(200)),
        ])

    static let attempt = JudgedSpan(
        name: "POST", kind: .client,
        attributes: [
            ("http.request.method", .string("POST")),
            ("server.address", .string("api.openai.com")), ("server.port", .int(443)),
            ("url.full", .string("https://api.openai.com/v1/chat/completions")),
            ("http.response.status_code", .int(200)),
        ])
}

struct SpanJudgeTests {
    private let judge = SpanJudge()

    @Test(arguments: [JudgedSpan.chat, .server, .attempt])
    func `a good span has no finding`(span: JudgedSpan) {
        #expect(judge.findings(span).isEmpty)
    }

    @Test func `an embeddings span needs nothing of a chat`() {
        let span = JudgedSpan(
            name: "embeddings e", kind: .client,
            attributes: [
                ("gen_ai.operation.name", .string("embeddings")),
                ("gen_ai.provider.name", .string("openai")),
                ("gen_ai.request.model", .string("e")),
                ("gen_ai.request.encoding_formats", .strings(["float"])),
            ])
        #expect(judge.findings(span).isEmpty)
        let given: Set = ["gen_ai.embeddings.dimension.count", "gen_ai.request.temperature"]
        #expect(
            judge.findings(span, given: given).map(\.attribute)
                == ["gen_ai.embeddings.dimension.count"])
    }

    private static let mistakes = [
        Mistake("a name of one's own", .unknownAttribute, "gen_ai.mood") {
            $0.set("gen_ai.mood", .string("sunny"))
        },
        Mistake("a gateway's name that is not in the table", .unknownAttribute, "martlet.mood") {
            $0.set("martlet.mood", .string("sunny"))
        },
        Mistake("an old name", .deprecatedAttribute, "gen_ai.usage.prompt_tokens") {
            $0.set("gen_ai.usage.prompt_tokens", .int(10))
        },
        Mistake("an old name without a constant", .deprecatedAttribute, "http.method") {
            $0.set("http.method", .string("POST"))
        },
        Mistake("twice", .duplicateAttribute, "gen_ai.request.model") {
            $0.attributes.append(("gen_ai.request.model", .string("gpt-4o")))
        },
        Mistake("an int for a double", .wrongType, "gen_ai.request.temperature") {
            $0.set("gen_ai.request.temperature", .int(1))
        },
        Mistake("a double for an int", .wrongType, "gen_ai.request.seed") {
            $0.set("gen_ai.request.seed", .double(1))
        },
        Mistake("a text for an array", .wrongType, "gen_ai.request.stop_sequences") {
            $0.set("gen_ai.request.stop_sequences", .string("END"))
        },
        Mistake("a number for a text", .wrongType, "gen_ai.request.model") {
            $0.set("gen_ai.request.model", .int(4))
        },
        Mistake("an unknown kind of output", .unknownValue, "gen_ai.output.type") {
            $0.set("gen_ai.output.type", .string("json_object"))
        },
        Mistake("content that is cut", .invalidJSON, "gen_ai.input.messages") {
            $0.set("gen_ai.input.messages", .content(#"[{"role":"user","par"#))
        },
        Mistake("a message without a role", .shape, "gen_ai.input.messages") {
            $0.set("gen_ai.input.messages", .content(#"[{"parts":[]}]"#))
        },
        Mistake("a message that is no object", .shape, "gen_ai.input.messages") {
            $0.set("gen_ai.input.messages", .content(#"["Hi"]"#))
        },
        Mistake("a part without a type", .shape, "gen_ai.input.messages") {
            $0.set(
                "gen_ai.input.messages", .content(#"[{"role":"user","parts":[{"content":"x"}]}]"#))
        },
        Mistake("a tool's answer called result", .shape, "gen_ai.input.messages") {
            $0.set(
                "gen_ai.input.messages",
                .content(
                    #"[{"role":"tool","parts":[{"type":"tool_call_response","result":1}]}]"#))
        },
        Mistake("an answer without a finish reason", .shape, "gen_ai.output.messages") {
            $0.set("gen_ai.output.messages", .content(#"[{"role":"assistant","parts":[]}]"#))
        },
        Mistake("instructions with a role", .shape, "gen_ai.system_instructions") {
            $0.set(
                "gen_ai.system_instructions", .content(#"[{"role":"system","content":"x"}]"#))
        },
        Mistake("a tool in OpenAI's own form", .shape, "gen_ai.tool.definitions") {
            $0.set(
                "gen_ai.tool.definitions",
                .content(#"[{"type":"function","function":{"name":"f"}}]"#))
        },
        Mistake("the path for a name", .spanName) { $0.name = "POST /v1/chat/completions" },
        Mistake("a server", .spanKind) { $0.kind = .server },
        Mistake("no provider", .missingRequired, "gen_ai.provider.name") {
            $0.set("gen_ai.provider.name", nil)
        },
        Mistake("no model, which OpenAI requires", .missingRequired, "gen_ai.request.model") {
            $0.set("gen_ai.request.model", nil)
            $0.name = "chat"
        },
        Mistake("an address without a port", .missingConditional, "server.port") {
            $0.set("server.port", nil)
        },
        Mistake("two choices and no count", .missingConditional, "gen_ai.request.choice.count") {
            $0.set("gen_ai.response.finish_reasons", .strings(["stop", "stop"]))
        },
        Mistake("OK where nothing failed", .status) { $0.status = .ok },
        Mistake("an error that says not which", .missingConditional, "error.type") {
            $0.status = .error
        },
        Mistake("a type of error without an error", .status) {
            $0.set("error.type", .string("429"))
        },
        Mistake("a failure without an error", .status) {
            $0.set("http.response.status_code", .int(429))
        },
        Mistake("a description that repeats the type", .status) {
            $0.status = .error
            $0.set("error.type", .string("timeout"))
            $0.message = "timeout"
        },
        Mistake("cached tokens left out of the sum", .usage, "gen_ai.usage.input_tokens") {
            $0.set("gen_ai.usage.cache_read.input_tokens", .int(11))
        },
        Mistake("reasoning left out of the sum", .usage, "gen_ai.usage.output_tokens") {
            $0.set("gen_ai.usage.reasoning.output_tokens", .int(6))
        },
        Mistake("OpenAI's attributes on another's span", .provider, "openai.api.type") {
            $0.set("gen_ai.provider.name", .string("groq"))
        },
    ]

    @Test(arguments: mistakes)
    func `a mistake is found, with span and attribute`(mistake: Mistake) {
        var span = JudgedSpan.chat
        mistake.change(&span)
        let findings = judge.findings(span).filter { $0.weight == .finding }
        #expect(
            findings.contains {
                $0.code == mistake.code && $0.attribute == mistake.attribute
                    && $0.span == span.name
            }, "\(findings)")
    }

    @Test func `a liberty that the conventions leave is a note`() {
        var span = JudgedSpan.chat
        span.set("gen_ai.system", .string("openai"))
        span.set("gen_ai.provider.name", .string("vllm"))
        span.set("openai.api.type", nil)
        let findings = judge.findings(span)
        #expect(findings.count == 2 && findings.allSatisfy { $0.weight == .note })
    }

    @Test func `what the call had a value for is missed`() {
        let findings = judge.findings(
            .chat, given: ["gen_ai.response.id", "gen_ai.conversation.id", "gen_ai.request.seed"])
        #expect(
            Set(findings.map(\.attribute)) == ["gen_ai.response.id", "gen_ai.conversation.id"])
        #expect(
            Set(findings.map(\.code)) == [.missingRecommended, .missingConditional])
    }

    @Test func `HTTP spans are judged by their own rules`() {
        var server = JudgedSpan.server
        server.set("http.response.status_code", .int(404))
        #expect(judge.findings(server).isEmpty)
        var attempt = JudgedSpan.attempt
        attempt.set("http.response.status_code", .int(404))
        #expect(judge.findings(attempt).map(\.code) == [.status])
        attempt.set("url.full", nil)
        #expect(judge.findings(attempt).contains { $0.attribute == "url.full" })
        server.set("url.path", nil)
        #expect(judge.findings(server).map(\.code) == [.missingRequired])
    }

    @Test func `a call without one of its spans is found`() {
        func codes(_ spans: [JudgedSpan]) -> [String] {
            judge.findings(trace: spans, title: "chat", given: [], givenHTTP: []).map(\.message)
        }
        #expect(codes([.server, .chat, .attempt]).isEmpty)
        #expect(codes([.server, .chat]) == ["the attempt's CLIENT span"])
        #expect(codes([.chat, .attempt]) == ["the request's SERVER span"])
        #expect(codes([.server, .attempt]) == ["the operation's span"])
    }

    @Test func `every name on the table's spans is judged`() {
        let known = Set(Conventions.attributes.map(\.name))
        #expect(known.count == Conventions.attributes.count)
        for span in Conventions.spans {
            #expect(span.levels.allSatisfy { known.contains($0.attribute) }, "\(span.id)")
        }
        #expect(Conventions.spans.count >= 6 && known.count > 150)
    }
}
