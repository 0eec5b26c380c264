import JSON

extension StorableAnswer {
    /// Whether a chat's plain answer says something and calls nothing. A call of a tool holds what
    /// the model read out of the question's very words, and is acted upon: it answers no other.
    package static func isTextAlone(_ document: borrowing JSONDocument) -> Bool {
        guard let choices = document.value("choices", of: document.root) else { return false }
        var elements = document.elements(of: choices)
        var count = 0
        while let choice = elements.next() {
            count += 1
            guard let message = document.value("message", of: choice),
                let content = document.value("content", of: message),
                document.kind(of: content) == .string
            else { return false }
            for name in [StaticString("tool_calls"), "function_call", "audio"] {
                guard let value = document.value(name, of: message) else { continue }
                let isNone =
                    document.kind(of: value) == .null
                    || document.kind(of: value) == .array && document.isEmpty(value)
                if !isNone { return false }
            }
        }
        return count > 0
    }
}
