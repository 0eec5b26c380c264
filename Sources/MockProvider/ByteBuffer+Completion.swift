import Bytes
import JSON

/// What chat and text completions have in common in their answers, streamed or not.
extension ByteBuffer {
    /// Appends the whole answer of a chat or text completion.
    mutating func appendCompletion(_ call: MockCall) {
        appendCompletionStart(
            call,
            object: call.endpoint == .chat
                ? "chat.completion" : "text_completion")
        var usage = MockUsage(promptTokens: call.promptTokens)
        append(#","choices":["#)
        for index in 0..<call.choices {
            let answer = MockAnswer(call, choice: index)
            usage.add(answer)
            if index > 0 { append(",") }
            append(#"{"index":"#)
            append(decimal: index)
            if call.endpoint == .chat {
                append(#","message":"#)
                appendMessage(answer, call, choice: index)
            } else {
                append(#","text":"#)
                appendText(of: answer)
            }
            append(#","logprobs":null,"finish_reason":""#)
            append(answer.finishReason)
            append(#""}"#)
        }
        append("]")
        appendUsage(usage)
        append("}")
    }

    /// Appends the members before `choices`.
    mutating func appendCompletionStart(_ call: MockCall, object: StaticString) {
        append(#"{"id":""#)
        append(call.endpoint == .chat ? "chatcmpl-" : "cmpl-")
        append(hexadecimal16: call.seed)
        append(#"","object":""#)
        append(object)
        append(#"","created":1750000000,"model":"#)
        append(jsonString: call.model + "-2025-06-15")
        append(#","service_tier":"default","system_fingerprint":"fp_mock""#)
    }

    private mutating func appendMessage(_ answer: MockAnswer, _ call: MockCall, choice: Int) {
        var text = ByteBuffer()
        var reasoning = ByteBuffer()
        var refusal = ByteBuffer()
        var arguments: [String] = []
        for piece in answer.pieces {
            switch piece {
            case .text(let word): text.append(string: word)
            case .reasoning(let word): reasoning.append(string: word)
            case .refusal(let word): refusal.append(string: word)
            case .toolCall: arguments.append("")
            case .toolArguments(let index, let part): arguments[index] += part
            }
        }
        append(#"{"role":"assistant","content":"#)
        appendStringOrNull(text)
        if !reasoning.isEmpty {
            append(#","reasoning_content":"#)
            append(jsonString: reasoning.bytes)
        }
        append(#","refusal":"#)
        appendStringOrNull(refusal)
        if !arguments.isEmpty {
            append(#","tool_calls":["#)
            for (index, text) in arguments.enumerated() {
                if index > 0 { append(",") }
                append("{")
                appendToolCall(
                    call, choice: choice, index: index, name: call.toolCalls[index].name,
                    arguments: text)
            }
            append("]")
        }
        append(#","annotations":[]}"#)
    }

    /// Appends a call's members, after its opening brace, and the closing one.
    mutating func appendToolCall(
        _ call: MockCall, choice: Int, index: Int, name: String, arguments: String
    ) {
        append(#""id":"call_"#)
        append(hexadecimal16: call.seed &+ UInt64(choice * MockCall.choicesMax + index))
        append(#"","type":"function","function":{"name":"#)
        append(jsonString: name)
        append(#","arguments":"#)
        append(jsonString: arguments)
        append("}}")
    }

    /// Appends the joined text of an answer as a string.
    mutating func appendText(of answer: MockAnswer) {
        append("\"")
        for piece in answer.pieces {
            switch piece {
            case .text(let word), .refusal(let word): append(jsonEscaped: word.utf8.span)
            default: break
            }
        }
        append("\"")
    }

    private mutating func appendStringOrNull(_ text: borrowing ByteBuffer) {
        if text.isEmpty { append("null") } else { append(jsonString: text.bytes) }
    }

    /// Appends the member `usage` and the comma before it.
    mutating func appendUsage(_ usage: MockUsage) {
        append(#","usage":{"prompt_tokens":"#)
        append(decimal: usage.promptTokens)
        append(#","completion_tokens":"#)
        append(decimal: usage.completionTokens)
        append(#","total_tokens":"#)
        append(decimal: usage.promptTokens + usage.completionTokens)
        append(#","prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0}"#)
        append(#","completion_tokens_details":{"reasoning_tokens":"#)
        append(decimal: usage.reasoningTokens)
        append(#","audio_tokens":0,"accepted_prediction_tokens":0,"#)
        append(#""rejected_prediction_tokens":0}}"#)
    }
}

/// The tokens of a call, as `usage` reports them.
struct MockUsage {
    let promptTokens: Int
    private(set) var completionTokens = 0
    private(set) var reasoningTokens = 0

    init(promptTokens: Int) {
        self.promptTokens = promptTokens
    }

    mutating func add(_ answer: MockAnswer) {
        completionTokens += answer.tokens
        reasoningTokens += answer.reasoningTokens
    }
}
