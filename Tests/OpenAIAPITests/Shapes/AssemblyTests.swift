import OpenAIAPI
import Testing

/// Streams as providers send them, and the plain answers written by hand that they are to become.
struct AssemblyTests {
    static let head =
        #""id":"c1","object":"chat.completion.chunk","created":17,"model":"m","#
        + #""system_fingerprint":"fp","service_tier":"default""#

    static func chunk(_ choices: String, _ more: String = "") -> String {
        "{" + head + more + #","choices":["# + choices + "]}"
    }

    static func delta(_ delta: String, index: Int = 0, reason: String = "null") -> String {
        chunk(#"{"index":\#(index),"delta":{\#(delta)},"finish_reason":\#(reason)}"#)
    }

    static func answer(_ choices: String, _ more: String = "") -> String {
        #"{"id":"c1","object":"chat.completion","created":17,"model":"m","#
            + #""system_fingerprint":"fp","service_tier":"default","choices":["# + choices + "]"
            + more + "}"
    }

    static func choice(_ message: String, index: Int = 0, reason: String = "stop") -> String {
        #"{"index":\#(index),"message":{"role":"assistant",\#(message)},"#
            + #""finish_reason":"\#(reason)"}"#
    }

    static func expect(
        _ events: [String], _ plain: String, hasUsage: Bool = false,
        _ endpoint: Endpoint = .chatCompletions, isDone: Bool = true,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let outcome = assemble(stream(events, isDone: isDone), endpoint)
        let text = try #require(outcome.text, "\(outcome)", sourceLocation: sourceLocation)
        let expected = try #require(Tree(plain), sourceLocation: sourceLocation)
        #expect(Tree(text) == expected, "\(text)", sourceLocation: sourceLocation)
        #expect(outcome == .answer(text, hasUsage: hasUsage), sourceLocation: sourceLocation)
    }

    @Test func `a text with usage`() throws {
        let usage = #","usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}"#
        try Self.expect(
            [
                Self.delta(#""role":"assistant","content":"","refusal":null"#),
                Self.delta(#""content":"Gr\u00fc""#),
                Self.chunk(
                    #"{"index":0,"delta":{"content":"ezi \ud83d"},"finish_reason":null}"#,
                    #","usage":null,"obfuscation":"xyz""#),
                Self.delta(#""content":"\udc26 \"q\"""#),
                Self.delta("", reason: #""stop""#),
                Self.chunk("", usage),
            ],
            Self.answer(Self.choice(#""content":"Grüezi 🐦 \"q\"","refusal":null"#), usage),
            hasUsage: true)
    }

    @Test func `a text without usage has none, and says so`() throws {
        try Self.expect(
            [
                Self.delta(#""role":"assistant","content":"a""#),
                Self.delta("", reason: #""length""#),
            ],
            Self.answer(Self.choice(#""content":"a""#, reason: "length")))
    }

    @Test func `several choices in any order of their chunks`() throws {
        try Self.expect(
            [
                Self.delta(#""role":"assistant","content":"b""#, index: 1),
                Self.delta(#""role":"assistant","content":"a""#),
                Self.chunk(
                    #"{"index":0,"delta":{"content":"A"}},{"index":1,"delta":{"content":"B"}}"#),
                Self.delta("", index: 0, reason: #""stop""#),
                Self.delta("", index: 1, reason: #""content_filter""#),
            ],
            Self.answer(
                Self.choice(#""content":"aA""#) + ","
                    + Self.choice(#""content":"bB""#, index: 1, reason: "content_filter")))
    }

    @Test func `tools called in parallel, of functions and custom ones`() throws {
        try Self.expect(
            [
                Self.delta(#""role":"assistant","content":null"#),
                Self.delta(
                    #""tool_calls":[{"index":0,"id":"t0","type":"function","function":"#
                        + #"{"name":"f","arguments":""}}]"#),
                Self.delta(
                    #""tool_calls":[{"index":1,"id":"t1","type":"custom","custom":"#
                        + #"{"name":"g","input":"x"}}]"#),
                Self.delta(
                    #""tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}},"#
                        + #"{"index":1,"custom":{"input":" y"}}]"#),
                // Some repeat the names on each fragment.
                Self.delta(
                    #""tool_calls":[{"index":0,"id":"t0","type":"function","function":"#
                        + #"{"name":"f","arguments":":1}"}}]"#),
                Self.delta("", reason: #""tool_calls""#),
            ],
            Self.answer(
                Self.choice(
                    #""content":null,"tool_calls":[{"id":"t0","type":"function","function":"#
                        + #"{"name":"f","arguments":"{\"a\":1}"}},"#
                        + #"{"id":"t1","type":"custom","custom":{"name":"g","input":"x y"}}]"#,
                    reason: "tool_calls")))
    }

    @Test func `refusal, reasoning, a function call and annotations`() throws {
        try Self.expect(
            [
                Self.delta(#""role":"assistant","content":null,"reasoning_content":"h""#),
                Self.delta(#""reasoning_content":"m","reasoning":"r","role":"""#),
                Self.delta(#""reasoning":"s","refusal":"n""#),
                Self.delta(#""refusal":"o","annotations":[{"type":"a"}]"#),
                Self.delta(#""annotations":[{"type":"b"}],"audio":null"#),
                Self.delta(#""function_call":{"name":"f","arguments":"{"}"#),
                Self.delta(#""function_call":{"arguments":"}"}"#),
                Self.delta("", reason: #""function_call""#),
            ],
            Self.answer(
                Self.choice(
                    #""content":null,"reasoning_content":"hm","reasoning":"rs","refusal":"no","#
                        + #""annotations":[{"type":"a"},{"type":"b"}],"audio":null,"#
                        + #""function_call":{"name":"f","arguments":"{}"}"#,
                    reason: "function_call")))
    }

    @Test func `probabilities of tokens`() throws {
        func chunk(_ text: String, _ logprobs: String, _ reason: String = "null") -> String {
            Self.chunk(
                #"{"index":0,"delta":{\#(text)},"logprobs":\#(logprobs),"#
                    + #""finish_reason":\#(reason)}"#
            )
        }
        try Self.expect(
            [
                chunk(#""role":"assistant","content":"""#, "null"),
                chunk(#""content":"a""#, #"{"content":[{"token":"a"}],"refusal":null}"#),
                chunk(#""content":"b""#, #"{"content":[ {"token":"b"} , 1],"refusal":[]}"#),
                chunk("", "null", #""stop""#),
            ],
            Self.answer(
                #"{"index":0,"message":{"role":"assistant","content":"ab"},"logprobs":{"content":["#
                    + #"{"token":"a"},{"token":"b"},1],"refusal":[]},"finish_reason":"stop"}"#))
    }

    @Test func `members that are not known are kept where that is certain to be right`() throws {
        try Self.expect(
            [
                Self.chunk(
                    #"{"index":0,"delta":{"content":"a"},"stop_reason":null,"x":{}}"#,
                    #","provider":"P","n":1,"x_groq":{"id":"q"},"p":"pad""#),
                Self.chunk(
                    #"{"index":0,"delta":{},"finish_reason":"stop","stop_reason":7,"x":{"s":1}}"#,
                    #","provider":"P","n":2,"x_groq":{"id":"q","usage":{}},"timings":{"t":1}"#),
            ],
            Self.answer(
                #"{"index":0,"message":{"role":"assistant","content":"a"},"#
                    + #""finish_reason":"stop","stop_reason":7,"x":{"s":1}}"#,
                #","provider":"P","n":2,"x_groq":{"id":"q"},"timings":{"t":1}"#))
    }

    @Test func `what an empty first chunk leaves out comes from the next`() throws {
        try Self.expect(
            [
                #"{"id":"","object":"","created":0,"model":"","choices":[],"#
                    + #""prompt_filter_results":[{"f":1}]}"#,
                Self.delta(#""content":"a""#), Self.delta("", reason: #""stop""#),
            ],
            Self.answer(Self.choice(#""content":"a""#), #","prompt_filter_results":[{"f":1}]"#)
                .replacing(#""created":17"#, with: #""created":0"#))
    }

    @Test func `text completions`() throws {
        func chunk(_ text: String, _ logprobs: String, _ reason: String, index: Int) -> String {
            #"{"id":"p","object":"text_completion","created":1,"model":"m","choices":[{"text":""#
                + text
                + #"","index":\#(index),"logprobs":\#(logprobs),"finish_reason":\#(reason)}]}"#
        }
        try Self.expect(
            [
                chunk("a", #"{"tokens":["a"],"text_offset":[0]}"#, "null", index: 0),
                chunk("x", "null", "null", index: 1),
                chunk("b", #"{"tokens":["b"],"text_offset":[1]}"#, "null", index: 0),
                chunk("", "null", #""stop""#, index: 0), chunk("y", "null", #""length""#, index: 1),
            ],
            #"{"id":"p","object":"text_completion","created":1,"model":"m","choices":["#
                + #"{"text":"ab","index":0,"logprobs":{"tokens":["a","b"],"text_offset":[0,1]},"#
                + #""finish_reason":"stop"},"#
                + #"{"text":"xy","index":1,"logprobs":null,"finish_reason":"length"}]}"#,
            .completions)
    }

    @Test func `a response is the one of the last event`() throws {
        let response =
            #"{"id":"r","object":"response","status":"completed","error":null,"#
            + #""output":[{"id":"m"}],"usage":{"input_tokens":1}}"#
        let created = #"{"type":"response.created","response":{"status":"in_progress"}}"#
        let item = #"{"type":"response.output_item.done","output_index":0,"item":{"id":"m"}}"#
        let completed = #"{"type":"response.completed","response":"# + response + "}"
        try Self.expect(
            [created, item, completed], response, hasUsage: true, .responses, isDone: false)
        try Self.expect([created, item, completed], response, hasUsage: true, .responses)
    }

    @Test func `what is assembled does not depend on where the stream is cut`() {
        let text = stream([
            Self.delta(#""role":"assistant","content":"ü\ud83d""#),
            Self.delta(#""content":"\udc26""#), Self.delta("", reason: #""stop""#),
        ])
        let whole = assemble(text)
        #expect(whole.text != nil)
        for offset in 0...text.utf8.count {
            #expect(assemble(cut(Array(text.utf8), at: offset)) == whole, "cut at \(offset)")
        }
    }

    @Test func `the usage that is taken out for the client is in the answer`() throws {
        let usage = #","usage":{"prompt_tokens":3}"#
        let outcome = assemble(
            stream([
                Self.delta(#""content":"a""#), Self.delta("", reason: #""stop""#),
                Self.chunk("", usage),
            ]))
        #expect(try Tree(#require(outcome.text))?["usage"] == Tree(#"{"prompt_tokens":3}"#))
    }
}
