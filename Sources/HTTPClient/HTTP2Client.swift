import Bytes
import CCurl
import Networking

/// POSTs over HTTP/2, one at a time, on one event loop: what gRPC needs and nothing more.
///
/// The transfers are curl's own, because HTTP/2 is spoken by it. `https` asks for HTTP/2 by ALPN
/// and keeps the connection for the next; `http` speaks it without asking (RFC 9113 section 3.3),
/// on a connection for each request.
/// A request may be sent twice where a kept connection dies under it before any answer. The
/// client lives as long as its loop.
@safe
package final class HTTP2Client {
    /// How the connection is made.
    package struct Settings: Sendable {
        /// Whom to trust, and what to show.
        package var tls = TLSFiles()
        /// Bytes of headers and trailers that are accepted.
        package var headBytesMax = 64 << 10
        /// Seconds after which an idle connection is not used again.
        package var idleAgeMax = 110

        /// The defaults.
        package init() {}
    }

    private let driver: CurlDriver
    private let exchange: HTTP2Exchange

    /// A client without a connection.
    package init(loop: EventLoop, settings: Settings = Settings()) {
        driver = CurlDriver(loop: loop, connectionsMax: 2)
        exchange = HTTP2Exchange(settings: settings)
        driver.adopt(exchange.handle, owner: exchange)
        driver.onFinished = { handle, code in
            handle.owner(as: HTTP2Exchange.self).finish(code)
        }
    }

    /// Sends a POST and waits for the whole answer, within `timeout` milliseconds (0: no limit).
    ///
    /// `url` is absolute. A header's value that could end its line is left out. At most
    /// `responseBytesMax` bytes of the answer's body are kept; a longer one ends the transfer.
    package func send(
        url: String, headers: [(name: String, value: String)], body: borrowing ByteBuffer,
        timeout: UInt64, responseBytesMax: Int
    ) async -> HTTP2Answer {
        exchange.prepare(
            url: url, headers: headers, body: body.bytes, timeout: timeout,
            responseBytesMax: responseBytesMax)
        guard driver.add(exchange.handle) else {
            exchange.finish(CURLE_FAILED_INIT)
            return exchange.answer()
        }
        while !exchange.isFinished { await exchange.point.wait() }
        driver.remove(exchange.handle)
        return exchange.answer()
    }
}

/// What came of a POST over HTTP/2.
package struct HTTP2Answer {
    /// The status, 0 where no head came.
    package let status: Int
    /// Names in lower case.
    package let headers: [(name: String, value: String)]
    /// Names in lower case.
    package let trailers: [(name: String, value: String)]
    /// As far as it was asked for.
    package let body: [UInt8]
    /// The body was longer than that.
    package let isCut: Bool
    /// The server spoke HTTP/2.
    package let isHTTP2: Bool
    /// Why the transfer did not come to its end; parts of an answer may be there still.
    package let error: HTTPClientError?
}

/// curl's handle, and what it receives.
@safe
private final class HTTP2Exchange {
    let handle = CurlHandle()
    let point = WaitPoint()
    private(set) var isFinished = true
    private let headBytesMax: Int
    private var requestHeaders: UnsafeMutablePointer<curl_slist>?
    private var responseBytesMax = 0
    private var headBytes = 0
    /// The empty line behind the final head has come: what follows are trailers.
    private var headIsComplete = false
    private var headers: [(name: String, value: String)] = []
    private var trailers: [(name: String, value: String)] = []
    private var body: [UInt8] = []
    private var isCut = false
    private var result = CURLE_OK

    init(settings: HTTP2Client.Settings) {
        headBytesMax = settings.headBytesMax
        handle.applyHouseRules()
        handle.set(CURLOPT_POST, 1)
        handle.set(CURLOPT_TCP_KEEPALIVE, 1)
        handle.set(CURLOPT_MAXAGE_CONN, settings.idleAgeMax)
        handle.apply(settings.tls)
        // SAFETY: the exchange lives as long as its handle.
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe martlet_curl_set_receivers(
            handle.pointer, Self.headerCallback, Self.bodyCallback, context)
    }

    deinit {
        precondition(isFinished, "leak of a handle in use")
        handle.free()
        // SAFETY: the handle, which used the list, is gone.
        unsafe curl_slist_free_all(requestHeaders)
    }

    func prepare(
        url: String, headers: [(name: String, value: String)], body: Span<UInt8>,
        timeout: UInt64, responseBytesMax: Int
    ) {
        precondition(isFinished, "two requests at a time")
        isFinished = false
        self.responseBytesMax = responseBytesMax
        headBytes = 0
        headIsComplete = false
        self.headers = []
        trailers = []
        self.body = []
        isCut = false
        handle.set(CURLOPT_URL, text: url)
        let isTLS = url.lowercased().hasPrefix("https:")
        handle.set(
            CURLOPT_HTTP_VERSION,
            Int(isTLS ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE))
        // curl 7.88, Debian 12's, sends nothing on a kept connection that speaks HTTP/2 unasked:
        // every second request failed.
        handle.set(CURLOPT_FORBID_REUSE, isTLS ? 0 : 1)
        handle.set(CURLOPT_TIMEOUT_MS, Int(min(timeout, UInt64(Int32.max))))
        set(headers)
        // SAFETY: curl copies the bytes.
        unsafe body.withUnsafeBytes { bytes in
            unsafe _ = martlet_curl_set_post(handle.pointer, bytes.baseAddress, bytes.count)
        }
    }

    /// Sets the headers, and takes out those that curl would add.
    private func set(_ headers: [(name: String, value: String)]) {
        var list: UnsafeMutablePointer<curl_slist>?
        var lines = ["Expect:", "Accept:"]
        for (name, value) in headers where name.isPlain && value.isPlain {
            // An empty value is written so; without the semicolon it would remove the header.
            lines.append(value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        for line in lines {
            // SAFETY: curl copies the line; null means that there is no memory.
            if let longer = unsafe curl_slist_append(list, line) { unsafe list = longer }
        }
        // SAFETY: the list before this one is not used any more once the handle has the new one.
        unsafe _ = martlet_curl_set_headers(handle.pointer, list)
        unsafe curl_slist_free_all(requestHeaders)
        unsafe requestHeaders = list
    }

    func finish(_ code: CURLcode) {
        result = code
        isFinished = true
        point.signal()
    }

    func answer() -> HTTP2Answer {
        var isHTTP2: Int32 = 0
        // SAFETY: reads numbers of the open handle.
        let status = unsafe martlet_curl_status(handle.pointer, &isHTTP2)
        return HTTP2Answer(
            status: status, headers: headers, trailers: trailers, body: body, isCut: isCut,
            isHTTP2: isHTTP2 != 0,
            error: result == CURLE_OK || isCut ? nil : HTTPClientError(connecting: result))
    }

    /// A line of a head, or of the trailers, with its end.
    private func receive(line bytes: Span<UInt8>) -> Bool {
        headBytes += bytes.count
        guard headBytes <= headBytesMax else { return false }
        var end = bytes.count
        while end > 0, bytes[end - 1] == 0x0D || bytes[end - 1] == 0x0A { end -= 1 }
        let line = bytes.extracting(0..<end)
        if line.starts(with: "HTTP/"), line.firstIndex(of: UInt8(ascii: ":")) == nil {
            // The head of an interim answer is over.
            headers = []
            headIsComplete = false
        } else if line.isEmpty {
            headIsComplete = true
        } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
            let field = (
                name: String(decoding: line.extracting(0..<colon)).lowercased(),
                value: String(decoding: line.extracting(colon + 1..<end).trimmed)
            )
            if headIsComplete { trailers.append(field) } else { headers.append(field) }
        }
        return true
    }

    private func receive(body bytes: Span<UInt8>) -> Bool {
        for index in 0..<min(bytes.count, responseBytesMax - body.count) {
            body.append(bytes[index])
        }
        isCut = isCut || body.count == responseBytesMax
        return !isCut
    }

    private static let headerCallback: martlet_curl_bytes = { bytes, size, count, context in
        // SAFETY: the context is the exchange, which outlives its handle; the bytes are valid for
        // the call.
        let exchange = unsafe Unmanaged<HTTP2Exchange>.fromOpaque(context!).takeUnretainedValue()
        let length = size * count
        let line = unsafe UnsafeRawBufferPointer(start: bytes, count: length)
        return unsafe exchange.receive(line: line.bindMemory(to: UInt8.self).span) ? length : 0
    }

    private static let bodyCallback: martlet_curl_bytes = { bytes, size, count, context in
        // SAFETY: as in `headerCallback`.
        let exchange = unsafe Unmanaged<HTTP2Exchange>.fromOpaque(context!).takeUnretainedValue()
        let length = size * count
        let body = unsafe UnsafeRawBufferPointer(start: bytes, count: length)
        return unsafe exchange.receive(body: body.bindMemory(to: UInt8.self).span) ? length : 0
    }
}

extension String {
    /// Cannot end a header's line.
    fileprivate var isPlain: Bool { utf8.span.firstControl(in: 0..<utf8.count) == nil }
}
