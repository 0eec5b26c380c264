import Bytes
import JSON

/// What the gateway needs to know of a typed call's body: scalars, and byte ranges into the body.
///
/// Read in one pass over the top-level members. Only `model` is judged; of the others, a value of
/// an unexpected kind is left out here and to the upstream's judgement. Ranges hold whole values.
package struct CallRequest: Sendable {
    /// Bytes of a model's name at most.
    package static let modelBytesMax = 256
    /// Stop sequences that are kept at most.
    package static let stopSequencesMax = 16

    /// What the caller wants back (`gen_ai.output.type`, semconv v1.40.0).
    package enum OutputType: Sendable, Equatable {
        case text, json, image, speech

        /// The conventions' word.
        package var name: StaticString {
            switch self {
            case .text: "text"
            case .json: "json"
            case .image: "image"
            case .speech: "speech"
            }
        }
    }

    /// Which API the call speaks.
    package let endpoint: Endpoint
    package internal(set) var model: JSONText
    /// True for the literal `true` alone: anything else is not streaming.
    package internal(set) var isStreaming = false
    /// `stream_options`, whatever its kind.
    package internal(set) var streamOptions: Range<Int>?
    /// `stream_options.include_usage` as sent; nil where absent or no boolean.
    package internal(set) var includesUsage: Bool?

    /// As sent, if it is a number; so are the numbers below.
    package internal(set) var temperature: Double?
    /// `top_p`.
    package internal(set) var topP: Double?
    /// `top_k`.
    package internal(set) var topK: Double?
    /// `frequency_penalty`.
    package internal(set) var frequencyPenalty: Double?
    /// `presence_penalty`.
    package internal(set) var presencePenalty: Double?
    /// `max_completion_tokens`, else `max_output_tokens` (responses), else `max_tokens`.
    package internal(set) var maxTokens: Int?
    /// `n` as sent.
    package internal(set) var choiceCount: Int?
    package internal(set) var seed: Int?
    /// `stop`: a string or the strings of an array, the first `stopSequencesMax` of them.
    package internal(set) var stopSequences: [JSONText] = []
    package internal(set) var outputType: OutputType?
    package internal(set) var serviceTier: JSONText?
    package internal(set) var user: JSONText?
    /// `safety_identifier`, which takes the place of `user`.
    package internal(set) var safetyIdentifier: JSONText?
    /// `conversation` of responses, or its `id`.
    package internal(set) var conversation: JSONText?
    package internal(set) var encodingFormat: JSONText?
    /// `dimensions` of embeddings.
    package internal(set) var dimensions: Int?
    /// Elements of `messages`, of the `input` of responses, or texts of a `prompt`.
    package internal(set) var messageCount = 0

    /// `messages`, whatever its kind; so are the ranges below.
    package internal(set) var messages: Range<Int>?
    /// `tools`.
    package internal(set) var tools: Range<Int>?
    /// `input` of embeddings and responses.
    package internal(set) var input: Range<Int>?
    /// `instructions` of responses.
    package internal(set) var instructions: Range<Int>?
    /// `prompt` of text completions.
    package internal(set) var prompt: Range<Int>?
    /// How to ask the upstream for usage; nil where that is not ours to ask, or asked already.
    package internal(set) var usageInjection: UsageInjection?
    /// `JSONScanner.serial` of the scan it was read from, 0 for none: until the scanner's next,
    /// the body need not be scanned again.
    package private(set) var scan: UInt64 = 0

    /// Scans and reads a body; `scanner` holds its document afterwards.
    package init(
        _ body: Span<UInt8>, endpoint: Endpoint, scanner: inout JSONScanner
    ) throws(CallRequestError) {
        do throws(JSONError) {
            try scanner.scan(body)
        } catch {
            throw .invalidJSON(error)
        }
        try self.init(scanner.document(body), endpoint: endpoint)
        scan = scanner.serial
    }

    /// Reads a scanned body.
    package init(
        _ document: borrowing JSONDocument, endpoint: Endpoint
    ) throws(CallRequestError) {
        let root = document.root
        guard document.kind(of: root) == .object else { throw .notAnObject }
        guard let model = document.value("model", of: root) else { throw .modelMissing }
        self.endpoint = endpoint
        self.model = try Self.checkedModel(model, in: document)
        var pending = Pending()
        var members = document.members(of: root)
        while let member = members.next() {
            read(member, in: document, &pending)
        }
        maxTokens = pending.maxCompletionTokens ?? maxTokens
        if pending.hasImage { outputType = .image }
        if pending.hasAudio { outputType = .speech }
        if isStreaming, endpoint == .chatCompletions || endpoint == .completions {
            usageInjection = UsageInjection(document, options: pending.streamOptions)
        }
    }

    private static func checkedModel(
        _ value: JSONValue, in document: borrowing JSONDocument
    ) throws(CallRequestError) -> JSONText {
        guard let model = JSONText(value, in: document) else { throw .modelNotAString }
        // An escape is at most six bytes for one.
        guard model.contents.count <= modelBytesMax * 6 else { throw .modelTooLong }
        guard model.hasEscapes else {
            try check(document.bytes.extracting(model.contents))
            return model
        }
        var text = ByteBuffer(capacity: model.contents.count)
        model.append(from: document.bytes, to: &text)
        try check(text.bytes)
        return model
    }

    private static func check(_ model: Span<UInt8>) throws(CallRequestError) {
        if model.isEmpty { throw .modelEmpty }
        if model.count > modelBytesMax { throw .modelTooLong }
        for index in model.indices {
            let byte = model[index]
            // C0, DEL, and C1 in its UTF-8 form.
            let isC1 = byte == 0xC2 && index + 1 < model.count && model[index + 1] < 0xA0
            if byte < 0x20 || byte == 0x7F || isC1 { throw .modelHasControlCharacter }
        }
    }
}
