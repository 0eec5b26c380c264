import OpenAIAPI
import Testing

/// Streams of which no answer is made: each has its reason.
struct AssemblyRefusalTests {
    static let text = AssemblyTests.delta(#""role":"assistant","content":"a""#)
    static let end = AssemblyTests.delta("", reason: #""stop""#)

    static func tools(_ calls: String) -> String {
        stream([AssemblyTests.delta(#""tool_calls":["# + calls + "]"), end])
    }

    @Test(
        "a stream that is not surely a whole answer is refused",
        arguments: [
            (stream([text, end], isDone: false), .notDone),
            ("", .notDone),
            (stream([text, end]).replacing("[DONE]\n\n", with: "[DONE]\n"), .notDone),
            (stream([text]), .unfinished),
            (stream([]), .unfinished),
            (stream([AssemblyTests.chunk("")]), .unfinished),
            (stream([text, AssemblyTests.delta("", index: 1, reason: #""stop""#)]), .unfinished),
            (stream([AssemblyTests.delta("", index: 1, reason: #""stop""#)]), .unfinished),
            (stream([text, end]) + stream([]), .afterDone),
            (stream([text, end]) + stream([text], isDone: false), .afterDone),
            (stream([text, AssemblyTests.delta("", reason: #""error""#)]), .failed),
            (stream([text, #"{"error":{"message":"x"}}"#, end]), .error),
            (stream([text, #"{"error":"x","choices":[]}"#, end]), .error),
            (stream([text, #"{"object":"error","message":"x"}"#, end]), .error),
            ("event: error\n" + stream([text, end]), .error),
            ("event: ping\n" + stream([text, end]), .unmergeable),
            (stream([text, "{", end]), .malformed),
            (stream([text, "[]", end]), .malformed),
            (stream([text, "1", end]), .malformed),
            (stream([text, "{}", end]), .unmergeable),
            (stream([text, #"{"choices":null}"#, end]), .unmergeable),
            (stream([#"{"choices":[{"delta":{"content":"a"}}]}"#, end]), .unmergeable),
            (stream([AssemblyTests.delta(#""content":[{"type":"text"}]"#), end]), .unmergeable),
            (stream([AssemblyTests.delta(#""content":"a","content":"b""#), end]), .unmergeable),
            (stream([AssemblyTests.delta(#""audio":{"id":"a"}"#), end]), .unmergeable),
            (stream([AssemblyTests.delta(#""x":"a""#), end]), .unmergeable),
            (stream([AssemblyTests.delta(#""x":[]"#), end]), .unmergeable),
            (stream([text, AssemblyTests.delta(#""role":"user""#), end]), .unmergeable),
            (stream([text, end, AssemblyTests.delta("", reason: #""length""#)]), .unmergeable),
            (stream([AssemblyTests.delta(#""annotations":[{"index":0}]"#), end]), .unmergeable),
            (
                stream([
                    AssemblyTests.chunk("", #","x":"a""#), AssemblyTests.chunk("", #","x":"b""#),
                ]),
                .unmergeable
            ),
            (tools(#"{"id":"a","function":{"name":"f","arguments":""}}"#), .unmergeable),
            (tools(#"{"index":-1,"id":"a","function":{"name":"f"}}"#), .unmergeable),
            (tools(#"{"index":0,"function":{"name":"f","arguments":""}}"#), .unmergeable),
            (tools(#"{"index":0,"id":"a","function":{"arguments":""}}"#), .unmergeable),
            (tools(#"{"index":0,"id":"a"}"#), .unmergeable),
            (tools(#"{"index":0,"id":"a","type":"x","function":{"name":"f"}}"#), .unmergeable),
            (tools(#"{"index":0,"id":"a","function":{"name":"f"},"x":1}"#), .unmergeable),
            (tools(#"{"index":0,"id":"a","function":{"name":"f"},"custom":{}}"#), .unmergeable),
            (
                tools(#"{"index":0,"id":"a","function":{"name":"f"}},{"index":0,"id":"b"}"#),
                .unmergeable
            ),
            (
                tools(
                    #"{"index":0,"id":"a","function":{"name":"f"}},"#
                        + #"{"index":0,"function":{"name":"g"}}"#), .unmergeable
            ),
        ] as [(String, AssemblyError)])
    func refuses(_ text: String, _ reason: AssemblyError) {
        #expect(assemble(text) == .refused(reason))
    }

    @Test(
        "a response that is not completed is refused",
        arguments: [
            (#"{"type":"response.created"}"#, .notDone),
            (#"{"type":"error","message":"x"}"#, .error),
            (#"{"type":"response.failed","response":{"status":"failed"}}"#, .error),
            (#"{"type":"response.incomplete","response":{}}"#, .unfinished),
            (#"{"type":"response.completed","response":{"status":"completed"}}"#, .unfinished),
            (
                #"{"type":"response.completed","response":{"status":"completed","output":[]}}"#,
                .unfinished
            ),
            (
                #"{"type":"response.completed","response":{"status":"in_progress","output":[1]}}"#,
                .unfinished
            ),
            (
                #"{"type":"response.completed","response":{"status":"completed","output":[1],"#
                    + #""error":{"code":"x"}}}"#, .error
            ),
            (#"{"type":"response.completed"}"#, .unmergeable),
            (#"{"x":1}"#, .unmergeable),
        ] as [(String, AssemblyError)])
    func refusesResponse(_ event: String, _ reason: AssemblyError) {
        #expect(assemble(stream([event], isDone: false), .responses) == .refused(reason))
    }

    @Test func `a response without the items that were told before is refused`() {
        let done = #"{"type":"response.output_item.done","item":{}}"#
        let completed =
            #"{"type":"response.completed","response":{"status":"completed","output":[{}]}}"#
        #expect(assemble(stream([done, completed]), .responses).text != nil)
        #expect(assemble(stream([done, done, completed]), .responses) == .refused(.unfinished))
        #expect(assemble(stream([completed, done]), .responses) == .refused(.afterDone))
        #expect(assemble(stream([done]), .responses) == .refused(.notDone))
    }

    @Test func `an answer over the bound is refused, whatever of it is large`() {
        let long = String(repeating: "x", count: 600)
        func outcome(_ events: [String]) -> Outcome {
            assemble([Array(stream(events).utf8)], bytesMax: 1000)
        }
        #expect(outcome([AssemblyTests.delta(#""content":"\#(long)""#), Self.end]).text != nil)
        let half = AssemblyTests.delta(#""content":"\#(long)""#)
        #expect(outcome([half, half, Self.end]) == .refused(.tooLarge))
        let usage = AssemblyTests.chunk("", #","usage":{"x":"\#(long)"}"#)
        #expect(outcome([half, usage, Self.end]) == .refused(.tooLarge))
        #expect(
            outcome([AssemblyTests.chunk("", #","usage":{"x":"\#(long)\#(long)"}"#)])
                == .refused(.tooLarge))
        // Usage that is told again and again takes its room once.
        #expect(outcome([Self.text] + Array(repeating: usage, count: 9) + [Self.end]).text != nil)
    }

    @Test func `an event over the reader's bound is refused`() {
        let long = AssemblyTests.delta(#""content":"\#(String(repeating: "x", count: 2 << 20))""#)
        let text = stream([long, Self.end])
        #expect(assemble([Array(text.utf8)], bytesMax: 8 << 20) == .refused(.tooLarge))
    }

    @Test func `counts have bounds`() {
        func many(_ count: Int, _ event: (Int) -> String) -> Outcome {
            assemble(stream((0..<count).map(event) + [Self.end]))
        }
        func call(_ index: Int) -> String {
            AssemblyTests.delta(
                #""tool_calls":[{"index":\#(index),"id":"i","function":{"name":"f"}}]"#)
        }
        #expect(many(AnswerAssembly.toolCallsMax, call).text != nil)
        #expect(many(AnswerAssembly.toolCallsMax + 1, call) == .refused(.tooMany))
        #expect(many(1, { _ in call(1_000_000_000) }).text != nil)
        func choice(_ index: Int) -> String {
            AssemblyTests.delta(#""content":"x""#, index: index, reason: #""stop""#)
        }
        #expect(many(AnswerFacts.choicesMax, choice).text != nil)
        #expect(many(AnswerFacts.choicesMax + 1, choice) == .refused(.tooMany))
        #expect(many(1, { _ in choice(1_000_000_000) }) == .refused(.tooMany))
        func unknown(_ index: Int) -> String { AssemblyTests.chunk("", #","x\#(index)":1"#) }
        #expect(many(AnswerAssembly.unknownMembersMax, unknown).text != nil)
        #expect(many(AnswerAssembly.unknownMembersMax + 1, unknown) == .refused(.tooMany))
        // Two choices in turn make a piece of each delta.
        let pieces = (0..<70_000).map {
            #"{"choices":[{"index":\#($0 % 2),"delta":{"content":"x"}}]}"#
        }
        #expect(assemble(stream(pieces + [Self.end])) == .refused(.tooMany))
    }

    @Test func `fragments of many calls in turn are read in time`() {
        let fragments = (0..<60_000).map {
            #"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":\#($0 % 256),"id":"i","#
                + #""function":{"name":"f","arguments":"1"}}]}}]}"#
        }
        #expect(assemble(stream(fragments + [Self.end])).text != nil)
    }

    @Test func `endpoints without streams are refused`() {
        for endpoint: Endpoint in [.embeddings, .models, .other] {
            #expect(assemble(stream([Self.text, Self.end]), endpoint) == .refused(.endpoint))
        }
    }
}
