/// What a request asks for by its model's name; a name that is none of these behaves.
package enum MockBehaviour: Equatable {
    case normal
    /// `mock-status-429`: an error with that status in OpenAI's shape.
    case status(Int)
    /// `mock-cut`: reset after three events, or after half the body.
    case cut
    /// `mock-stall`: nothing more after three events, or after half the body.
    case stall
    /// `mock-hang`: never answers.
    case hang
    /// `mock-slow-10`: 10 ms before each event, or before the answer.
    case slow(milliseconds: UInt64)
    /// `mock-reset`: reset before the head.
    case reset
    /// `mock-html`: 200 with a page.
    case html
    /// `mock-stream-error`: an error event after three events; status 500 where not streamed.
    case streamError
    /// `mock-no-usage`: a stream without usage, also where it was asked for.
    case noUsage
    /// `mock-refuse-usage`: `stream_options` is an error.
    case refuseUsage
    /// `mock-reasoning`: thinks before it answers.
    case reasoning
    /// `mock-refusal`: refuses, as a model does.
    case refusal
    /// `mock-long-5000`: that many pieces of text.
    case long(pieces: Int)
    /// `mock-tools`: calls the tools it was given.
    case tools

    /// Pieces `long` has at most.
    static let piecesMax = 1_000_000

    /// Names `GET /v1/models` lists.
    static let listedModels = [
        "mock-gpt", "mock-embedding", "mock-tools", "mock-reasoning", "mock-refusal",
        "mock-no-usage", "mock-refuse-usage", "mock-slow-10", "mock-long-1000", "mock-status-429",
        "mock-status-500", "mock-stream-error", "mock-cut", "mock-stall", "mock-hang", "mock-reset",
        "mock-html",
    ]

    /// Reads the name of a model.
    package init(model: String) {
        switch model {
        case "mock-cut": self = .cut
        case "mock-stall": self = .stall
        case "mock-hang": self = .hang
        case "mock-reset": self = .reset
        case "mock-html": self = .html
        case "mock-stream-error": self = .streamError
        case "mock-no-usage": self = .noUsage
        case "mock-refuse-usage": self = .refuseUsage
        case "mock-reasoning": self = .reasoning
        case "mock-refusal": self = .refusal
        case "mock-tools": self = .tools
        default:
            if let status = Self.number(in: model, after: "mock-status-"), 200...599 ~= status {
                self = .status(status)
            } else if let time = Self.number(in: model, after: "mock-slow-") {
                self = .slow(milliseconds: UInt64(time))
            } else if let pieces = Self.number(in: model, after: "mock-long-") {
                self = .long(pieces: min(pieces, Self.piecesMax))
            } else {
                self = .normal
            }
        }
    }

    private static func number(in model: String, after prefix: String) -> Int? {
        guard model.hasPrefix(prefix) else { return nil }
        let number = Int(model.dropFirst(prefix.count))
        return number.flatMap { $0 >= 0 ? $0 : nil }
    }
}
