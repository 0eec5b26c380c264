import Bytes
import JSON

// The Responses API: events of each item and its parts, and the whole response at the end.
extension AnswerReplay {
    /// Plans items of the types message, function_call, custom_tool_call and reasoning; an answer
    /// with others is not replayed.
    mutating func planResponse(_ document: borrowing JSONDocument) -> Bool {
        let root = document.root
        guard StorableAnswer.judge(document, endpoint: .responses) == nil,
            let object = document.value("object", of: root),
            document.string(object, equals: "response"),
            let output = document.value("output", of: root)
        else { return false }
        for name: StaticString in ["response.created", "response.in_progress"] {
            begin(event: name)
            add(",\"response\":")
            add(
                root, of: document,
                with: [
                    ("status", "\"in_progress\""), ("output", "[]"), ("usage", "null"),
                    ("completed_at", "null"),
                ])
            add("}\n\n")
        }
        var index = 0
        var items = document.elements(of: output)
        while let item = items.next() {
            guard steps.count <= Self.stepsMax, planItem(item, index, document) else {
                return false
            }
            index += 1
        }
        begin(event: "response.completed")
        add(",\"response\":")
        add(root, of: document)
        add("}\n\n")
        return true
    }

    private mutating func planItem(
        _ item: JSONValue, _ index: Int, _ document: borrowing JSONDocument
    ) -> Bool {
        guard let id = document.value("id", of: item), document.rawString(id).count > 0,
            let type = document.value("type", of: item)
        else { return false }
        let place = Place(id: id, item: index)
        switch document.rawString(type).count {
        case 7 where document.string(type, equals: "message"):
            guard planMessageItem(item, place, document) else { return false }
        case 9 where document.string(type, equals: "reasoning"):
            guard planReasoning(item, place, document) else { return false }
        case 13 where document.string(type, equals: "function_call"):
            guard
                planCall(
                    item, place, document, key: "arguments",
                    delta: "response.function_call_arguments.delta",
                    done: "response.function_call_arguments.done")
            else { return false }
        case 16 where document.string(type, equals: "custom_tool_call"):
            guard
                planCall(
                    item, place, document, key: "input",
                    delta: "response.custom_tool_call_input.delta",
                    done: "response.custom_tool_call_input.done")
            else { return false }
        default: return false
        }
        begin(event: "response.output_item.done")
        add(",\"output_index\":")
        add(index)
        add(",\"item\":")
        add(item, of: document)
        add("}\n\n")
        return true
    }

    // MARK: Items

    private mutating func planMessageItem(
        _ item: JSONValue, _ place: Place, _ document: borrowing JSONDocument
    ) -> Bool {
        guard let content = document.value("content", of: item),
            document.kind(of: content) == .array
        else { return false }
        addItem(item, place, document, with: [("status", "\"in_progress\""), ("content", "[]")])
        var index = 0
        var parts = document.elements(of: content)
        while let part = parts.next() {
            guard steps.count <= Self.stepsMax, let type = document.value("type", of: part)
            else { return false }
            let place = Place(id: place.id, item: place.item, part: ("content_index", index))
            if document.string(type, equals: "output_text") {
                guard planOutputText(part, place, document) else { return false }
            } else if document.string(type, equals: "refusal") {
                guard
                    planPart(
                        part, place, document, key: "refusal",
                        delta: "response.refusal.delta", done: "response.refusal.done")
                else { return false }
            } else {
                return false
            }
            index += 1
        }
        return true
    }

    private mutating func planOutputText(
        _ part: JSONValue, _ place: Place, _ document: borrowing JSONDocument
    ) -> Bool {
        guard let text = document.value("text", of: part), document.isString(text) else {
            return false
        }
        addPart(
            part, place, document, event: "response.content_part.added",
            with: [("text", "\"\""), ("annotations", "[]"), ("logprobs", "[]")])
        planDeltas(
            text, place, document, event: "response.output_text.delta",
            closing: "\",\"logprobs\":[]}\n\n")
        if let annotations = document.value("annotations", of: part) {
            var index = 0
            var elements = document.elements(of: annotations)
            while let annotation = elements.next() {
                guard steps.count <= Self.stepsMax else { return false }
                begin(event: "response.output_text.annotation.added")
                add(place, of: document)
                add(",\"annotation_index\":")
                add(index)
                add(",\"annotation\":")
                add(annotation, of: document)
                add("}\n\n")
                index += 1
            }
        }
        begin(event: "response.output_text.done")
        add(place, of: document)
        add(",\"text\":")
        add(text, of: document)
        add(",\"logprobs\":")
        if let logprobs = document.value("logprobs", of: part),
            document.kind(of: logprobs) == .array
        {
            add(logprobs, of: document)
        } else {
            add("[]")
        }
        add("}\n\n")
        addPart(part, place, document, event: "response.content_part.done", with: [])
        return true
    }

    private mutating func planReasoning(
        _ item: JSONValue, _ place: Place, _ document: borrowing JSONDocument
    ) -> Bool {
        guard let summary = document.value("summary", of: item),
            document.kind(of: summary) == .array
        else { return false }
        let content = document.value("content", of: item)
        let hasContent = content.map { document.kind(of: $0) == .array } ?? false
        guard content == nil || hasContent || document.isNull(content) else { return false }
        addItem(
            item, place, document,
            with: [
                ("status", "\"in_progress\""), ("summary", "[]"),
                ("content", hasContent ? "[]" : "null"),
            ])
        var index = 0
        var parts = document.elements(of: summary)
        while let part = parts.next() {
            let place = Place(id: place.id, item: place.item, part: ("summary_index", index))
            guard steps.count <= Self.stepsMax, Self.isText(part, "summary_text", document),
                planPart(
                    part, place, document, key: "text",
                    delta: "response.reasoning_summary_text.delta",
                    done: "response.reasoning_summary_text.done",
                    added: "response.reasoning_summary_part.added",
                    partDone: "response.reasoning_summary_part.done")
            else { return false }
            index += 1
        }
        guard hasContent, let content else { return true }
        index = 0
        parts = document.elements(of: content)
        while let part = parts.next() {
            let place = Place(id: place.id, item: place.item, part: ("content_index", index))
            guard steps.count <= Self.stepsMax, Self.isText(part, "reasoning_text", document),
                planPart(
                    part, place, document, key: "text",
                    delta: "response.reasoning_text.delta", done: "response.reasoning_text.done")
            else { return false }
            index += 1
        }
        return true
    }

    private static func isText(
        _ part: JSONValue, _ name: StaticString, _ document: borrowing JSONDocument
    ) -> Bool {
        document.value("type", of: part).map { document.string($0, equals: name) } ?? false
    }

    private mutating func planCall(
        _ item: JSONValue, _ place: Place, _ document: borrowing JSONDocument, key: StaticString,
        delta: StaticString, done: StaticString
    ) -> Bool {
        guard let text = document.value(key, of: item), document.isString(text),
            let name = document.value("name", of: item), document.isString(name)
        else { return false }
        addItem(item, place, document, with: [("status", "\"in_progress\""), (key, "\"\"")])
        planDeltas(text, place, document, event: delta, closing: "\"}\n\n")
        begin(event: done)
        add(place, of: document)
        if key.bytes.equals("arguments") {
            add(",\"name\":")
            add(name, of: document)
        }
        add(",\"")
        add(key)
        add("\":")
        add(text, of: document)
        add("}\n\n")
        return true
    }

    /// A part of one text: added, its deltas, its end, the part's end.
    private mutating func planPart(
        _ part: JSONValue, _ place: Place, _ document: borrowing JSONDocument, key: StaticString,
        delta: StaticString, done: StaticString,
        added: StaticString = "response.content_part.added",
        partDone: StaticString = "response.content_part.done"
    ) -> Bool {
        guard let text = document.value(key, of: part), document.isString(text) else {
            return false
        }
        addPart(part, place, document, event: added, with: [(key, "\"\"")])
        planDeltas(text, place, document, event: delta, closing: "\"}\n\n")
        begin(event: done)
        add(place, of: document)
        add(",\"")
        add(key)
        add("\":")
        add(text, of: document)
        add("}\n\n")
        addPart(part, place, document, event: partDone, with: [])
        return true
    }
}
