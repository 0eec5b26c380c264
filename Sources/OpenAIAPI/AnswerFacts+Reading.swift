import Bytes
import JSON

/// What has to be taken out of an event because the client did not ask for usage.
enum UsageEdit: Equatable {
    case none
    /// The event tells only of usage.
    case dropEvent
    /// `"usage":null` with its comma, as a range of the event's data.
    case dropBytes(Range<Int>)
}

extension AnswerFacts {
    /// Takes what one document says: a whole answer, a chunk of a streamed one, or an error's body.
    mutating func take(
        _ document: borrowing JSONDocument, endpoint: Endpoint, content: inout CapturedContent?
    ) -> UsageEdit {
        guard document.kind(of: document.root) == .object else {
            unreadableCount += 1
            return .none
        }
        return take(document.root, document, endpoint: endpoint, content: &content)
    }

    private mutating func take(
        _ object: JSONValue, _ document: borrowing JSONDocument, endpoint: Endpoint,
        content: inout CapturedContent?
    ) -> UsageEdit {
        var usageMember: JSONMember?
        var hasNoChoices = false
        var members = document.members(of: object)
        while let member = members.next() {
            let key = member.key
            let value = member.value
            switch document.nameCount(key) {
            case 2 where document.string(key, equals: "id"):
                if idRange.isEmpty { texts.keep(value, of: document, at: &idRange) }
            case 5 where document.string(key, equals: "model"):
                if modelRange.isEmpty { texts.keep(value, of: document, at: &modelRange) }
            case 5 where document.string(key, equals: "usage"):
                usageMember = member
                takeUsage(value, document)
            case 5 where document.string(key, equals: "error"):
                takeError(value, document)
            case 7 where document.string(key, equals: "choices"):
                hasNoChoices = document.kind(of: value) == .array && document.isEmpty(value)
                takeChoices(value, document, &content)
            case 12 where document.string(key, equals: "service_tier"):
                texts.keep(value, of: document, at: &serviceTierRange)
            case 18 where document.string(key, equals: "system_fingerprint"):
                if fingerprintRange.isEmpty {
                    texts.keep(value, of: document, at: &fingerprintRange)
                }
            case 4 where endpoint == .embeddings && document.string(key, equals: "data"):
                takeEmbeddings(value, document)
            default: break
            }
        }
        if endpoint == .responses { takeResponse(object, document, &content) }
        guard let usageMember else { return .none }
        switch document.kind(of: usageMember.value) {
        case .null: return .dropBytes(document.removalRange(of: usageMember))
        case .object where hasNoChoices && !hasError: return .dropEvent
        default: return .none
        }
    }

    /// Takes a usage object as OpenAI's two APIs write it. The last one counts.
    private mutating func takeUsage(_ object: JSONValue, _ document: borrowing JSONDocument) {
        guard document.kind(of: object) == .object else { return }
        var usage = Usage()
        var members = document.members(of: object)
        while let member = members.next() {
            let key = member.key
            let value = member.value
            switch document.nameCount(key) {
            case 12 where document.string(key, equals: "input_tokens"),
                13 where document.string(key, equals: "prompt_tokens"):
                usage.inputTokens = document.tokenCount(value)
            case 13 where document.string(key, equals: "output_tokens"),
                17 where document.string(key, equals: "completion_tokens"):
                usage.outputTokens = document.tokenCount(value)
            case 20 where document.string(key, equals: "input_tokens_details"),
                21 where document.string(key, equals: "prompt_tokens_details"):
                usage.cachedInputTokens = document.tokenCount("cached_tokens", of: value)
                usage.cacheCreationInputTokens =
                    document.tokenCount("cache_creation_tokens", of: value)
                    ?? usage.cacheCreationInputTokens
            case 21 where document.string(key, equals: "output_tokens_details"),
                25 where document.string(key, equals: "completion_tokens_details"):
                usage.reasoningTokens = document.tokenCount("reasoning_tokens", of: value)
            case 27 where document.string(key, equals: "cache_creation_input_tokens"):
                usage.cacheCreationInputTokens = document.tokenCount(value)
            default: break
            }
        }
        self.usage = usage
    }

    /// Takes `error`: an object, or its message alone.
    private mutating func takeError(_ error: JSONValue, _ document: borrowing JSONDocument) {
        switch document.kind(of: error) {
        case .string:
            hasError = true
            keepMessage(error, document)
        case .object:
            hasError = true
            var members = document.members(of: error)
            while let member = members.next() {
                if document.string(member.key, equals: "message") {
                    keepMessage(member.value, document)
                } else if document.string(member.key, equals: "type") {
                    texts.keep(member.value, of: document, at: &errorTypeRange)
                } else if document.string(member.key, equals: "code") {
                    texts.keep(member.value, of: document, at: &errorCodeRange)
                }
            }
        default: break
        }
    }

    private mutating func keepMessage(_ value: JSONValue, _ document: borrowing JSONDocument) {
        texts.keep(
            value, of: document, at: &errorMessageRange,
            charactersMax: Self.messageCharactersMax)
    }

    private mutating func takeEmbeddings(_ data: JSONValue, _ document: borrowing JSONDocument) {
        var elements = document.elements(of: data)
        guard let first = elements.next(), let embedding = document.value("embedding", of: first)
        else { return }
        switch document.kind(of: embedding) {
        case .array:
            var count = 0
            var numbers = document.elements(of: embedding)
            while numbers.next() != nil { count += 1 }
            embeddingDimensions = count
        case .string:
            // Base64 of 32-bit floats; a slash may be escaped, which makes it longer.
            var bytes = 0
            if document.hasEscapes(embedding) {
                var text = ByteBuffer()
                document.appendString(embedding, to: &text)
                bytes = Base64.decodedCount(text.bytes)
            } else {
                bytes = Base64.decodedCount(document.rawString(embedding))
            }
            embeddingDimensions = bytes / MemoryLayout<Float>.size
        default: break
        }
    }

    /// What the events and the answer of the Responses API say besides.
    private mutating func takeResponse(
        _ object: JSONValue, _ document: borrowing JSONDocument, _ content: inout CapturedContent?
    ) {
        if let response = document.value("response", of: object) {
            var nothing: CapturedContent?
            _ = take(response, document, endpoint: .chatCompletions, content: &nothing)
        }
        guard let type = document.value("type", of: object) else {
            hasContent = hasContent || document.value("output", of: object) != nil
            return
        }
        if document.string(type, equals: "response.completed")
            || document.string(type, equals: "response.incomplete")
            || document.string(type, equals: "response.failed")
        {
            isDone = true
        } else if document.string(type, equals: "error"), !hasError {
            takeError(object, document)
            // Here `type` is the event's own.
            errorTypeRange = 0..<0
        } else if document.string(type, equals: "response.output_item.done") {
            takeCall(object, document, &content)
        } else if let delta = document.value("delta", of: object),
            document.rawString(delta).count > 0
        {
            hasContent = true
            if document.string(type, equals: "response.output_text.delta") {
                content?.append(delta, of: document, as: .text, choice: 0)
            } else if document.string(type, equals: "response.refusal.delta") {
                content?.append(delta, of: document, as: .refusal, choice: 0)
            } else if document.string(type, equals: "response.reasoning_summary_text.delta") {
                content?.append(delta, of: document, as: .reasoning, choice: 0)
            }
        }
    }

    /// Takes a finished function call of the Responses API, which comes whole besides its pieces.
    private mutating func takeCall(
        _ event: JSONValue, _ document: borrowing JSONDocument, _ content: inout CapturedContent?
    ) {
        guard content != nil, let item = document.value("item", of: event),
            let type = document.value("type", of: item),
            document.string(type, equals: "function_call")
        else { return }
        let index = document.value("output_index", of: event).flatMap { document.integer($0) } ?? 0
        if let id = document.value("call_id", of: item) {
            content?.append(id, of: document, as: .toolID, choice: 0, tool: index)
        }
        content?.appendFunction(item, of: document, choice: 0, tool: index)
    }
}

extension JSONDocument {
    /// A count of tokens: never negative.
    func tokenCount(_ value: JSONValue) -> Int? {
        guard let count = integer(value), count >= 0 else { return nil }
        return count
    }

    /// The count under `key` of `object`.
    func tokenCount(_ key: StaticString, of object: JSONValue) -> Int? {
        value(key, of: object).flatMap { tokenCount($0) }
    }
}
