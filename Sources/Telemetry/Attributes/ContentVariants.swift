import Bytes
import Privacy

/// Message content of one span in further forms, beside the one its arena holds: only where
/// exporters may have different ones. Belongs to its arena.
final class ContentVariants {
    private var hashed = ByteBuffer()
    private var redacted = ByteBuffer()
    private var full = ByteBuffer()

    /// What is held in memory, in bytes.
    var byteCount: Int { hashed.count + redacted.count + full.count }

    /// Sets a document under a key, in place of an earlier one of the same form.
    func set(_ tag: UInt8, _ key: Span<UInt8>, _ document: Span<UInt8>, _ form: ContentForm) {
        switch form {
        case .off: break
        case .hashed: Self.set(tag, key, document, in: &hashed)
        case .redacted: Self.set(tag, key, document, in: &redacted)
        case .full: Self.set(tag, key, document, in: &full)
        }
    }

    private static func set(
        _ tag: UInt8, _ key: Span<UInt8>, _ document: Span<UInt8>, in buffer: inout ByteBuffer
    ) {
        if let entry = WireAttribute.find(key, in: buffer.bytes, from: 0) {
            buffer.remove(entry.range)
        }
        AttributeWire.append(tag, key, text: document, to: &buffer)
    }

    /// The fullest form up to `limit` that is here; nil where the arena's `own` is as full or
    /// there is none.
    func best(upTo limit: ContentForm, orOwn own: ContentForm) -> ContentForm? {
        for form in [ContentForm.full, .redacted, .hashed] where form <= limit {
            if form == own { return nil }
            if count(of: form) > 0 { return form }
        }
        return nil
    }

    private func count(of form: ContentForm) -> Int {
        switch form {
        case .off: 0
        case .hashed: hashed.count
        case .redacted: redacted.count
        case .full: full.count
        }
    }

    /// Appends the attributes of one form as they go out on the wire.
    func appendWire(_ form: ContentForm, to output: inout ByteBuffer) {
        switch form {
        case .off: break
        case .hashed: hashed.appendAll(to: &output)
        case .redacted: redacted.appendAll(to: &output)
        case .full: full.appendAll(to: &output)
        }
    }

    /// Appends the attributes of one form as `AttributeEntry` reads them.
    func appendEntries(_ form: ContentForm, to output: inout ByteBuffer) {
        switch form {
        case .off: break
        case .hashed: hashed.appendEntries(to: &output)
        case .redacted: redacted.appendEntries(to: &output)
        case .full: full.appendEntries(to: &output)
        }
    }
}
