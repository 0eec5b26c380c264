import Bytes
import JSON

/// The content of a streamed answer, put together piece by piece within a bound.
///
/// Pieces are decoded into one buffer in the order they came; `fragments` says what each run of it
/// is. The runs of one choice read in order are its message.
package struct CapturedContent: ~Copyable {
    /// Fragments that are kept at most: streams of several choices alternate between them.
    package static let fragmentsMax = 16 << 10

    enum Kind: UInt8 {
        case role, text, refusal, reasoning, transcript
        /// The JSON of an item of a response.
        case item
        /// The type of an item of a response that was too large to be kept.
        case itemType
        case toolID, toolName, toolArguments

        /// It belongs to a tool call.
        var isOfTool: Bool { rawValue >= Kind.toolID.rawValue }
    }

    /// Sound that a choice came with: its bytes are counted, not kept.
    struct Audio: Equatable {
        let choice: UInt16
        var bytes: Int
    }

    struct Fragment: Equatable {
        let choice: UInt16
        /// The index of the tool call, or of the item of a response.
        let tool: UInt16
        let kind: Kind
        var range: Range<Int>

        /// The same for those that make up one text.
        var key: UInt64 { Self.key(kind, choice, tool) }

        static func key(_ kind: Kind, _ choice: UInt16, _ tool: UInt16) -> UInt64 {
            UInt64(kind.rawValue) << 32 | UInt64(choice) << 16 | UInt64(tool)
        }
    }

    /// Decoded bytes that are kept at most.
    package let bytesMax: Int
    /// Something was left out.
    package private(set) var isTruncated = false
    private(set) var text = ByteBuffer()
    private(set) var fragments: [Fragment] = []
    private(set) var audio: [Audio] = []
    /// What came of the kinds that come once, by `Fragment.key`.
    private var once: Set<UInt64> = []
    /// Items of a response that came whole: their pieces are of no use any more.
    private(set) var wholeItems: Set<UInt16> = []

    package init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    /// Takes the decoded text of a string; nothing of other kinds.
    mutating func append(
        _ value: JSONValue, of document: borrowing JSONDocument, as kind: Kind, choice: Int,
        tool: Int = 0
    ) {
        guard document.rawString(value).count > 0, choice >= 0,
            choice < AnswerFacts.choicesMax, tool >= 0, tool < Self.toolsMax
        else { return }
        let choice = UInt16(choice)
        let tool = UInt16(tool)
        guard !isTruncated else { return }
        // Some upstreams repeat these on every chunk; only arguments and texts come in pieces.
        if kind == .role || kind == .toolID || kind == .toolName,
            !once.insert(Fragment.key(kind, choice, tool)).inserted
        {
            return
        }
        let start = text.count
        document.appendString(value, to: &text)
        if text.count > bytesMax {
            text.truncateText(to: bytesMax)
            isTruncated = true
        }
        let range = start..<text.count
        let last = fragments.count - 1
        if last >= 0, fragments[last].kind == kind, fragments[last].choice == choice,
            fragments[last].tool == tool
        {
            fragments[last].range = fragments[last].range.lowerBound..<range.upperBound
        } else if fragments.count < Self.fragmentsMax {
            fragments.append(Fragment(choice: choice, tool: tool, kind: kind, range: range))
        } else {
            text.truncate(to: start)
            isTruncated = true
        }
    }

    /// Takes `name` and `arguments` of a called function.
    mutating func appendFunction(
        _ function: JSONValue, of document: borrowing JSONDocument, choice: Int, tool: Int
    ) {
        if let name = document.value("name", of: function) {
            append(name, of: document, as: .toolName, choice: choice, tool: tool)
        }
        if let arguments = document.value("arguments", of: function) {
            append(arguments, of: document, as: .toolArguments, choice: choice, tool: tool)
        }
    }

    /// Takes a whole item of a response in place of its pieces; where it is too large, the
    /// pieces stay, or its type where there are none.
    mutating func keepItem(_ item: JSONValue, of document: borrowing JSONDocument, index: Int) {
        guard index >= 0, index < Self.toolsMax, fragments.count < Self.fragmentsMax,
            !wholeItems.contains(UInt16(index))
        else { return }
        let source = document.source(of: item)
        // Pieces usually stand at the end, and go; others are left unread.
        var kept = fragments.count
        while kept > 0, fragments[kept - 1].tool == index { kept -= 1 }
        let start = kept < fragments.count ? fragments[kept].range.lowerBound : text.count
        guard start + source.count <= bytesMax else {
            isTruncated = true
            if kept == fragments.count, let type = document.value("type", of: item),
                once.insert(Fragment.key(.itemType, 0, UInt16(index))).inserted
            {
                appendType(type, of: document, index: index)
            }
            return
        }
        text.truncate(to: start)
        fragments.removeLast(fragments.count - kept)
        wholeItems.insert(UInt16(index))
        text.append(source)
        fragments.append(
            Fragment(
                choice: 0, tool: UInt16(index), kind: .item, range: start..<start + source.count))
    }

    private mutating func appendType(
        _ type: JSONValue, of document: borrowing JSONDocument, index: Int
    ) {
        let start = text.count
        document.appendString(type, to: &text)
        if text.count - start > AnswerFacts.textBytesMax {
            text.truncateText(to: start + AnswerFacts.textBytesMax)
        }
        fragments.append(
            Fragment(
                choice: 0, tool: UInt16(index), kind: .itemType, range: start..<text.count))
    }

    /// Counts a piece of sound, in base64.
    mutating func appendAudio(
        _ data: JSONValue, of document: borrowing JSONDocument, choice: Int
    ) {
        guard choice >= 0, choice < AnswerFacts.choicesMax else { return }
        let bytes = Base64.decodedCount(document.rawString(data))
        if let index = audio.firstIndex(where: { $0.choice == choice }) {
            audio[index].bytes += bytes
        } else {
            audio.append(Audio(choice: UInt16(choice), bytes: bytes))
        }
    }

    /// Tool calls of one choice that are told apart at most.
    static let toolsMax = 1024
}
