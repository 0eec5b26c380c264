import Bytes
import JSON

extension ByteBuffer {
    /// Appends an object of the Responses API with the items of an answer; before its end an
    /// empty one.
    mutating func appendResponse(_ call: MockCall, isComplete: Bool = true) {
        let answer = MockAnswer(call, choice: 0)
        append(#"{"id":"resp_"#)
        append(hexadecimal16: call.seed)
        append(#"","object":"response","created_at":1750000000,"status":""#)
        append(isComplete ? (answer.isCut ? "incomplete" : "completed") : "in_progress")
        append(#"","error":null,"incomplete_details":"#)
        append(isComplete && answer.isCut ? #"{"reason":"max_output_tokens"}"# : "null")
        append(#","instructions":null,"metadata":{},"#)
        append(#""parallel_tool_calls":true,"temperature":1.0,"tool_choice":"auto","tools":[],"#)
        append(#""top_p":1.0,"service_tier":"default","model":"#)
        append(jsonString: call.model + "-2025-06-15")
        append(#","output":["#)
        guard isComplete else { return append(#"],"usage":null}"#) }
        for (index, item) in MockResponseItem.items(of: answer).enumerated() {
            if index > 0 { append(",") }
            appendItem(item, at: index, of: answer, call, isDone: true)
        }
        append(#"],"usage":{"input_tokens":"#)
        append(decimal: call.promptTokens)
        append(#","input_tokens_details":{"cached_tokens":0},"output_tokens":"#)
        append(decimal: answer.tokens)
        append(#","output_tokens_details":{"reasoning_tokens":"#)
        append(decimal: answer.reasoningTokens)
        append(#"},"total_tokens":"#)
        append(decimal: call.promptTokens + answer.tokens)
        append("}}")
    }
}
