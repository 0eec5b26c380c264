import Bytes
import JSON

/// The events of a streamed answer, one after the other.
///
/// Usage comes only where it was asked for: as `null` in each chunk, then in a chunk of its own.
struct MockEvents {
    private enum Step {
        case role, pieces, finish, usage, done, ended
    }

    private let call: MockCall
    private let answers: [MockAnswer]
    private let includesUsage: Bool
    private var step = Step.role
    private var piece = 0
    private var choice = 0
    private var response: MockResponseEvents?

    init(_ call: MockCall) {
        self.call = call
        answers = (0..<call.choices).map { MockAnswer(call, choice: $0) }
        includesUsage = call.includesUsage && call.behaviour != .noUsage
        if call.endpoint == .completions { step = .pieces }
        if call.endpoint == .responses { response = MockResponseEvents(call) }
    }

    /// Appends the next event; false, and nothing appended, behind the last.
    mutating func next(into buffer: inout ByteBuffer) -> Bool {
        if response != nil { return response?.next(into: &buffer) ?? false }
        while true {
            switch step {
            case .role:
                appendChunk(to: &buffer) {
                    $0.append(#"{"role":"assistant","content":"","refusal":null}"#)
                }
                advanceChoice(then: .pieces)
                return true
            case .pieces:
                guard let piece = currentPiece() else { continue }
                let (call, choice) = (call, choice)
                appendChunk(to: &buffer) { $0.appendDelta(piece, call, choice: choice) }
                advancePiece()
                return true
            case .finish:
                appendChunk(to: &buffer, finish: answers[choice].finishReason) { $0.append("{}") }
                advanceChoice(then: includesUsage ? .usage : .done)
                return true
            case .usage:
                appendUsageChunk(to: &buffer)
                step = .done
                return true
            case .done:
                buffer.append("data: [DONE]\n\n")
                step = .ended
                return true
            case .ended: return false
            }
        }
    }

    /// Choices take turns; the shorter ones are through before the others. nil, and the next step
    /// or choice, where this one has no piece left.
    private mutating func currentPiece() -> MockAnswer.Piece? {
        guard answers.contains(where: { piece < $0.pieces.count }) else {
            step = .finish
            choice = 0
            return nil
        }
        guard piece < answers[choice].pieces.count else {
            advancePiece()
            return nil
        }
        return answers[choice].pieces[piece]
    }

    private mutating func advancePiece() {
        choice += 1
        if choice == answers.count {
            choice = 0
            piece += 1
        }
    }

    private mutating func advanceChoice(then next: Step) {
        choice += 1
        if choice == answers.count {
            choice = 0
            step = next
        }
    }

    private func appendChunk(
        to buffer: inout ByteBuffer, finish: StaticString? = nil,
        _ appendDelta: (inout ByteBuffer) -> Void
    ) {
        appendChunkStart(to: &buffer)
        buffer.append(#"{"index":"#)
        buffer.append(decimal: choice)
        if call.endpoint == .chat {
            buffer.append(#","delta":"#)
            appendDelta(&buffer)
        } else {
            buffer.append(#","text":"#)
            if finish == nil { appendDelta(&buffer) } else { buffer.append("\"\"") }
        }
        buffer.append(#","logprobs":null,"finish_reason":"#)
        if let finish { buffer.append(jsonString: finish.bytes) } else { buffer.append("null") }
        buffer.append(includesUsage ? #"}],"usage":null}"# : "}]}")
        buffer.append("\n\n")
    }

    private func appendChunkStart(to buffer: inout ByteBuffer) {
        buffer.append("data: ")
        buffer.appendCompletionStart(
            call, object: call.endpoint == .chat ? "chat.completion.chunk" : "text_completion")
        buffer.append(#","choices":["#)
    }

    private func appendUsageChunk(to buffer: inout ByteBuffer) {
        appendChunkStart(to: &buffer)
        buffer.append("]")
        buffer.appendUsage(usage)
        buffer.append("}\n\n")
    }

    private var usage: MockUsage {
        var usage = MockUsage(promptTokens: call.promptTokens)
        for answer in answers { usage.add(answer) }
        return usage
    }
}

extension MockAnswer.Piece {
    /// The piece's text, whatever it is a piece of.
    var word: String {
        switch self {
        case .text(let word), .reasoning(let word), .refusal(let word): word
        case .toolCall: ""
        case .toolArguments(_, let part): part
        }
    }
}

extension ByteBuffer {
    /// Appends a chat's delta, or a text completion's text.
    fileprivate mutating func appendDelta(
        _ piece: MockAnswer.Piece, _ call: MockCall, choice: Int
    ) {
        guard call.endpoint == .chat else {
            append(jsonString: piece.word)
            return
        }
        switch piece {
        case .text(let word): appendDelta(#"{"content":"#, word)
        case .reasoning(let word): appendDelta(#"{"reasoning_content":"#, word)
        case .refusal(let word): appendDelta(#"{"refusal":"#, word)
        case .toolCall(let index, let name):
            append(#"{"tool_calls":[{"index":"#)
            append(decimal: index)
            append(",")
            appendToolCall(call, choice: choice, index: index, name: name, arguments: "")
            append("]}")
        case .toolArguments(let index, let part):
            append(#"{"tool_calls":[{"index":"#)
            append(decimal: index)
            append(#","function":{"arguments":"#)
            append(jsonString: part)
            append("}}]}")
        }
    }

    private mutating func appendDelta(_ start: StaticString, _ word: String) {
        append(start)
        append(jsonString: word)
        append("}")
    }
}
