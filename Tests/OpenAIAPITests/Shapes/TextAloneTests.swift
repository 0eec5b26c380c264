import JSON
import OpenAIAPI
import Testing

struct TextAloneTests {
    static func answer(_ messages: String...) -> String {
        let choices = messages.map { #"{"message":{"role":"assistant",\#($0)}}"# }
        return #"{"choices":[\#(choices.joined(separator: ","))]}"#
    }

    @Test(arguments: [
        (answer(#""content":"a""#), true), (answer(#""content":"a","tool_calls":[]"#), true),
        (answer(#""content":"a","tool_calls":null,"function_call":null"#), true),
        (answer(#""content":"a""#, #""content":"b""#), true),
        (answer(#""content":"a","tool_calls":[{}]"#), false),
        (answer(#""content":"a","function_call":{}"#), false),
        (answer(#""content":"a","audio":{"id":"x"}"#), false),
        (answer(#""content":null"#), false), (answer(#""refusal":"no""#), false),
        (answer(#""content":"a""#, #""content":null,"tool_calls":[{}]"#), false),
        (#"{"choices":[]}"#, false), ("{}", false), ("[]", false),
    ]) func `an answer that says something and calls nothing is text alone`(
        answer: String, isText: Bool
    ) throws {
        let bytes = Array(answer.utf8)
        var scanner = JSONScanner()
        try scanner.scan(bytes.span)
        #expect(StorableAnswer.isTextAlone(scanner.document(bytes.span)) == isText)
    }
}
