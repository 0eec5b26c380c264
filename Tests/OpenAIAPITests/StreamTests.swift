import Bytes
import JSON
import OpenAIAPI
import Testing

/// A chat's stream as an upstream sends it with usage, and as it sends it without.
enum Streams {
    static let head =
        #"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"#
        + #""model":"gpt-4o-2024-08-06","service_tier":"default","system_fingerprint":"fp_1","#

    static let deltas = [
        #"""
        {"index":0,"delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null}
        """#,
        #"{"index":0,"delta":{"content":"Gr\u00fc\u00df Gott, \"du\" 🐦"},"finish_reason":null}"#,
        #"{"index":0,"delta":{"content":" [DONE] ü"},"logprobs":null,"finish_reason":null}"#,
        #"{"index":0,"delta":{},"finish_reason":"stop"}"#,
    ]

    static let usage =
        #""usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"#
        + #""prompt_tokens_details":{"cached_tokens":4,"audio_tokens":0},"#
        + #""completion_tokens_details":{"reasoning_tokens":3}}"#

    /// `null` is how each chunk says that usage comes later; empty: it says nothing.
    static func chat(null: String, usageChunk: Bool, end: String = "\n") -> [UInt8] {
        var text = ": ping" + end + end
        for delta in deltas {
            text += "data: " + head + #""choices":[\#(delta)]\#(null)}"# + end + end
        }
        if usageChunk {
            text += "data: " + head + #""choices":[],"# + usage + "}" + end + end
        }
        text += "data: [DONE]" + end + end
        return Array(text.utf8)
    }

    static let tools = """
        data: {"id":"t","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":\
        null,\
        "tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"get",\
        "arguments":""}}]}}]}

        data: {"id":"t","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{\
        "arguments":"{\\"a\\""}}]}}]}

        data: {"id":"t","choices":[{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_2",\
        "function":{"name":"put","arguments":"x"}}]}}]}

        data: {"id":"t","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{\
        "arguments":":1}"}}]}}]}

        data: {"id":"t","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}

        data: [DONE]


        """

    static let choices = """
        data: {"choices":[{"index":1,"delta":{"content":"b"}},{"index":0,"delta":{"content":"a"}}]}

        data: {"choices":[{"index":1,"delta":{"content":"d"},"finish_reason":"length"}]}

        data: {"choices":[{"index":0,"delta":{"refusal":"no"}},{"index":200,"delta":{"content":\
        "x"}}]}

        data: {"choices":[{"index":0,"delta":{"reasoning_content":"hm"},"finish_reason":\
        "content_filter"}]}


        """
}

struct StreamReaderTests {
    @Test
    func `a chat's stream tells its facts wherever it is cut`() {
        let stream = Streams.chat(null: #","usage":null"#, usageChunk: true)
        let whole = read([stream], captureBytesMax: 1 << 16)
        #expect(whole.facts.id == "chatcmpl-1" && whole.facts.model == "gpt-4o-2024-08-06")
        #expect(whole.facts.serviceTier == "default" && whole.facts.systemFingerprint == "fp_1")
        #expect(whole.facts.finishReasons == ["stop"] && whole.facts.choiceIndices == [0])
        var usage = AnswerFacts.Usage()
        usage.inputTokens = 19
        usage.outputTokens = 10
        usage.cachedInputTokens = 4
        usage.reasoningTokens = 3
        usage.totalTokens = 29
        #expect(whole.facts.usage == usage)
        #expect(whole.facts.chunkCount == 5 && whole.facts.unreadableCount == 0)
        #expect(whole.facts.hasContent && whole.facts.isDone && !whole.facts.hasError)
        #expect(
            whole.messages
                == #"""
                [{"role":"assistant","parts":[{"type":"text","content":"Grüß Gott, \"du\" 🐦 [\#
                DONE] ü"}],
                """#
                + #""finish_reason":"stop"}]"#)
        for offset in 0...stream.count {
            #expect(read(cut(stream, at: offset), captureBytesMax: 1 << 16) == whole)
        }
        #expect(read(stream.map { [$0] }, captureBytesMax: 1 << 16) == whole)
    }

    @Test
    func `a role alone is no content, and the first delta is`() {
        var reader = StreamReader(endpoint: .chatCompletions)
        var scanner = JSONScanner()
        for (index, delta) in Streams.deltas.enumerated() {
            let event = Array("data: {\"choices\":[\(delta)]}\n\n".utf8)
            reader.read(event.span, scanner: &scanner)
            #expect(reader.facts.hasContent == (index > 0))
        }
    }

    @Test
    func `tool calls are put together from their pieces`() {
        let result = read([Array(Streams.tools.utf8)], captureBytesMax: 1 << 16)
        #expect(result.facts.finishReasons == ["tool_calls"] && result.facts.hasContent)
        #expect(
            result.messages
                == #"""
                [{"role":"assistant","parts":[{"type":"tool_call","id":"call_1","name":"get",\#
                "arguments":{"a":1}},
                """#
                    + #"""
                    {"type":"tool_call","id":"call_2","name":"put","arguments":"x"}],\#
                    "finish_reason":\#
                    "tool_call"}]
                    """#
        )
    }

    @Test
    func `choices are told apart, and one out of bounds is left out`() {
        let result = read([Array(Streams.choices.utf8)], captureBytesMax: 1 << 16)
        #expect(result.facts.choiceIndices == [0, 1])
        #expect(result.facts.finishReasons == ["content_filter", "length"])
        #expect(
            result.messages
                == #"""
                [{"role":"assistant","parts":[{"type":"reasoning","content":"hm"},{"type":"text",\#
                "content":"a"},
                """#
                + #"{"type":"refusal","content":"no"}],"finish_reason":"content_filter"},"#
                    + #"""
                    {"role":"assistant","parts":[{"type":"text","content":"bd"}],"finish_reason":\#
                    "length"}]
                    """#
        )
    }

    @Test
    func `text completions have texts`() {
        let stream = """
            data: {"id":"cmpl-1","choices":[{"text":"","index":0,"finish_reason":null}]}

            data: {"id":"cmpl-1","choices":[{"text":"ab","index":0,"finish_reason":"length"}]}


            """
        let result = read([Array(stream.utf8)], endpoint: .completions, captureBytesMax: 100)
        #expect(result.facts.hasContent && result.facts.finishReasons == ["length"])
        #expect(!result.facts.isDone)
        #expect(result.messages?.contains(#""content":"ab""#) == true)
    }

    @Test
    func `what cannot be parsed is counted`() {
        let stream =
            "data: <html>\n\ndata: {\n\ndata: []\n\ndata: 7\n\ndata: [DONE]\n\ndata: {}\n\n"
            + "data: [DONE]\n\n"
        let result = read([Array(stream.utf8)])
        #expect(result.facts.unreadableCount == 4 && result.facts.chunkCount == 5)
        #expect(result.facts.isDone && result.facts.eventsAfterDone == 1)
    }

    @Test
    func `an error inside the stream is told`() {
        let long = String(repeating: "ä", count: 300)
        let stream =
            #"data: {"error":{"message":"\#(long)","type":"server_error","code":503}}"#
            + "\n\n"
        let facts = read([Array(stream.utf8)]).facts
        #expect(facts.hasError && facts.errorType == "server_error" && facts.errorCode == "503")
        #expect(facts.errorMessage == String(repeating: "ä", count: 256))
        #expect(!read([Array("data: {\"error\":null}\n\n".utf8)]).facts.hasError)
    }

    @Test
    func `the last usage counts, and zero is a value`() {
        let stream = """
            data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":5}}

            data: {"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":-1}}

            data: {"choices":[],"usage":null}


            """
        let usage = read([Array(stream.utf8)]).facts.usage
        #expect(usage?.inputTokens == 0 && usage?.outputTokens == nil)
        #expect(read([Array("data: {}\n\n".utf8)]).facts.usage == nil)
    }

    @Test
    func `captured content keeps to its bound and to whole characters`() {
        let stream = (0..<100).map { _ in
            "data: {\"choices\":[{\"delta\":{\"content\":\"äöü\"}}]}\n\n"
        }
        let result = read([Array(stream.joined().utf8)], captureBytesMax: 33)
        #expect(
            result.messages
                == #"[{"role":"assistant","parts":[{"type":"text","content":"äöüäöüäöüäöüäöüä"}],"#
                + #""truncated":true,"finish_reason":"error"}]"#)
        #expect(result.facts.chunkCount == 100)
    }

    @Test
    func `a response's events are read`() {
        let stream = """
            event: response.created
            data: {"type":"response.created","response":{"id":"resp_1","model":"gpt-4o","usage":\
            null,"error":null}}

            event: response.output_text.delta
            data: {"type":"response.output_text.delta","delta":"Hi"}

            event: response.output_item.done
            data: {"type":"response.output_item.done","output_index":1,"item":{"type":\
            "function_call","call_id":"c","name":"f","arguments":"{}"}}

            event: response.completed
            data: {"type":"response.completed","response":{"id":"resp_1","status":"completed",\
            "usage":{"input_tokens":3,"input_tokens_details":{"cached_tokens":1},\
            "output_tokens":2,"output_tokens_details":{"reasoning_tokens":0}}}}


            """
        let result = read([Array(stream.utf8)], endpoint: .responses, captureBytesMax: 100)
        #expect(result.facts.id == "resp_1" && result.facts.model == "gpt-4o")
        #expect(result.facts.isDone && result.facts.hasContent && !result.facts.hasError)
        #expect(result.facts.usage?.inputTokens == 3 && result.facts.usage?.outputTokens == 2)
        #expect(result.facts.usage?.reasoningTokens == 0)
        #expect(
            result.messages
                == #"""
                [{"role":"assistant","parts":[{"type":"text","content":"Hi"},{"type":"tool_call",\#
                "id":"c",
                """#
                + #""name":"f","arguments":{}}],"finish_reason":"tool_call"}]"#)
    }
}

struct UsageFilterTests {
    /// How a chunk may say that usage comes later, and what is left of it.
    static let nulls: [(String, String)] = [
        (#","usage":null"#, ""),
        (#", "usage" : null "#, " "),
        (#","usage":null,"obfuscation":"x""#, #","obfuscation":"x""#),
        (#","x":{"usage":null}"#, #","x":{"usage":null}"#),
        ("", ""),
    ]

    @Test(arguments: nulls)
    func `the client gets what was not asked for, wherever the stream is cut`(
        _ null: String, _ left: String
    ) {
        for end in ["\n", "\r\n", "\r"] {
            let asked = Streams.chat(null: null, usageChunk: true, end: end)
            let unasked = Streams.chat(null: left, usageChunk: false, end: end)
            let facts = read([asked]).facts
            #expect(facts.usage?.inputTokens == 19)
            for offset in 0...asked.count {
                let result = filter(cut(asked, at: offset))
                guard result.output != unasked || result.facts != facts else { continue }
                Issue.record("cut at \(offset): \(String(decoding: result.output, as: UTF8.self))")
            }
            let bytewise = filter(asked.map { [$0] })
            #expect(bytewise.output == unasked && bytewise.facts == facts)
        }
    }

    @Test
    func `random cuts change nothing`() {
        var generator = SeededGenerator(state: 42)
        let asked = Streams.chat(null: #","usage":null"#, usageChunk: true, end: "\r\n")
        let unasked = Streams.chat(null: "", usageChunk: false, end: "\r\n")
        let whole = read([asked], captureBytesMax: 1 << 16)
        for _ in 0..<500 {
            let max = Int.random(in: 1...400, using: &generator)
            let pieces = randomCut(asked, max: max, using: &generator)
            let result = filter(pieces, captureBytesMax: 1 << 16)
            #expect(result.output == unasked)
            #expect(result.facts == whole.facts && result.messages == whole.messages)
        }
    }

    @Test(arguments: [
        // First, middle and only member.
        (#"data: {"usage":null,"a":1}"#, #"data: {"a":1}"#),
        (#"data: {"a":1, "usage": null, "b":2}"#, #"data: {"a":1, "b":2}"#),
        (#"data: {"usage":null}"#, #"data: {}"#),
        (#"data:{"a":1,"\u0075sage":null}"#, #"data:{"a":1}"#),
        // Usage beside choices came unasked, perhaps: it stays.
        (#"data: {"choices":[{"index":0}],"usage":{"a":1}}"#, nil),
        (#"data: {"choices":[],"x":1}"#, nil),
        (#"data: {"usage":0}"#, nil),
        (#"data: {"usage":null"#, nil),
        (#"data: "usage":null"#, nil),
        (#"data: [{"usage":null}]"#, nil),
        (#"x: {"usage":null}"#, nil),
        (#": {"usage":null}"#, nil),
        // The usage chunk, and comments that stand in front of it.
        (#"data: {"choices": [ ],"usage":{}}"#, ""),
        (": c\ndata: {\"choices\":[],\"usage\":{}}", ": c\n"),
        ("event: x\ndata: {\"choices\":[],\"usage\":{}}", ""),
        (":data: {\"usage\":null}\ndata: {\"usage\":null}", ":data: {\"usage\":null}\ndata: {}"),
        (": c\nid: 1\ndata: {\"a\":1,\"usage\":null}", ": c\nid: 1\ndata: {\"a\":1}"),
        // Data on several lines.
        (
            "data: {\"a\":1,\ndata: \"usage\":null,\ndata: \"b\":2}",
            "data: {\"a\":1,\ndata: \ndata: \"b\":2}"
        ),
    ])
    func `members go by their bytes`(_ event: String, _ expected: String?) {
        let event = event + "\n\n"
        var left = expected.map { $0 + "\n\n" } ?? event
        if expected?.isEmpty == true || expected == ": c\n" { left = expected ?? "" }
        // Where lines were joined by a removal, the white space between may go too.
        for offset in 0...event.utf8.count {
            let output = filter(cut(Array(event.utf8), at: offset)).output
            let text = String(decoding: output, as: UTF8.self)
            if event.contains("\ndata: \"usage\"") {
                #expect(!text.contains("usage") && text.contains("\"b\":2}\n\n"))
            } else {
                #expect(text == left, "cut at \(offset)")
            }
        }
    }

    @Test
    func `an unfinished event is held up to the bound and then passes`() {
        let big = #"data: {"a":""# + String(repeating: "x", count: 200 << 10) + #"","usage":null}"#
        let bytes = Array((big + "\n\ndata: {\"b\":1,\"usage\":null}\n\n").utf8)
        let pieces = stride(from: 0, to: bytes.count, by: 1000).map {
            Array(bytes[$0..<min($0 + 1000, bytes.count)])
        }
        let result = filter(pieces)
        let text = String(decoding: result.output, as: UTF8.self)
        #expect(text == big + "\n\ndata: {\"b\":1}\n\n")
        #expect(result.heldBytesMax > 60 << 10)
        #expect(result.heldBytesMax <= UsageFilter.heldBytesMax)
    }

    @Test
    func `comments are not held, and what is held comes out at the end`() {
        var scanner = JSONScanner()
        var filter = UsageFilter(reader: StreamReader(endpoint: .chatCompletions))
        var output = ByteBuffer()
        for (piece, expected) in [
            (": keep-", ": keep-"), ("alive\n", "alive\n"), ("\n", "\n"), ("da", ""),
            ("ta: {}\n", ""), ("\n", "data: {}\n\n"), ("data: cut", ""),
        ] {
            let bytes = Array(piece.utf8)
            output.removeAll()
            filter.filter(bytes.span, into: &output, scanner: &scanner)
            #expect(string(output) == expected)
        }
        output.removeAll()
        filter.finish(into: &output)
        #expect(string(output) == "data: cut")
        #expect(filter.reader.position == .insideLine)
    }
}
