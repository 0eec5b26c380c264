import Bytes
import JSON

extension CallRequest {
    /// What takes more than one member to decide.
    struct Pending {
        var maxCompletionTokens: Int?
        var hasAudio = false
        var hasImage = false
        var streamOptions: JSONValue?
    }

    /// Takes one top-level member, if it is one of those the gateway reads.
    mutating func read(
        _ member: JSONMember, in document: borrowing JSONDocument, _ pending: inout Pending
    ) {
        let key = member.key
        let value = member.value
        switch document.nameCount(key) {
        case 1 where document.string(key, equals: "n"):
            choiceCount = document.integer(value)
        case 4 where document.string(key, equals: "stop"):
            readStop(value, in: document)
        case 4 where document.string(key, equals: "seed"):
            seed = document.integer(value)
        case 4 where document.string(key, equals: "user"):
            user = JSONText(value, in: document)
        case 5 where document.string(key, equals: "tools"):
            tools = document.range(of: value)
        case 5 where document.string(key, equals: "input"):
            input = document.range(of: value)
            if endpoint == .responses { messageCount = Self.count(document, texts: value) }
        case 5 where document.string(key, equals: "top_p"):
            topP = document.double(value)
        case 5 where document.string(key, equals: "top_k"):
            topK = document.double(value)
        case 6 where document.string(key, equals: "stream"):
            isStreaming = document.bool(value) == true
        case 6 where document.string(key, equals: "prompt"):
            prompt = document.range(of: value)
            if endpoint == .completions { messageCount = Self.count(document, texts: value) }
        default:
            readLong(member, in: document, &pending)
        }
    }

    private mutating func readLong(
        _ member: JSONMember, in document: borrowing JSONDocument, _ pending: inout Pending
    ) {
        let key = member.key
        let value = member.value
        switch document.nameCount(key) {
        case 4 where document.string(key, equals: "text"):
            // Responses: {"text": {"format": {"type": ...}}}.
            if let format = document.value("format", of: value) {
                readFormat(format, in: document)
            }
        case 8 where document.string(key, equals: "messages"):
            messages = document.range(of: value)
            messageCount = Self.count(document, value)
        case 10 where document.string(key, equals: "max_tokens"):
            maxTokens = document.integer(value)
        case 10 where document.string(key, equals: "modalities"):
            pending.hasAudio = Self.contains(document, value, "audio")
            pending.hasImage = Self.contains(document, value, "image")
        case 10 where document.string(key, equals: "dimensions"):
            dimensions = document.integer(value)
        case 11 where document.string(key, equals: "random_seed"):
            // Mistral's name of it.
            seed = seed ?? document.integer(value)
        case 11 where document.string(key, equals: "temperature"):
            temperature = document.double(value)
        case 12 where document.string(key, equals: "service_tier"):
            serviceTier = JSONText(value, in: document)
        case 12 where document.string(key, equals: "conversation"):
            guard endpoint == .responses else { break }
            conversation = JSONText(document.value("id", of: value) ?? value, in: document)
        case 12 where document.string(key, equals: "instructions"):
            instructions = document.range(of: value)
        case 14 where document.string(key, equals: "stream_options"):
            pending.streamOptions = value
            streamOptions = document.range(of: value)
            includesUsage = document.value("include_usage", of: value).flatMap { document.bool($0) }
        case 15 where document.string(key, equals: "response_format"):
            readFormat(value, in: document)
        case 15 where document.string(key, equals: "encoding_format"):
            encodingFormat = JSONText(value, in: document)
        case 16 where document.string(key, equals: "presence_penalty"):
            presencePenalty = document.double(value)
        case 16 where document.string(key, equals: "output_dimension"):
            dimensions = dimensions ?? document.integer(value)
        case 17 where document.string(key, equals: "frequency_penalty"):
            frequencyPenalty = document.double(value)
        case 17 where document.string(key, equals: "safety_identifier"):
            safetyIdentifier = JSONText(value, in: document)
        case 17 where document.string(key, equals: "max_output_tokens"):
            maxTokens = document.integer(value)
        case 21 where document.string(key, equals: "max_completion_tokens"):
            pending.maxCompletionTokens = document.integer(value)
        default: break
        }
    }

    private mutating func readStop(_ value: JSONValue, in document: borrowing JSONDocument) {
        if let one = JSONText(value, in: document) {
            stopSequences = [one]
            return
        }
        var elements = document.elements(of: value)
        while stopSequences.count < Self.stopSequencesMax, let element = elements.next() {
            if let text = JSONText(element, in: document) { stopSequences.append(text) }
        }
    }

    private mutating func readFormat(_ format: JSONValue, in document: borrowing JSONDocument) {
        guard let type = document.value("type", of: format) else { return }
        if document.string(type, equals: "text") {
            outputType = .text
        } else if document.string(type, equals: "json_object")
            || document.string(type, equals: "json_schema")
        {
            outputType = .json
        }
    }

    private static func count(_ document: borrowing JSONDocument, _ array: JSONValue) -> Int {
        var count = 0
        var elements = document.elements(of: array)
        while elements.next() != nil { count += 1 }
        return count
    }

    /// One for a text or for tokens, else one for each element.
    private static func count(_ document: borrowing JSONDocument, texts: JSONValue) -> Int {
        guard document.kind(of: texts) == .array else { return 1 }
        var elements = document.elements(of: texts)
        if let first = elements.next(), document.kind(of: first) == .number { return 1 }
        return count(document, texts)
    }

    private static func contains(
        _ document: borrowing JSONDocument, _ array: JSONValue, _ text: StaticString
    ) -> Bool {
        var elements = document.elements(of: array)
        while let element = elements.next() {
            if document.string(element, equals: text) { return true }
        }
        return false
    }
}
