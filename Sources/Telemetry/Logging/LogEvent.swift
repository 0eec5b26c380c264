/// What happened to a request: the `event` of its lines, which are found by it, and the name of
/// its log records.
package struct LogEvent: Sendable {
    /// The word in a line, e.g. "request.end".
    package let name: StaticString
    /// `LogRecord.event_name`: the same in the gateway's own namespace.
    package let recordName: StaticString

    /// The request's head is there.
    package static let requestStart = LogEvent(
        name: "request.start", recordName: "martlet.request.start")
    /// The response has ended, one way or another: the one line of a request at `info`.
    package static let requestEnd = LogEvent(
        name: "request.end", recordName: "martlet.request.end")
    /// A request to the upstream is over.
    package static let upstreamAttempt = LogEvent(
        name: "upstream.attempt", recordName: "martlet.upstream.attempt")
    /// A call was answered from the cache.
    package static let cacheHit = LogEvent(name: "cache.hit", recordName: "martlet.cache.hit")
    /// A store of the cache is gone, or is there again.
    package static let cacheStore = LogEvent(
        name: "cache.store", recordName: "martlet.cache.store")
}

/// A fact about a request: what it is called in a line, and as an attribute of a log record.
package struct LogKey: Sendable {
    /// The word in a line.
    package let name: StaticString
    /// The attribute's name, the convention's where there is one.
    package let attribute: StaticString

    /// The id the client got.
    package static let requestID = LogKey(
        name: "request_id", attribute: MartletAttributes.requestID.name)
    /// The model asked for.
    package static let model = LogKey(name: "model", attribute: GenAIAttributes.requestModel.name)
    /// The method, `_OTHER` where it is no known one.
    package static let method = LogKey(name: "method", attribute: HTTPAttributes.requestMethod.name)
    /// The pattern of the path.
    package static let route = LogKey(name: "route", attribute: HTTPAttributes.route.name)
    /// The client's address.
    package static let client = LogKey(
        name: "client", attribute: NetworkAttributes.clientAddress.name)
    /// The status of the response.
    package static let status = LogKey(
        name: "status", attribute: HTTPAttributes.responseStatusCode.name)
    /// What went wrong, as on spans.
    package static let error = LogKey(name: "error", attribute: GeneralAttributes.errorType.name)
    /// Milliseconds in a line, seconds in an attribute.
    package static let duration = LogKey(name: "duration_ms", attribute: "martlet.duration")
    /// Attempts made for the request.
    package static let attempts = LogKey(
        name: "attempts", attribute: MartletAttributes.attemptCount.name)
    /// Which attempt it is, from 1.
    package static let attempt = LogKey(name: "attempt", attribute: "martlet.attempt.number")
    /// The answer was asked for as a stream.
    package static let stream = LogKey(name: "stream", attribute: MartletAttributes.stream.name)
    /// Bytes of the response's body.
    package static let bytes = LogKey(
        name: "bytes", attribute: HTTPAttributes.responseBodySize.name)
    /// The upstream's host.
    package static let upstream = LogKey(
        name: "upstream", attribute: NetworkAttributes.serverAddress.name)
    /// What the cache did.
    package static let cache = LogKey(
        name: "cache", attribute: MartletAttributes.cacheStatus.name)
    /// The attempt made a connection of its own.
    package static let newConnection = LogKey(
        name: "new_connection", attribute: "martlet.connection.new")
}

/// Exceptions: semantic conventions v1.40.0, docs/general/recording-errors.md, stable.
package enum ExceptionAttributes {
    /// What failed: the span's `error.type`.
    package static let type = AttributeKey<String>("exception.type")
    /// What was said about it; never anything sensitive.
    package static let message = AttributeKey<String>("exception.message")
}
