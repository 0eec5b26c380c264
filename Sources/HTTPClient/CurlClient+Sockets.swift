import CCurl
import Glibc
import Networking

/// curl's sockets and its timer on the loop, while it connects.
extension CurlClient: SocketPollObserver {
    func socketIsReady(_ poll: SocketPoll, readable: Bool, writable: Bool, isBroken: Bool) {
        var flags: Int32 = 0
        if readable { flags |= CURL_CSELECT_IN }
        if writable { flags |= CURL_CSELECT_OUT }
        if isBroken {
            // curl is to read what came before the error, then the error.
            flags |= CURL_CSELECT_IN | CURL_CSELECT_OUT
            poll.restart()
        }
        act(on: poll.socket, events: flags)
    }

    private func watch(_ socket: curl_socket_t, _ what: Int32) {
        if what == CURL_POLL_REMOVE { return forget(socket) }
        let index = Int(socket)
        while watches.count <= index { watches.append(nil) }
        let watch = watches[index] ?? SocketPoll(loop: loop, socket: socket, observer: self)
        watches[index] = watch
        var events: UInt32 = 0
        if what & CURL_POLL_IN != 0 { events |= SocketPoll.readable }
        if what & CURL_POLL_OUT != 0 { events |= SocketPoll.writable }
        watch.listen(for: events)
    }

    /// Watches the socket no longer.
    func forget(_ socket: curl_socket_t) {
        let index = Int(socket)
        guard index >= 0, index < watches.count, let watch = watches[index] else { return }
        watches[index] = nil
        watch.close()
    }

    /// An attempt to connect that follows another at once gets the descriptor of the one before;
    /// curl takes it for the same and says nothing, but the kernel's poll set has forgotten it.
    private func opened(_ socket: curl_socket_t) {
        let index = Int(socket)
        guard index < watches.count, let stale = watches[index] else { return }
        let events = stale.events
        stale.close()
        let watch = SocketPoll(loop: loop, socket: socket, observer: self)
        watches[index] = watch
        watch.listen(for: events)
    }

    static let socketCallback: martlet_curl_socket = { _, socket, what, context, _ in
        // SAFETY: the context is the client, which is never freed.
        let client = unsafe Unmanaged<CurlClient>.fromOpaque(context!).takeUnretainedValue()
        client.watch(socket, what)
        return 0
    }

    static let openCallback: martlet_curl_open = { context, socket, _ in
        // SAFETY: as in `socketCallback`.
        let client = unsafe Unmanaged<CurlClient>.fromOpaque(context!).takeUnretainedValue()
        client.opened(socket)
        return CURL_SOCKOPT_OK
    }

    static let closeCallback: martlet_curl_close = { context, socket in
        // SAFETY: as in `socketCallback`.
        let client = unsafe Unmanaged<CurlClient>.fromOpaque(context!).takeUnretainedValue()
        client.forget(socket)
        // curl hands the descriptor over to be closed.
        _ = Glibc.close(socket)
        return 0
    }

    static let timerCallback: martlet_curl_timer = { _, milliseconds, context in
        // SAFETY: as in `socketCallback`.
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
