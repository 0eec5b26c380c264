import CCurl
import Glibc
import Networking

/// A multi handle of curl's on the loop: its sockets, its timer, and what it has finished.
///
/// It lives as long as its loop, which is as long as the process.
@safe
final class CurlDriver {
    private let loop: EventLoop
    private let multi: UnsafeMutableRawPointer
    private let timer: LoopTimer
    /// Poll handles of sockets that curl is working on, by descriptor.
    private var watches: [SocketPoll?] = []
    /// Hears of each transfer that has ended; set once, before the first is added.
    var onFinished: (CurlHandle, CURLcode) -> Void = { _, _ in }

    /// `connectionsMax` is what curl keeps open at most.
    init(loop: EventLoop, connectionsMax: Int) {
        _ = Self.isCurlReady
        self.loop = loop
        timer = LoopTimer(loop: loop)
        // SAFETY: curl answers null only when memory is exhausted.
        unsafe multi = curl_multi_init()!
        // SAFETY: the reference is never given back: curl and open connections call into the
        // driver until the process ends.
        let context = unsafe Unmanaged.passRetained(self).toOpaque()
        unsafe martlet_curl_set_multi(
            multi, Self.socketCallback, Self.timerCallback, context, connectionsMax)
    }

    private static let isCurlReady: Bool = {
        curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
    }()

    /// Has the handle tell the driver of the sockets it opens and closes, and remember its owner,
    /// which must live as long as it.
    func adopt(_ easy: CurlHandle, owner: AnyObject) {
        // SAFETY: the driver outlives all handles.
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe martlet_curl_set_open(easy.pointer, Self.openCallback, context)
        unsafe martlet_curl_set_close(easy.pointer, Self.closeCallback, context)
        unsafe _ = martlet_curl_set_pointer(
            easy.pointer, CURLOPT_PRIVATE, Unmanaged.passUnretained(owner).toOpaque())
    }

    /// Begins the handle's transfer, unless curl refuses; whoever adds it keeps it until it is
    /// taken out.
    func add(_ easy: CurlHandle) -> Bool {
        // SAFETY: both handles are open, and curl is not running.
        unsafe curl_multi_add_handle(multi, easy.pointer) == CURLM_OK
    }

    /// Ends the handle's transfer, if it goes on.
    func remove(_ easy: CurlHandle) {
        // SAFETY: the handle was added, and curl is not running: its callbacks call nothing that
        // comes to this.
        unsafe _ = curl_multi_remove_handle(multi, easy.pointer)
    }

    /// Lets curl work on what has happened.
    func act(on socket: curl_socket_t, events: Int32) {
        var running: Int32 = 0
        // SAFETY: curl is not running; its callbacks start nothing.
        unsafe _ = curl_multi_socket_action(multi, socket, events, &running)
        var result = CURLE_OK
        while let handle = unsafe martlet_curl_next_done(multi, &result) {
            unsafe onFinished(CurlHandle(pointer: handle), result)
        }
    }

    /// Watches the socket no longer.
    func forget(_ socket: curl_socket_t) {
        let index = Int(socket)
        guard index >= 0, index < watches.count, let watch = watches[index] else { return }
        watches[index] = nil
        watch.close()
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

    private static let socketCallback: martlet_curl_socket = { _, socket, what, context, _ in
        // SAFETY: the context is the driver, which is never freed.
        let driver = unsafe Unmanaged<CurlDriver>.fromOpaque(context!).takeUnretainedValue()
        driver.watch(socket, what)
        return 0
    }

    private static let openCallback: martlet_curl_open = { context, socket, _ in
        // SAFETY: as in `socketCallback`.
        let driver = unsafe Unmanaged<CurlDriver>.fromOpaque(context!).takeUnretainedValue()
        driver.opened(socket)
        return CURL_SOCKOPT_OK
    }

    private static let closeCallback: martlet_curl_close = { context, socket in
        // SAFETY: as in `socketCallback`.
        let driver = unsafe Unmanaged<CurlDriver>.fromOpaque(context!).takeUnretainedValue()
        driver.forget(socket)
        // curl hands the descriptor over to be closed.
        _ = Glibc.close(socket)
        return 0
    }

    private static let timerCallback: martlet_curl_timer = { _, milliseconds, context in
        // SAFETY: as in `socketCallback`.
        let driver = unsafe Unmanaged<CurlDriver>.fromOpaque(context!).takeUnretainedValue()
        if milliseconds < 0 {
            driver.timer.stop()
        } else {
            driver.timer.start(after: UInt64(milliseconds)) { [unowned driver] in
                driver.act(on: CURL_SOCKET_TIMEOUT, events: 0)
            }
        }
        return 0
    }
}

extension CurlDriver: SocketPollObserver {
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
}

/// One of curl's easy handles, as far as all uses of one agree.
@safe
struct CurlHandle {
    let pointer: UnsafeMutableRawPointer

    /// A new handle, to be freed by `free`.
    init() {
        // SAFETY: curl answers null only when memory is exhausted.
        unsafe pointer = curl_easy_init()!
    }

    fileprivate init(pointer: UnsafeMutableRawPointer) {
        unsafe self.pointer = pointer
    }

    /// Gives the handle back, which is in no multi handle.
    func free() {
        // SAFETY: its owner calls this once, at its end.
        unsafe curl_easy_cleanup(pointer)
    }

    /// What `CurlDriver.adopt` was given, whose class the caller knows.
    func owner<Owner: AnyObject>(as type: Owner.Type) -> Owner {
        // SAFETY: the private pointer is the handle's owner, which lives as long as the handle.
        unsafe Unmanaged<Owner>.fromOpaque(martlet_curl_private(pointer)!).takeUnretainedValue()
    }

    func set(_ option: CURLoption, _ value: Int) {
        // SAFETY: the handle is open for the life of its owner.
        unsafe _ = martlet_curl_set_long(pointer, option, value)
    }

    /// curl copies the text.
    func set(_ option: CURLoption, text: String) {
        // SAFETY: as before.
        unsafe _ = martlet_curl_set_text(pointer, option, text)
    }

    /// What all handles are: without a signal, the environment's files and proxies, and with TLS
    /// from 1.2 on.
    func applyHouseRules() {
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_TCP_NODELAY, 1)
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        set(CURLOPT_NETRC, 0)
        // Else giving up a transfer waits, and with it the loop, until its name is resolved.
        set(CURLOPT_QUICK_EXIT, 1)
        set(CURLOPT_PROTOCOLS_STR, text: "http,https")
        set(CURLOPT_PROXY, text: "")
    }

    /// Whom to trust, and what to show; nil changes nothing.
    func apply(_ files: TLSFiles) {
        if let caFile = files.caFile { set(CURLOPT_CAINFO, text: caFile) }
        guard let certificate = files.clientCertificateFile else { return }
        set(CURLOPT_SSLCERT, text: certificate)
        // One file may hold both.
        set(CURLOPT_SSLKEY, text: files.clientKeyFile ?? certificate)
    }
}

/// PEM files of a client's TLS.
package struct TLSFiles: Sendable {
    /// Authorities in place of the system's.
    package var caFile: String?
    /// The certificate shown to the server, with those between it and its authority.
    package var clientCertificateFile: String?
    /// Its key; nil: in the same file.
    package var clientKeyFile: String?

    /// The system's authorities, and no certificate.
    package init() {}
}
