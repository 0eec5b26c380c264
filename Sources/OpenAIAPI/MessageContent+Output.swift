import Bytes
import JSON

extension MessageContent {
    /// Appends `gen_ai.output.messages` of a plain answer's body: one message a choice. False, with
    /// nothing appended, where it has none.
    package mutating func appendOutputMessages(
        of document: borrowing JSONDocument, endpoint: Endpoint, to buffer: inout ByteBuffer
    ) -> Bool {
        let start = buffer.count
        buffer.append(UInt8(ascii: "["))
        if endpoint == .responses {
            appendResponse(document, to: &buffer)
        } else if let choices = document.value("choices", of: document.root) {
            var elements = document.elements(of: choices)
            while let choice = elements.next(), buffer.count - start < options.attributeBytesMax {
                appendChoice(choice, of: document, to: &buffer)
            }
        }
        return close(start, &buffer)
    }

    /// Appends `gen_ai.output.messages` of a streamed answer: one message a choice.
    package mutating func appendOutputMessages(
        of content: borrowing CapturedContent, facts: borrowing AnswerFacts,
        to buffer: inout ByteBuffer
    ) -> Bool {
        let start = buffer.count
        let index = ContentIndex(content)
        fragmentReads += content.fragments.count
        buffer.append(UInt8(ascii: "["))
        for position in facts.choices.indices {
            guard buffer.count - start < options.attributeBytesMax else { break }
            let choice = UInt16(facts.choices[position].index)
            begin(content, index, choice, to: &buffer)
            buffer.append(key: "finish_reason")
            Self.appendFinishReason(facts.finishReason(at: position), to: &buffer)
            buffer.append(UInt8(ascii: "}"))
        }
        // The Responses API has no choices.
        if facts.choices.isEmpty, !content.fragments.isEmpty {
            buffer.append("{\"role\":\"assistant\",\"parts\":[")
            appendStreamedItems(content, index, to: &buffer)
            buffer.append(UInt8(ascii: "]"))
            if content.isTruncated {
                buffer.append(key: "truncated")
                buffer.append("true")
            }
            let isWhole = facts.isDone && !facts.hasError
            buffer.append(
                key: "finish_reason",
                string: isWhole ? facts.messageFinishReason ?? "stop" : "error")
            buffer.append(UInt8(ascii: "}"))
        }
        return close(start, &buffer)
    }

    // MARK: Plain answers

    private mutating func appendChoice(
        _ choice: JSONValue, of document: borrowing JSONDocument, to buffer: inout ByteBuffer
    ) {
        buffer.separate()
        buffer.append(UInt8(ascii: "{"))
        let message = document.value("message", of: choice)
            .map { MessageMembers($0, of: document) }
        let role = message?.role
        if let role, document.kind(of: role) == .string {
            append(key: "role", role, of: document, to: &buffer)
        } else {
            buffer.append(key: "role", string: "assistant")
        }
        buffer.append(key: "parts")
        buffer.append(UInt8(ascii: "["))
        if let message { appendMessageParts(message, of: document, to: &buffer) }
        if let text = document.value("text", of: choice) {
            appendText("text", text, of: document, to: &buffer)
        }
        buffer.append(UInt8(ascii: "]"))
        buffer.append(key: "finish_reason")
        if let reason = document.value("finish_reason", of: choice) {
            text.removeAll()
            document.appendString(reason, to: &text)
            Self.appendFinishReason(text.bytes, to: &buffer)
        } else {
            buffer.append("\"error\"")
        }
        buffer.append(UInt8(ascii: "}"))
    }

    /// The conventions' word for a finish reason; `error` where there is none.
    private static func appendFinishReason(_ reason: Span<UInt8>, to buffer: inout ByteBuffer) {
        if reason.isEmpty {
            buffer.append("\"error\"")
        } else if reason.equals("tool_calls") || reason.equals("function_call") {
            buffer.append("\"tool_call\"")
        } else {
            buffer.append(jsonString: reason, limit: AnswerFacts.textBytesMax)
        }
    }

    /// Appends the one message that the items of a response make up.
    private mutating func appendResponse(
        _ document: borrowing JSONDocument, to buffer: inout ByteBuffer
    ) {
        guard let output = document.value("output", of: document.root) else { return }
        buffer.append("{\"role\":\"assistant\",\"parts\":[")
        var isCall = false
        var elements = document.elements(of: output)
        while let item = elements.next() {
            if let type = document.value("type", of: item), document.isClientCall(type) {
                isCall = true
            }
            appendOutputItem(item, of: document, to: &buffer)
        }
        buffer.append("],\"finish_reason\":\"")
        buffer.append(Self.finishReason(ofResponse: document, isCall: isCall))
        buffer.append("\"}")
    }

    private static func finishReason(
        ofResponse document: borrowing JSONDocument, isCall: Bool
    ) -> StaticString {
        guard let status = document.value("status", of: document.root) else { return "error" }
        if document.string(status, equals: "completed") { return isCall ? "tool_call" : "stop" }
        guard document.string(status, equals: "incomplete"),
            let details = document.value("incomplete_details", of: document.root),
            let reason = document.value("reason", of: details)
        else { return "error" }
        if document.string(reason, equals: "max_output_tokens") { return "length" }
        return document.string(reason, equals: "content_filter") ? "content_filter" : "error"
    }

    // MARK: Streamed answers

    /// Appends a message up to the end of its parts.
    private mutating func begin(
        _ content: borrowing CapturedContent, _ index: ContentIndex, _ choice: UInt16,
        to buffer: inout ByteBuffer
    ) {
        buffer.separate()
        buffer.append(UInt8(ascii: "{"))
        buffer.append(key: "role")
        if gather(content, index, choice, .role) {
            buffer.append(jsonString: text.bytes, limit: AnswerFacts.textBytesMax)
        } else {
            buffer.append("\"assistant\"")
        }
        buffer.append(key: "parts")
        buffer.append(UInt8(ascii: "["))
        appendGathered(content, index, choice, .reasoning, "reasoning", to: &buffer)
        appendGathered(content, index, choice, .text, "text", to: &buffer)
        if let audio = content.audio.first(where: { $0.choice == choice }) {
            _ = gather(content, index, choice, .transcript)
            Self.appendStreamedAudio(
                bytes: audio.bytes, transcript: text.bytes, limit: options.partBytesMax,
                to: &buffer)
        }
        appendGathered(content, index, choice, .refusal, "refusal", to: &buffer)
        for tool in index.calls(of: choice) {
            appendCall(content, index, choice, tool, to: &buffer)
        }
        buffer.append(UInt8(ascii: "]"))
        if content.isTruncated {
            buffer.append(key: "truncated")
            buffer.append("true")
        }
    }

    private mutating func appendGathered(
        _ content: borrowing CapturedContent, _ index: ContentIndex, _ choice: UInt16,
        _ kind: CapturedContent.Kind, _ type: StaticString, item: UInt16 = 0,
        to buffer: inout ByteBuffer
    ) {
        guard gather(content, index, choice, kind, item) else { return }
        buffer.separate()
        buffer.append(UInt8(ascii: "{"))
        buffer.append(key: "type", string: type)
        buffer.append(key: "content")
        Self.append(text.bytes, limit: options.partBytesMax, to: &buffer)
        buffer.append(UInt8(ascii: "}"))
    }

    private mutating func appendCall(
        _ content: borrowing CapturedContent, _ index: ContentIndex, _ choice: UInt16,
        _ tool: UInt16, to buffer: inout ByteBuffer
    ) {
        buffer.separate()
        buffer.append("{\"type\":\"tool_call\"")
        if gather(content, index, choice, .toolID, tool) {
            buffer.append(key: "id")
            buffer.append(jsonString: text.bytes, limit: options.partBytesMax)
        }
        let hasName = gather(content, index, choice, .toolName, tool)
        buffer.append(key: "name")
        if hasName {
            buffer.append(jsonString: text.bytes, limit: options.partBytesMax)
        } else {
            buffer.append("\"unknown\"")
        }
        if index.gather(
            content, choice, .toolArguments, tool, reads: &fragmentReads, into: &arguments)
        {
            appendArguments(to: &buffer)
        }
        buffer.append(UInt8(ascii: "}"))
    }

    /// Appends the parts of a response's item that never came whole.
    mutating func appendPieces(
        _ content: borrowing CapturedContent, _ index: ContentIndex, item: UInt16,
        to buffer: inout ByteBuffer
    ) {
        appendGathered(content, index, 0, .reasoning, "reasoning", item: item, to: &buffer)
        appendGathered(content, index, 0, .text, "text", item: item, to: &buffer)
        appendGathered(content, index, 0, .refusal, "refusal", item: item, to: &buffer)
        if index.hasCall(item) {
            appendCall(content, index, 0, item, to: &buffer)
        }
    }

    /// Puts the fragments of a text together in `text`; false where there are none.
    mutating func gather(
        _ content: borrowing CapturedContent, _ index: ContentIndex, _ choice: UInt16,
        _ kind: CapturedContent.Kind, _ tool: UInt16 = 0
    ) -> Bool {
        index.gather(content, choice, kind, tool, reads: &fragmentReads, into: &text)
    }
}
