import CCurl
import Glibc

/// One of curl's easy handles, which makes one connection at a time and does nothing else.
@safe
final class CurlEasy {
    let handle: UnsafeMutableRawPointer
    /// The transfer the connection is made for.
    var transfer: HTTPTransfer?
    /// Where to.
    private(set) var origin: Origin?
    /// In the multi handle.
    var isAdded = false

    init(client: CurlClient) {
        // SAFETY: curl answers null only when memory is exhausted.
        unsafe handle = curl_easy_init()!
        apply(client.settings)
        // SAFETY: the client outlives all handles; whoever adds this one keeps it until it is
        // taken out.
        let context = unsafe Unmanaged.passUnretained(client).toOpaque()
        unsafe martlet_curl_set_open(handle, CurlClient.openCallback, context)
        unsafe martlet_curl_set_close(handle, CurlClient.closeCallback, context)
        unsafe _ = martlet_curl_set_pointer(
            handle, CURLOPT_PRIVATE, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit {
        precondition(!isAdded, "leak of a handle in use")
        // SAFETY: the handle is in no multi handle.
        unsafe curl_easy_cleanup(handle)
    }

    private func apply(_ settings: CurlClient.Settings) {
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_CONNECT_ONLY, 1)
        // Connections are kept here; curl need not look for one.
        set(CURLOPT_FRESH_CONNECT, 1)
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        set(CURLOPT_SSL_ENABLE_ALPN, 1)
        set(CURLOPT_TCP_NODELAY, 1)
        set(CURLOPT_BUFFERSIZE, 16 << 10)
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        set(CURLOPT_NETRC, 0)
        // Else giving up a transfer waits, and with it the loop, until its name is resolved.
        set(CURLOPT_QUICK_EXIT, 1)
        setText(CURLOPT_PROTOCOLS_STR, "http,https")
        setText(CURLOPT_PROXY, settings.proxy ?? "")
        if settings.proxy != nil { set(CURLOPT_HTTPPROXYTUNNEL, 1) }
        if let caFile = settings.caFile { setText(CURLOPT_CAINFO, caFile) }
    }

    /// Says where to connect to, and for whom.
    func aim(at origin: Origin, for transfer: HTTPTransfer) {
        self.origin = origin
        self.transfer = transfer
        setText(CURLOPT_URL, origin.url)
    }

    private func set(_ option: CURLoption, _ value: Int) {
        // SAFETY: the handle is open for the life of the object.
        unsafe _ = martlet_curl_set_long(handle, option, value)
    }

    private func setText(_ option: CURLoption, _ value: String) {
        // SAFETY: as before; curl copies texts.
        unsafe _ = martlet_curl_set_text(handle, option, value)
    }

    // MARK: The connection that was made

    /// Its socket, or -1 where there is none any more.
    var socket: Int32 {
        // SAFETY: reads a number of the open handle.
        unsafe martlet_curl_socket_of(handle)
    }

    /// The numeric address and port connected to: a proxy's where there is one.
    var peer: (address: String, port: Int) {
        var port = 0
        // SAFETY: curl's text is copied before anything else is asked of the handle.
        let address = unsafe martlet_curl_peer(handle, &port)
        return (unsafe address.map { unsafe String(cString: $0) } ?? "", port)
    }

    /// What became of a call that moves bytes.
    enum Moved {
        case bytes(Int)
        /// Not now.
        case wait
        case failed
    }

    /// Sends through TLS. After `wait` the same bytes at the same place must be sent next.
    func send(_ bytes: Span<UInt8>) -> Moved {
        var count = 0
        // SAFETY: curl only reads the bytes of the span.
        let code = unsafe bytes.withUnsafeBytes { bytes in
            unsafe curl_easy_send(handle, bytes.baseAddress, bytes.count, &count)
        }
        return code == CURLE_OK ? .bytes(count) : code == CURLE_AGAIN ? .wait : .failed
    }

    /// Receives through TLS; no byte is a proper end.
    @unsafe
    func receive(_ room: UnsafeMutableRawBufferPointer) -> Moved {
        var count = 0
        // SAFETY: curl writes within the room.
        let code = unsafe curl_easy_recv(handle, room.baseAddress, room.count, &count)
        return code == CURLE_OK ? .bytes(count) : code == CURLE_AGAIN ? .wait : .failed
    }
}
