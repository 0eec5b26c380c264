import Bytes
import Privacy

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
    /// not wanted is not copied either; what is wanted comes in the fullest form up to `form`.
    package func withAttributes<Result>(
        includingContent: Bool, form: ContentForm = .full, _ body: (Span<UInt8>) -> Result
    ) -> Result {
        var wire = ByteBuffer(capacity: 1024)
        appendAttributes(includingContent: false, to: &wire)
        let plain = wire.count
        if includingContent, hasContent {
            wire.removeAll()
            appendAttributes(includingContent: true, form: form, to: &wire)
        }
        var entries = ByteBuffer(capacity: 2 * wire.count)
        let all = wire.bytes
        WireAttribute.appendEntries(
            of: all.extracting(0..<plain), from: 0, areContent: false, to: &entries)
        WireAttribute.appendEntries(of: all, from: plain, areContent: true, to: &entries)
        return entries.withBytes(body)
    }

    /// Appends the attributes but for message content as the field that `tag` names, those whose
    /// names `isWanted` takes.
    package func appendAttributes(
        tag: UInt8, to buffer: inout ByteBuffer, where isWanted: (Span<UInt8>) -> Bool
    ) {
        var wire = ByteBuffer(capacity: 1024)
        appendAttributes(includingContent: false, to: &wire)
        let all = wire.bytes
        var offset = 0
        while offset < all.count {
            let attribute = WireAttribute(in: all, at: offset)
            offset = attribute.range.upperBound
            guard isWanted(all.extracting(attribute.key)) else { continue }
            // A tag below 16 is one byte.
            buffer.append(tag)
            buffer.append(all.extracting((attribute.range.lowerBound + 1)..<offset))
        }
    }
}
