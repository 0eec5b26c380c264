import Bytes
import Privacy

/// Message content of one span in further forms, beside the one its arena holds: only where
/// exporters may have different ones. Belongs to its arena.
struct ContentVariants: ~Copyable, Sendable {
    /// Attributes as they go out on the wire, a byte with its form before each.
    private var buffer = ByteBuffer()

    /// What is held in memory, in bytes.
    var byteCount: Int { buffer.count }

    /// Sets a document under a key, in place of an earlier one of the same form.
    mutating func set(
        _ tag: UInt8, _ key: Span<UInt8>, _ document: Span<UInt8>, _ form: ContentForm
    ) {
        if let earlier = find(key, form) { buffer.remove(earlier) }
        buffer.append(form.rawValue)
        AttributeWire.append(tag, key, text: document, to: &buffer)
    }

    private func find(_ key: Span<UInt8>, _ form: ContentForm) -> Range<Int>? {
        let all = buffer.bytes
        var offset = 0
        while offset < all.count {
            let start = offset
            let attribute = WireAttribute(in: all, at: start + 1)
            offset = attribute.range.upperBound
            if all[start] == form.rawValue, all.extracting(attribute.key).equals(key) {
                return start..<offset
            }
        }
        return nil
    }

    /// The fullest form up to `limit` that is here; nil where the arena's `own` is as full or
    /// there is none.
    func best(upTo limit: ContentForm, orOwn own: ContentForm) -> ContentForm? {
        var forms = ContentForms()
        let all = buffer.bytes
        var offset = 0
        while offset < all.count {
            if let form = ContentForm(rawValue: all[offset]) { forms.insert(form) }
            offset = WireAttribute(in: all, at: offset + 1).range.upperBound
        }
        for form in [ContentForm.full, .redacted, .hashed] where form <= limit {
            if form == own { return nil }
            if forms.contains(form) { return form }
        }
        return nil
    }

    /// Appends the attributes of one form as they go out on the wire.
    func appendWire(_ form: ContentForm, to output: inout ByteBuffer) {
        let all = buffer.bytes
        var offset = 0
        while offset < all.count {
            let isWanted = all[offset] == form.rawValue
            let range = WireAttribute(in: all, at: offset + 1).range
            if isWanted { output.append(all.extracting(range)) }
            offset = range.upperBound
        }
    }

    /// Appends the attributes of one form as `AttributeEntry` reads them.
    func appendEntries(_ form: ContentForm, to output: inout ByteBuffer) {
        var wire = ByteBuffer(capacity: buffer.count)
        appendWire(form, to: &wire)
        WireAttribute.appendEntries(of: wire.bytes, from: 0, areContent: true, to: &output)
    }
}
