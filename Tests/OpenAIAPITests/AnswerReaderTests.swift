import Bytes
import JSON
import OpenAIAPI
import Testing

struct AnswerReaderTests {
    static func facts(_ body: String, _ endpoint: Endpoint = .chatCompletions) -> Facts {
        var scanner = JSONScanner()
        let body = buffer(body)
        return Facts(AnswerReader.read(body.bytes, endpoint: endpoint, scanner: &scanner))
    }

    @Test
    func `a chat's answer tells its facts`() {
        let facts = Self.facts(
            #"""
            {"id": "chatcmpl-1", "model": "gpt-4o\u002d1", "service_tier": "flex",
             "choices": [
              {"index": 1, "message": {\#
              "role": "assistant", "content": "b"}, "finish_reason": "length"},
              {"index": 0, "message": {\#
              "role": "assistant", "content": "a"}, "finish_reason": "stop"}],
             "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7,
              "prompt_tokens_details": {"cached_tokens": 0, "cache_creation_tokens": 2}},
             "system_fingerprint": null}
            """#)
        #expect(facts.id == "chatcmpl-1" && facts.model == "gpt-4o-1")
        #expect(facts.serviceTier == "flex" && facts.systemFingerprint == "")
        #expect(facts.finishReasons == ["stop", "length"] && facts.choiceIndices == [0, 1])
        #expect(facts.usage?.inputTokens == 3 && facts.usage?.outputTokens == 4)
        #expect(facts.usage?.cachedInputTokens == 0)
        #expect(facts.usage?.cacheCreationInputTokens == 2)
        #expect(facts.usage?.reasoningTokens == nil)
        #expect(facts.hasContent && !facts.hasError && facts.chunkCount == 0)
    }

    @Test
    func `a text completion's answer tells its finish reason`() {
        let facts = Self.facts(
            #"{"choices":[{"text":"a","index":0,"logprobs":null,"finish_reason":"stop"}]}"#,
            .completions)
        #expect(facts.finishReasons == ["stop"] && facts.hasContent)
    }

    @Test(
        arguments: [
            (#"[0.1,-2,3e-4]"#, 3), (#""AACAPwAAAEAAAEBA""#, 3), (#""AACAPwAAAEA=""#, 2),
            (#""AACAPw==""#, 1), (#""\/\/\/\/\/w==""#, 1), ("[]", 0), ("null", nil),
        ] as [(String, Int?)])
    func `the first embedding tells the dimension`(_ embedding: String, _ expected: Int?) {
        let facts = Self.facts(
            #"{"object":"list","data":[{"index":0,"embedding":\#(embedding)},{"embedding":[1]}],"#
                + #""model":"e","usage":{"prompt_tokens":8,"total_tokens":8}}"#, .embeddings)
        #expect(facts.embeddingDimensions == expected)
        #expect(facts.model == "e" && facts.usage?.inputTokens == 8)
        #expect(facts.usage?.outputTokens == nil)
    }

    @Test(arguments: [
        (#"{"error":{"message":"m","type":"t","param":null,"code":"c"}}"#, "t", "c", "m"),
        (#"{"error":{"message":"m","type":"t","code":null}}"#, "t", "", "m"),
        (#"{"error":{"code":429}}"#, "", "429", ""),
        (#"{"error":"plain"}"#, "", "", "plain"),
        (#"{"error":{"message":{},"type":[]}}"#, "", "", ""),
    ])
    func `an error's body is read`(
        _ body: String, _ type: String, _ code: String, _ message: String
    ) {
        let facts = Self.facts(body)
        #expect(facts.hasError)
        #expect(facts.errorType == type && facts.errorCode == code && facts.errorMessage == message)
    }

    @Test(arguments: ["", "<html>", "[]", "7", #"{"id":"a""#])
    func `what is no answer is counted as unreadable`(_ body: String) {
        let facts = Self.facts(body)
        #expect(facts.unreadableCount == 1 && facts.usage == nil && !facts.hasError)
    }

    @Test
    func `texts are bounded`() {
        let long = String(repeating: "é", count: 1000)
        let facts = Self.facts(#"{"id":"\#(long)","model":"x\#(long)","choices":[]}"#)
        #expect(facts.id == String(repeating: "é", count: 128))
        #expect(facts.model == "x" + String(repeating: "é", count: 127))
        let many = (0..<2000).map { #"{"index":\#($0),"finish_reason":"stop"}"# }
        let choices = Self.facts(#"{"choices":[\#(many.joined(separator: ","))]}"#)
        #expect(choices.finishReasons.count == AnswerFacts.choicesMax)
    }
}
