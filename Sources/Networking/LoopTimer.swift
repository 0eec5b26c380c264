import CLibUV

/// A one-shot timer with the precision of a millisecond, for the few places that need one; what
/// every request needs is a `Deadline`.
@safe
package final class LoopTimer {
    private var handle: UnsafeMutablePointer<uv_timer_t>?
    private var fire: (() -> Void)?

    package init(loop: EventLoop) {
        let timer = UnsafeMutablePointer<uv_timer_t>.allocate(capacity: 1)
        // SAFETY: freed in the close callback, when libuv is done with it.
        unsafe uv_timer_init(loop.handle, timer)
        unsafe martlet_uv_set_data(timer, Unmanaged.passUnretained(self).toOpaque())
        unsafe handle = timer
    }

    deinit {
        precondition(unsafe handle == nil, "leak of an open timer")
    }

    /// Calls `fire` once after `milliseconds`; a call set before is forgotten.
    package func start(after milliseconds: UInt64, _ fire: @escaping () -> Void) {
        guard let handle = unsafe handle else { return }
        self.fire = fire
        let callback: uv_timer_cb = { timer in
            // SAFETY: `close` stops the timer before the object can go away.
            let owner = unsafe Unmanaged<LoopTimer>.fromOpaque(martlet_uv_data(timer)!)
            let timer = unsafe owner.takeUnretainedValue()
            let fire = timer.fire
            timer.fire = nil
            fire?()
        }
        // SAFETY: the handle is open.
        unsafe uv_timer_start(handle, callback, milliseconds, 0)
    }

    /// Nothing fires any more until the next `start`.
    package func stop() {
        fire = nil
        // SAFETY: the handle is open.
        if let handle = unsafe handle { unsafe uv_timer_stop(handle) }
    }

    /// Gives the handle back. Must be called once the timer is no longer needed.
    package func close() {
        guard let handle = unsafe handle else { return }
        stop()
        unsafe self.handle = nil
        // SAFETY: libuv is done with the memory when it calls back.
        unsafe uv_close(martlet_uv_handle(handle)) { closed in unsafe free(closed) }
    }
}

extension EventLoop {
    /// Suspends the calling task of this loop for `milliseconds`.
    package func sleep(milliseconds: UInt64) async {
        let point = WaitPoint()
        let timer = LoopTimer(loop: self)
        timer.start(after: milliseconds) { point.signal() }
        await point.wait()
        timer.close()
    }
}
