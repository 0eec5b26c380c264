/// What a choice consists of: the same pieces are joined in a whole answer and sent one by one in
/// a stream.
struct MockAnswer {
    enum Piece {
        case text(String)
        case reasoning(String)
        case refusal(String)
        case toolCall(index: Int, name: String)
        case toolArguments(index: Int, String)
    }

    private(set) var pieces: [Piece] = []
    private(set) var finishReason: StaticString = "stop"
    /// The limit of tokens was reached.
    private(set) var isCut = false
    /// Tokens this choice counts as, a piece one.
    var tokens: Int { pieces.count }
    private(set) var reasoningTokens = 0

    /// The answer of the choice with that index.
    init(_ call: MockCall, choice: Int) {
        guard call.toolCalls.isEmpty else {
            for (index, tool) in call.toolCalls.enumerated() {
                pieces.append(.toolCall(index: index, name: tool.name))
                for part in Self.parts(of: tool.arguments) {
                    pieces.append(.toolArguments(index: index, part))
                }
            }
            finishReason = "tool_calls"
            return
        }
        switch call.behaviour {
        case .refusal:
            pieces = Self.words(of: "I'm sorry, but I can't help with that.").map { .refusal($0) }
            return
        case .long(let count):
            let words = Self.words(of: Self.sentences[0])
            pieces = (0..<count).map { .text(words[$0 % words.count]) }
        case .reasoning where call.endpoint != .completions:
            let thoughts = Self.words(of: "The question is short, so the answer may be short.")
            reasoningTokens = thoughts.count
            pieces = thoughts.map { .reasoning($0) }
            fallthrough
        default:
            let number = (call.seed &+ UInt64(choice)) % UInt64(Self.sentences.count)
            pieces += Self.words(of: Self.sentences[Int(number)]).map { .text($0) }
        }
        if pieces.count > call.tokensMax {
            pieces.removeLast(pieces.count - call.tokensMax)
            finishReason = "length"
            isCut = true
        }
    }

    private static let sentences = [
        "A martlet is heraldry's swift: the bird that never lands.",
        "Swifts sleep on the wing, and drink from the rain.",
        "The mock provider says “grüezi” from Zürich 🐦, without a model.",
        "Nothing was computed here; the words were picked by your question.",
        "One request, one trace: follow it from the caller to this answer.",
    ]

    /// Words with the space before each: the joined pieces are the text again.
    private static func words(of text: String) -> [String] {
        text.split(separator: " ").enumerated().map { $0 == 0 ? String($1) : " " + $1 }
    }

    /// Pieces of a few characters each, as models send arguments.
    private static func parts(of text: String) -> [String] {
        var parts: [String] = []
        var rest = text[...]
        while !rest.isEmpty {
            parts.append(String(rest.prefix(6)))
            rest = rest.dropFirst(6)
        }
        return parts
    }
}
