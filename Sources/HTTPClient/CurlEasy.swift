import CCurl
import Glibc

/// One of curl's easy handles, which makes one connection at a time and does nothing else.
@safe
final class CurlEasy {
    let handle: CurlHandle
    /// The transfer the connection is made for.
    var transfer: HTTPTransfer?
    /// Where to.
    private(set) var origin: Origin?
    /// In the multi handle.
    var isAdded = false

    init(client: CurlClient) {
        handle = CurlHandle()
        apply(client.settings)
        client.driver.adopt(handle, owner: self)
    }

    deinit {
        precondition(!isAdded, "leak of a handle in use")
        handle.free()
    }

    private func apply(_ settings: CurlClient.Settings) {
        handle.applyHouseRules()
        handle.set(CURLOPT_CONNECT_ONLY, 1)
        // Connections are kept here; curl need not look for one.
        handle.set(CURLOPT_FRESH_CONNECT, 1)
        handle.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        handle.set(CURLOPT_SSL_ENABLE_ALPN, 1)
        handle.set(CURLOPT_BUFFERSIZE, 16 << 10)
        handle.apply(settings.tls)
        if let proxy = settings.proxy {
            handle.set(CURLOPT_PROXY, text: proxy)
            handle.set(CURLOPT_HTTPPROXYTUNNEL, 1)
        }
    }

    /// Says where to connect to, and for whom.
    func aim(at origin: Origin, for transfer: HTTPTransfer) {
        self.origin = origin
        self.transfer = transfer
        handle.set(CURLOPT_URL, text: origin.url)
    }

    // MARK: The connection that was made

    /// Its socket, or -1 where there is none any more.
    var socket: Int32 {
        // SAFETY: reads a number of the open handle.
        unsafe martlet_curl_socket_of(handle.pointer)
    }

    /// The numeric address and port connected to: a proxy's where there is one.
    var peer: (address: String, port: Int) {
        var port = 0
        // SAFETY: curl's text is copied before anything else is asked of the handle.
        let address = unsafe martlet_curl_peer(handle.pointer, &port)
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
            unsafe curl_easy_send(handle.pointer, bytes.baseAddress, bytes.count, &count)
        }
        return code == CURLE_OK ? .bytes(count) : code == CURLE_AGAIN ? .wait : .failed
    }

    /// Receives through TLS; no byte is a proper end.
    @unsafe
    func receive(_ room: UnsafeMutableRawBufferPointer) -> Moved {
        var count = 0
        // SAFETY: curl writes within the room.
        let code = unsafe curl_easy_recv(handle.pointer, room.baseAddress, room.count, &count)
        return code == CURLE_OK ? .bytes(count) : code == CURLE_AGAIN ? .wait : .failed
    }
}
