import Bytes
import JSON

// Chunks of chat completions and of text completions.
extension AnswerAssembly {
    mutating func takeChunk(_ document: borrowing JSONDocument) throws(AssemblyError) {
        if let choices = repeatedPrefix(of: document) {
            var rest = document.members(after: choices)
            while let member = rest.next() { _ = try takeMember(member, document) }
            return try takeChoices(choices.value, document)
        }
        var choices: JSONMember?
        var hasUsage = false
        var members = document.members(of: document.root)
        while let member = members.next() {
            switch try takeMember(member, document) {
            case .choices: choices = member
            // What is the last usage is not told by a prefix.
            case .usage: hasUsage = hasUsage || choices == nil
            case .other: break
            }
        }
        guard let choices, document.kind(of: choices.value) == .array else { throw .unmergeable }
        prefix.removeAll()
        let end = document.range(of: choices.value).lowerBound
        if !hasUsage, end <= Self.prefixBytesMax {
            prefix.append(document.bytes.extracting(0..<end))
            prefixEnd = choices
        }
        try takeChoices(choices.value, document)
    }

    /// Bytes of a chunk before its `choices` that are kept to know them again.
    private static let prefixBytesMax = 1 << 10

    /// `choices` of a chunk that begins as the one before it: what it says up to there is known.
    private func repeatedPrefix(of document: borrowing JSONDocument) -> JSONMember? {
        let count = prefix.count
        guard count > 0, let prefixEnd, document.bytes.count > count,
            document.bytes.extracting(0..<count).equals(prefix.bytes),
            document.bytes[count] == UInt8(ascii: "[")
        else { return nil }
        return prefixEnd
    }

    private mutating func takeChoices(
        _ choices: JSONValue, _ document: borrowing JSONDocument
    ) throws(AssemblyError) {
        var elements = document.elements(of: choices)
        while let choice = elements.next() { try takeChoice(choice, document) }
    }

    private enum Member {
        case choices, usage, other
    }

    /// Takes a member of a chunk but for its choices.
    private mutating func takeMember(
        _ member: JSONMember, _ document: borrowing JSONDocument
    ) throws(AssemblyError) -> Member {
        let key = member.key
        let value = member.value
        switch document.nameCount(key) {
        case 1 where document.string(key, equals: "p"),
            11 where document.string(key, equals: "obfuscation"):
            // Padding against those who guess at texts by the lengths of chunks.
            break
        case 2 where document.string(key, equals: "id"):
            try strands.takeFirst(value, document, to: &head.id)
        case 5 where document.string(key, equals: "model"):
            try strands.takeFirst(value, document, to: &head.model)
        case 5 where document.string(key, equals: "usage"):
            try takeUsage(value, document)
            return document.isNull(value) ? .other : .usage
        case 5 where document.string(key, equals: "error"):
            if !document.isNull(value) { throw .error }
        case 6 where document.string(key, equals: "object"):
            try checkObject(value, document)
        case 7 where document.string(key, equals: "choices"): return .choices
        case 7 where document.string(key, equals: "created"):
            try strands.takeFirst(value, document, to: &head.created)
        case 12 where document.string(key, equals: "service_tier"):
            try strands.takeLast(value, document, to: &head.serviceTier)
        case 18 where document.string(key, equals: "system_fingerprint"):
            try strands.takeFirst(value, document, to: &head.fingerprint)
        default: try takeUnknown(member, .chunk, document)
        }
        return .other
    }

    private mutating func takeUsage(
        _ value: JSONValue, _ document: borrowing JSONDocument
    ) throws(AssemblyError) {
        switch document.kind(of: value) {
        case .null: break
        case .object:
            let source = document.source(of: value)
            guard source.count <= bytesMax else { throw .tooLarge }
            latest.removeAll()
            latest.append(source)
        default: throw .unmergeable
        }
    }

    /// The name of what the chunk is; some leave it empty in a chunk that tells of no choice.
    private func checkObject(
        _ value: JSONValue, _ document: borrowing JSONDocument
    ) throws(AssemblyError) {
        if document.isString(value), document.rawString(value).isEmpty { return }
        switch endpoint {
        case .chatCompletions where document.string(value, equals: "chat.completion.chunk"),
            .chatCompletions where document.string(value, equals: "chat.completion"),
            .completions where document.string(value, equals: "text_completion"),
            .completions where document.string(value, equals: "text_completion.chunk"):
            return
        default: throw document.string(value, equals: "error") ? .error : .unmergeable
        }
    }

    // MARK: Unknown members

    /// Takes a member whose name is not known: see `AnswerAssembly`.
    mutating func takeUnknown(
        _ member: JSONMember, _ scope: Scope, _ document: borrowing JSONDocument
    ) throws(AssemblyError) {
        let name = document.rawString(member.key)
        let value = document.source(of: member.value)
        let isVoid = Self.isVoid(member.value, document)
        if case .message = scope, !document.isNull(member.value) { throw .unmergeable }
        // Names are compared as they are written.
        if document.hasEscapes(member.key) { throw .unmergeable }
        for index in unknowns.indices where unknowns[index].scope == scope {
            let unknown = unknowns[index]
            guard strands.equals(unknown.name, name) else { continue }
            if isVoid || strands.equals(unknown.value, value) { return }
            let isKept = unknown.isVoid || scope == .chunk && Self.isCount(member.value, document)
            if !isKept {
                // Groq tells its id first, and the usage besides in the end.
                if scope == .chunk, name.equals("x_groq") { return }
                throw .unmergeable
            }
            unknowns[index].isVoid = false
            unknowns[index].value = Strand()
            try strands.append(value, to: &unknowns[index].value)
            return
        }
        guard unknowns.count < Self.unknownMembersMax else { throw .tooMany }
        var nameStrand = Strand()
        var valueStrand = Strand()
        try strands.append(name, to: &nameStrand)
        try strands.append(value, to: &valueStrand)
        unknowns.append(
            Unknown(scope: scope, name: nameStrand, value: valueStrand, isVoid: isVoid))
    }

    private static func isVoid(_ value: JSONValue, _ document: borrowing JSONDocument) -> Bool {
        switch document.kind(of: value) {
        case .null: true
        case .string: document.rawString(value).isEmpty
        case .array, .object: document.isEmpty(value)
        case .number, .true, .false: false
        }
    }

    /// A number or a boolean, whose last value tells how it stood in the end. A text that changes
    /// may be pieces of one.
    private static func isCount(_ value: JSONValue, _ document: borrowing JSONDocument) -> Bool {
        switch document.kind(of: value) {
        case .number, .true, .false: true
        case .array, .object, .string, .null: false
        }
    }
}
