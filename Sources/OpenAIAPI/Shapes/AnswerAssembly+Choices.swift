import Bytes
import JSON

// Choices of a chunk: their deltas, reasons and probabilities.
extension AnswerAssembly {
    /// Names that were seen in one object: none may come twice.
    private struct Names: OptionSet {
        let rawValue: UInt16

        static let index = Names(rawValue: 1)
        static let delta = Names(rawValue: 2)
        static let text = Names(rawValue: 4)
        static let role = Names(rawValue: 8)
        static let content = Names(rawValue: 16)
        static let refusal = Names(rawValue: 32)
        static let reasoning = Names(rawValue: 64)
        static let reasoningContent = Names(rawValue: 128)
        static let toolCalls = Names(rawValue: 256)
        static let functionCall = Names(rawValue: 512)
        static let annotations = Names(rawValue: 1024)
        static let logprobs = Names(rawValue: 2048)
        static let finishReason = Names(rawValue: 4096)

        mutating func take(_ name: Names) throws(AssemblyError) {
            guard insert(name).inserted else { throw .unmergeable }
        }
    }

    mutating func takeChoice(
        _ choice: JSONValue, _ document: borrowing JSONDocument
    ) throws(AssemblyError) {
        // The index first: it mostly stands first, and each of the others needs it.
        guard let value = document.value("index", of: choice),
            let index = document.integer(value)
        else { throw .unmergeable }
        let position = try choicePosition(index)
        var seen = Names()
        var members = document.members(of: choice)
        while let member = members.next() {
            let key = member.key
            let value = member.value
            switch document.nameCount(key) {
            case 4 where endpoint == .completions && document.string(key, equals: "text"):
                try seen.take(.text)
                try strands.append(value, document, to: &choices[position].content)
            case 5 where document.string(key, equals: "index"): try seen.take(.index)
            case 5 where endpoint == .chatCompletions && document.string(key, equals: "delta"):
                try seen.take(.delta)
                try takeDelta(value, position, document)
            case 5 where document.string(key, equals: "error"):
                if !document.isNull(value) { throw .error }
            case 7 where document.string(key, equals: "message"):
                // A whole message beside the deltas: which of them counts is not known.
                throw .unmergeable
            case 8 where document.string(key, equals: "logprobs"):
                try seen.take(.logprobs)
                try takeLogprobs(value, position, document)
            case 13 where document.string(key, equals: "finish_reason"):
                try seen.take(.finishReason)
                if document.string(value, equals: "error") { throw .failed }
                if document.rawString(value).isEmpty, document.isString(value) { break }
                try strands.takeOnce(value, document, to: &choices[position].finishReason)
            default: try takeUnknown(member, .choice(index), document)
            }
        }
    }

    /// The position in `choices` of the choice `index`, which is added when new.
    private mutating func choicePosition(_ index: Int) throws(AssemblyError) -> Int {
        if index >= 0, index < choices.count, choices[index].index == index { return index }
        guard index >= 0, index < AnswerFacts.choicesMax else { throw .tooMany }
        if let position = choices.firstIndex(where: { $0.index == index }) { return position }
        choices.append(Choice(index: index))
        return choices.count - 1
    }

    private mutating func takeDelta(
        _ delta: JSONValue, _ position: Int, _ document: borrowing JSONDocument
    ) throws(AssemblyError) {
        guard document.kind(of: delta) == .object else {
            if document.isNull(delta) { return }
            throw .unmergeable
        }
        var seen = Names()
        var members = document.members(of: delta)
        while let member = members.next() {
            let key = member.key
            let value = member.value
            switch document.nameCount(key) {
            case 4 where document.string(key, equals: "role"):
                try seen.take(.role)
                if document.isString(value), document.rawString(value).isEmpty { break }
                try strands.takeOnce(value, document, to: &choices[position].role)
            case 7 where document.string(key, equals: "content"):
                try seen.take(.content)
                try strands.append(value, document, to: &choices[position].content)
            case 7 where document.string(key, equals: "refusal"):
                try seen.take(.refusal)
                try strands.append(value, document, to: &choices[position].refusal)
            case 9 where document.string(key, equals: "reasoning"):
                try seen.take(.reasoning)
                try strands.append(value, document, to: &choices[position].reasoning)
            case 10 where document.string(key, equals: "tool_calls"):
                try seen.take(.toolCalls)
                try takeToolCalls(value, position, document)
            case 11 where document.string(key, equals: "annotations"):
                try seen.take(.annotations)
                try takeAnnotations(value, position, document)
            case 11 where document.string(key, equals: "obfuscation"): break
            case 13 where document.string(key, equals: "function_call"):
                try seen.take(.functionCall)
                try takeFunctionCall(value, position, document)
            case 17 where document.string(key, equals: "reasoning_content"):
                try seen.take(.reasoningContent)
                try strands.append(value, document, to: &choices[position].reasoningContent)
            default: try takeUnknown(member, .message(choices[position].index), document)
            }
        }
    }

    private mutating func takeAnnotations(
        _ value: JSONValue, _ position: Int, _ document: borrowing JSONDocument
    ) throws(AssemblyError) {
        var elements = document.elements(of: value)
        while let element = elements.next() {
            // Elements with an index would be pieces of each other.
            if document.value("index", of: element) != nil { throw .unmergeable }
        }
        try strands.append(elementsOf: value, document, to: &choices[position].annotations)
    }

    private mutating func takeLogprobs(
        _ value: JSONValue, _ position: Int, _ document: borrowing JSONDocument
    ) throws(AssemblyError) {
        switch document.kind(of: value) {
        case .null:
            if choices[position].logprobs.presence == .absent {
                choices[position].logprobs.presence = .null
            }
            return
        case .object: choices[position].logprobs.presence = .value
        default: throw .unmergeable
        }
        var seen = LogprobList.Names()
        var members = document.members(of: value)
        while let member = members.next() {
            guard let list = LogprobList(member.key, document),
                list.isChat == (endpoint == .chatCompletions)
            else {
                if document.isNull(member.value) { continue }
                throw .unmergeable
            }
            let value = member.value
            guard seen.take(list) else { throw .unmergeable }
            switch list {
            case .content:
                try strands.append(
                    elementsOf: value, document, to: &choices[position].logprobs.content)
            case .refusal:
                try strands.append(
                    elementsOf: value, document, to: &choices[position].logprobs.refusal)
            case .tokens:
                try strands.append(
                    elementsOf: value, document, to: &choices[position].logprobs.tokens)
            case .tokenLogprobs:
                try strands.append(
                    elementsOf: value, document, to: &choices[position].logprobs.tokenLogprobs)
            case .topLogprobs:
                try strands.append(
                    elementsOf: value, document, to: &choices[position].logprobs.topLogprobs)
            case .textOffset:
                try strands.append(
                    elementsOf: value, document, to: &choices[position].logprobs.textOffset)
            }
        }
    }
}
