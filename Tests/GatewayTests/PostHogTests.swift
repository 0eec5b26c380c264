import Foundation
import GatewayTesting
import Testing

/// A span of an export request, read without the code under test.
private struct ExportedSpan {
    let message: WireMessage
    let attributes: [String: String]

    init(_ span: WireMessage) {
        message = span
        var attributes: [String: String] = [:]
        for pair in span.messages(9) {
            guard let key = pair.string(1), let value = pair.message(2) else { continue }
            attributes[key] = Self.text(value)
        }
        self.attributes = attributes
    }

    subscript(names: String...) -> String? {
        names.lazy.compactMap { attributes[$0] }.first
    }

    /// The status's code and message.
    var status: (code: UInt64, message: String) {
        let status = message.message(15)
        guard case .varint(let code) = status?.only(3) else { return (0, "") }
        return (code, status?.string(2) ?? "")
    }

    /// The values of `AnyValue`, arrays by commas.
    private static func text(_ value: WireMessage) -> String {
        guard let field = value.fields.first else { return "" }
        switch (field.number, field.value) {
        case (1, .bytes(let bytes)): return String(decoding: bytes, as: UTF8.self)
        case (2, .varint(let number)): return number == 1 ? "true" : "false"
        case (3, .varint(let number)): return "\(Int64(bitPattern: number))"
        case (4, .fixed64(let bits)): return "\(Double(bitPattern: bits))"
        case (5, .bytes(let bytes)):
            return WireMessage(bytes)?.messages(1).map(text).joined(separator: ",") ?? ""
        default: return ""
        }
    }
}

/// The event that PostHog makes of a span: the tables of its two pages for OpenTelemetry. The page
/// Receivers.md has the same tables.
private struct PostHogEvent {
    let name: String
    let properties: [String: String]

    /// nil for spans that PostHog drops: those without an attribute of AI.
    init?(_ span: ExportedSpan) {
        let prefixes = ["gen_ai.", "llm.", "ai.", "traceloop."]
        let keys = [span.message.string(5) ?? ""] + span.attributes.keys
        guard keys.contains(where: { key in prefixes.contains { key.hasPrefix($0) } }) else {
            return nil
        }
        switch span["gen_ai.operation.name"] {
        case "chat", "text_completion": name = "$ai_generation"
        case "embeddings": name = "$ai_embedding"
        default: name = "$ai_span"
        }
        var properties: [String: String] = [:]
        for (property, attributes) in Self.table {
            for attribute in attributes where properties[property] == nil {
                properties[property] = span[attribute]
            }
        }
        properties["$ai_span_name"] = span.message.string(5)
        if span.status.code == 2 {
            properties["$ai_is_error"] = "true"
            properties["$ai_error"] = span.status.message
        }
        if case .fixed64(let start) = span.message.only(7),
            case .fixed64(let end) = span.message.only(8), start > 0, end >= start
        {
            properties["$ai_latency"] = "\(end - start)"
        }
        for (property, number, bytes) in Self.ids {
            if case .bytes(let id) = span.message.only(number), id.count == bytes {
                properties[property] = id.map {
                    String($0 >> 4, radix: 16) + String($0 & 15, radix: 16)
                }
                .joined()
            }
        }
        self.properties = properties
    }

    private static let ids = [
        ("$ai_trace_id", 1, 16), ("$ai_span_id", 2, 8), ("$ai_parent_id", 4, 8),
    ]

    /// Property, and the attributes it is taken from, the first that is there.
    static let table: [(property: String, attributes: [String])] = [
        ("$ai_model", ["gen_ai.response.model", "gen_ai.request.model"]),
        ("$ai_provider", ["gen_ai.provider.name", "gen_ai.system"]),
        ("$ai_input", ["gen_ai.input.messages"]),
        ("$ai_output_choices", ["gen_ai.output.messages"]),
        ("$ai_tools", ["gen_ai.tool.definitions"]),
        ("$ai_input_tokens", ["gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"]),
        ("$ai_output_tokens", ["gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"]),
        ("$ai_prompt_tokens", ["gen_ai.usage.prompt_tokens"]),
        ("$ai_completion_tokens", ["gen_ai.usage.completion_tokens"]),
        ("$ai_total_tokens", ["gen_ai.usage.total_tokens"]),
        ("$ai_base_url", ["server.address"]),
        ("$ai_temperature", ["gen_ai.request.temperature"]),
        ("$ai_max_tokens", ["gen_ai.request.max_tokens"]),
        ("$ai_top_p", ["gen_ai.request.top_p"]),
        ("$ai_frequency_penalty", ["gen_ai.request.frequency_penalty"]),
        ("$ai_presence_penalty", ["gen_ai.request.presence_penalty"]),
        ("$ai_session_id", ["gen_ai.conversation.id"]),
        ("$ai_response_id", ["gen_ai.response.id"]),
        ("$ai_finish_reason", ["gen_ai.response.finish_reasons"]),
        ("$ai_status_code", ["http.status_code", "http.response.status_code"]),
        ("$ai_error_type", ["error.type"]),
        ("$ai_time_to_first_token", ["martlet.time_to_first_token"]),
        ("distinct_id", ["posthog.distinct_id", "user.id"]),
    ]
}

@Suite(.timeLimit(.minutes(5)), .ownThread) struct PostHogTests {
    private static let identity = [
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "baggage: session.id=s-1,user.id=ann,gen_ai.conversation.id=conv-1,metadata.team=birds",
    ]

    private static let chat = """
        {"model":"mock-gpt","temperature":0,"max_completion_tokens":100,"top_p":0.5,
         "frequency_penalty":0.25,"presence_penalty":-0.25,
         "messages":[{"role":"user","content":"Hello"}],
         "tools":[{"type":"function","function":{"name":"look"}}]}
        """

    /// The events of one call by one recipe.
    private func events(_ recipe: Int, _ request: String, _ status: Int) throws -> [PostHogEvent] {
        let deliveries = try Deliveries(Recipe.all[recipe])
        try deliveries.send(request, status)
        let spans = deliveries.all().flatMap { decodedSpans($0.body) }.map(ExportedSpan.init)
        #expect(spans.count == 3)
        return spans.compactMap { PostHogEvent($0) }
    }

    @Test(arguments: [0, 1])
    func `a chat is one generation with model, tokens, parameters, session and user`(
        recipe: Int
    ) throws {
        let events = try events(recipe, Wire.chat(Self.chat, Self.identity), 200)
        let event = try #require(events.first { $0.name == "$ai_generation" })
        #expect(events.count { $0.name == "$ai_generation" } == 1)
        let properties = event.properties
        let exact = [
            "$ai_model": "mock-gpt-2025-06-15", "$ai_provider": "openai",
            "$ai_span_name": "chat mock-gpt", "$ai_temperature": "0.0",
            "$ai_max_tokens": "100", "$ai_top_p": "0.5", "$ai_frequency_penalty": "0.25",
            "$ai_presence_penalty": "-0.25", "$ai_session_id": "conv-1", "distinct_id": "ann",
            "$ai_status_code": "200", "$ai_base_url": "127.0.0.1",
            "$ai_trace_id": "0af7651916cd43dd8448eb211c80319c",
        ]
        for (name, value) in exact { #expect(properties[name] == value, "\(name)") }
        for name in [
            "$ai_input", "$ai_output_choices", "$ai_tools", "$ai_input_tokens",
            "$ai_output_tokens", "$ai_latency", "$ai_response_id", "$ai_finish_reason",
            "$ai_span_id", "$ai_parent_id",
        ] {
            #expect(properties[name]?.isEmpty == false, "\(name)")
        }
        #expect(properties["$ai_is_error"] == nil && properties["$ai_error_type"] == nil)
        // The older endpoint knows no other names of tokens.
        if recipe == 1 {
            #expect(properties["$ai_prompt_tokens"] == properties["$ai_input_tokens"])
            #expect(properties["$ai_completion_tokens"] == properties["$ai_output_tokens"])
            #expect(Int(properties["$ai_total_tokens"] ?? "") ?? 0 > 0)
        }
    }

    @Test func `a stream has the time to its first token`() throws {
        let body =
            #"{"model":"mock-gpt","stream":true,"messages":[{"role":"user","content":"Hi"}]}"#
        let events = try events(0, Wire.chat(body), 200)
        let event = try #require(events.first { $0.name == "$ai_generation" })
        #expect(Double(event.properties["$ai_time_to_first_token"] ?? "") ?? 0 > 0)
        #expect(Int(event.properties["$ai_output_tokens"] ?? "") ?? 0 > 0)
    }

    @Test(arguments: [0, 1]) func `a text completion is one generation`(recipe: Int) throws {
        let body = #"{"model":"mock-gpt","prompt":"Hello"}"#
        let events = try events(recipe, Wire.chat(body, path: "/v1/completions"), 200)
        #expect(events.count { $0.name == "$ai_generation" } == 1)
        let event = try #require(events.first { $0.name == "$ai_generation" })
        #expect(event.properties["$ai_span_name"] == "text_completion mock-gpt")
        #expect(Int(event.properties["$ai_output_tokens"] ?? "") ?? 0 > 0)
    }

    @Test(arguments: [0, 1]) func `embeddings are one embedding`(recipe: Int) throws {
        let body = #"{"model":"mock-embedding","input":["swift"]}"#
        let events = try events(recipe, Wire.chat(body, path: "/v1/embeddings"), 200)
        let event = try #require(events.first { $0.name == "$ai_embedding" })
        #expect(event.properties["$ai_model"] == "mock-embedding")
        #expect(Int(event.properties["$ai_input_tokens"] ?? "") ?? 0 > 0)
    }

    @Test(arguments: [0, 1]) func `a failure is an error with status, type and message`(
        recipe: Int
    ) throws {
        let body = #"{"model":"mock-status-429","messages":[{"role":"user","content":"Hi"}]}"#
        let events = try events(recipe, Wire.chat(body), 429)
        let event = try #require(events.first { $0.name == "$ai_generation" })
        #expect(event.properties["$ai_is_error"] == "true")
        #expect(event.properties["$ai_status_code"] == "429")
        #expect(event.properties["$ai_error_type"]?.isEmpty == false)
        #expect(event.properties["$ai_error"]?.isEmpty == false)
    }

    @Test func `only the operation's span is an event of AI`() throws {
        let events = try events(0, Wire.chat(), 200)
        #expect(events.map(\.name) == ["$ai_generation"])
    }

    @Test func `the page about receivers has each property of the table`() throws {
        let page = try String(
            contentsOf: Recipe.directory.deletingLastPathComponent()
                .deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: "Sources/Gateway/Gateway.docc/Receivers.md"), encoding: .utf8)
        for (property, attributes) in PostHogEvent.table {
            let row = page.split(separator: "\n").first { $0.contains("`\(property)`") } ?? ""
            #expect(attributes.allSatisfy { row.contains("`\($0)`") }, "\(property)")
        }
    }
}
