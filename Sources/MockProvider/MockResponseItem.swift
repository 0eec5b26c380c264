import Bytes
import JSON

/// One item of a response's output: pieces of an answer that belong together.
struct MockResponseItem {
    enum Kind: Equatable {
        case reasoning, text, refusal
        case call(index: Int, name: String)
    }

    let kind: Kind
    /// Its pieces among those of the answer; of a call, the arguments.
    private(set) var pieces: Range<Int>

    /// The items of an answer in their order.
    static func items(of answer: MockAnswer) -> [MockResponseItem] {
        var items: [MockResponseItem] = []
        for (index, piece) in answer.pieces.enumerated() {
            let kind: Kind
            switch piece {
            case .reasoning: kind = .reasoning
            case .text: kind = .text
            case .refusal: kind = .refusal
            case .toolCall(let number, let name):
                items.append(
                    MockResponseItem(
                        kind: .call(index: number, name: name), pieces: index + 1..<index + 1))
                continue
            case .toolArguments: kind = items.last?.kind ?? .text
            }
            if let last = items.indices.last, items[last].kind == kind {
                items[last].pieces = items[last].pieces.lowerBound..<index + 1
            } else {
                items.append(MockResponseItem(kind: kind, pieces: index..<index + 1))
            }
        }
        return items
    }

    /// The type of the event that brings a piece of it.
    var deltaType: StaticString {
        switch kind {
        case .reasoning: "response.reasoning_summary_text.delta"
        case .text: "response.output_text.delta"
        case .refusal: "response.refusal.delta"
        case .call: "response.function_call_arguments.delta"
        }
    }
}

extension ByteBuffer {
    /// Appends an item as it is in the end, or as it begins, without its contents.
    mutating func appendItem(
        _ item: MockResponseItem, at index: Int, of answer: MockAnswer, _ call: MockCall,
        isDone: Bool
    ) {
        append(#"{"id":""#)
        appendItemID(item, at: index, call)
        let status: StaticString =
            isDone ? #"","status":"completed","# : #"","status":"in_progress","#
        switch item.kind {
        case .reasoning:
            append(#"","type":"reasoning","summary":["#)
            if isDone {
                append(#"{"type":"summary_text","text":"#)
                appendText(item, of: answer)
                append("}")
            }
            append("]}")
        case .text, .refusal:
            append(status)
            append(#""type":"message","role":"assistant","content":["#)
            if isDone { appendContentPart(item, of: answer, isDone: true) }
            append("]}")
        case .call(let number, let name):
            append(status)
            append(#""type":"function_call","call_id":"call_"#)
            append(hexadecimal16: call.seed &+ UInt64(number))
            append(#"","name":"#)
            append(jsonString: name)
            append(#","arguments":"#)
            if isDone { appendText(item, of: answer) } else { append(#""""#) }
            append("}")
        }
    }

    /// Appends the one part of a message's content.
    mutating func appendContentPart(
        _ item: MockResponseItem, of answer: MockAnswer, isDone: Bool
    ) {
        append(
            item.kind == .refusal
                ? #"{"type":"refusal","refusal":"#
                : #"{"type":"output_text","annotations":[],"logprobs":[],"text":"#)
        if isDone { appendText(item, of: answer) } else { append(#""""#) }
        append("}")
    }

    /// Appends an item's id, without quotes.
    mutating func appendItemID(_ item: MockResponseItem, at index: Int, _ call: MockCall) {
        switch item.kind {
        case .reasoning: append("rs_")
        case .text, .refusal: append("msg_")
        case .call: append("fc_")
        }
        append(hexadecimal16: call.seed &+ UInt64(index))
    }

    /// Appends the joined pieces of an item as a string.
    mutating func appendText(_ item: MockResponseItem, of answer: MockAnswer) {
        append("\"")
        for piece in answer.pieces[item.pieces] { append(jsonEscaped: piece.word.utf8.span) }
        append("\"")
    }
}
