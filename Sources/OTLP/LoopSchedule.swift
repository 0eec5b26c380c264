import Networking
import Telemetry

/// The process's clocks and one event loop as an exporter's schedule.
package final class LoopSchedule: ExportSchedule {
    private let wakeUp: LoopSignal

    /// `wakeUp` belongs to the exporter's loop, and is what the queue signals.
    package init(wakeUp: LoopSignal) {
        self.wakeUp = wakeUp
    }

    /// The monotonic clock.
    package var now: UInt64 { Clock.monotonic }
    /// The wall clock.
    package var wallClock: UInt64 { Clock.wall }

    /// Uniform.
    package func jitter() -> Double { Double.random(in: 0..<1) }

    /// With the precision of a millisecond.
    package func wait(nanoseconds: UInt64?) async {
        // Rounded up: waking early would only mean to wait again.
        await wakeUp.wait(milliseconds: nanoseconds.map { $0 / 1_000_000 + 1 })
    }
}
