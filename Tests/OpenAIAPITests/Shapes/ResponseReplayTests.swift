import OpenAIAPI
import Testing

struct ResponseReplayTests {
    static let items: [String] = [
        #"{"id":"rs","type":"reasoning","summary":[{"type":"summary_text","text":"hm"},"#
            + #"{"type":"summary_text","text":""}],"content":[{"type":"reasoning_text","#
            + #""text":"deep"}],"encrypted_content":"e","status":"completed"}"#,
        #"{"id":"m","type":"message","status":"completed","role":"assistant","content":[{"#
            + #""type":"output_text","text":"Gr\u00fcezi","annotations":[{"type":"url_citation"}],"#
            + #""logprobs":[]},{"type":"refusal","refusal":"no"}]}"#,
        #"{"id":"fc","type":"function_call","call_id":"c","name":"f","status":"completed","#
            + #""arguments":"{\"a\":[1]}"}"#,
        #"{"id":"ct","type":"custom_tool_call","call_id":"d","name":"g","input":"x y"}"#,
    ]

    static func response(_ items: [String], _ more: String = "") -> String {
        #"{"id":"r","object":"response","created_at":1,"status":"completed","completed_at":2,"#
            + #""error":null,"model":"m","output":["# + items.joined(separator: ",") + "],\n"
            + #""usage":{"input_tokens": 1}"# + more + "}"
    }

    static func types(_ stream: String) -> [String] {
        events(stream).compactMap {
            guard case .string(let type)? = Tree($0)?["type"] else { return nil }
            return type
        }
    }

    @Test func `a response replayed and assembled is the same`() throws {
        let plain = Self.response(Self.items)
        let stream = try #require(replay(plain, .responses))
        let text = try #require(assemble(stream.text, .responses).text, "\(stream.text)")
        #expect(Tree(text) == Tree(plain))
        for (number, data) in events(stream.text).enumerated() {
            let event = try #require(Tree(data), "\(data)")
            #expect(event["sequence_number"] == .other("\(number)"))
            guard case .string(let type)? = event["type"] else { throw Missing() }
            #expect(stream.text.contains("event: \(type)\ndata: \(data)\n\n"))
        }
    }

    struct Missing: Error {}

    @Test func `its events are those of a provider`() throws {
        let stream = try #require(replay(Self.response(Self.items), .responses))
        #expect(
            Self.types(stream.text) == [
                "response.created", "response.in_progress", "response.output_item.added",
                "response.reasoning_summary_part.added", "response.reasoning_summary_text.delta",
                "response.reasoning_summary_text.done", "response.reasoning_summary_part.done",
                "response.reasoning_summary_part.added", "response.reasoning_summary_text.done",
                "response.reasoning_summary_part.done", "response.content_part.added",
                "response.reasoning_text.delta", "response.reasoning_text.done",
                "response.content_part.done", "response.output_item.done",
                "response.output_item.added", "response.content_part.added",
                "response.output_text.delta", "response.output_text.annotation.added",
                "response.output_text.done", "response.content_part.done",
                "response.content_part.added", "response.refusal.delta", "response.refusal.done",
                "response.content_part.done", "response.output_item.done",
                "response.output_item.added", "response.function_call_arguments.delta",
                "response.function_call_arguments.done", "response.output_item.done",
                "response.output_item.added", "response.custom_tool_call_input.delta",
                "response.custom_tool_call_input.done", "response.output_item.done",
                "response.completed",
            ])
        let created = try #require(Tree(events(stream.text)[0]))["response"]
        #expect(created?["status"] == .string("in_progress"))
        #expect(created?["output"] == .array([]))
        #expect(created?["usage"] == .other("null"))
        #expect(created?["model"] == .string("m"))
        let call = try #require(
            events(stream.text).first { $0.contains("output_item.added") && $0.contains("fc") })
        #expect(Tree(call)?["item"]?["arguments"] == .string(""))
        #expect(Tree(call)?["item"]?["status"] == .string("in_progress"))
    }

    @Test func `a long text comes in deltas`() throws {
        let text = String(repeating: #"ü\ud83d\udc26 "#, count: 20_000)
        let item =
            #"{"id":"m","type":"message","role":"assistant","content":[{"type":"output_text","#
            + #""text":"\#(text)","annotations":[]}]}"#
        let plain = Self.response([item])
        let stream = try #require(replay(plain, .responses))
        #expect(stream.pieceMax < 2 * AnswerReplay.pieceBytes + 5000)
        var whole = ""
        for data in events(stream.text) where data.contains("output_text.delta") {
            guard case .string(let delta)? = Tree(data)?["delta"] else { throw Missing() }
            #expect(Tree(data)?["item_id"] == .string("m"))
            whole += delta
        }
        #expect(Tree(#"["\#(text)"]"#) == .array([.string(whole)]))
        let again = assemble([Array(stream.text.utf8)], .responses)
        #expect(Tree(try #require(again.text)) == Tree(plain))
    }

    @Test(
        "items that are not known are not replayed, nor what is no whole response",
        arguments: [
            response([]), response([#"{"id":"w","type":"web_search_call"}"#]),
            response([#"{"type":"function_call","name":"f","arguments":""}"#]),
            response([#"{"id":"f","type":"function_call","name":"f"}"#]),
            response([#"{"id":"m","type":"message","content":"x"}"#]),
            response([#"{"id":"m","type":"message","content":[{"type":"x"}]}"#]),
            response([#"{"id":"m","type":"message","content":[{"type":"output_text"}]}"#]),
            response([#"{"id":"r","type":"reasoning"}"#]),
            response([#"{"id":"r","type":"reasoning","summary":[{"type":"x","text":""}]}"#]),
            response(items).replacing(
                #""status":"completed","comp"#, with: #""status":"failed","c"#),
            response(items).replacing(#""error":null"#, with: #""error":{}"#),
            response(items).replacing(#""object":"response""#, with: #""object":"x""#),
        ])
    func isMiss(_ plain: String) {
        #expect(Tree(plain) != nil)
        #expect(replay(plain, .responses) == nil)
    }
}
