import Bytes
import JSON

/// The events of a streamed response: created, each item with its pieces, and the whole at the
/// end.
struct MockResponseEvents {
    private enum Step {
        case created, itemAdded, partAdded, pieces, textDone, partDone, itemDone, completed, ended
    }

    private let call: MockCall
    private let answer: MockAnswer
    private let items: [MockResponseItem]
    private var step = Step.created
    private var item = 0
    private var piece = 0
    private var sequence = 0

    init(_ call: MockCall) {
        self.call = call
        answer = MockAnswer(call, choice: 0)
        items = MockResponseItem.items(of: answer)
    }

    /// Appends the next event; false, and nothing appended, behind the last.
    mutating func next(into buffer: inout ByteBuffer) -> Bool {
        while true {
            let before = sequence
            switch step {
            case .created:
                appendResponseEvent("response.created", isComplete: false, to: &buffer)
                step = items.isEmpty ? .completed : .itemAdded
            case .itemAdded:
                appendItemEvent("response.output_item.added", isDone: false, to: &buffer)
                piece = items[item].pieces.lowerBound
                step = isMessage ? .partAdded : .pieces
            case .partAdded:
                appendPartEvent("response.content_part.added", isDone: false, to: &buffer)
                step = .pieces
            case .pieces where piece < items[item].pieces.upperBound: appendPiece(to: &buffer)
            case .pieces: step = isMessage ? .textDone : .itemDone
            case .textDone:
                appendTextDone(to: &buffer)
                step = .partDone
            case .partDone:
                appendPartEvent("response.content_part.done", isDone: true, to: &buffer)
                step = .itemDone
            case .itemDone:
                appendItemEvent("response.output_item.done", isDone: true, to: &buffer)
                item += 1
                step = item < items.count ? .itemAdded : .completed
            case .completed:
                appendResponseEvent(
                    answer.isCut ? "response.incomplete" : "response.completed",
                    isComplete: true, to: &buffer)
                step = .ended
            case .ended: return false
            }
            if sequence > before { return true }
        }
    }

    private var isMessage: Bool {
        items[item].kind == .text || items[item].kind == .refusal
    }

    private mutating func appendResponseEvent(
        _ type: StaticString, isComplete: Bool, to buffer: inout ByteBuffer
    ) {
        begin(type, &buffer)
        buffer.append(#","response":"#)
        buffer.appendResponse(call, isComplete: isComplete)
        end(&buffer)
    }

    private mutating func appendItemEvent(
        _ type: StaticString, isDone: Bool, to buffer: inout ByteBuffer
    ) {
        begin(type, &buffer)
        buffer.append(#","output_index":"#)
        buffer.append(decimal: item)
        buffer.append(#","item":"#)
        buffer.appendItem(items[item], at: item, of: answer, call, isDone: isDone)
        end(&buffer)
    }

    private mutating func appendPartEvent(
        _ type: StaticString, isDone: Bool, to buffer: inout ByteBuffer
    ) {
        begin(type, &buffer)
        appendPlace(to: &buffer)
        buffer.append(#","part":"#)
        buffer.appendContentPart(items[item], of: answer, isDone: isDone)
        end(&buffer)
    }

    private mutating func appendPiece(to buffer: inout ByteBuffer) {
        begin(items[item].deltaType, &buffer)
        appendPlace(to: &buffer)
        buffer.append(#","delta":"#)
        buffer.append(jsonString: answer.pieces[piece].word)
        piece += 1
        end(&buffer)
    }

    private mutating func appendTextDone(to buffer: inout ByteBuffer) {
        let isRefusal = items[item].kind == .refusal
        begin(isRefusal ? "response.refusal.done" : "response.output_text.done", &buffer)
        appendPlace(to: &buffer)
        buffer.append(isRefusal ? #","refusal":"# : #","text":"#)
        buffer.appendText(items[item], of: answer)
        end(&buffer)
    }

    private func appendPlace(to buffer: inout ByteBuffer) {
        buffer.append(#","item_id":""#)
        buffer.appendItemID(items[item], at: item, call)
        buffer.append(#"","output_index":"#)
        buffer.append(decimal: item)
        buffer.append(
            items[item].kind == .reasoning ? #","summary_index":0"# : #","content_index":0"#)
    }

    private func begin(_ type: StaticString, _ buffer: inout ByteBuffer) {
        buffer.append("event: ")
        buffer.append(type)
        buffer.append("\ndata: {\"type\":\"")
        buffer.append(type)
        buffer.append(#"","sequence_number":"#)
        buffer.append(decimal: sequence)
    }

    private mutating func end(_ buffer: inout ByteBuffer) {
        buffer.append("}\n\n")
        sequence += 1
    }
}
