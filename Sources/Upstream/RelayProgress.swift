import Telemetry

/// What of an answer the client has got.
package struct RelayProgress {
    var hasBegun = false
    /// The answer's status; 0 before it.
    package var status = 0
    /// The answer was given to a second attempt, made because the first asked for usage.
    var isRetryWithoutUsage = false
    /// Bytes of the answer's body so far.
    package var bodyBytes = 0
    /// Nanoseconds of `Clock.monotonic`; 0 before.
    package var firstByteAt: UInt64 = 0
    var firstContentAt: UInt64 = 0
    /// The rest of what is known of a stream.
    var anatomy = StreamAnatomy()
    /// The times between a stream's chunks, `chunkCount` of which were counted.
    var chunkTimes = ChunkTimes()
    private var chunkCount = 0

    /// Nothing yet.
    package init() {}

    /// When the stream's first content came, and the times between its chunks.
    mutating func measureChunks(of tap: inout AnswerTap, at now: UInt64) {
        if firstContentAt == 0, tap.hasContent { firstContentAt = now }
        let count = tap.chunkCount
        chunkTimes.take(count - chunkCount, at: now)
        chunkCount = count
    }
}
