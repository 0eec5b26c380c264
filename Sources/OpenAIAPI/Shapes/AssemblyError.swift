/// Why no plain answer is made of a stream: the answer is relayed all the same, but not stored.
package enum AssemblyError: Error, Sendable, Equatable, CaseIterable {
    /// The endpoint's streams are not known.
    case endpoint
    /// An event's data is not JSON, or no object.
    case malformed
    /// An event, or the answer, is over its bound.
    case tooLarge
    /// More choices, tool calls, unknown members or pieces than are told apart.
    case tooMany
    /// The stream has an error in it, or a response failed.
    case error
    /// A choice ended with the `finish_reason` "error".
    case failed
    /// The stream ended without `[DONE]` or, of a response, without its last event.
    case notDone
    /// Something came after the end.
    case afterDone
    /// A choice has no `finish_reason`, or is missing, or a response is not completed.
    case unfinished
    /// A member, or a value, of which it is not known how its pieces are put together.
    case unmergeable

    /// One word for a counter's label.
    package var name: StaticString {
        switch self {
        case .endpoint: "endpoint"
        case .malformed: "malformed"
        case .tooLarge: "too_large"
        case .tooMany: "too_many"
        case .error: "error"
        case .failed: "failed"
        case .notDone: "not_done"
        case .afterDone: "after_done"
        case .unfinished: "unfinished"
        case .unmergeable: "unmergeable"
        }
    }
}
