import Glibc

/// The bytes the upstream answers with, shaped as OpenAI's are.
enum Answers {
    /// Headers a real provider sends beside type and length.
    static let headers = """
        Date: Mon, 02 Jun 2025 10:00:00 GMT\r\nopenai-organization: org-bench\r
        openai-processing-ms: 412\r\nopenai-version: 2020-10-01\r
        x-ratelimit-limit-requests: 10000\r\nx-ratelimit-remaining-requests: 9999\r
        x-ratelimit-limit-tokens: 2000000\r\nx-ratelimit-remaining-tokens: 1999800\r
        x-request-id: req_0123456789abcdef0123456789abcdef\r\nServer: bench\r\n
        """

    /// A chat completion with an answer text of that many bytes.
    static func chat(contentBytes: Int) -> [UInt8] {
        let text = prose(contentBytes)
        return Array(
            """
            {"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion",\
            "created":1741569952,"model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,\
            "message":{"role":"assistant","content":"\(text)","refusal":null,"annotations":[]},\
            "logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":219,\
            "completion_tokens":110,"total_tokens":329,"prompt_tokens_details":\
            {"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":\
            {"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,\
            "rejected_prediction_tokens":0}},"service_tier":"default",\
            "system_fingerprint":"fp_b8bc95a0ac"}
            """.utf8)
    }

    /// One embedding of 1,536 dimensions.
    static func embeddings(base64: Bool) -> [UInt8] {
        var random: UInt32 = 2_463_534_242
        func next() -> UInt32 {
            random ^= random << 13
            random ^= random >> 17
            random ^= random << 5
            return random
        }
        let vector: String
        if base64 {
            let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
            vector = "\"" + String((0..<8192).map { _ in alphabet[Int(next() % 64)] }) + "\""
        } else {
            let numbers = (0..<1536).map { _ in
                let digits = String(next() % 90_000_000 + 10_000_000)
                return (next() % 2 == 0 ? "-" : "") + "0.0" + digits
            }
            vector = "[" + numbers.joined(separator: ",") + "]"
        }
        return Array(
            """
            {"object":"list","data":[{"object":"embedding","index":0,"embedding":\(vector)}],\
            "model":"text-embedding-3-small","usage":{"prompt_tokens":22,"total_tokens":22}}
            """.utf8)
    }

    /// The parts of an SSE answer, each in chunked coding: head and first event, any later event,
    /// and the end.
    static func stream(usage: Bool) -> (start: [UInt8], chunk: [UInt8], end: [UInt8]) {
        let tail = usage ? ",\"usage\":null" : ""
        func event(_ delta: String, finish: String = "null") -> String {
            let text = """
                data: {"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":\
                "chat.completion.chunk","created":1741569952,"model":"gpt-4o-mini-2024-07-18",\
                "choices":[{"index":0,"delta":\(delta),"finish_reason":\(finish)}]\(tail)}\n\n
                """
            return chunked(text)
        }
        let head = """
            HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\(headers)\
            Transfer-Encoding: chunked\r\n\r\n
            """
        let usageEvent = """
            data: {"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":\
            "chat.completion.chunk","created":1741569952,"model":"gpt-4o-mini-2024-07-18",\
            "choices":[],"usage":{"prompt_tokens":219,"completion_tokens":250,\
            "total_tokens":469}}\n\n
            """
        let end =
            event("{}", finish: "\"stop\"") + (usage ? chunked(usageEvent) : "")
            + chunked("data: [DONE]\n\n") + "0\r\n\r\n"
        return (
            Array((head + event("{\"role\":\"assistant\",\"content\":\"\"}")).utf8),
            Array(event("{\"content\":\" swallows\"}").utf8), Array(end.utf8)
        )
    }

    private static func chunked(_ text: String) -> String {
        String(text.utf8.count, radix: 16) + "\r\n" + text + "\r\n"
    }

    /// Text with the escapes real answers have.
    private static func prose(_ count: Int) -> String {
        let sentence =
            "The common swift spends most of its life on the wing.\\nIt \\\"sleeps\\\" there. "
        var text = ""
        while text.utf8.count + sentence.utf8.count <= count { text += sentence }
        return text
    }
}
