import JSON
import OpenAIAPI
import Testing

struct StorableAnswerTests {
    static func judge(
        _ plain: String, _ endpoint: Endpoint, _ inputCount: Int? = nil
    ) -> StorableAnswer.Refusal? {
        var scanner = JSONScanner()
        let source = buffer(plain)
        return StorableAnswer.judge(
            source.bytes, endpoint: endpoint, inputCount: inputCount, scanner: &scanner)
    }

    @Test(
        "a whole answer may be stored, anything else has a reason",
        arguments: [
            (#"{"choices":[{"message":{},"finish_reason":"stop"}]}"#, .chatCompletions, nil),
            (#"{"choices":[{"message":{},"finish_reason":"length"}]}"#, .chatCompletions, nil),
            (
                #"{"choices":[{"message":{},"finish_reason":"content_filter"}],"error":null}"#,
                .chatCompletions, nil
            ),
            (#"{"choices":[{"text":"","finish_reason":"stop"}]}"#, .completions, nil),
            (#"{"choices":[{"text":"","finish_reason":"stop"}]}"#, .chatCompletions, .empty),
            (#"{"choices":[]}"#, .chatCompletions, .empty), ("{}", .chatCompletions, .empty),
            ("", .chatCompletions, .malformed), ("[]", .chatCompletions, .malformed),
            (#"{"choices":["#, .chatCompletions, .malformed),
            (#"{"choices":[{"message":{},"finish_reason":"stop"}]}x"#, .completions, .malformed),
            (
                #"{"choices":[{"message":{},"finish_reason":"stop"}],"error":{}}"#,
                .chatCompletions, .error
            ),
            (#"{"object":"error","choices":[]}"#, .chatCompletions, .error),
            (
                #"{"choices":[{"message":{},"error":{"code":1},"finish_reason":"stop"}]}"#,
                .chatCompletions, .error
            ),
            (#"{"choices":[{"message":{},"finish_reason":null}]}"#, .chatCompletions, .unfinished),
            (#"{"choices":[{"message":{}}]}"#, .chatCompletions, .unfinished),
            (
                #"{"choices":[{"message":{},"finish_reason":"stop"},{"message":{}}]}"#,
                .chatCompletions, .unfinished
            ),
            (#"{"choices":[{"message":{},"finish_reason":"error"}]}"#, .chatCompletions, .failed),
            (#"{"status":"completed","output":[{}],"error":null}"#, .responses, nil),
            (#"{"status":"completed","output":[]}"#, .responses, .empty),
            (#"{"status":"incomplete","output":[{}]}"#, .responses, .unfinished),
            (#"{"status":"in_progress","output":[{}]}"#, .responses, .unfinished),
            (#"{"output":[{}]}"#, .responses, .unfinished),
            (#"{"status":"failed","output":[{}]}"#, .responses, .failed),
            (#"{"status":"failed","output":[{}],"error":{}}"#, .responses, .error),
            (#"{"data":[{"embedding":[1]}]}"#, .embeddings, nil),
            (#"{"data":[{"embedding":[]}]}"#, .embeddings, .empty),
            (#"{"data":[{"embedding":""}]}"#, .embeddings, .empty),
            (#"{"data":[{}]}"#, .embeddings, .empty), (#"{"data":[]}"#, .embeddings, .empty),
            (#"{"data":[{"id":"m"}]}"#, .models, .endpoint), ("{}", .other, .endpoint),
        ] as [(String, Endpoint, StorableAnswer.Refusal?)])
    func judges(_ plain: String, _ endpoint: Endpoint, _ refusal: StorableAnswer.Refusal?) {
        #expect(Self.judge(plain, endpoint) == refusal)
    }

    @Test func `embeddings are as many as the inputs`() {
        let two = #"{"data":[{"embedding":[1]},{"embedding":"AAAA"}]}"#
        #expect(Self.judge(two, .embeddings, 2) == nil)
        #expect(Self.judge(two, .embeddings, 1) == .empty)
        #expect(Self.judge(two, .embeddings, 3) == .empty)
    }

    @Test func `each reason has a word of its own`() {
        let words = StorableAnswer.Refusal.allCases.map { "\($0.name)" }
        #expect(Set(words).count == words.count)
        let others = AssemblyError.allCases.map { "\($0.name)" }
        #expect(Set(others).count == others.count)
    }
}
