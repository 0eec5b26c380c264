import Bytes
import JSON

/// Turns the JSON of a content attribute (messages, instructions, tools; semconv v1.40.0,
/// docs/gen-ai/gen-ai-spans.md) into a stricter form of the same structure.
///
/// It reads what is about to be recorded, not what was said: whatever is added to messages later
/// is covered, because every string counts as content unless its key is known to be structure.
/// The input is bounded by `content.totalBytesMax`, and so is the time. One serves a worker.
package final class ContentFilter {
    /// Deeper than any body may be nested, within a message.
    private static let depthMax = 2048
    /// Bytes of memory that are kept between calls.
    private static let keptBytes = 64 << 10

    private var scanner = JSONScanner(depthMax: ContentFilter.depthMax)
    var walk: Walk

    /// Hashes under `secret` and redacts with `redactor`.
    package init(secret: Span<UInt8>, redactor: Redactor) {
        walk = Walk(hash: KeyedHash(secret: secret), redactor: redactor)
    }

    /// Appends `json` in `form`; false, with nothing appended, for `off` and for what is no JSON.
    package func append(
        _ json: Span<UInt8>, as form: ContentForm, to buffer: inout ByteBuffer
    ) -> Bool {
        switch form {
        case .off: return false
        case .full:
            buffer.append(json)
            return true
        case .hashed, .redacted:
            defer {
                scanner.shrink(toCapacity: Self.keptBytes)
                walk.shrink(to: Self.keptBytes)
            }
            guard !json.isEmpty, (try? scanner.scan(json)) != nil else { return false }
            Self.append(scanner.document(json), as: form, &walk, to: &buffer)
            return true
        }
    }

    private static func append(
        _ document: borrowing JSONDocument, as form: ContentForm, _ walk: inout Walk,
        to buffer: inout ByteBuffer
    ) {
        if form == .hashed {
            walk.appendHashed(document.root, of: document, to: &buffer)
        } else {
            walk.appendRedacted(document.root, of: document, .structure, to: &buffer)
        }
    }

    /// Appends a user's id as a hash: 64 hexadecimal digits.
    package func appendHash(ofUser id: Span<UInt8>, to buffer: inout ByteBuffer) {
        walk.hash.appendDigits(id, for: .user, to: &buffer)
    }

    /// What a string stands in, when it is redacted.
    enum Place {
        /// A message, a part, a tool: some keys are known.
        case structure
        /// Arguments, results, parameters: anything, keys included.
        case content
    }

    /// The state of one pass: memory for the text at hand, and the two ways to treat it.
    struct Walk: ~Copyable {
        var hash: KeyedHash
        let redactor: Redactor
        var text = ByteBuffer()
        var clean = ByteBuffer()

        init(hash: consuming KeyedHash, redactor: Redactor) {
            self.hash = hash
            self.redactor = redactor
        }

        mutating func shrink(to bytes: Int) {
            text.removeAll(keeping: bytes)
            clean.removeAll(keeping: bytes)
        }
    }
}
