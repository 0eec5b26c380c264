import Bytes
import JSON

/// What an answer, plain or streamed, says of itself. Texts are decoded, bounded copies.
///
/// Empty texts and nil counts mean that the upstream did not say: zero is a value.
package struct AnswerFacts: ~Copyable {
    /// Choices that are told apart at most; OpenAI's own limit of `n`.
    package static let choicesMax = 128
    /// Bytes of an id, a model's name, a tier, a fingerprint, or an error's type and code.
    package static let textBytesMax = 256
    /// Characters of an error's message.
    package static let messageCharactersMax = 256

    /// Tokens as the upstream reported them.
    package struct Usage: Sendable, Equatable {
        /// `prompt_tokens`, or `input_tokens` of responses; cached ones are included.
        package var inputTokens: Int?
        /// `completion_tokens`, or `output_tokens`; reasoning ones are included.
        package var outputTokens: Int?
        /// `prompt_tokens_details.cached_tokens`.
        package var cachedInputTokens: Int?
        /// `prompt_tokens_details.cache_creation_tokens`, or `cache_creation_input_tokens`.
        package var cacheCreationInputTokens: Int?
        /// `completion_tokens_details.reasoning_tokens`.
        package var reasoningTokens: Int?
        /// `total_tokens`.
        package var totalTokens: Int?
        /// The cached tokens stand beside the input tokens, in Anthropic's shape
        /// (`input_tokens` with `cache_read_input_tokens` or `cache_creation_input_tokens`).
        package var hasCachedBesideInput = false

        package init() {}
    }

    /// How an answer of the Responses API ended: its `status`, and the reason for `incomplete`.
    package enum ResponseEnd: Sendable, Equatable {
        case completed, length, contentFilter
        /// Failed, cancelled, or incomplete for another reason.
        case error
    }

    /// One choice the answer offers.
    package struct Choice: Sendable, Equatable {
        /// Its `index`.
        package let index: Int
        /// Where in `texts` its `finish_reason` stands; nil while it has none.
        var finishReason: Range<Int>?

        /// Whether a `finish_reason` came.
        package var isFinished: Bool { finishReason != nil }
    }

    /// The texts one after the other; the ranges below point into it.
    var texts = KeptTexts()
    var idRange = 0..<0
    var modelRange = 0..<0
    var serviceTierRange = 0..<0
    var fingerprintRange = 0..<0
    var errorTypeRange = 0..<0
    var errorCodeRange = 0..<0
    var errorMessageRange = 0..<0
    var conversationRange = 0..<0

    /// The choices seen, by ascending index.
    package internal(set) var choices: [Choice] = []
    /// The last usage object; nil where none came.
    package internal(set) var usage: Usage?
    /// Events with data other than `[DONE]`; of a plain answer, zero.
    package internal(set) var chunkCount = 0
    /// Events whose data is not JSON, and those too large to be read.
    package internal(set) var unreadableCount = 0
    /// A part of an answer came: text, a tool call, a refusal or reasoning. A role alone is none.
    package internal(set) var hasContent = false
    /// `[DONE]` came, or the last event of a response.
    package internal(set) var isDone = false
    /// Events with data after `[DONE]`.
    package internal(set) var eventsAfterDone = 0
    /// An `error` object came: as the answer's body, or in the stream.
    package internal(set) var hasError = false
    /// How the response ended; nil while it has not, and for other APIs.
    package internal(set) var responseEnd: ResponseEnd?
    /// A response has an item that the client is to answer: a call of its own tools.
    package internal(set) var hasCalls = false
    /// The length of the first embedding.
    package internal(set) var embeddingDimensions: Int?

    package init() {}

    package var id: Span<UInt8> {
        @_lifetime(borrow self)
        get { texts.bytes.extracting(idRange) }
    }

    package var model: Span<UInt8> {
        @_lifetime(borrow self)
        get { texts.bytes.extracting(modelRange) }
    }

    /// The tier that served the call: of a stream, the last one named.
    package var serviceTier: Span<UInt8> {
        @_lifetime(borrow self)
        get { texts.bytes.extracting(serviceTierRange) }
    }

    package var systemFingerprint: Span<UInt8> {
        @_lifetime(borrow self)
        get { texts.bytes.extracting(fingerprintRange) }
    }

    /// `error.type`.
    package var errorType: Span<UInt8> {
        @_lifetime(borrow self)
        get { texts.bytes.extracting(errorTypeRange) }
    }

    /// `error.code`: a string, or a number as it was written.
    package var errorCode: Span<UInt8> {
        @_lifetime(borrow self)
        get { texts.bytes.extracting(errorCodeRange) }
    }

    /// `error.message`, cut at `messageCharactersMax`.
    package var errorMessage: Span<UInt8> {
        @_lifetime(borrow self)
        get { texts.bytes.extracting(errorMessageRange) }
    }

    /// The id of the conversation that a response belongs to.
    package var conversationID: Span<UInt8> {
        @_lifetime(borrow self)
        get { texts.bytes.extracting(conversationRange) }
    }

    /// The finish reason as received of the choice at `position` in `choices`; empty for none.
    @_lifetime(borrow self)
    package func finishReason(at position: Int) -> Span<UInt8> {
        texts.bytes.extracting(choices[position].finishReason ?? 0..<0)
    }

    /// The position in `choices` of the choice `index`, which is added when new; nil out of bounds.
    mutating func choicePosition(_ index: Int) -> Int? {
        guard index >= 0, index < Self.choicesMax else { return nil }
        var position = choices.count
        while position > 0, choices[position - 1].index > index { position -= 1 }
        if position > 0, choices[position - 1].index == index { return position - 1 }
        choices.insert(Choice(index: index, finishReason: nil), at: position)
        return position
    }
}

/// Decoded copies of short texts, one after the other.
struct KeptTexts: ~Copyable {
    /// Bytes of all texts together at most; what comes after is left out.
    private static let bytesMax = 16 << 10

    private var buffer = ByteBuffer()

    var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get { buffer.bytes }
    }

    /// Keeps a decoded copy of a string, or the source of a number. Other kinds, empty strings and
    /// what is kept already change nothing.
    mutating func keep(
        _ value: JSONValue, of document: borrowing JSONDocument, at range: inout Range<Int>,
        charactersMax: Int? = nil
    ) {
        let source: Span<UInt8>
        switch document.kind(of: value) {
        case .string: source = document.rawString(value)
        case .number: source = document.source(of: value)
        default: return
        }
        guard source.count > 0, buffer.count < Self.bytesMax else { return }
        if source.equals(buffer.bytes.extracting(range)) { return }
        let start = buffer.count
        guard source.count <= 64 << 10 else { return }
        if document.kind(of: value) == .string {
            document.appendString(value, to: &buffer)
        } else {
            buffer.append(source)
        }
        if let charactersMax {
            let end = Self.end(ofCharacters: charactersMax, in: buffer.bytes, from: start)
            buffer.truncate(to: end)
        } else if buffer.count - start > AnswerFacts.textBytesMax {
            buffer.truncateText(to: start + AnswerFacts.textBytesMax)
        }
        range = start..<buffer.count
    }

    private static func end(
        ofCharacters charactersMax: Int, in text: Span<UInt8>, from start: Int
    ) -> Int {
        var count = 0
        for index in start..<text.count where text[index] & 0xC0 != 0x80 {
            if count == charactersMax { return index }
            count += 1
        }
        return text.count
    }
}

extension ByteBuffer {
    /// Drops bytes from the back until at most `count` are left and no character of UTF-8 is cut.
    mutating func truncateText(to count: Int) {
        guard count < self.count else { return }
        var end = max(0, count)
        while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        truncate(to: end)
    }
}
