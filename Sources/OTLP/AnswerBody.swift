import Bytes
import JSON

/// What the body of a receiver's answer says: `Export...ServiceResponse` after a success,
/// `google.rpc.Status` after a failure. Trusts nothing in it.
package struct AnswerBody {
    private let bytes: [UInt8]
    private let isJSON: Bool

    /// `isJSON`: the answer says that it is; else it is protobuf.
    package init(_ bytes: [UInt8], isJSON: Bool) {
        self.bytes = bytes
        self.isJSON = isJSON
    }

    /// The part of the batch that was not taken, or a warning; nil: neither.
    package var partialSuccess: PartialSuccess? {
        isJSON ? PartialSuccess(json: bytes.span) : PartialSuccess(response: bytes.span)
    }

    /// The message of a failure; empty where there is none.
    package var statusMessage: String {
        if isJSON { return Self.jsonMessage(bytes.span) }
        var reader = ProtobufReader()
        var message = ""
        while let field = reader.next(in: bytes.span) {
            if field.number == 2, case .bytes(let range) = field.value {
                message = String(decoding: bytes.span.extracting(range))
            }
        }
        return reader.isMalformed ? "" : message
    }

    private static func jsonMessage(_ bytes: Span<UInt8>) -> String {
        var scanner = JSONScanner(depthMax: 16)
        guard scanner.accepts(bytes) else { return "" }
        let document = scanner.document(bytes)
        guard document.kind(of: document.root) == .object,
            let message = document.value("message", of: document.root)
        else { return "" }
        return document.text(message) ?? ""
    }
}

extension PartialSuccess {
    /// Reads a response in JSON; nil where it says nothing of the kind. A 64-bit number is a
    /// string there, or a number.
    init?(json bytes: Span<UInt8>) {
        var scanner = JSONScanner(depthMax: 16)
        guard scanner.accepts(bytes) else { return nil }
        let document = scanner.document(bytes)
        guard document.kind(of: document.root) == .object,
            let partial = document.value("partialSuccess", of: document.root),
            document.kind(of: partial) == .object
        else { return nil }
        self.init()
        for name in ["rejectedSpans", "rejectedDataPoints", "rejectedLogRecords"]
            as [StaticString]
        {
            guard let value = document.value(name, of: partial) else { continue }
            let number = document.text(value).flatMap { Int($0) } ?? document.integer(value)
            rejectedItems = max(0, number ?? 0)
        }
        if let text = document.value("errorMessage", of: partial) {
            message = String(
                (document.text(text) ?? "").prefix(ExportAnswer.messageCharactersMax))
        }
        guard rejectedItems > 0 || !message.isEmpty else { return nil }
    }
}

extension JSONScanner {
    /// Scans; whether it is JSON.
    fileprivate mutating func accepts(_ bytes: Span<UInt8>) -> Bool {
        do {
            try scan(bytes)
            return true
        } catch {
            return false
        }
    }
}
