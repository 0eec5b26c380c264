import CLibUV
import Glibc

/// Calls back on a loop when the process gets a signal.
@safe
package final class SignalSource {
    private let handle: UnsafeMutablePointer<uv_signal_t>
    private let received: () -> Void

    /// Watches `signal` (SIGTERM, ...) for as long as the process lives.
    package init(loop: EventLoop, signal: Int32, received: @escaping () -> Void) {
        self.received = received
        unsafe handle = .allocate(capacity: 1)
        // SAFETY: the handle is never closed, and keeps this object alive.
        unsafe uv_signal_init(loop.handle, handle)
        unsafe martlet_uv_set_data(handle, Unmanaged.passRetained(self).toOpaque())
        let callback: uv_signal_cb = { handle, _ in
            let source = unsafe Unmanaged<SignalSource>.fromOpaque(martlet_uv_data(handle)!)
            unsafe source.takeUnretainedValue().received()
        }
        unsafe uv_signal_start(handle, callback, signal)
    }

    /// Makes a write to a closed socket an error code instead of the end of the process.
    package static func ignoreBrokenPipes() {
        _ = signal(SIGPIPE, SIG_IGN)
    }
}
