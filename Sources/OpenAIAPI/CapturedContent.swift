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
        case role, text, refusal, reasoning, toolID, toolName, toolArguments

        /// It belongs to a tool call.
        var isOfTool: Bool { rawValue >= Kind.toolID.rawValue }
    }

    struct Fragment: Equatable {
        let choice: UInt16
        let tool: UInt16
        let kind: Kind
        var range: Range<Int>
    }

    /// Decoded bytes that are kept at most.
    package let bytesMax: Int
    /// Something was left out.
    package private(set) var isTruncated = false
    private(set) var text = ByteBuffer()
    private(set) var fragments: [Fragment] = []

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
        // Some upstreams repeat these on every chunk; only arguments and texts come in pieces.
        if kind == .role || kind == .toolID || kind == .toolName,
            fragments.contains(where: { $0.kind == kind && $0.choice == choice && $0.tool == tool })
        {
            return
        }
        guard !isTruncated else { return }
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

    /// Tool calls of one choice that are told apart at most.
    static let toolsMax = 1024
}
