import CLibUV
import Glibc
import Synchronization

/// Ends the poll of a loop from any thread.
///
/// An event descriptor of our own, because a thread that libuv's `uv_async_t` wakes spins until
/// the call that woke it has returned: where both share a processor, that caller cannot go on.
@safe
final class LoopWakeUp: Sendable {
    private let descriptor: Int32
    /// An event was written that the loop has not seen yet.
    private let isSent = Atomic<Bool>(false)

    /// A wake-up for the loop of `handle`, to be made on the loop's thread or before it runs.
    @unsafe
    init(_ handle: UnsafeMutablePointer<uv_loop_t>) {
        descriptor = martlet_event_descriptor()
        let poll = UnsafeMutablePointer<uv_poll_t>.allocate(capacity: 1)
        // SAFETY: the handle stays open and keeps this object for as long as the process runs, as
        // loops do.
        let status = unsafe uv_poll_init(handle, poll, descriptor)
        precondition(status == 0, "the event loop could not be made: out of descriptors?")
        unsafe martlet_uv_set_data(poll, Unmanaged.passRetained(self).toOpaque())
        unsafe uv_poll_start(poll, Int32(UV_READABLE.rawValue)) { poll, _, _ in
            let wakeUp = unsafe Unmanaged<LoopWakeUp>.fromOpaque(martlet_uv_data(poll!)!)
                .takeUnretainedValue()
            wakeUp.receive()
        }
    }

    /// Ends the current poll, or the next one. What was written before is seen behind it.
    func send() {
        guard !isSent.exchange(true, ordering: .acquiringAndReleasing) else { return }
        var one: UInt64 = 1
        // SAFETY: reads only the local it is given.
        _ = unsafe write(descriptor, &one, 8)
    }

    private func receive() {
        var count: UInt64 = 0
        // SAFETY: writes only to the local it is given.
        _ = unsafe read(descriptor, &count, 8)
        // Behind the read: what is sent from here on is an event of its own.
        _ = isSent.exchange(false, ordering: .acquiringAndReleasing)
    }
}
