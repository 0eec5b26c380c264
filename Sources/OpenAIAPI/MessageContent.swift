import Bytes
import Crypto
import JSON

/// Turns what was said in a call into the JSON of the four content attributes
/// (`gen_ai.input.messages`, `gen_ai.output.messages`, `gen_ai.system_instructions`,
/// `gen_ai.tool.definitions`; semconv v1.40.0, docs/gen-ai/gen-ai-spans.md).
///
/// What it writes is always whole JSON: contents are cut, never the document. A part that was cut
/// says so with `"truncated":true` and its full `"size"` in bytes. Base64 is replaced by the size
/// and SHA-256 of what it stands for, unless it is to stay. One of these serves a worker, one call
/// at a time.
package struct MessageContent: ~Copyable {
    /// How much is kept, and where system messages go.
    package struct Options: Sendable {
        /// Bytes of one part's text, arguments, response or of one tool's definition.
        package var partBytesMax = 32 << 10
        /// Bytes of one attribute, about: what is over it is told by number only.
        package var attributeBytesMax = 512 << 10
        /// Leaves system messages in `gen_ai.input.messages`, as the conventions would have it,
        /// in place of `gen_ai.system_instructions`.
        package var keepsSystemMessages = false
        /// Leaves base64 of up to `partBytesMax` bytes where it is.
        package var keepsBlobs = false

        package init() {}
    }

    /// What it was made with.
    package let options: Options
    /// Decoded text of the string at hand.
    var text = ByteBuffer()
    /// Arguments of a tool call: JSON in a string.
    var arguments = ByteBuffer()
    var argumentScanner = JSONScanner()
    /// Looks at fragments of streamed answers so far: the cost of putting them together, which is
    /// a few for each fragment.
    package internal(set) var fragmentReads = 0

    package init(options: Options = Options()) {
        self.options = options
    }

    /// Bytes of scratch memory that are kept between calls.
    private static let keptBytes = 64 << 10

    /// Gives back the memory that a large call took.
    mutating func shrink() {
        text.removeAll(keeping: Self.keptBytes)
        arguments.removeAll(keeping: Self.keptBytes)
        argumentScanner.shrink(toCapacity: Self.keptBytes)
    }

    // MARK: Strings and values

    /// Appends a member whose value is a string of the document, cut at `partBytesMax`, and the
    /// marker if it was.
    mutating func append(
        key: StaticString, _ value: JSONValue, of document: borrowing JSONDocument,
        to buffer: inout ByteBuffer
    ) {
        buffer.append(key: key)
        if Self.isLongDataURL(document.rawString(value)) {
            Self.append(value, of: document, scratch: &text, to: &buffer)
            return
        }
        let raw = document.rawString(value)
        let hasEscapes = document.hasEscapes(value)
        if raw.count <= options.partBytesMax, !hasEscapes || document.hasPlainEscapes {
            // It would be written as it stands, and is not shorter than its text.
            buffer.append(UInt8(ascii: "\""))
            buffer.append(raw)
            buffer.append(UInt8(ascii: "\""))
            return
        }
        guard hasEscapes else {
            Self.append(raw, limit: options.partBytesMax, to: &buffer)
            return
        }
        text.removeAll()
        document.appendString(value, to: &text)
        Self.append(text.bytes, limit: options.partBytesMax, to: &buffer)
    }

    /// Appends a string, and behind it the marker members if it was cut.
    static func append(_ text: Span<UInt8>, limit: Int, to buffer: inout ByteBuffer) {
        if buffer.append(jsonString: text, limit: limit) {
            appendMarker(size: text.count, to: &buffer)
        }
    }

    /// Appends the members that say that a part was cut; `size` is what it had, in bytes.
    static func appendMarker(size: Int, to buffer: inout ByteBuffer) {
        buffer.append(key: "truncated")
        buffer.append("true")
        buffer.append(key: "size", number: size)
    }

    /// Appends a member with any value: written anew, so that every string in it is clean, or
    /// its source cut as a string where it is over `partBytesMax`.
    mutating func append(
        key: StaticString, any value: JSONValue, of document: borrowing JSONDocument,
        to buffer: inout ByteBuffer
    ) {
        if document.kind(of: value) == .string {
            append(key: key, value, of: document, to: &buffer)
            return
        }
        buffer.append(key: key)
        let source = document.source(of: value)
        if source.count > options.partBytesMax {
            Self.append(source, limit: options.partBytesMax, to: &buffer)
        } else {
            Self.append(value, of: document, scratch: &text, to: &buffer)
        }
    }

    /// Appends a value without its white space and with clean strings.
    static func append(
        _ value: JSONValue, of document: borrowing JSONDocument, scratch: inout ByteBuffer,
        to buffer: inout ByteBuffer
    ) {
        switch document.kind(of: value) {
        case .object:
            buffer.append(UInt8(ascii: "{"))
            var members = document.members(of: value)
            while let member = members.next() {
                buffer.separate()
                append(member.key, of: document, scratch: &scratch, to: &buffer)
                buffer.append(UInt8(ascii: ":"))
                append(member.value, of: document, scratch: &scratch, to: &buffer)
            }
            buffer.append(UInt8(ascii: "}"))
        case .array:
            buffer.append(UInt8(ascii: "["))
            var elements = document.elements(of: value)
            while let element = elements.next() {
                buffer.separate()
                append(element, of: document, scratch: &scratch, to: &buffer)
            }
            buffer.append(UInt8(ascii: "]"))
        case .string where isLongDataURL(document.rawString(value)):
            scratch.removeAll()
            document.appendString(value, to: &scratch)
            appendElided(dataURL: scratch.bytes, to: &buffer)
        case .string where document.hasEscapes(value) && !document.hasPlainEscapes:
            scratch.removeAll()
            document.appendString(value, to: &scratch)
            buffer.append(jsonString: scratch.bytes)
        default:
            buffer.append(document.source(of: value))
        }
    }
}
