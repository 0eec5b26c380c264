import JSON

/// A list of a choice's `logprobs`.
enum LogprobList: UInt8 {
    case content, refusal
    case tokens, tokenLogprobs, topLogprobs, textOffset

    /// Those seen in one object.
    struct Names {
        private var bits: UInt8 = 0

        /// False where it was seen before.
        mutating func take(_ list: LogprobList) -> Bool {
            let bit: UInt8 = 1 << list.rawValue
            guard bits & bit == 0 else { return false }
            bits |= bit
            return true
        }
    }

    /// It is one of chat completions; text completions have the others.
    var isChat: Bool {
        switch self {
        case .content, .refusal: true
        case .tokens, .tokenLogprobs, .topLogprobs, .textOffset: false
        }
    }

    /// nil for a name that is not known.
    init?(_ key: JSONValue, _ document: borrowing JSONDocument) {
        switch document.nameCount(key) {
        case 6 where document.string(key, equals: "tokens"): self = .tokens
        case 7 where document.string(key, equals: "content"): self = .content
        case 7 where document.string(key, equals: "refusal"): self = .refusal
        case 11 where document.string(key, equals: "text_offset"): self = .textOffset
        case 12 where document.string(key, equals: "top_logprobs"): self = .topLogprobs
        case 14 where document.string(key, equals: "token_logprobs"): self = .tokenLogprobs
        default: return nil
        }
    }
}
