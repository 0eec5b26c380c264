import Bytes
import JSON

// The message of a choice of chat completions.
extension AnswerReplay {
    /// The members of a message that a stream can tell.
    private struct Message {
        /// `content`, `refusal`, `reasoning_content`, `reasoning`: null or strings.
        var texts: [(name: StaticString, value: JSONValue)] = []
        var role: JSONValue?
        var toolCalls: JSONValue?
        var functionCall: JSONValue?
        var annotations: JSONValue?
        /// Members with other names, all of them null.
        var nulls: [JSONMember] = []
    }

    /// The chunks of a choice but for its last.
    mutating func planMessage(
        _ choice: ChoicePlan, _ plan: inout ChunkPlan, _ document: borrowing JSONDocument
    ) -> Bool {
        guard let value = choice.content, document.kind(of: value) == .object,
            let message = Self.message(value, document)
        else { return false }
        plan.unknownCount += message.nulls.count
        planRole(message, choice, &plan, document)
        for name: StaticString in ["reasoning_content", "reasoning", "content", "refusal"] {
            guard let text = message.texts.first(where: { $0.name.bytes.equals(name) })
            else { continue }
            planDeltas(
                text.value, choice, &plan, document,
                opening: [.text("\"delta\":{\""), .text(name), .text("\":\"")], closing: "\"}")
        }
        if let annotations = message.annotations, !document.isEmpty(annotations) {
            begin(choice, plan)
            add("\"delta\":{\"annotations\":")
            add(annotations, of: document)
            add("}")
            end(choice, &plan, document)
        }
        if let calls = message.toolCalls, !planToolCalls(calls, choice, &plan, document) {
            return false
        }
        if let call = message.functionCall, document.kind(of: call) == .object,
            !planFunctionCall(call, choice, &plan, document)
        {
            return false
        }
        return planLogprobs(choice, &plan, document)
    }

    /// nil where a member is not what a stream can tell.
    private static func message(
        _ value: JSONValue, _ document: borrowing JSONDocument
    ) -> Message? {
        var message = Message()
        var members = document.members(of: value)
        while let member = members.next() {
            let key = member.key
            let value = member.value
            if document.string(key, equals: "role") {
                guard document.rawString(value).count > 0, message.role == nil else { return nil }
                message.role = value
            } else if let name = textName(key, document) {
                guard document.isNull(value) || document.isString(value),
                    !message.texts.contains(where: { $0.name.bytes.equals(name) })
                else { return nil }
                message.texts.append((name, value))
            } else if document.isNull(value) {
                guard !document.hasEscapes(key) else { return nil }
                message.nulls.append(member)
            } else if document.string(key, equals: "tool_calls"), message.toolCalls == nil {
                guard document.kind(of: value) == .array else { return nil }
                message.toolCalls = value
            } else if document.string(key, equals: "annotations"), message.annotations == nil {
                guard document.kind(of: value) == .array else { return nil }
                var elements = document.elements(of: value)
                while let element = elements.next() {
                    if document.value("index", of: element) != nil { return nil }
                }
                message.annotations = value
            } else if document.string(key, equals: "function_call"), message.functionCall == nil {
                guard document.kind(of: value) == .object else { return nil }
                message.functionCall = value
            } else {
                return nil
            }
        }
        return message.nulls.count <= AnswerAssembly.unknownMembersMax ? message : nil
    }

    private static func textName(
        _ key: JSONValue, _ document: borrowing JSONDocument
    ) -> StaticString? {
        switch document.nameCount(key) {
        case 7 where document.string(key, equals: "content"): "content"
        case 7 where document.string(key, equals: "refusal"): "refusal"
        case 9 where document.string(key, equals: "reasoning"): "reasoning"
        case 17 where document.string(key, equals: "reasoning_content"): "reasoning_content"
        default: nil
        }
    }

    /// The first chunk of a choice: who speaks, and what is null or empty.
    private mutating func planRole(
        _ message: Message, _ choice: ChoicePlan, _ plan: inout ChunkPlan,
        _ document: borrowing JSONDocument
    ) {
        begin(choice, plan)
        add("\"delta\":{\"role\":")
        if let role = message.role { add(role, of: document) } else { add("\"assistant\"") }
        for (name, value) in message.texts {
            let isNull = document.isNull(value)
            // As OpenAI does it, of the texts to come only `content` is there from the start.
            guard isNull || document.rawString(value).isEmpty || name.bytes.equals("content")
            else { continue }
            add(",\"")
            add(name)
            add(isNull ? "\":null" : "\":\"\"")
        }
        if let calls = message.toolCalls, document.isEmpty(calls) { add(",\"tool_calls\":[]") }
        if let list = message.annotations, document.isEmpty(list) { add(",\"annotations\":[]") }
        for member in message.nulls { add(commaAnd: member, of: document) }
        add("}")
        end(choice, &plan, document)
    }

    private mutating func planToolCalls(
        _ calls: JSONValue, _ choice: ChoicePlan, _ plan: inout ChunkPlan,
        _ document: borrowing JSONDocument
    ) -> Bool {
        var index = 0
        var elements = document.elements(of: calls)
        while let element = elements.next() {
            plan.toolCalls += 1
            guard plan.toolCalls <= AnswerAssembly.toolCallsMax, steps.count <= Self.stepsMax,
                let call = ToolCall(element, at: index, document)
            else { return false }
            begin(choice, plan)
            add("\"delta\":{\"tool_calls\":[{\"index\":")
            add(index)
            add(",\"id\":")
            add(call.id, of: document)
            add(call.isCustom ? ",\"type\":\"custom\"" : ",\"type\":\"function\"")
            add(call.isCustom ? ",\"custom\":{\"name\":" : ",\"function\":{\"name\":")
            add(call.name, of: document)
            add(call.isCustom ? ",\"input\":\"\"}}]}" : ",\"arguments\":\"\"}}]}")
            end(choice, &plan, document)
            planDeltas(
                call.arguments, choice, &plan, document,
                opening: [
                    .text("\"delta\":{\"tool_calls\":[{\"index\":"), .number(index),
                    .text(
                        call.isCustom
                            ? ",\"custom\":{\"input\":\"" : ",\"function\":{\"arguments\":\""),
                ], closing: "\"}}]}")
            index += 1
        }
        return true
    }

    private mutating func planFunctionCall(
        _ call: JSONValue, _ choice: ChoicePlan, _ plan: inout ChunkPlan,
        _ document: borrowing JSONDocument
    ) -> Bool {
        guard let (name, arguments) = ToolCall.function(call, "arguments", document) else {
            return false
        }
        begin(choice, plan)
        add("\"delta\":{\"function_call\":{\"name\":")
        add(name, of: document)
        add(",\"arguments\":\"\"}}")
        end(choice, &plan, document)
        planDeltas(
            arguments, choice, &plan, document,
            opening: [.text("\"delta\":{\"function_call\":{\"arguments\":\"")], closing: "\"}}")
        return true
    }

    /// The probabilities of the tokens, as many in a chunk as fit.
    private mutating func planLogprobs(
        _ choice: ChoicePlan, _ plan: inout ChunkPlan, _ document: borrowing JSONDocument
    ) -> Bool {
        guard let logprobs = choice.logprobs, !document.isNull(logprobs) else { return true }
        guard document.kind(of: logprobs) == .object else { return false }
        var lists: [JSONMember] = []
        var seen = LogprobList.Names()
        var members = document.members(of: logprobs)
        while let member = members.next() {
            guard let list = LogprobList(member.key, document), list.isChat, seen.take(list),
                document.isNull(member.value) || document.kind(of: member.value) == .array
            else { return false }
            lists.append(member)
        }
        var isTold = false
        for (position, list) in lists.enumerated() {
            guard let groups = Self.groups(of: list.value, document) else { return false }
            for group in groups {
                guard steps.count <= Self.stepsMax else { return false }
                planLogprobs(lists, position, group, choice, &plan, document)
                isTold = true
            }
        }
        if !isTold { planLogprobs(lists, -1, 0..<0, choice, &plan, document) }
        return true
    }

    /// One chunk with a part of the list at `position`; the others are null or empty in it.
    private mutating func planLogprobs(
        _ lists: [JSONMember], _ position: Int, _ group: Range<Int>, _ choice: ChoicePlan,
        _ plan: inout ChunkPlan, _ document: borrowing JSONDocument
    ) {
        begin(choice, plan)
        add("\"delta\":{},\"logprobs\":{")
        for (index, list) in lists.enumerated() {
            if index > 0 { add(",") }
            add(list.key, of: document)
            if index == position {
                add(":[")
                add(step: .copy(group))
                add("]")
            } else {
                let isEmptyList =
                    document.kind(of: list.value) == .array && document.isEmpty(list.value)
                add(isEmptyList ? ":[]" : ":null")
            }
        }
        add("}")
        end(choice, &plan, document, hasLogprobs: true)
    }
}

/// A call of a tool, as a stream can tell it.
struct ToolCall {
    let id: JSONValue
    let isCustom: Bool
    let name: JSONValue
    /// `arguments` of a function, or the `input` of a custom tool.
    let arguments: JSONValue

    /// nil where it has other members, or an `index` that is not its place.
    init?(_ call: JSONValue, at place: Int, _ document: borrowing JSONDocument) {
        var id: JSONValue?
        var type: JSONValue?
        var function: JSONValue?
        var custom: JSONValue?
        var members = document.members(of: call)
        while let member = members.next() {
            let key = member.key
            if document.string(key, equals: "id") {
                id = member.value
            } else if document.string(key, equals: "type") {
                type = member.value
            } else if document.string(key, equals: "function") {
                function = member.value
            } else if document.string(key, equals: "custom") {
                custom = member.value
            } else if !document.string(key, equals: "index")
                || document.integer(member.value) != place
            {
                return nil
            }
        }
        guard let id, document.rawString(id).count > 0, (function == nil) != (custom == nil)
        else { return nil }
        isCustom = custom != nil
        if let type, !document.string(type, equals: isCustom ? "custom" : "function") {
            return nil
        }
        guard let body = function ?? custom,
            let (name, arguments) = Self.function(body, isCustom ? "input" : "arguments", document)
        else { return nil }
        self.id = id
        self.name = name
        self.arguments = arguments
    }

    /// The two strings of a called function or tool; nil where it has other members.
    static func function(
        _ body: JSONValue, _ argumentsKey: StaticString, _ document: borrowing JSONDocument
    ) -> (name: JSONValue, arguments: JSONValue)? {
        var name: JSONValue?
        var arguments: JSONValue?
        var members = document.members(of: body)
        while let member = members.next() {
            if document.string(member.key, equals: "name") {
                name = member.value
            } else if document.string(member.key, equals: argumentsKey) {
                arguments = member.value
            } else {
                return nil
            }
        }
        guard let name, document.rawString(name).count > 0, let arguments,
            document.isString(arguments)
        else { return nil }
        return (name, arguments)
    }
}
