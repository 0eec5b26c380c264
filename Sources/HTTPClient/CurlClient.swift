import Bytes
import CCurl
import CLibUV
import Glibc
import Networking

/// Pooled HTTP/1.1 and HTTPS transfers by libcurl's multi interface, on one event loop.
///
/// Transfers and their callbacks belong to the loop's thread. The client lives as long as its
/// loop, which is as long as the process.
@safe
package final class CurlClient {
    /// How connections are made; the same for all transfers of a client.
    package struct Settings: Sendable {
        /// Idle connections kept for reuse. Below the number in flight, connections are closed
        /// and opened all the time, which costs three times the CPU.
        package var idleConnectionsMax = 20_000
        /// Seconds a connection may idle and still be used again: below the server's own limit,
        /// because a server's close may cross with the request.
        package var idleAgeMax = 55
        /// Seconds after which a connection is not used again, so that a changed name is seen;
        /// 0 is no limit.
        package var lifetimeMax = 300
        /// A file of PEM certificates in place of the system's.
        package var caFile: String?
        /// A proxy's URL. The environment's are never used.
        package var proxy: String?
        /// Bytes of an answer's head that are accepted.
        package var headBytesMax = 64 << 10
        /// Interim answers (1xx) that are skipped before one is refused.
        package var interimHeadsMax = 16

        package init() {}
    }

    let loop: EventLoop
    let settings: Settings
    let multi: UnsafeMutableRawPointer
    private let timer: LoopTimer
    private var watches: [SocketWatch?] = []
    private var idle: [HTTPTransfer] = []
    private var deferred: [HTTPTransfer] = []
    /// curl is calling us: nothing of its multi interface may be called.
    private(set) var depth = 0

    package init(loop: EventLoop, settings: Settings = Settings()) {
        _ = Self.isCurlReady
        self.loop = loop
        self.settings = settings
        timer = LoopTimer(loop: loop)
        // SAFETY: curl answers null only when memory is exhausted.
        unsafe multi = curl_multi_init()!
        // SAFETY: the reference is never given back: curl and open connections call into the
        // client until the process ends.
        let context = unsafe Unmanaged.passRetained(self).toOpaque()
        unsafe martlet_curl_set_multi(
            multi, CurlClient.socketCallback, CurlClient.timerCallback, context,
            settings.idleConnectionsMax)
    }

    private static let isCurlReady: Bool = {
        curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
    }()

    /// A transfer to fill in and start; its owner gives it back by `release`.
    package func makeTransfer() -> HTTPTransfer {
        idle.popLast() ?? HTTPTransfer(client: self)
    }

    func recycle(_ transfer: HTTPTransfer) {
        // Handles are a few KB each: keep what a burst may want again, not what it left behind.
        if idle.count < 1024 { idle.append(transfer) } else { transfer.close() }
    }

    // MARK: Driving curl

    func add(_ transfer: HTTPTransfer) -> Bool {
        // SAFETY: both handles are open; `start` is never called from within curl.
        guard unsafe curl_multi_add_handle(multi, transfer.easy) == CURLM_OK else { return false }
        // Sends at once instead of waiting for curl's timer of 0 ms.
        act(on: CURL_SOCKET_TIMEOUT, events: 0)
        return true
    }

    /// Takes a running transfer out, now or as soon as curl has returned.
    func remove(_ transfer: HTTPTransfer) {
        guard depth == 0 else {
            deferred.append(transfer)
            return
        }
        // SAFETY: the transfer was added, and curl is not running.
        unsafe _ = curl_multi_remove_handle(multi, transfer.easy)
    }

    /// Lets a paused transfer go on. Data that curl holds is delivered within this call.
    func unpause(_ transfer: HTTPTransfer) {
        depth += 1
        // SAFETY: not called from within curl (`HTTPTransfer.resume` defers).
        unsafe _ = curl_easy_pause(transfer.easy, CURLPAUSE_CONT)
        depth -= 1
        act(on: CURL_SOCKET_TIMEOUT, events: 0)
    }

    private func act(on socket: curl_socket_t, events: Int32) {
        var running: Int32 = 0
        depth += 1
        // SAFETY: `depth` keeps callbacks from entering curl again.
        unsafe _ = curl_multi_socket_action(multi, socket, events, &running)
        depth -= 1
        if depth == 0 { reap() }
    }

    private func reap() {
        while let transfer = deferred.popLast() { transfer.removeCancelled() }
        var result = CURLE_OK
        // SAFETY: the private pointer is the transfer, which is kept alive while it runs.
        while let easy = unsafe martlet_curl_next_done(multi, &result) {
            let transfer = unsafe Unmanaged<HTTPTransfer>
                .fromOpaque(martlet_curl_private(easy)!).takeUnretainedValue()
            unsafe _ = curl_multi_remove_handle(multi, easy)
            transfer.finished(result)
        }
    }

    // MARK: curl's sockets on the loop

    /// A connection's poll handle stays registered while curl idles the connection: taking it out
    /// of the poll set and in again costs a third of a request.
    ///
    /// Only of one that stands: sockets of attempts to connect, and the name resolver's, are
    /// closed by curl without a word, and then REMOVE comes. libuv aborts on closed descriptors.
    private func watch(_ socket: curl_socket_t, _ what: Int32, isConnected: Bool) {
        let index = Int(socket)
        if what == CURL_POLL_REMOVE {
            guard index < watches.count, let watch = watches[index] else { return }
            if watch.isConnection {
                watch.isIdle = true
                watch.listen(for: UV_READABLE.rawValue)
            } else {
                watches[index] = nil
                watch.close()
            }
            return
        }
        while watches.count <= index { watches.append(nil) }
        let watch = watches[index] ?? SocketWatch(client: self, socket: socket)
        watches[index] = watch
        watch.isConnection = isConnected
        watch.isIdle = false
        var events: UInt32 = 0
        if what & CURL_POLL_IN != 0 { events |= UV_READABLE.rawValue }
        if what & CURL_POLL_OUT != 0 { events |= UV_WRITABLE.rawValue }
        watch.listen(for: events)
    }

    /// An attempt to connect that follows another at once gets the descriptor of the one before;
    /// curl takes it for the same and says nothing, but the kernel's poll set has forgotten it.
    private func opened(_ socket: curl_socket_t) {
        let index = Int(socket)
        guard index < watches.count, let stale = watches[index] else { return }
        let watch = SocketWatch(client: self, socket: socket, replacing: stale)
        watches[index] = watch
    }

    fileprivate func ready(_ watch: SocketWatch, _ flags: Int32) {
        if watch.isIdle {
            // The server closed an idle connection, or sent what nobody asked for: curl finds
            // out when it looks at the connection again.
            watch.listen(for: 0)
        } else {
            act(on: watch.socket, events: flags)
        }
    }

    private func closed(_ socket: curl_socket_t) {
        let index = Int(socket)
        if index < watches.count, let watch = watches[index] {
            watches[index] = nil
            watch.close()
        }
        // curl hands the descriptor over to be closed.
        _ = Glibc.close(socket)
    }

    private static let socketCallback: martlet_curl_socket = { easy, socket, what, context, _ in
        // SAFETY: the context is the client, which is never freed; the private pointer is the
        // transfer of a handle that is in use, which is the case unless a socket is given up.
        var isConnected = false
        if what != CURL_POLL_REMOVE, let transfer = unsafe martlet_curl_private(easy) {
            isConnected = unsafe Unmanaged<HTTPTransfer>.fromOpaque(transfer)
                .takeUnretainedValue().isConnected
        }
        let client = unsafe Unmanaged<CurlClient>.fromOpaque(context!).takeUnretainedValue()
        client.watch(socket, what, isConnected: isConnected)
        return 0
    }

    static let openCallback: martlet_curl_open = { context, socket, _ in
        // SAFETY: as in `socketCallback`.
        let client = unsafe Unmanaged<CurlClient>.fromOpaque(context!).takeUnretainedValue()
        client.opened(socket)
        return CURL_SOCKOPT_OK
    }

    static let closeCallback: martlet_curl_close = { context, socket in
        let client = unsafe Unmanaged<CurlClient>.fromOpaque(context!).takeUnretainedValue()
        client.closed(socket)
        return 0
    }

    private static let timerCallback: martlet_curl_timer = { _, milliseconds, context in
        let client = unsafe Unmanaged<CurlClient>.fromOpaque(context!).takeUnretainedValue()
        if milliseconds < 0 {
            client.timer.stop()
        } else {
            client.timer.start(after: UInt64(milliseconds)) { [unowned client] in
                client.act(on: CURL_SOCKET_TIMEOUT, events: 0)
            }
        }
        return 0
    }
}

/// libuv's poll handle for one of curl's sockets.
@safe
private final class SocketWatch {
    let socket: curl_socket_t
    /// An established connection's, whose closing curl tells.
    var isConnection = false
    /// curl keeps the connection for later.
    var isIdle = false
    private unowned let client: CurlClient
    private var handle: UnsafeMutablePointer<uv_poll_t>?
    private var events: UInt32 = 0

    init(client: CurlClient, socket: curl_socket_t) {
        self.client = client
        self.socket = socket
        let poll = UnsafeMutablePointer<uv_poll_t>.allocate(capacity: 1)
        // SAFETY: the handle keeps this object alive until its close callback.
        unsafe uv_poll_init(client.loop.handle, poll, socket)
        unsafe martlet_uv_set_data(poll, Unmanaged.passRetained(self).toOpaque())
        unsafe handle = poll
    }

    /// Takes over from one whose descriptor was closed and given out again.
    convenience init(client: CurlClient, socket: curl_socket_t, replacing stale: SocketWatch) {
        let events = stale.events
        stale.close()
        self.init(client: client, socket: socket)
        listen(for: events)
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
            let watch = unsafe Unmanaged<SocketWatch>.fromOpaque(martlet_uv_data(handle!)!)
                .takeUnretainedValue()
            // libuv stops on an error. curl is to read what came before it, then the error.
            var flags: Int32 = status < 0 ? CURL_CSELECT_IN | CURL_CSELECT_OUT : 0
            if status < 0 { watch.restart() }
            if UInt32(events) & UV_READABLE.rawValue != 0 { flags |= CURL_CSELECT_IN }
            if UInt32(events) & UV_WRITABLE.rawValue != 0 { flags |= CURL_CSELECT_OUT }
            watch.client.ready(watch, flags)
        }
    }

    private func restart() {
        let wanted = events
        events = 0
        listen(for: wanted)
    }

    func close() {
        guard let handle = unsafe handle else { return }
        unsafe self.handle = nil
        // SAFETY: libuv is done with the memory when it calls back.
        unsafe uv_close(martlet_uv_handle(handle)) { closed in
            let watch = unsafe Unmanaged<SocketWatch>.fromOpaque(martlet_uv_data(closed!)!)
            unsafe free(closed)
            unsafe watch.release()
        }
    }
}
