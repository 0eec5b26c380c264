import Bytes
import JSON

extension MessageContent {
    /// Appends `gen_ai.input.messages` of a request's body; false, with nothing appended, where
    /// the endpoint has none (embeddings) or the request names none.
    package mutating func appendInputMessages(
        of document: borrowing JSONDocument, endpoint: Endpoint, to buffer: inout ByteBuffer
    ) -> Bool {
        let start = buffer.count
        buffer.append(UInt8(ascii: "["))
        switch endpoint {
        case .chatCompletions:
            guard let messages = document.value("messages", of: document.root) else { break }
            appendMessages(messages, of: document, from: start, to: &buffer)
        case .responses:
            guard let input = document.value("input", of: document.root) else { break }
            if document.kind(of: input) == .string {
                appendUserMessage(input, of: document, to: &buffer)
            } else {
                appendMessages(input, of: document, from: start, to: &buffer)
            }
        case .completions:
            guard let prompt = document.value("prompt", of: document.root) else { break }
            appendPrompt(prompt, of: document, to: &buffer)
        case .embeddings, .models, .other: break
        }
        return close(start, &buffer)
    }

    /// Appends `gen_ai.system_instructions`: `instructions` of responses, and system messages
    /// unless `keepsSystemMessages`. False, with nothing appended, where there are none.
    package mutating func appendSystemInstructions(
        of document: borrowing JSONDocument, endpoint: Endpoint, to buffer: inout ByteBuffer
    ) -> Bool {
        let start = buffer.count
        buffer.append(UInt8(ascii: "["))
        if endpoint == .responses,
            let instructions = document.value("instructions", of: document.root)
        {
            appendParts(instructions, of: document, to: &buffer)
        }
        if !options.keepsSystemMessages, endpoint == .chatCompletions || endpoint == .responses {
            let key: StaticString = endpoint == .responses ? "input" : "messages"
            if let messages = document.value(key, of: document.root) {
                var elements = document.elements(of: messages)
                while let message = elements.next() {
                    guard Self.isSystem(document.value("role", of: message), document),
                        buffer.count - start < budget,
                        let content = document.value("content", of: message)
                    else { continue }
                    appendParts(content, of: document, to: &buffer)
                }
            }
        }
        return close(start, &buffer)
    }

    private var budget: Int { options.attributeBytesMax }

    /// Ends an array begun at `start`, or takes it back when it is empty.
    mutating func close(_ start: Int, _ buffer: inout ByteBuffer) -> Bool {
        shrink()
        guard buffer.count > start + 1 else {
            buffer.truncate(to: start)
            return false
        }
        buffer.append(UInt8(ascii: "]"))
        return true
    }

    private static func isSystem(_ role: JSONValue?, _ document: borrowing JSONDocument) -> Bool {
        guard let role else { return false }
        return document.string(role, equals: "system") || document.string(role, equals: "developer")
    }

    private mutating func appendMessages(
        _ messages: JSONValue, of document: borrowing JSONDocument, from start: Int,
        to buffer: inout ByteBuffer
    ) {
        var omitted = 0
        var elements = document.elements(of: messages)
        while let message = elements.next() {
            let members = MessageMembers(message, of: document)
            if !options.keepsSystemMessages, Self.isSystem(members.role, document) { continue }
            if buffer.count - start >= budget {
                omitted += 1
            } else if members.role == nil {
                appendItem(message, of: document, to: &buffer)
            } else {
                appendMessage(members, of: document, to: &buffer)
            }
        }
        guard omitted > 0 else { return }
        buffer.separate()
        buffer.append("{\"role\":\"omitted\",\"parts\":[{\"type\":\"omitted\"")
        buffer.append(key: "count", number: omitted)
        buffer.append("}]}")
    }

    private mutating func appendMessage(
        _ message: MessageMembers, of document: borrowing JSONDocument, to buffer: inout ByteBuffer
    ) {
        let role = message.role
        buffer.separate()
        buffer.append(UInt8(ascii: "{"))
        if let role, document.kind(of: role) == .string {
            append(key: "role", role, of: document, to: &buffer)
        } else {
            buffer.append(key: "role", string: "unknown")
        }
        if let name = message.name, document.kind(of: name) == .string {
            append(key: "name", name, of: document, to: &buffer)
        }
        buffer.append(key: "parts")
        buffer.append(UInt8(ascii: "["))
        let isToolResult =
            role.map {
                document.string($0, equals: "tool") || document.string($0, equals: "function")
            }
            ?? false
        if isToolResult {
            appendToolResponse(
                id: message.toolCallID, message.content, of: document, to: &buffer)
        } else {
            appendMessageParts(message, of: document, to: &buffer)
        }
        buffer.append("]}")
    }

    /// Appends the parts of a message that was said: reasoning, content, refusal, tool calls.
    mutating func appendMessageParts(
        _ message: MessageMembers, of document: borrowing JSONDocument, to buffer: inout ByteBuffer
    ) {
        if let reasoning = message.reasoningContent ?? message.reasoning {
            appendText("reasoning", reasoning, of: document, to: &buffer)
        }
        if let content = message.content {
            appendParts(content, of: document, to: &buffer)
        }
        if let audio = message.audio {
            appendAnswerAudio(audio, of: document, to: &buffer)
        }
        if let images = message.images {
            appendParts(images, of: document, to: &buffer)
        }
        if let refusal = message.refusal {
            appendText("refusal", refusal, of: document, to: &buffer)
        }
        if let calls = message.toolCalls {
            var elements = document.elements(of: calls)
            while let call = elements.next() {
                appendToolCall(call, of: document, to: &buffer)
            }
        }
        if let function = message.functionCall, document.kind(of: function) == .object {
            appendCall(id: nil, function, "arguments", of: document, to: &buffer)
        }
    }

    private mutating func appendUserMessage(
        _ text: JSONValue, of document: borrowing JSONDocument, to buffer: inout ByteBuffer
    ) {
        buffer.separate()
        buffer.append("{\"role\":\"user\",\"parts\":[")
        appendText("text", text, of: document, to: &buffer)
        buffer.append("]}")
    }

    /// Appends a prompt of text completions: a string, strings, or tokens, which are counted.
    private mutating func appendPrompt(
        _ prompt: JSONValue, of document: borrowing JSONDocument, to buffer: inout ByteBuffer
    ) {
        if document.kind(of: prompt) == .string {
            appendUserMessage(prompt, of: document, to: &buffer)
            return
        }
        let start = buffer.count
        var tokens = 0
        var elements = document.elements(of: prompt)
        while let element = elements.next(), buffer.count - start < budget {
            switch document.kind(of: element) {
            case .string: appendUserMessage(element, of: document, to: &buffer)
            case .number: tokens += 1
            case .array:
                var numbers = document.elements(of: element)
                while numbers.next() != nil { tokens += 1 }
            default: break
            }
        }
        guard tokens > 0 else { return }
        buffer.separate()
        buffer.append("{\"role\":\"user\",\"parts\":[{\"type\":\"tokens\"")
        buffer.append(key: "count", number: tokens)
        buffer.append("}]}")
    }
}
