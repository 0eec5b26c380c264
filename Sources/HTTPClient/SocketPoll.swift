import CLibUV
import Glibc
import Networking

/// Hears when a socket can be read from or written to.
protocol SocketPollObserver: AnyObject {
    /// The socket is ready for what was asked. `isBroken`: there is an error to be fetched from
    /// it, and nothing more is said until `listen` is called again.
    func socketIsReady(_ poll: SocketPoll, readable: Bool, writable: Bool, isBroken: Bool)
}

/// libuv's poll handle for a socket that is not libuv's own.
@safe
final class SocketPoll {
    static let readable = UV_READABLE.rawValue
    static let writable = UV_WRITABLE.rawValue

    let socket: Int32
    private var handle: UnsafeMutablePointer<uv_poll_t>?
    /// Held until `close`, which ends the cycle between the two.
    private var observer: (any SocketPollObserver)?
    /// What is waited for.
    private(set) var events: UInt32 = 0
    /// What was waited for before an error ended that.
    private var interrupted: UInt32 = 0

    init(loop: EventLoop, socket: Int32, observer: any SocketPollObserver) {
        self.socket = socket
        self.observer = observer
        let poll = UnsafeMutablePointer<uv_poll_t>.allocate(capacity: 1)
        // SAFETY: the handle keeps this object alive until its close callback; memory of one that
        // could not be made is libuv's no longer.
        guard unsafe uv_poll_init(loop.handle, poll, socket) == 0 else {
            unsafe poll.deallocate()
            return
        }
        unsafe martlet_uv_set_data(poll, Unmanaged.passRetained(self).toOpaque())
        unsafe handle = poll
    }

    deinit {
        // SAFETY: only compared.
        precondition(unsafe handle == nil, "leak of an open poll handle")
    }

    /// The socket could be registered, and was not closed.
    var isOpen: Bool {
        // SAFETY: only compared.
        unsafe handle != nil
    }

    /// Changes what is waited for; no system call where it is the same.
    func listen(for wanted: UInt32) {
        guard wanted != events, let handle = unsafe handle else { return }
        events = wanted
        // SAFETY: the handle is open.
        guard wanted != 0 else {
            unsafe uv_poll_stop(handle)
            return
        }
        unsafe uv_poll_start(handle, Int32(wanted)) { handle, status, events in
            let poll = unsafe Unmanaged<SocketPoll>.fromOpaque(martlet_uv_data(handle!)!)
                .takeUnretainedValue()
            // libuv stops on an error.
            if status < 0 {
                poll.interrupted = poll.events
                poll.events = 0
            }
            poll.observer?.socketIsReady(
                poll, readable: UInt32(events) & SocketPoll.readable != 0,
                writable: UInt32(events) & SocketPoll.writable != 0, isBroken: status < 0)
        }
    }

    /// Waits again for what it waited for before an error.
    func restart() {
        listen(for: interrupted)
    }

    /// Gives the handle back; the socket stays open.
    func close() {
        observer = nil
        guard let handle = unsafe handle else { return }
        unsafe self.handle = nil
        // SAFETY: libuv is done with the memory when it calls back.
        unsafe uv_close(martlet_uv_handle(handle)) { closed in
            let poll = unsafe Unmanaged<SocketPoll>.fromOpaque(martlet_uv_data(closed!)!)
            unsafe free(closed)
            unsafe poll.release()
        }
    }
}
