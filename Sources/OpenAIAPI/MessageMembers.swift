import JSON

/// What a message of chat completions says, found in one pass over its members: of members with
/// the same name, the first.
struct MessageMembers {
    private(set) var role: JSONValue?
    private(set) var name: JSONValue?
    private(set) var content: JSONValue?
    private(set) var toolCallID: JSONValue?
    private(set) var reasoningContent: JSONValue?
    private(set) var reasoning: JSONValue?
    private(set) var audio: JSONValue?
    private(set) var images: JSONValue?
    private(set) var refusal: JSONValue?
    private(set) var toolCalls: JSONValue?
    private(set) var functionCall: JSONValue?

    /// The members of `message`; none where it is no object.
    init(_ message: JSONValue, of document: borrowing JSONDocument) {
        var members = document.members(of: message)
        while let member = members.next() {
            let key = member.key
            let value = member.value
            switch document.nameCount(key) {
            case 4 where document.string(key, equals: "role"): role = role ?? value
            case 4 where document.string(key, equals: "name"): name = name ?? value
            case 5 where document.string(key, equals: "audio"): audio = audio ?? value
            case 6 where document.string(key, equals: "images"): images = images ?? value
            case 7 where document.string(key, equals: "content"): content = content ?? value
            case 7 where document.string(key, equals: "refusal"): refusal = refusal ?? value
            case 9 where document.string(key, equals: "reasoning"): reasoning = reasoning ?? value
            case 10 where document.string(key, equals: "tool_calls"):
                toolCalls = toolCalls ?? value
            case 12 where document.string(key, equals: "tool_call_id"):
                toolCallID = toolCallID ?? value
            case 13 where document.string(key, equals: "function_call"):
                functionCall = functionCall ?? value
            case 17 where document.string(key, equals: "reasoning_content"):
                reasoningContent = reasoningContent ?? value
            default: break
            }
        }
    }
}
