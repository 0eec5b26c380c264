import GatewayTesting

/// Requests and answers as they stand on the wire.
enum Wire {
    static let chatBody = #"{"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}]}"#
    static let streamBody =
        #"{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"Hi"}]}"#
    static let streamBodyWithUsage =
        #"{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true},"#
        + #""messages":[{"role":"user","content":"Hi"}]}"#

    /// A chat call.
    static func chat(
        _ body: String = chatBody, path: String = "/v1/chat/completions",
        _ fields: [String] = []
    ) -> String {
        post(path, body, ["Content-Type: application/json"] + fields)
    }

    /// A chat call with further fields.
    static func chat(_ fields: [String]) -> String {
        chat(chatBody, fields)
    }

    static func post(_ path: String, _ body: String, _ fields: [String] = []) -> String {
        head("POST \(path) HTTP/1.1", fields + ["Content-Length: \(body.utf8.count)"]) + body
    }

    static func get(_ path: String, _ fields: [String] = []) -> String {
        head("GET \(path) HTTP/1.1", fields)
    }

    /// A head with Host.
    static func head(_ line: String, _ fields: [String] = []) -> String {
        ([line, "Host: gateway.test"] + fields).joined(separator: "\r\n") + "\r\n\r\n"
    }

    static let completion =
        #"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-4o-2024-08-06","#
        + #""choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"#
        + #""finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":3,"#
        + #""total_tokens":12}}"#

    /// An upstream's answer of a known length.
    static func answer(
        _ body: String = completion, status: String = "200 OK", _ fields: [String] = []
    ) -> String {
        let type =
            fields.contains { $0.lowercased().hasPrefix("content-type:") }
            ? [] : ["Content-Type: application/json"]
        return (["HTTP/1.1 \(status)"] + type + fields + ["Content-Length: \(body.utf8.count)"])
            .joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    /// A completion with further fields.
    static func answer(_ fields: [String]) -> String {
        answer(completion, fields)
    }

    /// The head of a stream of events in chunks.
    static let streamHead =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
        + "Transfer-Encoding: chunked\r\n\r\n"

    static func chunk(_ text: String) -> String {
        String(text.utf8.count, radix: 16) + "\r\n" + text + "\r\n"
    }

    static let lastChunk = "0\r\n\r\n"

    static func event(_ content: String) -> String {
        #"data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"#
            + #""model":"gpt-4o-2024-08-06","choices":[{"index":0,"delta":{"content":""#
            + content + #""},"finish_reason":null}]}"# + "\n\n"
    }

    static let finishEvent =
        #"data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"#
        + #""model":"gpt-4o-2024-08-06","choices":[{"index":0,"delta":{},"#
        + #""finish_reason":"stop"}]}"# + "\n\n"
    static let usageEvent =
        #"data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"#
        + #""model":"gpt-4o-2024-08-06","choices":[],"usage":{"prompt_tokens":9,"#
        + #""completion_tokens":3,"total_tokens":12}}"# + "\n\n"
    static let doneEvent = "data: [DONE]\n\n"
}

extension FaultyUpstream {
    /// Answers every request alike, on any number of connections.
    static func answering(_ answer: String) throws -> FaultyUpstream {
        try FaultyUpstream([.readRequest, .send(answer), .again])
    }

    /// Answers every call with a small completion.
    static func good() throws -> FaultyUpstream {
        try answering(Wire.answer())
    }
}
