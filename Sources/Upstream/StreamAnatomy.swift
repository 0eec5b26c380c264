/// The course of a stream in numbers: a fixed few, however long it lasts. A piece of it costs a
/// clock read, which its owner makes, and a few additions.
///
/// All times are nanoseconds of `Clock.monotonic`; 0 before.
package struct StreamAnatomy: Sendable {
    /// The first piece of the upstream's body.
    package private(set) var firstByteAt: UInt64 = 0
    /// The last piece, or the end where `end` was called.
    package private(set) var lastByteAt: UInt64 = 0
    /// The longest time between two pieces in which the client was not waited for.
    package private(set) var gapMax: UInt64 = 0
    /// When that began.
    package private(set) var gapMaxAt: UInt64 = 0
    /// Gaps of at least the time that counts as a stall.
    package private(set) var stallCount = 0
    /// Those gaps together.
    package private(set) var stalled: UInt64 = 0
    /// Time in which the upstream was paused because the client did not take what waited.
    package private(set) var blocked: UInt64 = 0
    private var pausedAt: UInt64 = 0

    package init() {}

    /// A piece came at `now`. A gap of `stall` nanoseconds is a stall; 0: none is.
    package mutating func take(at now: UInt64, stall: UInt64) {
        if firstByteAt == 0 {
            firstByteAt = now
            lastByteAt = now
            pausedAt = 0
            return
        }
        let gapAt = lastByteAt
        if pausedAt > 0 { unpause(at: now) }
        let gap = now &- lastByteAt
        if gap > gapMax {
            gapMax = gap
            gapMaxAt = gapAt
        }
        if stall > 0, gap >= stall {
            stallCount += 1
            stalled &+= gap
        }
        lastByteAt = now
    }

    /// A piece was refused at `now`, until the client has taken what waits.
    package mutating func pause(at now: UInt64) {
        guard firstByteAt > 0, pausedAt == 0 else { return }
        pausedAt = now
    }

    /// The stream ended at `now`, whole or not: the wait for what did not come counts too.
    package mutating func end(at now: UInt64, stall: UInt64) {
        guard firstByteAt > 0 else { return }
        take(at: now, stall: stall)
    }

    /// The time since the pause is the client's: what waited for it goes on from here, with the
    /// gap that had begun before.
    private mutating func unpause(at now: UInt64) {
        let pause = now &- pausedAt
        blocked &+= pause
        lastByteAt &+= pause
        pausedAt = 0
    }
}

/// How a stream ended (`martlet.stream.end`).
package enum StreamEnd {
    /// The words, of which the first that applies is told.
    ///
    /// - Parameters:
    ///   - failure: what broke it off; nil where it ended of itself.
    ///   - hasError: an error came in it.
    ///   - isDone: its last event came.
    package static func name(
        failure: UpstreamFailure?, hasError: Bool, isDone: Bool
    ) -> StaticString {
        switch failure {
        case .clientGone: return "client_disconnected"
        case .idleTimeout: return "idle_timeout"
        case .totalTimeout: return "total_timeout"
        case .some: return "cut"
        case nil: break
        }
        if hasError { return "error_event" }
        return isDone ? "done" : "no_done"
    }
}
