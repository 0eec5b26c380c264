/// The gateway's own namespace.
package enum MartletAttributes {
    /// The id in `x-request-id`.
    package static let requestID = AttributeKey<String>("martlet.request.id")
    /// The configured route that was taken.
    package static let route = AttributeKey<String>("martlet.route")
    /// The name of the caller's key, never the key.
    package static let keyAlias = AttributeKey<String>("martlet.key.alias")
    /// The configured upstream that was asked.
    package static let upstreamName = AttributeKey<String>("martlet.upstream.name")
    /// The model as the caller named it, where another is asked for upstream.
    package static let modelAlias = AttributeKey<String>("martlet.model.alias")
    /// Attempts on the wire for this request, retries included.
    package static let attemptCount = AttributeKey<Int>("martlet.attempt.count")
    /// Why there was another attempt.
    package static let attemptReason = AttributeKey<String>("martlet.attempt.reason")
    /// "hit", "miss", "refresh", "bypass", "off", "error" or "coalesced".
    package static let cacheStatus = AttributeKey<String>("martlet.cache.status")
    /// The answer was asked for as a stream.
    package static let stream = AttributeKey<Bool>("martlet.stream")
    /// Bytes of the request's body, as the caller sent it.
    package static let requestByteCount = AttributeKey<Int>("martlet.request.bytes")
    /// Bytes of the answer's body, as the caller got it.
    package static let responseByteCount = AttributeKey<Int>("martlet.response.bytes")
    /// Messages of a chat, items of a response's input, or prompts.
    package static let requestMessageCount = AttributeKey<Int>("martlet.request.message_count")
    /// How a stream ended: "done", "no_done", "error_event", "cut", "idle_timeout",
    /// "total_timeout" or "client_disconnected".
    package static let streamEnd = AttributeKey<String>("martlet.stream.end")
    /// Events relayed to the caller.
    package static let streamChunkCount = AttributeKey<Int>("martlet.stream.chunk.count")
    /// Bytes relayed to the caller.
    package static let streamByteCount = AttributeKey<Int>("martlet.stream.byte.count")
    /// Output tokens a second, from the first token of content to the end.
    package static let streamTokenRate = AttributeKey<Double>("martlet.stream.tokens_per_second")
    /// Seconds of the longest wait for the next piece of a stream, waits for the caller apart.
    package static let streamGapMax = AttributeKey<Double>("martlet.stream.gap.max")
    /// Seconds from the call's start to that wait.
    package static let streamGapOffset = AttributeKey<Double>("martlet.stream.gap.offset")
    /// Such waits of at least `telemetry.streamStall`.
    package static let streamStallCount = AttributeKey<Int>("martlet.stream.stall.count")
    /// Seconds of those together.
    package static let streamStallTime = AttributeKey<Double>("martlet.stream.stall.time")
    /// Seconds in which the upstream was paused because the caller was slow.
    package static let streamBlockedTime = AttributeKey<Double>("martlet.stream.blocked.time")
    /// Seconds from the call's start to the first byte of the upstream's body.
    package static let timeToFirstByte = AttributeKey<Double>("martlet.time_to_first_byte")
    /// Seconds from the call's start to the first token of content.
    package static let timeToFirstToken = AttributeKey<Double>("martlet.time_to_first_token")
    /// The gateway asked for usage that the caller had not asked for.
    package static let usageInjected = AttributeKey<Bool>("martlet.usage.injected")
    /// The HTTP status answered to the caller, repeated on the GenAI span.
    package static let responseStatusCode = AttributeKey<Int>("martlet.response.status_code")
    /// The caller left before the end.
    package static let clientDisconnected = AttributeKey<Bool>("martlet.client.disconnected")
}
