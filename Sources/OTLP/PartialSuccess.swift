import Bytes

/// What a receiver says of a batch it took in part (`ExportTracePartialSuccess` and its kin,
/// which have the same fields for all signals).
package struct PartialSuccess: Sendable, Equatable {
    /// Spans, data points or log records it rejected; with zero the message is a warning.
    package var rejectedItems = 0
    /// For the log: at most `ExportAnswer.messageCharactersMax`.
    package var message = ""

    init() {}

    /// Reads an `Export...ServiceResponse`; nil where it says nothing of the kind, or is no
    /// protocol buffer.
    package init?(response bytes: Span<UInt8>) {
        var reader = ProtobufReader()
        var inner = 0..<0
        while let field = reader.next(in: bytes) {
            if field.number == 1, case .bytes(let range) = field.value { inner = range }
        }
        guard !reader.isMalformed, !inner.isEmpty else { return nil }
        let partial = bytes.extracting(inner)
        reader = ProtobufReader()
        while let field = reader.next(in: partial) {
            switch (field.number, field.value) {
            case (1, .varint(let value)):
                rejectedItems = max(0, Int(truncatingIfNeeded: value))
            case (2, .bytes(let range)):
                message = String(
                    String(decoding: partial.extracting(range)).prefix(
                        ExportAnswer.messageCharactersMax))
            default: break
            }
        }
        message = String(message.prefix(ExportAnswer.messageCharactersMax))
        guard !reader.isMalformed, rejectedItems > 0 || !message.isEmpty else { return nil }
    }
}
