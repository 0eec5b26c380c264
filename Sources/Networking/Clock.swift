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
        offset = Clock.wall &- Clock.monotonic
    }

    /// Nanoseconds since 1970-01-01 UTC.
    package var now: UInt64 { Clock.monotonic &+ offset }

    /// The same for a time that was read from `Clock.monotonic`.
    package func time(atMonotonic nanoseconds: UInt64) -> UInt64 { nanoseconds &+ offset }
}
