import OpenAIAPI

/// Plain answers made at random of what a stream can tell.
struct RandomAnswer {
    var generator: SeededGenerator

    mutating func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }

    /// The inside of a string, whose escapes and characters a cut must not tear apart.
    mutating func text() -> String {
        let units = [
            "a", "ü", "€", "🐦", #"\n"#, #"\""#, #"\\"#, #"\/"#, #"\u00e9"#, #"\ud83d\udc26"#,
            " ", "{", ":", "data",
        ]
        let count = below(8) == 0 ? below(6000) : below(12)
        return (0..<count).map { _ in units[below(units.count)] }.joined()
    }

    mutating func string() -> String { "\"" + text() + "\"" }

    /// A value of any kind, white space and line ends between its tokens.
    mutating func value(_ depth: Int = 0) -> String {
        switch below(depth > 2 ? 4 : 7) {
        case 0: return string()
        case 1: return "\(below(1000))"
        case 2: return ["null", "true", "false", "-1.50e3"][below(4)]
        case 3: return ["[]", "{}", "\"\""][below(3)]
        case 4:
            let elements = (0..<below(4)).map { _ in value(depth + 1) }
            return "[ " + elements.joined(separator: " ,\n") + "]"
        default:
            let members = (0..<below(4)).map { "\"k\($0)\" :\r\n " + value(depth + 1) }
            return "{" + members.joined(separator: ",") + "\t}"
        }
    }

    /// `"name":` a string, null or nothing.
    mutating func optional(_ name: String) -> [String] {
        switch below(4) {
        case 0: ["\"\(name)\":null"]
        case 1: ["\"\(name)\":\(string())"]
        default: []
        }
    }

    mutating func toolCall(_ index: Int) -> String {
        let name = "\"\(["f", "get_weather", "ü"][below(3)])\""
        let body =
            below(4) == 0
            ? #""type":"custom","custom":{"name":\#(name),"input":\#(string())}"#
            : #""type":"function","function":{"name":\#(name),"arguments":\#(string())}"#
        return #"{"id":"call_\#(index)",\#(body)}"#
    }

    mutating func message() -> String {
        var members = ["\"role\":\"assistant\""]
        members.append("\"content\":" + (below(4) == 0 ? "null" : string()))
        members += optional("refusal") + optional("reasoning_content") + optional("reasoning")
        if below(4) == 0 { members.append("\"audio\":null") }
        if below(3) == 0 {
            let calls = (0..<below(4)).map { toolCall($0) }
            members.append("\"tool_calls\":[" + calls.joined(separator: " , ") + "]")
        }
        if below(8) == 0 {
            members.append(#""function_call":{"name":"f","arguments":\#(string())}"#)
        }
        if below(4) == 0 {
            members.append(["\"annotations\":[]", #""annotations":[{"type":"a"},{}]"#][below(2)])
        }
        return "{" + members.shuffled(using: &generator).joined(separator: ",\n") + "}"
    }

    mutating func list() -> String {
        "[" + (0..<below(5)).map { _ in value() }.joined(separator: ",\n") + "]"
    }

    mutating func logprobs(_ names: [String]) -> [String] {
        switch below(3) {
        case 0: return []
        case 1: return ["\"logprobs\":null"]
        default:
            let members = names.map { "\"\($0)\":" + (below(3) == 0 ? "null" : list()) }
            return ["\"logprobs\" : {" + members.joined(separator: ",") + "}"]
        }
    }

    mutating func plain(_ endpoint: Endpoint) -> String {
        let isChat = endpoint == .chatCompletions
        let choices = (0...below(3)).map { index in
            var members = [
                "\"index\":\(index)",
                "\"finish_reason\":\"\(["stop", "length", "content_filter"][below(3)])\"",
                isChat ? "\"message\":" + message() : "\"text\":" + string(),
            ]
            members += logprobs(
                isChat
                    ? ["content", "refusal"]
                    : ["tokens", "token_logprobs", "top_logprobs", "text_offset"])
            if below(4) == 0 { members.append("\"unknown\":" + value()) }
            return "{" + members.shuffled(using: &generator).joined(separator: ",") + "}"
        }
        var members = [
            "\"object\":\"\(isChat ? "chat.completion" : "text_completion")\"",
            "\"choices\":[" + choices.joined(separator: ",") + "]", "\"id\":\"c\"",
            "\"created\":\(below(1000))", "\"model\" : \"m\"",
        ]
        if below(2) == 0 {
            members.append(#""usage":{"prompt_tokens":\#(below(9)),"d":\#(value())}"#)
        }
        if below(2) == 0 { members.append("\"service_tier\":null") }
        if below(2) == 0 { members.append("\"system_fingerprint\":\"fp\"") }
        if below(3) == 0 { members.append("\"x\":" + value()) }
        return "{\n" + members.shuffled(using: &generator).joined(separator: ",\n") + "\n}"
    }

    mutating func part(_ name: String, _ key: String) -> String {
        #"{"type":"\#(name)","\#(key)":\#(string())}"#
    }

    mutating func item(_ index: Int) -> String {
        let id = "\"id\":\"i\(index)\""
        switch below(4) {
        case 0:
            let parts = (0..<below(3)).map { _ in
                below(3) == 0
                    ? part("refusal", "refusal")
                    : #"{"type":"output_text","text":\#(string()),"annotations":\#(list())}"#
            }
            return "{" + id + #","type":"message","role":"assistant","content":["#
                + parts.joined(separator: ",") + "]}"
        case 1:
            let parts = (0..<below(3)).map { _ in part("summary_text", "text") }
            return "{" + id + #","type":"reasoning","summary":["# + parts.joined(separator: ",")
                + "]}"
        case 2:
            return "{" + id + #","type":"custom_tool_call","call_id":"c","name":"g","input":"#
                + string() + "}"
        default:
            return "{" + id + #","type":"function_call","call_id":"c","name":"f","arguments":"#
                + string() + ",\"status\":\"completed\"}"
        }
    }

    mutating func response() -> String {
        let items = (0...below(4)).map { item($0) }
        return #"{"id":"r","object":"response","status":"completed","output":["#
            + items.joined(separator: ",\n") + #"],"x":"# + value() + #","usage":null}"#
    }
}
