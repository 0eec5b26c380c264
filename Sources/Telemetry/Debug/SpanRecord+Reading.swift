import Bytes

extension SpanRecord {
    /// Lends the name.
    package func withName<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        var text = ByteBuffer(capacity: nameCount)
        appendName(to: &text)
        return text.withBytes(body)
    }

    /// Lends the status message, empty where there is none.
    package func withStatusMessage<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        var text = ByteBuffer(capacity: statusMessageCount)
        appendStatusMessage(to: &text)
        return text.withBytes(body)
    }

    /// Lends the attributes, which `AttributeEntry.next(in:at:)` reads. Message content that is
    /// not wanted is not copied either.
    package func withAttributes<Result>(
        includingContent: Bool, _ body: (Span<UInt8>) -> Result
    ) -> Result {
        var wire = ByteBuffer(capacity: 1024)
        appendAttributes(includingContent: false, to: &wire)
        let plain = wire.count
        if includingContent, hasContent {
            wire.removeAll()
            appendAttributes(includingContent: true, to: &wire)
        }
        var entries = ByteBuffer(capacity: 2 * wire.count)
        let all = wire.bytes
        WireAttribute.appendEntries(
            of: all.extracting(0..<plain), from: 0, areContent: false, to: &entries)
        WireAttribute.appendEntries(of: all, from: plain, areContent: true, to: &entries)
        return entries.withBytes(body)
    }
}
