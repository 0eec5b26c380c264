/// What happened to a request: the `event` of its lines, which are found by it.
package struct LogEvent: Sendable {
    /// The word in a line, e.g. "request.end".
    package let name: StaticString

    /// The request's head is there.
    package static let requestStart = LogEvent(name: "request.start")
    /// The response has ended, one way or another: the one line of a request at `info`.
    package static let requestEnd = LogEvent(name: "request.end")
    /// A request to the upstream is over.
    package static let upstreamAttempt = LogEvent(name: "upstream.attempt")
}
