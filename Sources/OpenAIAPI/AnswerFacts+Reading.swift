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
        switch document.kind(of: document.root) {
        case .object:
            return take(document.root, document, endpoint: endpoint, content: &content)
        case .array:
            // Google's errors come as the only element of an array.
            var elements = document.elements(of: document.root)
            guard let error = elements.next(), document.kind(of: error) == .object else { break }
            _ = take(error, document, endpoint: endpoint, content: &content)
            return .none
        default: break
        }
        unreadableCount += 1
        return .none
    }

    mutating func take(
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
            case 6 where document.string(key, equals: "object"):
                // Mistral's errors are the object itself.
                if document.string(value, equals: "error") { takeError(object, document) }
            case 6 where document.string(key, equals: "detail"),
                7 where document.string(key, equals: "message"):
                if errorMessageRange.isEmpty { keepMessage(value, document) }
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

    /// Takes `error`: an object, or its message alone.
    mutating func takeError(_ error: JSONValue, _ document: borrowing JSONDocument) {
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
}
