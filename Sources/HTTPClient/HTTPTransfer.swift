import Bytes
import CCurl
import HTTP1
import Networking

/// What a transfer tells its owner; called on the loop's thread. Calls other than
/// `transferFinished` come from within curl: `cancel` and `resume` are allowed there, starting
/// another transfer is not.
package protocol HTTPTransferObserver: AnyObject {
    /// The request is about to leave on a connection; `peer` is the numeric address.
    func transferConnected(_ transfer: HTTPTransfer)
    /// The head of the final answer is in `status`, `head` and `fields`.
    func transferReceivedHead(_ transfer: HTTPTransfer)
    /// A piece of the body. False: not now; it is delivered again after `resume`.
    func transferReceivedBody(_ transfer: HTTPTransfer, _ bytes: Span<UInt8>) -> Bool
    /// More of a streamed request body is wanted.
    func transferWantsBody(_ transfer: HTTPTransfer)
    /// The end, once; nil when the answer is complete.
    func transferFinished(_ transfer: HTTPTransfer, _ error: HTTPClientError?)
}

/// A field of an answer's head, as ranges of `HTTPTransfer.head`.
package struct ReceivedField {
    package let name: Range<Int>
    /// Without the white space around it.
    package let value: Range<Int>
}

/// One request and its answer on a pooled curl handle.
///
/// `prepare`, add headers, `start`; then wait for the observer's calls, and `release` once it
/// has finished. After `release` the object serves somebody else.
@safe
package final class HTTPTransfer {
    package enum Method: Sendable, Equatable {
        case get, head, post
        /// Any other, with or without a body.
        case other(String)
    }

    /// How the request's body comes.
    package enum Body: Sendable, Equatable {
        case none
        /// All of it is in `body`.
        case buffered
        /// By `send` and `finishBody`; the length where it is known.
        case streamed(length: Int?)
    }

    private enum State {
        case idle, connecting, awaitingHead, receiving, finished
    }

    let easy: UnsafeMutableRawPointer
    let client: CurlClient
    private var headers = HeaderLines()
    private var state = State.idle
    private var observer: (any HTTPTransferObserver)?
    private var deadline: Deadline?
    private var timeouts = HTTPTimeouts()
    private var totalAt: UInt64 = .max
    private var failure: HTTPClientError?
    var isPlainPost = true
    private var interimHeads = 0
    private var sends = 0
    private var isReusingConnection = false
    private var isPaused = false
    private var isBodyStreamed = false
    private var isAnsweredEarly = false
    /// Bytes of the answer's body that are still to come; nil where that is not known.
    private var bytesToCome: Int?

    /// The buffered request body; swap it in before `start` and out after the end.
    package var body = ByteBuffer()
    private var upload = ByteBuffer()
    private var isUploadComplete = false
    private var isUploadStarved = false

    /// The answer's head as it came, status line and all; its fields are in `fields`.
    package private(set) var head = ByteBuffer()
    package private(set) var fields: [ReceivedField] = []
    /// The final answer's status code, 0 before it.
    package private(set) var status = 0
    /// The answer's minor version of HTTP/1.
    package private(set) var minorVersion = 1
    /// The server's numeric address and port, once connected.
    package private(set) var peer: (address: String, port: Int)?
    /// `Clock.monotonic` at `start`, when the request left and when the head came; 0 before.
    package private(set) var startedAt: UInt64 = 0
    package private(set) var connectedAt: UInt64 = 0
    package private(set) var headAt: UInt64 = 0
    /// The request went out on a connection made for it.
    package var isOnNewConnection: Bool { !isReusingConnection }

    init(client: CurlClient) {
        self.client = client
        // SAFETY: curl answers null only when memory is exhausted.
        unsafe easy = curl_easy_init()!
        deadline = Deadline(loop: client.loop) { [unowned self] in expired() }
        applySettings()
    }

    deinit {
        precondition(deadline == nil, "leak of an open transfer")
        // SAFETY: the handle is in no multi handle: `close` requires the idle state.
        unsafe curl_easy_cleanup(easy)
    }

    func close() {
        precondition(state == .idle)
        deadline?.cancel()
        deadline = nil
    }

    // MARK: The request

    /// Begins a request. `url` is absolute; curl copies it.
    package func prepare(_ method: Method, url: borrowing ByteBuffer) {
        precondition(state == .idle, "the transfer is in use")
        isPlainPost = method == .post
        var text = ByteBuffer(copying: url.bytes)
        text.append(UInt8(0))
        setText(CURLOPT_URL, text.bytes)
        switch method {
        case .get: set(CURLOPT_HTTPGET, 1)
        case .head: set(CURLOPT_NOBODY, 1)
        case .post: set(CURLOPT_POST, 1)
        case .other(let name):
            // SAFETY: curl copies the name.
            unsafe _ = martlet_curl_set_text(easy, CURLOPT_CUSTOMREQUEST, name)
        }
        headers.suppress("Expect")
        headers.suppress("Accept")
        headers.suppress("Content-Type")
    }

    /// Adds a header line. False, and nothing added, where it could end the line.
    @discardableResult
    package func addHeader(_ name: Span<UInt8>, _ value: Span<UInt8>) -> Bool {
        headers.append(name, value)
    }

    /// As the other, for names of ours.
    @discardableResult
    package func addHeader(_ name: StaticString, _ value: Span<UInt8>) -> Bool {
        headers.append(name.bytes, value)
    }

    /// Keeps curl from adding a header of its own, as the content type of a POST.
    package func suppressHeader(_ name: StaticString) {
        headers.suppress(name)
    }

    /// Sends the request. The observer hears of everything else, also of a request that cannot
    /// be sent.
    package func start(
        body kind: Body, timeouts: HTTPTimeouts, observer: any HTTPTransferObserver
    ) {
        self.observer = observer
        self.timeouts = timeouts
        setBody(kind)
        // SAFETY: the list lives in `headers`, which is not changed before `release`.
        unsafe _ = martlet_curl_set_headers(easy, headers.list())
        startedAt = Clock.monotonic
        state = .connecting
        totalAt = timeouts.total == 0 ? .max : client.loop.now + timeouts.total
        arm(timeouts.connect)
        if !client.add(self) {
            finish(HTTPClientError(.invalidRequest, reason: "the request could not be started"))
        }
    }

    private func setBody(_ kind: Body) {
        switch kind {
        case .none:
            // Without an empty body, curl would ask `takeUpload` for one that never comes.
            if isPlainPost { setBuffered() }
        case .buffered:
            set(CURLOPT_POST, 1)
            setBuffered()
        case .streamed(let length):
            isBodyStreamed = true
            set(CURLOPT_UPLOAD, 1)
            unsafe _ = martlet_curl_set_size(
                easy, CURLOPT_INFILESIZE_LARGE, curl_off_t(length ?? -1))
            if isPlainPost { unsafe _ = martlet_curl_set_text(easy, CURLOPT_CUSTOMREQUEST, "POST") }
            isPlainPost = false
        }
    }

    private func setBuffered() {
        // SAFETY: the body stays as it is while the transfer runs.
        unsafe _ = martlet_curl_set_size(
            easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
        body.withBytes { unsafe Self.setFields($0, of: easy) }
    }

    private static func setFields(_ bytes: Span<UInt8>, of easy: UnsafeMutableRawPointer) {
        // SAFETY: curl reads the bytes while the transfer runs; its owner keeps them.
        unsafe bytes.withUnsafeBytes { bytes in
            unsafe _ = martlet_curl_set_pointer(
                easy, CURLOPT_POSTFIELDS, UnsafeMutableRawPointer(mutating: bytes.baseAddress))
        }
    }

    /// Bytes of a streamed body that curl has not taken yet.
    package var unsentBytes: Int { upload.count }

    /// Adds to a streamed body.
    package func send(_ bytes: Span<UInt8>) {
        upload.append(bytes)
        feed()
    }

    /// The streamed body is complete.
    package func finishBody() {
        isUploadComplete = true
        feed()
    }

    private func feed() {
        guard isUploadStarved else { return }
        isUploadStarved = false
        resumeSoon()
    }

    // MARK: Control

    /// Delivers the body again, after the observer answered false.
    package func resume() {
        guard isPaused else { return }
        isPaused = false
        arm(timeouts.idle)
        resumeSoon()
    }

    private func resumeSoon() {
        if client.depth == 0 {
            if isRunning { client.unpause(self) }
        } else {
            client.loop.spawn { [self] in if isRunning { client.unpause(self) } }
        }
    }

    /// Ends the transfer now; the connection is closed. The observer hears `cancelled`.
    package func cancel() {
        fail(HTTPClientError(.cancelled, reason: "the transfer was cancelled"))
    }

    /// Ends the transfer now because its answer's body is longer than its owner takes.
    package func refuseBody() {
        fail(HTTPClientError(.bodyTooLarge, reason: "the answer's body is too large"))
    }

    /// Lets the transfer last at most so many milliseconds from now; 0 changes nothing.
    package func limitDuration(to milliseconds: UInt64) {
        guard milliseconds > 0 else { return }
        totalAt = min(totalAt, client.loop.now + milliseconds)
        if let deadline, totalAt < deadline.at { deadline.at = totalAt }
    }

    /// Gives the transfer back. Only once it has finished.
    package func release() {
        precondition(state == .finished || state == .idle, "the transfer still runs")
        if !isPlainPost { resetHandle() }
        state = .idle
        headers.removeAll()
        head.removeAll(keeping: 4096)
        fields.removeAll(keepingCapacity: true)
        body.removeAll(keeping: 0)
        upload.removeAll(keeping: 0)
        failure = nil
        status = 0
        interimHeads = 0
        sends = 0
        connectedAt = 0
        headAt = 0
        peer = nil
        isPaused = false
        isBodyStreamed = false
        isAnsweredEarly = false
        bytesToCome = nil
        isUploadComplete = false
        isUploadStarved = false
        isReusingConnection = false
        client.recycle(self)
    }

    /// Its connection stands, new or from the pool.
    var isConnected: Bool { state == .awaitingHead || state == .receiving }

    private var isRunning: Bool { state != .idle && state != .finished }

    /// Ends the transfer with `error`, from within curl or from outside.
    private func fail(_ error: HTTPClientError) {
        guard isRunning, failure == nil else { return }
        failure = error
        if client.depth == 0 {
            client.remove(self)
            finish(error)
        } else {
            client.remove(self)
        }
    }

    /// Called back by the client when a failure within curl can be carried out.
    func removeCancelled() {
        guard isRunning, failure != nil || isAnsweredEarly else { return }
        client.remove(self)
        finish(failure)
    }

    /// curl says that the transfer is over.
    func finished(_ code: CURLcode) {
        guard isRunning else { return }
        if let failure { return finish(failure) }
        guard code != CURLE_OK else {
            // To curl the connection's end is a good end of a head as well.
            guard state == .receiving else {
                return finish(
                    HTTPClientError(
                        headAt > 0 ? .cut : .closed, reason: "the answer's head is not complete",
                        reusedConnection: isReusingConnection))
            }
            return finish(nil)
        }
        finish(
            HTTPClientError(
                code: code, wasSent: sends > 0, hasHead: headAt > 0,
                reusedConnection: isReusingConnection))
    }

    /// The whole answer is here while the request's body is not sent: the rest of that is not
    /// wanted. curl would wait for it; taking the transfer out closes the connection.
    private func finishEarly() {
        isAnsweredEarly = true
        client.remove(self)
    }

    private var isUploading: Bool {
        isBodyStreamed && !(isUploadComplete && upload.isEmpty)
    }

    private func finish(_ error: HTTPClientError?) {
        state = .finished
        deadline?.clear()
        let observer = observer
        self.observer = nil
        observer?.transferFinished(self, error)
    }

    private func arm(_ milliseconds: UInt64) {
        deadline?.set(in: milliseconds)
        if let deadline, totalAt < deadline.at { deadline.at = totalAt }
    }

    private func expired() {
        let isTotal = client.loop.now >= totalAt
        switch state {
        case _ where isTotal:
            fail(HTTPClientError(.totalTimeout, reason: "the answer took too long"))
        case .connecting:
            fail(HTTPClientError(.connectTimeout, reason: "no connection in time"))
        case .awaitingHead:
            fail(HTTPClientError(.firstByteTimeout, reason: "no answer in time"))
        case .receiving where isPaused: arm(0)
        case .receiving:
            fail(HTTPClientError(.idleTimeout, reason: "the answer stopped"))
        case .idle, .finished: break
        }
    }

    // MARK: curl's callbacks

    /// The request is about to be sent. The second time is curl's hidden re-send after a reused
    /// connection died: the caller has to decide about that, and count it, so it is refused.
    func connected(address: String, port: Int) -> Bool {
        sends += 1
        guard sends == 1 else {
            isReusingConnection = true
            failure = HTTPClientError(
                .closed, reason: "the reused connection was closed", reusedConnection: true)
            return false
        }
        // SAFETY: the handle is open.
        isReusingConnection = unsafe martlet_curl_new_connections(easy) == 0
        connectedAt = Clock.monotonic
        peer = (address, port)
        state = .awaitingHead
        arm(timeouts.firstByte)
        observer?.transferConnected(self)
        return true
    }

    func receivedLine(_ line: Span<UInt8>) -> Bool {
        guard state == .awaitingHead else { return failure == nil }  // trailers are dropped
        if headAt == 0 { headAt = Clock.monotonic }
        guard head.count + line.count <= client.settings.headBytesMax else {
            return refuse(.headTooLarge, "the answer's head is too large")
        }
        let end = line.count - (line.count >= 2 && line[line.count - 2] == 0x0D ? 2 : 1)
        guard end > 0 else {
            head.append(line)
            return receivedHead()
        }
        if head.isEmpty { return receivedStatusLine(line, end) }
        guard line[0] != ASCII.space, line[0] != ASCII.tab else {
            return refuse(.malformed, "the answer folds a header line")
        }
        let start = head.count
        head.append(line)
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")),
            HTTPSyntax.isToken(line.extracting(0..<colon))
        else {
            return refuse(.malformed, "the answer has a header line without a proper name")
        }
        guard line.firstControl(in: colon + 1..<end) == nil else {
            return refuse(.malformed, "the answer has a control character in a header")
        }
        var lower = colon + 1
        var upper = end
        while lower < upper, line[lower] == ASCII.space || line[lower] == ASCII.tab { lower += 1 }
        while upper > lower, line[upper - 1] == ASCII.space || line[upper - 1] == ASCII.tab {
            upper -= 1
        }
        fields.append(
            ReceivedField(name: start..<start + colon, value: start + lower..<start + upper))
        return true
    }

    private func receivedStatusLine(_ line: Span<UInt8>, _ end: Int) -> Bool {
        guard line.count >= 13, line.starts(with: "HTTP/1."), line[8] == ASCII.space,
            let code = line.extracting(9..<12).decimal, code >= 100,
            line.firstControl(in: 12..<end) == nil
        else { return refuse(.malformed, "the answer has no proper status line") }
        status = code
        minorVersion = line[7] == UInt8(ascii: "0") ? 0 : 1
        head.append(line)
        return true
    }

    private func receivedHead() -> Bool {
        guard status >= 200 else {
            interimHeads += 1
            guard status != 101, interimHeads <= client.settings.interimHeadsMax else {
                return refuse(.malformed, "the answer switches protocols or never begins")
            }
            head.removeAll()
            fields.removeAll(keepingCapacity: true)
            return true
        }
        guard hasProperFraming() else {
            return refuse(.malformed, "the answer's length is ambiguous")
        }
        state = .receiving
        arm(timeouts.idle)
        observer?.transferReceivedHead(self)
        if status >= 300, bytesToCome == 0, isUploading { finishEarly() }
        return failure == nil
    }

    /// One length, or chunks, not both (RFC 9112 section 6.3): what curl would take either way
    /// another hop may read differently.
    private func hasProperFraming() -> Bool {
        var lengths = 0
        var codings = 0
        var isProper = true
        head.withBytes { head in
            for field in fields {
                let name = head.extracting(field.name)
                if name.equalsIgnoringCase("content-length") {
                    lengths += 1
                    if head.extracting(field.value).decimal == nil { isProper = false }
                    bytesToCome = head.extracting(field.value).decimal
                }
                if name.equalsIgnoringCase("transfer-encoding") { codings += 1 }
            }
        }
        return isProper && lengths + codings <= 1
    }

    enum Taken {
        case all, pause, abort
    }

    func receivedBody(_ bytes: Span<UInt8>) -> Taken {
        guard failure == nil, let observer else { return .abort }
        guard observer.transferReceivedBody(self, bytes) else {
            isPaused = true
            deadline?.at = totalAt
            return failure == nil ? .pause : .abort
        }
        if failure != nil { return .abort }
        arm(timeouts.idle)
        if let left = bytesToCome {
            bytesToCome = left - bytes.count
            if status >= 300, left == bytes.count, isUploading { finishEarly() }
        }
        return .all
    }

    func takeUpload(_ room: UnsafeMutableRawBufferPointer) -> Int {
        guard failure == nil else { return Int(CURL_READFUNC_ABORT) }
        if upload.isEmpty {
            if isUploadComplete { return 0 }
            isUploadStarved = true
            observer?.transferWantsBody(self)
            return Int(CURL_READFUNC_PAUSE)
        }
        let count = min(room.count, upload.count)
        // SAFETY: `count` bytes are there on both sides.
        upload.withBytes { unsafe Self.copy($0, count, to: room) }
        upload.consume(count)
        if upload.isEmpty { observer?.transferWantsBody(self) }
        return count
    }

    private static func copy(
        _ bytes: Span<UInt8>, _ count: Int, to room: UnsafeMutableRawBufferPointer
    ) {
        unsafe bytes.withUnsafeBytes { bytes in
            unsafe room.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        }
    }

    private func refuse(_ kind: HTTPClientError.Kind, _ reason: String) -> Bool {
        failure = HTTPClientError(kind, reason: reason, reusedConnection: isReusingConnection)
        return false
    }
}
