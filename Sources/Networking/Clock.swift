import Glibc

/// The two clocks of the process, in nanoseconds.
package enum Clock {
    /// Nanoseconds of a clock that never jumps: for durations.
    package static var monotonic: UInt64 {
        read(CLOCK_MONOTONIC)
    }

    /// Nanoseconds since 1970-01-01 UTC: for time stamps.
    package static var wall: UInt64 {
        read(CLOCK_REALTIME)
    }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        // SAFETY: writes only the local it is given.
        unsafe _ = clock_gettime(clock, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}

/// A request's clock: the wall clock is read once, everything after it is monotonic, so that
/// time stamps of one trace never run backwards.
package struct AnchoredClock {
    private let offset: UInt64

    /// Anchors at the present.
    package init() {
        self.init(offset: Clock.wall &- Clock.monotonic)
    }

    fileprivate init(offset: UInt64) {
        self.offset = offset
    }

    /// Nanoseconds since 1970-01-01 UTC.
    package var now: UInt64 { Clock.monotonic &+ offset }

    /// The same for a time that was read from `Clock.monotonic`.
    package func time(atMonotonic nanoseconds: UInt64) -> UInt64 { nanoseconds &+ offset }
}

/// Makes the clocks of requests: how far the wall clock is ahead is read anew now and then, not for
/// each of them. One that was set shows in the requests that come `stale` nanoseconds later.
package struct ClockAnchor {
    /// Nanoseconds for which the two clocks are taken to run side by side.
    package static let stale: UInt64 = 50_000_000

    private var offset: UInt64 = 0
    private var readAt: UInt64?

    package init() {}

    /// A clock for what happens from `now` on, a time of `Clock.monotonic`; 0: not known.
    package mutating func clock(at now: UInt64) -> AnchoredClock {
        if now == 0 { return AnchoredClock() }
        if let readAt, now >= readAt, now - readAt < Self.stale {
            return AnchoredClock(offset: offset)
        }
        offset = Clock.wall &- Clock.monotonic
        readAt = now
        return AnchoredClock(offset: offset)
    }
}
