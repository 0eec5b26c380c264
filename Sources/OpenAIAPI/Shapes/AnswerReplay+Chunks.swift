import Bytes
import JSON

// Chat completions and text completions: chunks with `choices`, `[DONE]` at the end.
extension AnswerReplay {
    /// What all chunks of an answer share.
    struct ChunkPlan {
        let isChat: Bool
        let includesUsage: Bool
        /// Members of the answer that are told once, in the first chunk.
        var unknown: [JSONMember] = []
        var hasBegun = false
        /// Members with unknown names, and calls of tools, in all choices so far.
        var unknownCount = 0
        var toolCalls = 0
    }

    /// A choice that is being planned.
    struct ChoicePlan {
        let index: Int
        var finishReason: JSONValue?
        var logprobs: JSONValue?
        var content: JSONValue?
        /// Members that are told with the reason.
        var unknown: [JSONMember] = []
    }

    mutating func planChunks(
        _ document: borrowing JSONDocument, _ endpoint: Endpoint, includesUsage: Bool
    ) -> Bool {
        guard StorableAnswer.judge(document, endpoint: endpoint) == nil else { return false }
        var plan = ChunkPlan(isChat: endpoint == .chatCompletions, includesUsage: includesUsage)
        head.append("data: {\"object\":\"")
        head.append(plan.isChat ? "chat.completion.chunk\"" : "text_completion\"")
        var choices: JSONValue?
        var usage: JSONValue?
        var members = document.members(of: document.root)
        while let member = members.next() {
            let key = member.key
            if document.string(key, equals: "choices") {
                choices = member.value
            } else if document.string(key, equals: "usage") {
                usage = member.value
            } else if document.string(key, equals: "object") {
                let name: StaticString = plan.isChat ? "chat.completion" : "text_completion"
                guard document.string(member.value, equals: name) else { return false }
            } else if Self.isOfEachChunk(key, document) {
                guard addToHead(member, document) else { return false }
            } else {
                plan.unknown.append(member)
            }
        }
        head.append(",\"choices\":[")
        plan.unknownCount = plan.unknown.count
        guard let choices, Self.areDistinct(plan.unknown, document) else { return false }
        guard planChoices(choices, &plan, document) else { return false }
        if includesUsage, let usage, document.kind(of: usage) == .object {
            add(step: .head)
            add("],\"usage\":")
            add(usage, of: document)
            add("}\n\n")
        }
        add("data: [DONE]\n\n")
        return true
    }

    private mutating func planChoices(
        _ choices: JSONValue, _ plan: inout ChunkPlan, _ document: borrowing JSONDocument
    ) -> Bool {
        var count = 0
        var elements = document.elements(of: choices)
        while let element = elements.next() {
            guard count < AnswerFacts.choicesMax,
                let choice = Self.choice(element, count, plan, document)
            else { return false }
            count += 1
            plan.unknownCount += choice.unknown.count
            let isPlanned =
                plan.isChat
                ? planMessage(choice, &plan, document) : planText(choice, &plan, document)
            guard isPlanned, steps.count <= Self.stepsMax,
                plan.unknownCount <= AnswerAssembly.unknownMembersMax
            else { return false }
            begin(choice, plan)
            add(plan.isChat ? "\"delta\":{}" : "\"text\":\"\"")
            end(choice, &plan, document, isLast: true)
        }
        return true
    }

    /// The names that each chunk repeats.
    private static func isOfEachChunk(
        _ key: JSONValue, _ document: borrowing JSONDocument
    ) -> Bool {
        switch document.nameCount(key) {
        case 2: document.string(key, equals: "id")
        case 5: document.string(key, equals: "model")
        case 7: document.string(key, equals: "created")
        case 12: document.string(key, equals: "service_tier")
        case 18: document.string(key, equals: "system_fingerprint")
        default: false
        }
    }

    private mutating func addToHead(
        _ member: JSONMember, _ document: borrowing JSONDocument
    ) -> Bool {
        let value = document.source(of: member.value)
        switch document.kind(of: member.value) {
        case .string, .number, .null: break
        default: return false
        }
        guard value.count <= Self.nameBytesMax else { return false }
        head.append(UInt8(ascii: ","))
        head.append(document.source(of: member.key))
        head.append(UInt8(ascii: ":"))
        head.append(value)
        return true
    }

    /// nil where the choice is not at its place or has what it cannot have.
    private static func choice(
        _ element: JSONValue, _ ordinal: Int, _ plan: ChunkPlan,
        _ document: borrowing JSONDocument
    ) -> ChoicePlan? {
        var choice = ChoicePlan(index: ordinal)
        var members = document.members(of: element)
        while let member = members.next() {
            let key = member.key
            if document.string(key, equals: "index") {
                guard document.integer(member.value) == ordinal else { return nil }
            } else if document.string(key, equals: "finish_reason"), choice.finishReason == nil {
                choice.finishReason = member.value
            } else if document.string(key, equals: "logprobs"), choice.logprobs == nil {
                choice.logprobs = member.value
            } else if document.string(key, equals: plan.isChat ? "message" : "text"),
                choice.content == nil
            {
                choice.content = member.value
            } else if isOfChunks(key, plan, document) {
                return nil
            } else {
                choice.unknown.append(member)
            }
        }
        return areDistinct(choice.unknown, document) ? choice : nil
    }

    /// Names that mean something in a choice of a chunk, so that none can pass as unknown.
    private static func isOfChunks(
        _ key: JSONValue, _ plan: ChunkPlan, _ document: borrowing JSONDocument
    ) -> Bool {
        document.string(key, equals: "finish_reason") || document.string(key, equals: "logprobs")
            || document.string(key, equals: "message")
            || document.string(key, equals: plan.isChat ? "delta" : "text")
    }

    /// Whether there are not too many members, all of different names without escapes.
    private static func areDistinct(
        _ members: [JSONMember], _ document: borrowing JSONDocument
    ) -> Bool {
        guard members.count <= AnswerAssembly.unknownMembersMax else { return false }
        for (place, member) in members.enumerated() {
            if document.hasEscapes(member.key) { return false }
            let name = document.rawString(member.key)
            for other in members[..<place]
            where document.rawString(other.key).equals(name) {
                return false
            }
        }
        return true
    }

    /// The beginning of a chunk with one choice.
    mutating func begin(_ choice: ChoicePlan, _ plan: ChunkPlan) {
        add(step: .head)
        add("{\"index\":")
        add(choice.index)
        add(",")
    }

    /// The end of a chunk with one choice, of which its delta and `logprobs` stand there.
    mutating func end(
        _ choice: ChoicePlan, _ plan: inout ChunkPlan, _ document: borrowing JSONDocument,
        isLast: Bool = false, hasLogprobs: Bool = false
    ) {
        if choice.logprobs != nil, !hasLogprobs { add(",\"logprobs\":null") }
        add(",\"finish_reason\":")
        if isLast, let reason = choice.finishReason {
            add(reason, of: document)
            for member in choice.unknown { add(commaAnd: member, of: document) }
        } else {
            add("null")
        }
        add("}]")
        if !plan.hasBegun {
            for member in plan.unknown { add(commaAnd: member, of: document) }
            plan.hasBegun = true
        }
        add(plan.includesUsage ? ",\"usage\":null}\n\n" : "}\n\n")
    }

    /// Chunks of one text, each `opening`, a piece of it, `closing`; none for an empty one.
    mutating func planDeltas(
        _ text: JSONValue, _ choice: ChoicePlan, _ plan: inout ChunkPlan,
        _ document: borrowing JSONDocument, opening: [Step], closing: StaticString
    ) {
        guard let contents = document.contents(of: text), !contents.isEmpty else { return }
        // What is told once is told by now: a chunk that is repeated must not have it.
        if !plan.hasBegun, !plan.unknown.isEmpty {
            begin(choice, plan)
            add(plan.isChat ? "\"delta\":{}" : "\"text\":\"\"")
            end(choice, &plan, document)
        }
        let start = steps.count
        begin(choice, plan)
        for step in opening { add(step: step) }
        add(step: .slice(contents))
        add(closing)
        end(choice, &plan, document)
        add(step: .again(start))
    }

    /// The chunks of a text completion but for its last.
    private mutating func planText(
        _ choice: ChoicePlan, _ plan: inout ChunkPlan, _ document: borrowing JSONDocument
    ) -> Bool {
        guard let text = choice.content, document.kind(of: text) == .string else { return false }
        planDeltas(
            text, choice, &plan, document, opening: [.text("\"text\":\"")], closing: "\"")
        guard let logprobs = choice.logprobs, !document.isNull(logprobs) else { return true }
        guard document.kind(of: logprobs) == .object else { return false }
        var seen = LogprobList.Names()
        var members = document.members(of: logprobs)
        while let member = members.next() {
            guard let list = LogprobList(member.key, document), !list.isChat, seen.take(list)
            else { return false }
            switch document.kind(of: member.value) {
            case .array, .null: break
            default: return false
            }
        }
        // In one chunk: its lists belong together element by element.
        begin(choice, plan)
        add("\"text\":\"\",\"logprobs\":")
        add(logprobs, of: document)
        end(choice, &plan, document, hasLogprobs: true)
        return true
    }
}
