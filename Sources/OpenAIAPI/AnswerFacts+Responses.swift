import Bytes
import JSON

// The Responses API: a response object, or events that end in one.
extension AnswerFacts {
    /// Takes what the answer, or an event of a stream, says besides what all APIs say.
    mutating func takeResponse(
        _ object: JSONValue, _ document: borrowing JSONDocument, _ content: inout CapturedContent?
    ) {
        guard let type = document.value("type", of: object) else {
            return takeResponseObject(object, document)
        }
        if let response = document.value("response", of: object) {
            var nothing: CapturedContent?
            _ = take(response, document, endpoint: .chatCompletions, content: &nothing)
            takeResponseObject(response, document)
        }
        switch document.rawString(type).count {
        case 5 where document.string(type, equals: "error"):
            guard !hasError else { break }
            takeError(object, document)
            // Here `type` is the event's own.
            errorTypeRange = 0..<0
        case 15 where document.string(type, equals: "response.failed"),
            18 where document.string(type, equals: "response.completed"),
            19 where document.string(type, equals: "response.incomplete"):
            isDone = true
        case 25 where document.string(type, equals: "response.output_item.done"):
            takeItem(object, document, isDone: true, &content)
        case 26 where document.string(type, equals: "response.output_item.added"):
            takeItem(object, document, isDone: false, &content)
        default: takeDelta(object, type, document, &content)
        }
    }

    /// Takes a response object: how it stands, and whose conversation it is a part of.
    private mutating func takeResponseObject(
        _ response: JSONValue, _ document: borrowing JSONDocument
    ) {
        var members = document.members(of: response)
        while let member = members.next() {
            let key = member.key
            let value = member.value
            switch document.nameCount(key) {
            case 6 where document.string(key, equals: "status"):
                if document.string(value, equals: "completed") {
                    responseEnd = .completed
                } else if document.string(value, equals: "incomplete") {
                    responseEnd = Self.end(ofIncomplete: response, document)
                } else if document.string(value, equals: "failed")
                    || document.string(value, equals: "cancelled")
                {
                    responseEnd = .error
                }
            case 6 where document.string(key, equals: "output"):
                takeOutput(value, document)
            case 12 where document.string(key, equals: "conversation"):
                if let id = document.value("id", of: value) {
                    texts.keep(id, of: document, at: &conversationRange)
                } else {
                    texts.keep(value, of: document, at: &conversationRange)
                }
            default: break
            }
        }
    }

    private static func end(
        ofIncomplete response: JSONValue, _ document: borrowing JSONDocument
    ) -> ResponseEnd {
        guard let details = document.value("incomplete_details", of: response),
            let reason = document.value("reason", of: details)
        else { return .error }
        if document.string(reason, equals: "max_output_tokens") { return .length }
        return document.string(reason, equals: "content_filter") ? .contentFilter : .error
    }

    private mutating func takeOutput(_ output: JSONValue, _ document: borrowing JSONDocument) {
        var items = document.elements(of: output)
        while let item = items.next() {
            hasContent = true
            if let type = document.value("type", of: item), document.isClientCall(type) {
                hasCalls = true
            }
        }
    }

    /// Takes an item as it begins, which names the function that is called, or as it is in the
    /// end, in place of its pieces.
    private mutating func takeItem(
        _ event: JSONValue, _ document: borrowing JSONDocument, isDone: Bool,
        _ content: inout CapturedContent?
    ) {
        guard let item = document.value("item", of: event),
            let type = document.value("type", of: item)
        else { return }
        if document.isClientCall(type) {
            hasCalls = true
            hasContent = true
        }
        guard content != nil else { return }
        let index = document.outputIndex(of: event)
        if isDone {
            content?.keepItem(item, of: document, index: index)
        } else if document.string(type, equals: "function_call") {
            if let id = document.value("call_id", of: item) {
                content?.append(id, of: document, as: .toolID, choice: 0, tool: index)
            }
            content?.appendFunction(item, of: document, choice: 0, tool: index)
        }
    }

    /// Takes a piece of an item.
    private mutating func takeDelta(
        _ event: JSONValue, _ type: JSONValue, _ document: borrowing JSONDocument,
        _ content: inout CapturedContent?
    ) {
        guard let delta = document.value("delta", of: event), document.rawString(delta).count > 0
        else { return }
        hasContent = true
        guard content != nil else { return }
        let kind: CapturedContent.Kind
        switch document.rawString(type).count {
        case 22 where document.string(type, equals: "response.refusal.delta"):
            kind = .refusal
        case 26 where document.string(type, equals: "response.output_text.delta"):
            kind = .text
        case 29 where document.string(type, equals: "response.reasoning_text.delta"),
            37 where document.string(type, equals: "response.reasoning_summary_text.delta"):
            kind = .reasoning
        case 38 where document.string(type, equals: "response.function_call_arguments.delta"):
            kind = .toolArguments
        default: return
        }
        let index = document.outputIndex(of: event)
        content?.append(delta, of: document, as: kind, choice: 0, tool: index)
    }
}

extension AnswerFacts {
    /// The finish reason of a message that is a whole response, in the words of the conventions'
    /// schema; nil before its end.
    package var messageFinishReason: StaticString? {
        switch responseEnd {
        case .completed: hasCalls ? "tool_call" : "stop"
        case .length: "length"
        case .contentFilter: "content_filter"
        case .error: "error"
        case nil: nil
        }
    }

    /// The same in the words of chat completions: a response names none of its own.
    package var responseFinishReason: StaticString? {
        responseEnd == .completed && hasCalls ? "tool_calls" : messageFinishReason
    }
}

extension JSONDocument {
    /// The item has a type that the client, not the provider, carries out.
    func isClientCall(_ type: JSONValue) -> Bool {
        switch rawString(type).count {
        case 10: string(type, equals: "shell_call")
        case 13: string(type, equals: "function_call") || string(type, equals: "computer_call")
        case 16:
            string(type, equals: "custom_tool_call") || string(type, equals: "local_shell_call")
                || string(type, equals: "apply_patch_call")
        default: false
        }
    }

    fileprivate func outputIndex(of event: JSONValue) -> Int {
        value("output_index", of: event).flatMap { integer($0) } ?? 0
    }
}
