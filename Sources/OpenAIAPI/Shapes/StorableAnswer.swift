import Bytes
import JSON

/// Decides which plain answers with a status of 200 to 299 may be stored: complete ones.
///
/// A `finish_reason` of "length" or "content_filter" is a complete answer: the same request would
/// end so again, and a client tells by the reason. An unfinished or failed answer is not.
package enum StorableAnswer {
    /// Why an answer is not stored.
    package enum Refusal: Sendable, Equatable, CaseIterable {
        /// Not an endpoint whose answers are cached.
        case endpoint
        /// Not JSON, or no object.
        case malformed
        /// It has an `error`, at the top or in a choice.
        case error
        /// No choices, no output, or not an embedding for each input.
        case empty
        /// A choice has no `finish_reason`, or a response is not completed.
        case unfinished
        /// A `finish_reason` is "error".
        case failed

        /// One word for a counter's label.
        package var name: StaticString {
            switch self {
            case .endpoint: "endpoint"
            case .malformed: "malformed"
            case .error: "error"
            case .empty: "empty"
            case .unfinished: "unfinished"
            case .failed: "failed"
            }
        }
    }

    /// nil where `plain` may be stored. `inputCount`: of embeddings, how many inputs the request
    /// has, where that is known (`EmbeddingItems.items`).
    package static func judge(
        _ plain: Span<UInt8>, endpoint: Endpoint, inputCount: Int? = nil,
        scanner: inout JSONScanner
    ) -> Refusal? {
        do throws(JSONError) {
            try scanner.scan(plain)
        } catch {
            return .malformed
        }
        return judge(scanner.document(plain), endpoint: endpoint, inputCount: inputCount)
    }

    /// The same of a scanned answer.
    package static func judge(
        _ document: borrowing JSONDocument, endpoint: Endpoint, inputCount: Int? = nil
    ) -> Refusal? {
        let root = document.root
        guard document.kind(of: root) == .object else { return .malformed }
        if let error = document.value("error", of: root), document.kind(of: error) != .null {
            return .error
        }
        if let object = document.value("object", of: root),
            document.string(object, equals: "error")
        {
            return .error
        }
        switch endpoint {
        case .chatCompletions: return judgeChoices(document, content: "message")
        case .completions: return judgeChoices(document, content: "text")
        case .responses: return judgeResponse(document)
        case .embeddings: return judgeEmbeddings(document, inputCount)
        case .models, .other: return .endpoint
        }
    }

    private static func judgeChoices(
        _ document: borrowing JSONDocument, content: StaticString
    ) -> Refusal? {
        guard let choices = document.value("choices", of: document.root) else { return .empty }
        var count = 0
        var elements = document.elements(of: choices)
        while let choice = elements.next() {
            count += 1
            if let error = document.value("error", of: choice), document.kind(of: error) != .null {
                return .error
            }
            guard document.value(content, of: choice) != nil else { return .empty }
            guard let reason = document.value("finish_reason", of: choice),
                document.rawString(reason).count > 0
            else { return .unfinished }
            if document.string(reason, equals: "error") { return .failed }
        }
        return count == 0 ? .empty : nil
    }

    private static func judgeResponse(_ document: borrowing JSONDocument) -> Refusal? {
        guard let output = document.value("output", of: document.root),
            document.kind(of: output) == .array, !document.isEmpty(output)
        else { return .empty }
        guard let status = document.value("status", of: document.root) else { return .unfinished }
        if document.string(status, equals: "failed") { return .failed }
        return document.string(status, equals: "completed") ? nil : .unfinished
    }

    private static func judgeEmbeddings(
        _ document: borrowing JSONDocument, _ inputCount: Int?
    ) -> Refusal? {
        guard let data = document.value("data", of: document.root) else { return .empty }
        var count = 0
        var elements = document.elements(of: data)
        while let element = elements.next() {
            count += 1
            guard let embedding = document.value("embedding", of: element) else { return .empty }
            switch document.kind(of: embedding) {
            case .array where !document.isEmpty(embedding): break
            case .string where document.rawString(embedding).count > 0: break
            default: return .empty
            }
        }
        if count == 0 { return .empty }
        if let inputCount, inputCount != count { return .empty }
        return nil
    }
}
