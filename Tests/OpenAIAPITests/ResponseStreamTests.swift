import Bytes
import JSON
import OpenAIAPI
import Testing

/// Streams of the Responses API: what they say must be what the plain answer says.
struct ResponseStreamTests {
    static let items: [String] = [
        #"{"id":"rs","type":"reasoning","summary":[{"type":"summary_text","text":"hm"}]}"#,
        #"{"id":"fc","type":"function_call","call_id":"c","name":"f","arguments":"{\"a\":[1]}"}"#,
        #"{"id":"ct","type":"custom_tool_call","call_id":"d","name":"g","input":"x y"}"#,
        #"{"id":"sh","type":"shell_call","call_id":"e","action":{"commands":["ls"]}}"#,
        #"{"id":"ap","type":"apply_patch_call","call_id":"p","operation":{"type":"delete_file"}}"#,
        #"{"id":"ci","type":"code_interpreter_call","code":"6*7","outputs":[{"logs":"42"}]}"#,
        #"{"id":"ig","type":"image_generation_call","result":"aGVsbG8="}"#,
        #"{"id":"mcp","type":"mcp_call","name":"t","arguments":"{}","error":"no","output":null}"#,
        #"{"id":"new","type":"something_new","x":1}"#,
        #"""
        {"id":"m","type":"message","role":"assistant","content":[{"type":"output_text",\#
        "text":"Grüezi \ud83d\udc26"},{"type":"refusal","refusal":"no"}]}
        """#,
    ]

    static func completed(_ items: [String], status: String = "completed") -> String {
        #"{"id":"resp_1","status":""# + status + #"","output":["#
            + items.joined(separator: ",") + "]}"
    }

    static func stream(_ items: [String], deltas: Bool = true) -> [UInt8] {
        var text = ""
        for (index, item) in items.enumerated() {
            if deltas {
                text += #"data: {"type":"response.output_text.delta","output_index":\#(index),"#
                text += #""delta":"piece \#(index)"}"# + "\n\n"
            }
            text += #"data: {"type":"response.output_item.done","output_index":\#(index),"item":"#
            text += item + "}\n\n"
        }
        text += #"data: {"type":"response.completed","response":"# + completed(items) + "}\n\n"
        return Array(text.utf8)
    }

    @Test func `an item that is done stands in the messages as in a plain answer`() throws {
        let whole = read(
            [Self.stream(Self.items)], endpoint: .responses, captureBytesMax: 1 << 16)
        let plain = try MessageContentTests.write(
            .output, Self.completed(Self.items), .responses)
        #expect(whole.messages == plain)
        #expect(whole.messages?.contains("piece") == false)
        #expect(whole.facts.isDone && whole.facts.hasContent && !whole.facts.hasError)
    }

    @Test(arguments: items)
    func `so does each kind of item alone`(_ item: String) throws {
        let whole = read(
            [Self.stream([item], deltas: false)], endpoint: .responses, captureBytesMax: 1 << 16)
        #expect(
            try whole.messages
                == MessageContentTests.write(.output, Self.completed([item]), .responses))
    }

    @Test func `what is read does not depend on where the stream is cut`() {
        let stream = Self.stream(Array(Self.items[0...2]))
        let whole = read([stream], endpoint: .responses, captureBytesMax: 1 << 16)
        for offset in stream.indices {
            let parts = read(
                cut(stream, at: offset), endpoint: .responses, captureBytesMax: 1 << 16)
            #expect(parts == whole, "cut at \(offset)")
        }
    }

    @Test func `an item over the bound leaves its pieces, or its type`() {
        let long = String(repeating: "x", count: 500)
        let message =
            #"{"id":"m","type":"message","role":"assistant","content":[{"type":"output_text","#
            + #""text":""# + long + #""}]}"#
        let pieces = read(
            [Self.stream([message])], endpoint: .responses, captureBytesMax: 300)
        #expect(
            pieces.messages
                == #"[{"role":"assistant","parts":[{"type":"text","content":"piece 0"}],"#
                + #""truncated":true,"finish_reason":"stop"}]"#)
        let type = read(
            [Self.stream([message], deltas: false)], endpoint: .responses, captureBytesMax: 300)
        #expect(
            type.messages
                == #"[{"role":"assistant","parts":[{"type":"message","truncated":true}],"#
                + #""truncated":true,"finish_reason":"stop"}]"#)
    }

    @Test(
        "how a response ended is told by its status and its items",
        arguments: [
            (#"{"status":"completed","output":[]}"#, "stop", "stop"),
            (
                #"{"status":"completed","output":[{"type":"function_call"}]}"#, "tool_call",
                "tool_calls"
            ),
            (#"{"status":"completed","output":[{"type":"web_search_call"}]}"#, "stop", "stop"),
            (
                #"{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}"#,
                "length", "length"
            ),
            (
                #"{"incomplete_details":{"reason":"content_filter"},"status":"incomplete"}"#,
                "content_filter", "content_filter"
            ),
            (#"{"status":"incomplete","incomplete_details":null}"#, "error", "error"),
            (#"{"status":"failed"}"#, "error", "error"),
            (#"{"status":"cancelled"}"#, "error", "error"),
            (#"{"status":"in_progress"}"#, "", ""), ("{}", "", ""),
        ])
    func ends(_ body: String, _ message: String, _ reason: String) {
        var scanner = JSONScanner()
        let source = buffer(body)
        let facts = AnswerReader.read(source.bytes, endpoint: .responses, scanner: &scanner)
        #expect(facts.messageFinishReason.map { "\($0)" } ?? "" == message)
        #expect(facts.responseFinishReason.map { "\($0)" } ?? "" == reason)
    }
}

struct UsageTests {
    @Test(
        "tokens are read in the forms of every provider",
        arguments: [
            // input, with cached, output, with reasoning, cached, creation, reasoning
            (#"{"prompt_tokens":9,"completion_tokens":3}"#, [9, 9, 3, 3, -1, -1, -1]),
            (
                #"{"input_tokens":9,"output_tokens":3,"cache_read_input_tokens":100,"#
                    + #""cache_creation_input_tokens":20}"#, [9, 129, 3, 3, 100, 20, -1]
            ),
            (
                #"{"input_tokens":9,"input_tokens_details":{"cached_tokens":4}}"#,
                [9, 9, -1, -1, 4, -1, -1]
            ),
            (
                #"{"prompt_tokens":9,"cache_read_input_tokens":4}"#,
                [9, 9, -1, -1, 4, -1, -1]
            ),
            (
                #"{"prompt_tokens":9,"prompt_cache_hit_tokens":4,"prompt_cache_miss_tokens":5}"#,
                [9, 9, -1, -1, 4, -1, -1]
            ),
            (
                #"{"prompt_tokens":9,"prompt_tokens_details":{"cached_tokens":4,"#
                    + #""cache_write_tokens":2},"cached_tokens":7}"#, [9, 9, -1, -1, 4, 2, -1]
            ),
            (
                #"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":115,"#
                    + #""completion_tokens_details":{"reasoning_tokens":100}}"#,
                [10, 10, 5, 105, -1, -1, 100]
            ),
            (
                #"{"prompt_tokens":10,"completion_tokens":105,"total_tokens":115,"#
                    + #""completion_tokens_details":{"reasoning_tokens":100}}"#,
                [10, 10, 105, 105, -1, -1, 100]
            ),
            (#"{"prompt_tokens":-1,"completion_tokens":"3"}"#, [-1, -1, -1, -1, -1, -1, -1]),
            (
                #"{"input_tokens":9223372036854775807,"cache_read_input_tokens":5}"#,
                [Int.max, Int.max, -1, -1, 5, -1, -1]
            ),
        ])
    func reads(_ usage: String, _ expected: [Int]) throws {
        var scanner = JSONScanner()
        let source = buffer(#"{"usage":"# + usage + "}")
        let facts = AnswerReader.read(source.bytes, endpoint: .chatCompletions, scanner: &scanner)
        let found = facts.usage
        let read = try #require(found)
        #expect(
            [
                read.inputTokens, read.inputTokensWithCached, read.outputTokens,
                read.outputTokensWithReasoning, read.cachedInputTokens,
                read.cacheCreationInputTokens, read.reasoningTokens,
            ].map { $0 ?? -1 } == expected)
    }
}
