import Bytes
import CCurl

// Options and callbacks of the curl handle.
extension HTTPTransfer {
    func set(_ option: CURLoption, _ value: Int) {
        // SAFETY: the handle is open for the life of the object.
        unsafe _ = martlet_curl_set_long(easy, option, value)
    }

    func setText(_ option: CURLoption, _ value: Span<UInt8>) {
        // SAFETY: the text ends in NUL, and curl copies it.
        unsafe value.withUnsafeBytes { bytes in
            unsafe _ = martlet_curl_set_text(
                easy, option, bytes.baseAddress!.assumingMemoryBound(to: CChar.self))
        }
    }

    func resetHandle() {
        // SAFETY: the transfer is in no multi handle.
        unsafe curl_easy_reset(easy)
        isPlainPost = true
        applySettings()
    }

    /// What stays the same for all transfers of a handle.
    func applySettings() {
        let settings = client.settings
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        set(CURLOPT_TCP_NODELAY, 1)
        set(CURLOPT_BUFFERSIZE, 16 << 10)
        set(CURLOPT_MAXAGE_CONN, settings.idleAgeMax)
        set(CURLOPT_MAXLIFETIME_CONN, settings.lifetimeMax)
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_NETRC, 0)
        // Else giving up a transfer waits, and with it the loop, until its name is resolved.
        set(CURLOPT_QUICK_EXIT, 1)
        set(CURLOPT_PATH_AS_IS, 1)
        // SAFETY: curl copies texts; the object outlives its handle's transfers, and the client
        // all connections.
        unsafe _ = martlet_curl_set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        unsafe _ = martlet_curl_set_text(easy, CURLOPT_PROXY, settings.proxy ?? "")
        if let caFile = settings.caFile {
            unsafe _ = martlet_curl_set_text(easy, CURLOPT_CAINFO, caFile)
        }
        for option in [CURLOPT_WRITEDATA, CURLOPT_HEADERDATA, CURLOPT_READDATA, CURLOPT_PRIVATE] {
            unsafe _ = martlet_curl_set_pointer(easy, option, context)
        }
        unsafe martlet_curl_set_data(easy, CURLOPT_WRITEFUNCTION, Self.bodyCallback)
        unsafe martlet_curl_set_data(easy, CURLOPT_HEADERFUNCTION, Self.lineCallback)
        unsafe martlet_curl_set_data(easy, CURLOPT_READFUNCTION, Self.uploadCallback)
        unsafe martlet_curl_set_ready(easy, Self.readyCallback, context)
        let clientContext = unsafe Unmanaged.passUnretained(client).toOpaque()
        unsafe martlet_curl_set_open(easy, CurlClient.openCallback, clientContext)
        unsafe martlet_curl_set_close(easy, CurlClient.closeCallback, clientContext)
    }

    // SAFETY of the callbacks: the context is the transfer, which its owner or the pool keeps
    // alive while it runs; bytes are used within the call only.

    private static let lineCallback: martlet_curl_data = { bytes, size, count, context in
        let transfer = unsafe Unmanaged<HTTPTransfer>.fromOpaque(context!).takeUnretainedValue()
        let raw = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
        return unsafe transfer.receivedLine(Span(_unsafeBytes: raw)) ? size * count : 0
    }

    private static let bodyCallback: martlet_curl_data = { bytes, size, count, context in
        let transfer = unsafe Unmanaged<HTTPTransfer>.fromOpaque(context!).takeUnretainedValue()
        let raw = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
        switch unsafe transfer.receivedBody(Span(_unsafeBytes: raw)) {
        case .all: return size * count
        case .pause: return Int(CURL_WRITEFUNC_PAUSE)
        case .abort: return 0
        }
    }

    private static let uploadCallback: martlet_curl_data = { room, size, count, context in
        let transfer = unsafe Unmanaged<HTTPTransfer>.fromOpaque(context!).takeUnretainedValue()
        return unsafe transfer.takeUpload(
            UnsafeMutableRawBufferPointer(start: room, count: size * count))
    }

    private static let readyCallback: martlet_curl_ready = { context, peer, _, port, _ in
        let transfer = unsafe Unmanaged<HTTPTransfer>.fromOpaque(context!).takeUnretainedValue()
        let address = unsafe peer.map { unsafe String(cString: $0) } ?? ""
        let goesOn = transfer.connected(address: address, port: Int(port))
        return goesOn ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
    }
}
