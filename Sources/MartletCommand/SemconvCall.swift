/// One call of the self-check, and the attributes that it gives a value for.
struct SemconvCall {
    /// How findings name it.
    let title: String
    let path: String
    let body: String
    /// Attributes of the GenAI span.
    let given: Set<String>

    /// Attributes of the HTTP spans: of every call alike.
    static let givenHTTP: Set = [
        "http.route", "http.response.status_code", "network.protocol.version",
        "network.peer.address", "network.peer.port", "server.address", "client.address",
        "user_agent.original",
    ]

    private static let parameters = """
        "temperature": 0, "top_p": 0.5, "top_k": 40, "n": 2, "seed": 0, "stop": "END",
        "frequency_penalty": 0.5, "presence_penalty": -0.5, "max_completion_tokens": 200,
        "response_format": {"type": "json_object"}, "service_tier": "default",
        """

    /// Every kind of message and part that a chat has.
    private static let messages = """
        "messages": [
          {"role": "system", "content": "Be brief."},
          {"role": "user", "name": "ann", "content": [
            {"type": "text", "text": "What is in these?"},
            {"type": "image_url", "image_url": {"url": "https://example.com/bird.png"}},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
            {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
            {"type": "file", "file": {"file_id": "file-1"}}]},
          {"role": "assistant", "tool_calls": [{"id": "call_1", "type": "function",
            "function": {"name": "look", "arguments": "{\\"at\\": \\"bird\\"}"}}]},
          {"role": "tool", "tool_call_id": "call_1", "content": "A swift."},
          {"role": "assistant", "refusal": "I will not say."},
          {"role": "user", "content": "Go on."}],
        "tools": [{"type": "function", "function": {"name": "look", "description": "Looks.",
          "parameters": {"type": "object", "properties": {"at": {"type": "string"}}}}}]
        """

    private static let inference: Set = [
        "gen_ai.request.model", "gen_ai.output.type", "gen_ai.request.choice.count",
        "gen_ai.request.seed", "gen_ai.request.frequency_penalty", "gen_ai.request.max_tokens",
        "gen_ai.request.presence_penalty", "gen_ai.request.stop_sequences",
        "gen_ai.request.temperature", "gen_ai.request.top_k", "gen_ai.request.top_p",
        "gen_ai.response.finish_reasons", "gen_ai.response.id", "gen_ai.response.model",
        "gen_ai.usage.input_tokens", "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.output_tokens", "gen_ai.usage.reasoning.output_tokens", "server.address",
        "openai.request.service_tier", "openai.response.service_tier",
        "openai.response.system_fingerprint", "openai.api.type",
    ]

    static let all = [
        SemconvCall(
            title: "chat", path: "/v1/chat/completions",
            body: "{\"model\": \"mock-reasoning\", \(parameters) \(messages)}", given: inference),
        SemconvCall(
            title: "stream", path: "/v1/chat/completions",
            body: """
                {"model": "mock-reasoning", "stream": true, \(parameters) \(messages)}
                """,
            given: inference.union([
                "gen_ai.request.stream", "gen_ai.response.time_to_first_chunk",
            ])),
        SemconvCall(
            title: "embeddings", path: "/v1/embeddings",
            body: """
                {"model": "mock-embedding", "input": ["swift", "swallow"], "dimensions": 16,
                 "encoding_format": "float"}
                """,
            given: [
                "gen_ai.request.model", "gen_ai.embeddings.dimension.count",
                "gen_ai.request.encoding_formats", "gen_ai.response.model",
                "gen_ai.usage.input_tokens", "server.address",
            ]),
    ]
}
