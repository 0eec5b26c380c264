/// Time and chance, as the exporter sees them.
package protocol ExportSchedule: AnyObject {
    /// Nanoseconds of a clock that never jumps.
    var now: UInt64 { get }
    /// Nanoseconds since 1970.
    var wallClock: UInt64 { get }
    /// A random number from 0 to 1.
    func jitter() -> Double
    /// Returns after `nanoseconds` (nil: never by itself), or when the queue wakes its consumer.
    func wait(nanoseconds: UInt64?) async
}
