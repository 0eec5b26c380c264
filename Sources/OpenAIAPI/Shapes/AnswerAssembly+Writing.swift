import Bytes
import JSON

// The plain answer, at the end of a stream of chunks.
extension AnswerAssembly {
    /// Sorts the choices and calls, and throws unless all of them are complete.
    mutating func checkChoices() throws(AssemblyError) {
        guard !choices.isEmpty else { throw .unfinished }
        choices.sort { $0.index < $1.index }
        for (place, choice) in choices.enumerated() {
            guard choice.index == place, choice.finishReason.presence == .value
            else { throw .unfinished }
            if choice.functionCall == .value, choice.functionName.presence != .value {
                throw .unmergeable
            }
        }
        tools.sort { ($0.choice, $0.index) < ($1.choice, $1.index) }
        for tool in tools {
            guard let isCustom = tool.isCustom, tool.id.presence == .value,
                tool.name.presence == .value
            else { throw .unmergeable }
            let type: StaticString = isCustom ? "custom" : "function"
            guard tool.type.presence != .value || strands.equals(tool.type.strand, type.bytes)
            else { throw .unmergeable }
        }
    }

    func writeAnswer(to buffer: inout ByteBuffer) {
        buffer.append("{")
        write("id", source: head.id, to: &buffer)
        buffer.append(
            key: "object",
            string: endpoint == .chatCompletions ? "chat.completion" : "text_completion")
        write("created", source: head.created, to: &buffer)
        write("model", source: head.model, to: &buffer)
        buffer.append(key: "choices")
        buffer.append("[")
        var tool = 0
        for choice in choices {
            buffer.separate()
            write(choice, &tool, to: &buffer)
        }
        buffer.append("]")
        if !latest.isEmpty {
            buffer.append(key: "usage")
            buffer.append(latest.bytes)
        }
        write("service_tier", source: head.serviceTier, to: &buffer)
        write("system_fingerprint", source: head.fingerprint, to: &buffer)
        writeUnknowns(.chunk, to: &buffer)
        buffer.append("}")
    }

    private func write(_ choice: Choice, _ tool: inout Int, to buffer: inout ByteBuffer) {
        buffer.append("{\"index\":")
        buffer.append(decimal: choice.index)
        if endpoint == .chatCompletions {
            buffer.append(",\"message\":{")
            writeMessage(choice, &tool, to: &buffer)
            buffer.append("}")
        } else {
            write("text", string: choice.content, to: &buffer, isRequired: true)
        }
        switch choice.logprobs.presence {
        case .absent: break
        case .null: buffer.append(",\"logprobs\":null")
        case .value:
            buffer.append(",\"logprobs\":{")
            write("content", list: choice.logprobs.content, to: &buffer)
            write("refusal", list: choice.logprobs.refusal, to: &buffer)
            write("tokens", list: choice.logprobs.tokens, to: &buffer)
            write("token_logprobs", list: choice.logprobs.tokenLogprobs, to: &buffer)
            write("top_logprobs", list: choice.logprobs.topLogprobs, to: &buffer)
            write("text_offset", list: choice.logprobs.textOffset, to: &buffer)
            buffer.append("}")
        }
        write("finish_reason", string: choice.finishReason, to: &buffer)
        writeUnknowns(.choice(choice.index), to: &buffer)
        buffer.append("}")
    }

    private func writeMessage(
        _ choice: Choice, _ tool: inout Int, to buffer: inout ByteBuffer
    ) {
        if choice.role.presence == .value {
            write("role", string: choice.role, to: &buffer)
        } else {
            buffer.append("\"role\":\"assistant\"")
        }
        if choice.content.presence == .value {
            write("content", string: choice.content, to: &buffer)
        } else {
            buffer.append(",\"content\":null")
        }
        write("refusal", string: choice.refusal, to: &buffer)
        write("reasoning_content", string: choice.reasoningContent, to: &buffer)
        write("reasoning", string: choice.reasoning, to: &buffer)
        write("annotations", list: choice.annotations, to: &buffer)
        switch choice.toolCalls {
        case .absent: break
        case .null: buffer.append(",\"tool_calls\":null")
        case .value:
            buffer.append(",\"tool_calls\":[")
            while tool < tools.count, tools[tool].choice == choice.index {
                buffer.separate()
                write(tools[tool], to: &buffer)
                tool += 1
            }
            buffer.append("]")
        }
        switch choice.functionCall {
        case .absent: break
        case .null: buffer.append(",\"function_call\":null")
        case .value:
            buffer.append(",\"function_call\":{")
            write("name", string: choice.functionName, to: &buffer)
            write("arguments", string: choice.functionArguments, to: &buffer, isRequired: true)
            buffer.append("}")
        }
        writeUnknowns(.message(choice.index), to: &buffer)
    }

    private func write(_ tool: Tool, to buffer: inout ByteBuffer) {
        let isCustom = tool.isCustom == true
        buffer.append("{")
        write("id", string: tool.id, to: &buffer)
        buffer.append(isCustom ? ",\"type\":\"custom\"" : ",\"type\":\"function\"")
        buffer.append(key: isCustom ? "custom" : "function")
        buffer.append("{")
        write("name", string: tool.name, to: &buffer)
        write(
            isCustom ? "input" : "arguments", string: tool.arguments, to: &buffer,
            isRequired: true)
        buffer.append("}}")
    }

    private func writeUnknowns(_ scope: Scope, to buffer: inout ByteBuffer) {
        for unknown in unknowns where unknown.scope == scope {
            buffer.separate()
            buffer.append("\"")
            strands.write(unknown.name, to: &buffer)
            buffer.append("\":")
            strands.write(unknown.value, to: &buffer)
        }
    }

    /// A member whose pieces are the inside of a string; nothing where it did not come, unless
    /// it is required.
    private func write(
        _ key: StaticString, string part: Part, to buffer: inout ByteBuffer,
        isRequired: Bool = false
    ) {
        if part.presence == .absent, !isRequired { return }
        buffer.append(key: key)
        if part.presence == .null, !isRequired { return buffer.append("null") }
        buffer.append("\"")
        strands.write(part.strand, to: &buffer)
        buffer.append("\"")
    }

    /// A member whose pieces are the elements of an array.
    private func write(_ key: StaticString, list part: Part, to buffer: inout ByteBuffer) {
        if part.presence == .absent { return }
        buffer.append(key: key)
        if part.presence == .null { return buffer.append("null") }
        buffer.append("[")
        strands.write(part.strand, to: &buffer)
        buffer.append("]")
    }

    /// A member whose pieces are the source of a value.
    private func write(_ key: StaticString, source part: Part, to buffer: inout ByteBuffer) {
        if part.presence == .absent { return }
        buffer.append(key: key)
        if part.presence == .null { return buffer.append("null") }
        strands.write(part.strand, to: &buffer)
    }
}
