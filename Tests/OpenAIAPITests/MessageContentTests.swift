import Bytes
import JSON
import OpenAIAPI
import Testing

struct MessageContentTests {
    enum Kind: Sendable { case input, output, system, tools }

    static func write(
        _ kind: Kind, _ body: String, _ endpoint: Endpoint = .chatCompletions,
        _ options: MessageContent.Options = .init()
    ) throws -> String? {
        var scanner = JSONScanner()
        let source = buffer(body)
        try scanner.scan(source.bytes)
        let document = scanner.document(source.bytes)
        var content = MessageContent(options: options)
        var result = buffer("x")
        let isThere =
            switch kind {
            case .input:
                content.appendInputMessages(of: document, endpoint: endpoint, to: &result)
            case .output:
                content.appendOutputMessages(of: document, endpoint: endpoint, to: &result)
            case .system:
                content.appendSystemInstructions(of: document, endpoint: endpoint, to: &result)
            case .tools: content.appendToolDefinitions(of: document, to: &result)
            }
        result.consume(1)
        #expect(isThere || result.isEmpty)
        // Whatever it is, it is JSON.
        var checker = JSONScanner()
        if isThere { try checker.scan(result.bytes) }
        return isThere ? string(result) : nil
    }

    /// A message of a request, and the message of the attribute.
    static let messages: [(String, String)] = [
        (
            // Of members with the same name, the first; an escaped name is the same name.
            #"{"r\u006fle":"user","role":"tool","content":"a","c\u006fntent":"b","extra" : 1}"#,
            #"{"role":"user","parts":[{"type":"text","content":"a"}]}"#
        ),
        (
            #"{"role":"user","content":"a\n\u00e9 \"b\"","name":"ann"}"#,
            #"{"role":"user","name":"ann","parts":[{"type":"text","content":"a\né \"b\""}]}"#
        ),
        (
            #"""
            {"role":"user","content":[{"type":"text","text":"a"},{"type":"x","secret":1},"b",{}]}
            """#,
            #"""
            {"role":"user","parts":[{"type":"text","content":"a"},{"type":"x"},{"type":"text",\#
            "content":"b"},{"type":"unknown"}]}
            """#
        ),
        (
            #"""
            {"role":"user","content":[{"type":"image_url","image_url":{"url":"https:\#
            //e.com/a.png","detail":"low"}}]}
            """#,
            #"""
            {"role":"user","parts":[{"type":"uri","modality":"image","uri":"https:\#
            //e.com/a.png"}]}
            """#
        ),
        (
            #"""
            {"role":"user","content":[{"type":"image_url","image_url":{"url":"data:\#
            image/png;base64,aGVsbG8="}}]}
            """#,
            #"""
            {"role":"user","parts":[{"type":"blob","modality":"image","mime_type":"image/png",\#
            "content":"","size":5,"sha256":\#
            "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}]}
            """#
        ),
        (
            #"""
            {"role":"user","content":[{"type":"input_audio","input_audio":{"data":"aGVsbG8=",\#
            "format":"wav"}}]}
            """#,
            #"""
            {"role":"user","parts":[{"type":"blob","modality":"audio","mime_type":"audio/wav",\#
            "content":"","size":5,"sha256":\#
            "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}]}
            """#
        ),
        (
            #"""
            {"role":"user","content":[{"type":"file","file":{"file_id":"file-1"}},{"type":"file",\#
            "file":{"file_data":"data:application/pdf;base64,aGVsbG8","filename":"a"}}]}
            """#,
            #"""
            {"role":"user","parts":[{"type":"file","modality":"document","file_id":"file-1"},{\#
            "type":"blob","modality":"document","mime_type":"application/pdf","content":"","size":\#
            5,"sha256":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}]}
            """#
        ),
        (
            #"""
            {"role":"assistant","content":"t","refusal":"r","reasoning_content":"q","tool_calls":[\#
            {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\": [\#
            1, \"\\u00e9\"]}"}},{"id":"c2","type":"function","function":{"name":"g","arguments":"{\#
            oops"}},{"id":"c3","type":"custom","custom":{"name":"h","input":"7"}}]}
            """#,
            #"""
            {"role":"assistant","parts":[{"type":"reasoning","content":"q"},{"type":"text",\#
            "content":"t"},{"type":"refusal","content":"r"},{"type":"tool_call","id":"c1","name":\#
            "f","arguments":{"a":[1,"é"]}},{"type":"tool_call","id":"c2","name":"g","arguments":"{\#
            oops"},{"type":"tool_call","id":"c3","name":"h","arguments":"7"}]}
            """#
        ),
        (
            #"{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}}"#,
            #"{"role":"assistant","parts":[{"type":"tool_call","name":"f","arguments":{}}]}"#
        ),
        (
            #"{"role":"tool","tool_call_id":"c1","content":"rainy"}"#,
            #"{"role":"tool","parts":[{"type":"tool_call_response","id":"c1","response":"rainy"}]}"#
        ),
        (
            #"{"role":"tool","content":[ {"type":"text", "text":"a\u0041"} ]}"#,
            #"""
            {"role":"tool","parts":[{"type":"tool_call_response","response":[{"type":"text",\#
            "text":"aA"}]}]}
            """#
        ),
        (
            #"{"role":"tool","tool_call_id":"c1"}"#,
            #"{"role":"tool","parts":[{"type":"tool_call_response","id":"c1","response":null}]}"#
        ),
        (#"{"role":"user"}"#, #"{"role":"user","parts":[]}"#),
        (
            #"{"role":"user","content":"\ud800x\u0000"}"#,
            #"{"role":"user","parts":[{"type":"text","content":"\#u{FFFD}x\u0000"}]}"#
        ),
    ]

    @Test(arguments: messages)
    func `a message has its parts`(_ message: String, _ expected: String) throws {
        let body = #"{"model":"m","messages":[\#(message),{"role":"user","content":"z"}]}"#
        let last = #"{"role":"user","parts":[{"type":"text","content":"z"}]}"#
        #expect(try Self.write(.input, body) == "[\(expected),\(last)]")
    }

    static let chat =
        #"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"u"},"#
        + #"{"role":"developer","content":[{"type":"text","text":"d"}]}]}"#

    @Test
    func `system messages are instructions, unless they are to stay`() throws {
        #expect(
            try Self.write(.system, Self.chat)
                == #"[{"type":"text","content":"s"},{"type":"text","content":"d"}]"#)
        #expect(
            try Self.write(.input, Self.chat)
                == #"[{"role":"user","parts":[{"type":"text","content":"u"}]}]"#)
        var options = MessageContent.Options()
        options.keepsSystemMessages = true
        #expect(try Self.write(.system, Self.chat, .chatCompletions, options) == nil)
        let kept = try Self.write(.input, Self.chat, .chatCompletions, options)
        #expect(
            kept?.hasPrefix(#"[{"role":"system","parts":[{"type":"text","content":"s"}]},"#) == true
        )
        #expect(kept?.contains(#"{"role":"developer""#) == true)
    }

    @Test
    func `base64 stays where that is wanted, up to the limit of a part`() throws {
        let body =
            #"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":"#
            + #"{"url":"data:image/png;base64,aGVsbG8gd29ybGQ="}}]}]}"#
        var options = MessageContent.Options()
        options.keepsBlobs = true
        let kept = try Self.write(.input, body, .chatCompletions, options)
        #expect(kept?.contains(#""content":"aGVsbG8gd29ybGQ=""#) == true)
        options.partBytesMax = 15
        let elided = try Self.write(.input, body, .chatCompletions, options)
        #expect(elided?.contains(#""content":"","size":11,"sha256":"#) == true)
    }

    @Test
    func `what a request does not have is not written`() throws {
        for kind in [Kind.input, .output, .system, .tools] {
            #expect(try Self.write(kind, #"{"model":"m"}"#) == nil)
            #expect(try Self.write(kind, #"{"messages":7,"tools":{},"choices":null}"#) == nil)
            #expect(try Self.write(kind, "[]") == nil)
        }
        #expect(try Self.write(.input, #"{"input":"a"}"#, .embeddings) == nil)
    }

    @Test(arguments: [
        (#""a""#, #"[{"role":"user","parts":[{"type":"text","content":"a"}]}]"#),
        (
            #"["a","b"]"#,
            #"""
            [{"role":"user","parts":[{"type":"text","content":"a"}]},{"role":"user","parts":[{\#
            "type":"text","content":"b"}]}]
            """#
        ),
        ("[1,2,3]", #"[{"role":"user","parts":[{"type":"tokens","count":3}]}]"#),
        ("[[1],[2,3]]", #"[{"role":"user","parts":[{"type":"tokens","count":3}]}]"#),
    ])
    func `a prompt is what the user said`(_ prompt: String, _ expected: String) throws {
        #expect(try Self.write(.input, #"{"prompt":\#(prompt)}"#, .completions) == expected)
    }

    @Test
    func `the input of responses is read`() throws {
        let body = #"""
            {"instructions":"be brief","input":[{"role":"user","content":[{"type":"input_text",\#
            "text":"a"},
            {"type":"input_image","image_url":"https://e.com/i"},{"type":"input_file","file_id":\#
            "f"}]},
            {"type":"reasoning","summary":[{"type":"summary_text","text":"hm"}]},
            {"type":"function_call","call_id":"c","name":"f","arguments":"{}"},
            {"type":"function_call_output","call_id":"c","output":"7"},{"type":"item_reference",\#
            "id":"i"}]}
            """#
        #expect(
            try Self.write(.system, body, .responses) == #"[{"type":"text","content":"be brief"}]"#)
        #expect(
            try Self.write(.input, body, .responses)
                == #"[{"role":"user","parts":[{"type":"text","content":"a"},"#
                + #"{"type":"uri","modality":"image","uri":"https://e.com/i"},"#
                + #"{"type":"file","modality":"document","file_id":"f"}]},"#
                + #"{"role":"assistant","parts":[{"type":"reasoning","content":"hm"}]},"#
                    + #"""
                    {"role":"assistant","parts":[{"type":"tool_call","id":"c","name":"f",\#
                    "arguments":{\#
                    }}]},
                    """#
                    + #"""
                    {"role":"tool","parts":[{"type":"tool_call_response","id":"c","response":"7"}]},
                    """#
                + #"{"role":"assistant","parts":[{"type":"item_reference"}]}]"#)
        #expect(
            try Self.write(.input, #"{"input":"a"}"#, .responses)
                == #"[{"role":"user","parts":[{"type":"text","content":"a"}]}]"#)
    }

    @Test(arguments: [
        ("\"stop\"", "stop"), ("\"length\"", "length"), ("\"content_filter\"", "content_filter"),
        ("\"tool_calls\"", "tool_call"), ("\"function_call\"", "tool_call"), ("null", "error"),
        ("\"eos\"", "eos"),
    ])
    func `a finish reason is normalised`(_ reason: String, _ expected: String) throws {
        let body =
            #"""
            {"choices":[{"message":{"role":"assistant","content":"a"},"finish_reason":\#
            \#(reason)}]}
            """#
        #expect(
            try Self.write(.output, body)
                == #"""
                [{"role":"assistant","parts":[{"type":"text","content":"a"}],"finish_reason":\#
                "\#(expected)"}]
                """#
        )
    }

    @Test
    func `answers of the other endpoints are messages too`() throws {
        #expect(
            try Self.write(
                .output, #"{"choices":[{"text":"a","finish_reason":"stop"},{"text":"b"}]}"#,
                .completions)
                    == #"""
                    [{"role":"assistant","parts":[{"type":"text","content":"a"}],"finish_reason":\#
                    "stop"},
                    """#
                    + #"""
                    {"role":"assistant","parts":[{"type":"text","content":"b"}],"finish_reason":\#
                    "error"}]
                    """#
        )
        let response = #"""
            {"status":"completed","output":[{"type":"web_search_call","id":"ws","status":\#
            "completed"},
            {"type":"message","role":"assistant","content":[{"type":"output_text","text":"a"},
            {"type":"refusal","refusal":"no"}]}]}
            """#
        #expect(
            try Self.write(.output, response, .responses)
                == #"""
                [{"role":"assistant","parts":[{"type":"server_tool_call","id":"ws","name":\#
                "web_search",
                """#
                + #""server_tool_call":{"type":"web_search"}},{"type":"text","content":"a"},"#
                + #"{"type":"refusal","content":"no"}],"finish_reason":"stop"}]"#)
    }

    @Test
    func `tools are flattened`() throws {
        let body = #"""
            {"tools":[{"type":"function","function":{"name":"f","description":"d\u00e9",\#
            "strict":true,
            "parameters":{"type":"object", "properties":{}}}},{"type":"web_search"},
            {"type":"function","name":"flat","parameters":{}},7]}
            """#
        #expect(
            try Self.write(.tools, body)
                == #"""
                [{"type":"function","name":"f","description":"dé","parameters":{"type":"object",\#
                "properties":{}}},
                """#
                    + #"""
                    {"type":"web_search","name":"web_search"},{"type":"function","name":"flat",\#
                    "parameters":{}}]
                    """#
        )
        #expect(
            try Self.write(.tools, #"{"functions":[{"name":"f"}]}"#)
                == #"[{"type":"function","name":"f"}]"#)
    }

    @Test
    func `contents over the cap are cut and marked, and it stays JSON`() throws {
        var options = MessageContent.Options()
        options.partBytesMax = 10
        let long = String(repeating: "é", count: 20)
        let body = #"""
            {"messages":[{"role":"user","content":"\#(long)"},{"role":"user","content":\#
            "\u00e9\#(long)"},
            {"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{\#
            \"a\":\"bcdefgh\"}"}}]},
            {"role":"tool","content":[{"type":"text","text":"abcdefg"}]}],
            "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]}
            """#
        let written = try #require(try Self.write(.input, body, .chatCompletions, options))
        #expect(written.contains(#"{"type":"text","content":"ééééé","truncated":true,"size":40}"#))
        #expect(written.contains(#"{"type":"text","content":"ééééé","truncated":true,"size":42}"#))
        #expect(written.contains(#""arguments":"{\"a\":\"bcde","truncated":true,"size":15}"#))
        #expect(written.contains(#""response":"[{\"type\":\"","truncated":true,"size":34}"#))
        #expect(
            try Self.write(.tools, body, .chatCompletions, options)
                == #"[{"type":"function","name":"f","truncated":true,"size":43}]"#)
    }

    @Test
    func `messages beyond the attribute's cap are counted`() throws {
        var options = MessageContent.Options()
        options.attributeBytesMax = 200
        let messages = (0..<10_000).map { #"{"role":"user","content":"\#($0)"}"# }
        let body = #"{"messages":[\#(messages.joined(separator: ","))]}"#
        let written = try #require(try Self.write(.input, body, .chatCompletions, options))
        #expect(written.utf8.count < 400)
        #expect(
            written.hasSuffix(#",{"role":"omitted","parts":[{"type":"omitted","count":9996}]}]"#))
    }
}
