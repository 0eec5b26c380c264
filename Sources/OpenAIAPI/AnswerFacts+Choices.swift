import Bytes
import JSON

extension AnswerFacts {
    /// Takes `choices` of an answer (`message`), a chunk (`delta`) or a text completion (`text`).
    mutating func takeChoices(
        _ choices: JSONValue, _ document: borrowing JSONDocument, _ content: inout CapturedContent?
    ) {
        var ordinal = 0
        var elements = document.elements(of: choices)
        while let choice = elements.next() {
            takeChoice(choice, ordinal, document, &content)
            ordinal += 1
        }
    }

    private mutating func takeChoice(
        _ choice: JSONValue, _ ordinal: Int, _ document: borrowing JSONDocument,
        _ content: inout CapturedContent?
    ) {
        var index = ordinal
        var reason: JSONValue?
        var delta: JSONValue?
        var text: JSONValue?
        var members = document.members(of: choice)
        while let member = members.next() {
            let key = member.key
            switch document.nameCount(key) {
            case 4 where document.string(key, equals: "text"): text = member.value
            case 5 where document.string(key, equals: "index"):
                index = document.integer(member.value) ?? ordinal
            case 5 where document.string(key, equals: "delta"): delta = member.value
            case 7 where document.string(key, equals: "message"): delta = member.value
            case 13 where document.string(key, equals: "finish_reason"): reason = member.value
            default: break
            }
        }
        guard let position = choicePosition(index) else { return }
        if let reason, document.kind(of: reason) == .string {
            var range = choices[position].finishReason ?? 0..<0
            texts.keep(reason, of: document, at: &range)
            if !range.isEmpty { choices[position].finishReason = range }
        }
        if let text, document.rawString(text).count > 0 {
            hasContent = true
            content?.append(text, of: document, as: .text, choice: index)
        }
        if let delta { takeDelta(delta, index, document, &content) }
    }

    private mutating func takeDelta(
        _ delta: JSONValue, _ choice: Int, _ document: borrowing JSONDocument,
        _ content: inout CapturedContent?
    ) {
        var members = document.members(of: delta)
        while let member = members.next() {
            let key = member.key
            let value = member.value
            switch document.nameCount(key) {
            case 4 where document.string(key, equals: "role"):
                content?.append(value, of: document, as: .role, choice: choice)
            case 5 where document.string(key, equals: "audio"):
                takeAudio(value, choice, document, &content)
            case 7 where document.string(key, equals: "content"):
                takeText(value, as: .text, choice, document, &content)
            case 7 where document.string(key, equals: "refusal"):
                takeText(value, as: .refusal, choice, document, &content)
            case 9 where document.string(key, equals: "reasoning"),
                17 where document.string(key, equals: "reasoning_content"):
                takeText(value, as: .reasoning, choice, document, &content)
            case 10 where document.string(key, equals: "tool_calls"):
                takeToolCalls(value, choice, document, &content)
            case 13 where document.string(key, equals: "function_call"):
                guard document.kind(of: value) == .object else { break }
                hasContent = true
                content?.appendFunction(value, of: document, choice: choice, tool: 0)
            default: break
            }
        }
    }

    /// A string, or the texts of an array of parts.
    private mutating func takeText(
        _ value: JSONValue, as kind: CapturedContent.Kind, _ choice: Int,
        _ document: borrowing JSONDocument, _ content: inout CapturedContent?
    ) {
        if document.rawString(value).count > 0 {
            hasContent = true
            content?.append(value, of: document, as: kind, choice: choice)
        }
        var parts = document.elements(of: value)
        while let part = parts.next() {
            hasContent = true
            if let text = document.value("text", of: part) {
                content?.append(text, of: document, as: kind, choice: choice)
            } else if let thinking = document.value("thinking", of: part) {
                takeText(thinking, as: .reasoning, choice, document, &content)
            }
        }
    }

    /// Sound, and what is said in it.
    private mutating func takeAudio(
        _ audio: JSONValue, _ choice: Int, _ document: borrowing JSONDocument,
        _ content: inout CapturedContent?
    ) {
        guard document.kind(of: audio) == .object else { return }
        hasContent = true
        if let data = document.value("data", of: audio) {
            content?.appendAudio(data, of: document, choice: choice)
        }
        if let transcript = document.value("transcript", of: audio) {
            content?.append(transcript, of: document, as: .transcript, choice: choice)
        }
    }

    private mutating func takeToolCalls(
        _ calls: JSONValue, _ choice: Int, _ document: borrowing JSONDocument,
        _ content: inout CapturedContent?
    ) {
        var ordinal = 0
        var elements = document.elements(of: calls)
        while let call = elements.next() {
            hasContent = true
            if content != nil {
                let index = document.value("index", of: call).flatMap { document.integer($0) }
                let tool = index ?? ordinal
                if let id = document.value("id", of: call) {
                    content?.append(id, of: document, as: .toolID, choice: choice, tool: tool)
                }
                if let function = document.value("function", of: call) {
                    content?.appendFunction(function, of: document, choice: choice, tool: tool)
                }
            }
            ordinal += 1
        }
    }
}
