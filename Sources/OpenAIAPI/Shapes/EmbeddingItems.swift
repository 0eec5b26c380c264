import Bytes
import JSON

/// The inputs of an embeddings request, one by one: a text, or the array of its tokens.
package struct EmbeddingItems: Sendable {
    /// Inputs of one request at most, which is OpenAI's limit; more are not looked at one by one.
    package static let itemsMax = 2048

    /// Where in the body the whole `input` stands.
    package let input: Range<Int>
    /// The source of each input: a string with its quotes, or an array of numbers.
    package let items: [Range<Int>]
    /// The same as values of the document.
    package let values: [JSONValue]
    /// `input` is an array of inputs, not one input itself.
    package let isArray: Bool

    /// nil where `input` is missing, empty, over `itemsMax`, or anything but a text, tokens, or an
    /// array of either of them.
    package init?(_ document: borrowing JSONDocument) {
        guard let input = document.value("input", of: document.root) else { return nil }
        self.input = document.range(of: input)
        var items: [Range<Int>] = []
        var values: [JSONValue] = []
        var elements = document.elements(of: input)
        switch document.kind(of: input) {
        case .string:
            isArray = false
            self.items = [self.input]
            self.values = [input]
            return
        case .array:
            guard let first = elements.next() else { return nil }
            if document.kind(of: first) == .number {
                guard Self.isTokens(input, document) else { return nil }
                isArray = false
                self.items = [self.input]
                self.values = [input]
                return
            }
            let kind = document.kind(of: first)
            var next: JSONValue? = first
            while let element = next {
                guard items.count < Self.itemsMax, document.kind(of: element) == kind,
                    kind == .string || Self.isTokens(element, document)
                else { return nil }
                items.append(document.range(of: element))
                values.append(element)
                next = elements.next()
            }
        default: return nil
        }
        isArray = true
        self.items = items
        self.values = values
    }

    /// An array of at least one number, and nothing else.
    private static func isTokens(_ value: JSONValue, _ document: borrowing JSONDocument) -> Bool {
        guard document.kind(of: value) == .array, !document.isEmpty(value) else { return false }
        var elements = document.elements(of: value)
        while let element = elements.next() {
            if document.kind(of: element) != .number { return false }
        }
        return true
    }

    /// Appends `body` with those inputs alone that are not known; every other byte as it was.
    package func appendBody(
        _ body: Span<UInt8>, without known: borrowing KnownEmbeddings, to buffer: inout ByteBuffer
    ) {
        var splice = JSONSplice()
        splice.remove(input, of: body, into: &buffer)
        buffer.append(UInt8(ascii: "["))
        var isFirst = true
        for (index, item) in items.enumerated() where !known.isKnown(index) {
            if !isFirst { buffer.append(UInt8(ascii: ",")) }
            isFirst = false
            buffer.append(body.extracting(item))
        }
        buffer.append(UInt8(ascii: "]"))
        splice.finish(body, into: &buffer)
    }
}

/// What an answer to a request with one input says, as ranges of its bytes.
///
/// Only such answers teach an item: of several inputs, providers report one total of tokens.
package struct EmbeddingItem: Sendable, Equatable {
    /// The vector: an array of numbers, or a string in base64, quotes included.
    package let embedding: Range<Int>
    /// It is a string.
    package let isBase64: Bool
    /// `usage.prompt_tokens`.
    package let promptTokens: Int
    /// `usage.total_tokens`.
    package let totalTokens: Int
    /// The model's name with its quotes.
    package let model: Range<Int>

    /// nil where the answer is not exactly one embedding at index 0 with a model and usage, or an
    /// embedding has members beside `object`, `index` and `embedding`.
    package init?(_ document: borrowing JSONDocument) {
        guard let answer = EmbeddingAnswer(document, count: 1), let first = answer.vectors.first
        else { return nil }
        embedding = first.embedding
        isBase64 = answer.isBase64
        promptTokens = answer.promptTokens.count
        totalTokens = answer.totalTokens.count
        model = answer.model
    }
}

/// An answer of the embeddings endpoint, checked, as ranges of its bytes.
struct EmbeddingAnswer {
    struct Vector {
        let element: Range<Int>
        let embedding: Range<Int>
        /// The number after `index`.
        let index: Range<Int>
    }

    struct Tokens {
        let range: Range<Int>
        let count: Int
    }

    let data: Range<Int>
    /// By ascending index, which is from 0 on without a gap.
    let vectors: [Vector]
    let isBase64: Bool
    let promptTokens: Tokens
    let totalTokens: Tokens
    let model: Range<Int>

    /// nil where the answer is not what is expected of one with `count` embeddings.
    init?(_ document: borrowing JSONDocument, count: Int) {
        let root = document.root
        guard StorableAnswer.judge(document, endpoint: .embeddings, inputCount: count) == nil,
            let data = document.value("data", of: root),
            let model = document.value("model", of: root), document.kind(of: model) == .string,
            let usage = document.value("usage", of: root),
            let prompt = Self.tokens("prompt_tokens", of: usage, document),
            let total = Self.tokens("total_tokens", of: usage, document)
        else { return nil }
        self.data = document.range(of: data)
        self.model = document.range(of: model)
        promptTokens = prompt
        totalTokens = total
        var vectors = [Vector?](repeating: nil, count: count)
        var kind: JSONKind?
        var elements = document.elements(of: data)
        while let element = elements.next() {
            guard let (vector, index, itsKind) = Self.vector(element, document),
                index >= 0, index < count, vectors[index] == nil,
                kind == nil || kind == itsKind
            else { return nil }
            kind = itsKind
            vectors[index] = vector
        }
        self.vectors = vectors.compactMap { $0 }
        isBase64 = kind == .string
        guard self.vectors.count == count else { return nil }
    }

    private static func tokens(
        _ key: StaticString, of usage: JSONValue, _ document: borrowing JSONDocument
    ) -> Tokens? {
        guard let value = document.value(key, of: usage), let count = document.tokenCount(value)
        else { return nil }
        return Tokens(range: document.range(of: value), count: count)
    }

    /// An element of `data`; nil where it has members that are not known, or one of them twice.
    private static func vector(
        _ element: JSONValue, _ document: borrowing JSONDocument
    ) -> (Vector, index: Int, kind: JSONKind)? {
        var index: JSONValue?
        var embedding: JSONValue?
        var members = document.members(of: element)
        while let member = members.next() {
            if document.string(member.key, equals: "index"), index == nil {
                index = member.value
            } else if document.string(member.key, equals: "embedding"), embedding == nil {
                embedding = member.value
            } else if !document.string(member.key, equals: "object")
                || !document.string(member.value, equals: "embedding")
            {
                return nil
            }
        }
        guard let index, let number = document.integer(index), let embedding else { return nil }
        let vector = Vector(
            element: document.range(of: element), embedding: document.range(of: embedding),
            index: document.range(of: index))
        return (vector, number, document.kind(of: embedding))
    }
}
