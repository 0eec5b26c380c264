import Bytes
import JSON

// Calls of tools and functions, which come in fragments.
extension AnswerAssembly {
    mutating func takeToolCalls(
        _ calls: JSONValue, _ position: Int, _ document: borrowing JSONDocument
    ) throws(AssemblyError) {
        switch document.kind(of: calls) {
        case .null:
            if choices[position].toolCalls == .absent { choices[position].toolCalls = .null }
            return
        case .array: choices[position].toolCalls = .value
        default: throw .unmergeable
        }
        var elements = document.elements(of: calls)
        while let call = elements.next() { try takeToolCall(call, position, document) }
    }

    private mutating func takeToolCall(
        _ call: JSONValue, _ position: Int, _ document: borrowing JSONDocument
    ) throws(AssemblyError) {
        // Without an index it is not known which call a fragment belongs to.
        guard let value = document.value("index", of: call), let index = document.integer(value),
            index >= 0
        else { throw .unmergeable }
        let tool = try toolPosition(choice: choices[position].index, index: index)
        var members = document.members(of: call)
        while let member = members.next() {
            let key = member.key
            let value = member.value
            switch document.nameCount(key) {
            case 2 where document.string(key, equals: "id"):
                try strands.takeName(value, document, to: &tools[tool].id)
            case 4 where document.string(key, equals: "type"):
                try strands.takeName(value, document, to: &tools[tool].type)
            case 5 where document.string(key, equals: "index"): break
            case 6 where document.string(key, equals: "custom"):
                try takeBody(value, tool, document, isCustom: true)
            case 8 where document.string(key, equals: "function"):
                try takeBody(value, tool, document, isCustom: false)
            default:
                if !document.isNull(value) { throw .unmergeable }
            }
        }
    }

    /// The position in `tools` of a call, which is added when new. The one before it is mostly
    /// the one again.
    private mutating func toolPosition(choice: Int, index: Int) throws(AssemblyError) -> Int {
        if currentTool < tools.count, tools[currentTool].choice == choice,
            tools[currentTool].index == index
        {
            return currentTool
        }
        currentTool =
            tools.firstIndex { $0.choice == choice && $0.index == index } ?? tools.count
        if currentTool == tools.count {
            guard tools.count < Self.toolCallsMax else { throw .tooMany }
            tools.append(Tool(choice: choice, index: index))
        }
        return currentTool
    }

    private mutating func takeBody(
        _ body: JSONValue, _ tool: Int, _ document: borrowing JSONDocument, isCustom: Bool
    ) throws(AssemblyError) {
        if document.isNull(body) { return }
        guard document.kind(of: body) == .object, tools[tool].isCustom ?? isCustom == isCustom
        else { throw .unmergeable }
        tools[tool].isCustom = isCustom
        var hasArguments = false
        var members = document.members(of: body)
        while let member = members.next() {
            if document.string(member.key, equals: "name") {
                try strands.takeName(member.value, document, to: &tools[tool].name)
            } else if !hasArguments,
                document.string(member.key, equals: isCustom ? "input" : "arguments")
            {
                hasArguments = true
                try strands.append(member.value, document, to: &tools[tool].arguments)
            } else if !document.isNull(member.value) {
                throw .unmergeable
            }
        }
    }

    mutating func takeFunctionCall(
        _ call: JSONValue, _ position: Int, _ document: borrowing JSONDocument
    ) throws(AssemblyError) {
        switch document.kind(of: call) {
        case .null:
            if choices[position].functionCall == .absent { choices[position].functionCall = .null }
            return
        case .object: choices[position].functionCall = .value
        default: throw .unmergeable
        }
        var hasArguments = false
        var members = document.members(of: call)
        while let member = members.next() {
            if document.string(member.key, equals: "name") {
                try strands.takeName(member.value, document, to: &choices[position].functionName)
            } else if !hasArguments, document.string(member.key, equals: "arguments") {
                hasArguments = true
                try strands.append(member.value, document, to: &choices[position].functionArguments)
            } else if !document.isNull(member.value) {
                throw .unmergeable
            }
        }
    }
}
