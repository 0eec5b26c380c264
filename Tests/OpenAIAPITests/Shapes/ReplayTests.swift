import OpenAIAPI
import Testing

struct ReplayTests {
    static let usage = #""usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}"#

    static func chat(_ choices: String, _ more: String = "") -> String {
        #"{"id":"c1","object":"chat.completion","created":17,"model":"m","choices":["# + choices
            + "]" + more + "}"
    }

    static func message(_ message: String, _ more: String = "", index: Int = 0) -> String {
        #"{"index":\#(index),"message":{\#(message)},"finish_reason":"stop"\#(more)}"#
    }

    /// Answers of which a replay, assembled, is the answer again by value.
    static let answers: [String] = [
        chat(message(#""role":"assistant","content":"Hello","refusal":null,"annotations":[]"#)),
        chat(message(#""role":"assistant","content":"""#), "," + usage),
        chat(message(#""role":"assistant","content":null,"refusal":"no""#), "," + usage),
        chat(
            message(#""role":"assistant","content":"a","reasoning_content":"r","reasoning":"""#),
            #","service_tier":"default","system_fingerprint":null,"x":{"y":[1, 2]},"n":1.50"#),
        chat(
            message(#""role":"assistant","content":"a""#) + ","
                + message(#""role":"assistant","content":"b\n\u00fc""#, index: 1)),
        chat(
            message(
                #""role":"assistant","content":null,"audio":null,"tool_calls":[{"id":"a","#
                    + #""type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},"#
                    + #"{"id":"b","type":"custom","custom":{"name":"g","input":""}}]"#)),
        chat(
            message(
                #""role":"assistant","content":"","tool_calls":[],"function_call":null,"#
                    + #""annotations":null"#,
                #","logprobs":null,"stop_reason":null,"content_filter_results":{"hate":{}}"#)),
        chat(
            message(
                #""role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"},"#
                    + #""annotations":[{"type":"url_citation","url_citation":{"url":"u"}}]"#)),
        chat(
            message(
                #""role":"assistant","content":"ab""#,
                #","logprobs":{"content":[{"token":"a"},{"token":"b"}],"refusal":null}"#)),
        chat(
            message(
                #""role":"assistant","content":"ab""#,
                #","logprobs":{"content":[{"token":"a"}],"refusal":[{"token":"r"}]}"#)),
        chat(message(#""role":"assistant","content":"ab""#, #","logprobs":{"content":[]}"#)),
        // As OpenAI writes plain answers: on many lines.
        "{\n  \"id\": \"c1\",\n  \"object\": \"chat.completion\",\r\n  \"choices\": [\n    {"
            + "\"index\": 0, \"message\": {\"role\": \"assistant\", \"content\": \"a  b\"},\n"
            + "\"logprobs\": {\"content\": [ {\n\"token\": \"\\\\\\\"  \"} , 1 ]},"
            + "\"finish_reason\": \"stop\" } ],\n \"usage\": {\n \"prompt_tokens\": 1 }\n}\n",
    ]

    @Test("a chat replayed and assembled is the same", arguments: answers)
    func isSame(_ plain: String) throws {
        let stream = try #require(replay(plain))
        for data in events(stream.text).dropLast() { #expect(Tree(data) != nil, "\(data)") }
        let text = try #require(assemble(stream.text).text, "\(stream.text)")
        #expect(Tree(text) == Tree(plain), "\(stream.text)")
    }

    @Test func `the chunks are those of a provider`() throws {
        let stream = try #require(
            replay(
                Self.chat(
                    Self.message(#""role":"assistant","content":"Hi","refusal":null"#),
                    "," + Self.usage)))
        let head =
            #"data: {"object":"chat.completion.chunk","id":"c1","created":17,"model":"m","#
            + #""choices":["#
        #expect(
            stream.text == head
                + #"{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"#
                + #""finish_reason":null}],"usage":null}"# + "\n\n" + head
                + #"{"index":0,"delta":{"content":"Hi"},"finish_reason":null}],"usage":null}"#
                + "\n\n" + head
                + #"{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}"# + "\n\n" + head
                + "]," + Self.usage + "}\n\ndata: [DONE]\n\n")
    }

    @Test func `usage is told where the request asks for it, and where it is known`() throws {
        let message = Self.message(#""role":"assistant","content":"Hi""#)
        let unasked = try #require(
            replay(Self.chat(message, "," + Self.usage), includesUsage: false))
        #expect(!unasked.text.contains("usage"))
        let unknown = try #require(replay(Self.chat(message)))
        #expect(!unknown.text.contains("\"choices\":[]"))
        #expect(unknown.text.contains(#""usage":null"#))
    }

    @Test(
        "what a stream cannot tell, or is no whole answer, is not replayed",
        arguments: [
            "{}", "[]", chat(""),
            #"{"object":"list","choices":[\#(message(#""role":"assistant","content":"a""#))]}"#,
            chat(message(#""role":"assistant","content":[{"type":"text"}]"#)),
            chat(message(#""role":"assistant","content":"a","content":"b""#)),
            chat(message(#""role":"assistant","content":"a","images":[]"#)),
            chat(message(#""role":"assistant","content":"a","audio":{"id":"a"}"#)),
            chat(message(#""role":"","content":"a""#)),
            chat(message(#""role":"assistant","content":"a""#, index: 1)),
            chat(message(#""content":"a","annotations":[{"index":1}]"#)),
            chat(message(#""content":"a","tool_calls":[{"id":"a"}]"#)),
            chat(
                message(#""content":"a","tool_calls":[{"function":{"name":"f","arguments":""}}]"#)),
            chat(
                message(
                    #""content":"a","tool_calls":[{"id":"a","function":{"name":"f","#
                        + #""arguments":{}}}]"#)),
            chat(
                message(
                    #""content":"a","tool_calls":[{"id":"a","x":1,"function":{"name":"f","#
                        + #""arguments":""}}]"#)),
            chat(message(#""content":"a""#, #","logprobs":{"tokens":[]}"#)),
            chat(message(#""content":"a""#, #","delta":{}"#)),
            chat(message(#""content":"a""#), #","error":{"message":"x"}"#),
            chat(#"{"index":0,"message":{"content":"a"},"finish_reason":null}"#),
            chat(#"{"index":0,"message":{"content":"a"},"finish_reason":"error"}"#),
        ])
    func isMiss(_ plain: String) {
        #expect(replay(plain) == nil)
    }

    @Test func `endpoints without streams are not replayed`() {
        for endpoint: Endpoint in [.embeddings, .models, .other] {
            #expect(replay(Self.answers[0], endpoint) == nil)
        }
    }

    @Test(
        "a long text comes in deltas that each can be decoded, in pieces of bounded size",
        arguments: [
            "x", "ü", "🐦", #"\n"#, #"\""#, #"\\"#, #"\u00fc"#, #"\ud83d\udc26"#, #"x\ud83d\udc26"#,
            #"\\u\ud83d\udc26ü"#, #"\ud83d"#, "a\\/ ",
        ])
    func isCut(_ unit: String) throws {
        for shift in 0..<13 {
            let content =
                String(repeating: "y", count: shift) + String(repeating: unit, count: 9000)
            let plain = Self.chat(
                Self.message(#""role":"assistant","content":"\#(content)""#), "," + Self.usage)
            let stream = try #require(replay(plain))
            #expect(stream.pieceMax < AnswerReplay.pieceBytes + 3 * AnswerReplay.deltaBytesMax)
            var whole = ""
            var count = 0
            for data in events(stream.text).dropLast() {
                #expect(data.utf8.count < AnswerReplay.deltaBytesMax + 300)
                guard case .array(let choices)? = try #require(Tree(data))["choices"],
                    case .string(let text)? = choices.first?["delta"]?["content"]
                else { continue }
                whole += text
                count += 1
            }
            #expect(count > content.utf8.count / AnswerReplay.deltaBytesMax)
            // As a client has it that decodes each delta on its own.
            #expect(Tree(#"["\#(content)"]"#) == .array([.string(whole)]))
            #expect(Tree(try #require(assemble(stream.text).text)) == Tree(plain))
        }
    }

    @Test func `lists and values of a large answer come in pieces too`() throws {
        let token = #"{"token":"\"x\" ","logprob":-0.25,"bytes":[1,2],"top_logprobs":[]}"#
        let plain = Self.chat(
            Self.message(
                #""role":"assistant","content":"x""#,
                #","logprobs":{"content":["#
                    + Array(repeating: token, count: 5000).joined(separator: " ,\n ")
                    + #"],"refusal":null}"#),
            #","x":"\#(String(repeating: #"\" \\ y"#, count: 20_000))""#)
        let stream = try #require(replay(plain))
        #expect(stream.pieceMax < 2 * AnswerReplay.pieceBytes + 5000)
        #expect(events(stream.text).count > 50)
        #expect(Tree(try #require(assemble(stream.text).text)) == Tree(plain))
    }

    @Test func `an answer of too many parts is not replayed`() {
        let list = Array(repeating: "[]", count: 1 << 20).joined(separator: ",")
        let long = "\"" + String(repeating: "x", count: 5000) + "\""
        let many = Array(repeating: long, count: 9000).joined(separator: ",")
        func plain(_ list: String) -> String {
            Self.chat(
                Self.message(#""content":"a""#, #","logprobs":{"content":[\#(list)]}"#))
        }
        #expect(replay(plain(list)) != nil)
        #expect(replay(plain(many)) == nil)
    }

    @Test(
        "a text completion replayed and assembled is the same",
        arguments: [
            #"{"text":"ab","index":0,"logprobs":null,"finish_reason":"stop"}"#,
            #"{"text":"","index":0,"finish_reason":"length"}"#,
            #"{"text":"a","index":0,"finish_reason":"stop","stop_reason":1},"#
                + #"{"text":"b","index":1,"finish_reason":"stop"}"#,
            #"{"text":"ab","index":0,"logprobs":{"tokens":["a","b"],"token_logprobs":[-1,-2],"#
                + #""top_logprobs":null,"text_offset":[0,1]},"finish_reason":"stop"}"#,
        ])
    func isSameCompletion(_ choices: String) throws {
        let plain =
            #"{"id":"p","object":"text_completion","created":1,"model":"m","choices":["# + choices
            + "]," + Self.usage + #","x":[1]}"#
        let stream = try #require(replay(plain, .completions))
        let text = try #require(assemble(stream.text, .completions).text, "\(stream.text)")
        #expect(Tree(text) == Tree(plain), "\(stream.text)")
    }
}
