import Bytes
import CCurl
import HTTP1
import Networking

/// One request and its answer on a pooled connection.
///
/// `prepare`, add headers, `start`; then wait for the observer's calls, and `release` once it
/// has finished. After `release` the object serves somebody else.
package final class HTTPTransfer: LoopGathering {
    /// The method of a request.
    package enum Method: Sendable, Equatable {
        case get, head, post
        /// Any other, with or without a body.
        case other(String)

        /// A request without a body says so by a length of 0 (RFC 9110 section 8.6).
        var standsForBody: Bool {
            switch self {
            case .post, .other("PUT"), .other("PATCH"): true
            case .get, .head, .other: false
            }
        }
    }

    /// How the request's body comes.
    package enum Body: Sendable, Equatable {
        case none
        /// All of it is in `body`.
        case buffered
        /// By `send` and `finishBody`; the length where it is known.
        case streamed(length: Int?)
    }

    enum State {
        case idle, connecting, awaitingHead, receiving, finished
    }

    let client: CurlClient
    var state = State.idle
    var observer: (any HTTPTransferObserver)?
    var origin: Origin?
    /// curl's handle, while it connects.
    private var attempt: CurlEasy?
    var connection: PooledConnection?
    private var deadline: Deadline?
    var timeouts = HTTPTimeouts()
    private var totalAt: UInt64 = .max
    /// Why the transfer is about to end.
    var failure: HTTPClientError?
    /// The answer is complete.
    var isAnswered = false
    /// The connection has bytes behind the answer, or one of its sides said it will close.
    var isConnectionSpoilt = false
    private var isReusingConnection = false
    /// Calls that must have returned before the transfer can end: an observer is not to hear of
    /// the end inside another call.
    private var depth = 0

    var upload = Upload()
    var parser: HTTP1ResponseParser
    var answersHead = false
    var hold = Hold()

    /// The buffered request body; swap it in before `start` and out after the end.
    package var body = ByteBuffer()

    /// The answer's head as it came, status line and all; its fields are in `fields`.
    package internal(set) var head = ByteBuffer()
    /// The fields of `head`, as ranges of it.
    package var fields: [HTTPField] { parser.fields }
    /// The final answer's status code, 0 before it.
    package internal(set) var status = 0
    /// The answer's minor version of HTTP/1.
    package internal(set) var minorVersion = 1
    /// The server's numeric address and port, once connected.
    package private(set) var peer: (address: String, port: Int)?
    /// `Clock.monotonic` at `start`, when the request left and when the head came; 0 before.
    package private(set) var startedAt: UInt64 = 0
    package private(set) var connectedAt: UInt64 = 0
    package internal(set) var headAt: UInt64 = 0
    /// The request went out on a connection made for it.
    package var isOnNewConnection: Bool { !isReusingConnection }

    init(client: CurlClient) {
        self.client = client
        parser = HTTP1ResponseParser(
            headBytesMax: client.settings.headBytesMax,
            interimHeadsMax: client.settings.interimHeadsMax)
        deadline = Deadline(loop: client.loop) { [unowned self] in expired() }
    }

    deinit {
        precondition(deadline == nil, "leak of an open transfer")
    }

    func close() {
        precondition(state == .idle)
        deadline?.cancel()
        deadline = nil
    }

    /// Sends the request. The observer hears of everything else, also of a request that cannot
    /// be sent.
    package func start(
        body kind: Body, timeouts: HTTPTimeouts, observer: any HTTPTransferObserver
    ) {
        precondition(state == .idle, "the transfer is in use")
        self.observer = observer
        self.timeouts = timeouts
        finishHead(kind)
        parser.begin(answersHead: answersHead)
        startedAt = Clock.monotonic
        state = .connecting
        totalAt = timeouts.total == 0 ? .max : client.loop.now + timeouts.total
        arm(timeouts.connect)
        guard let origin else {
            return fail(
                HTTPClientError(.invalidRequest, reason: "the request could not be started"))
        }
        if let connection = client.pool.take(origin) {
            isReusingConnection = true
            connectedAt = startedAt
            return attach(connection)
        }
        attempt = client.connect(to: origin, for: self)
        guard attempt != nil else {
            return fail(HTTPClientError(.invalidRequest, reason: "curl takes no further request"))
        }
        // Begins at once instead of waiting for curl's timer of 0 ms.
        client.driver.act(on: CURL_SOCKET_TIMEOUT, events: 0)
    }

    // MARK: Connecting

    func connectionFailed(_ error: HTTPClientError) {
        attempt = nil
        fail(error)
    }

    func connectionIsMade(_ connection: PooledConnection) {
        attempt = nil
        connectedAt = Clock.monotonic
        attach(connection)
    }

    private func attach(_ connection: PooledConnection) {
        self.connection = connection
        connection.carry(self)
        peer = connection.peer
        state = .awaitingHead
        arm(timeouts.firstByte)
        enter()
        observer?.transferConnected(self)
        if failure == nil {
            if client.loop.isGathering { client.loop.flushLater(self) } else { pump() }
        }
        leave()
    }

    /// See `LoopGathering`.
    package func flush() { pump() }

    // MARK: Control

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
        state = .idle
        origin = nil
        failure = nil
        isAnswered = false
        isConnectionSpoilt = false
        isReusingConnection = false
        upload.reset()
        hold.reset()
        body.removeAll(keeping: 4096)
        head.removeAll(keeping: 4096)
        status = 0
        connectedAt = 0
        headAt = 0
        peer = nil
        client.recycle(self)
    }

    var isRunning: Bool { state != .idle && state != .finished }

    // MARK: The end

    func enter() {
        depth += 1
    }

    /// The last thing a call does: the transfer may serve somebody else when it returns.
    func leave() {
        depth -= 1
        guard depth == 0, isRunning else { return }
        if let failure { end(failure) } else if isAnswered { end(nil) }
    }

    /// Ends the transfer with `error`, at once or as soon as it is in no call.
    func fail(_ error: HTTPClientError) {
        guard isRunning, failure == nil else { return }
        failure = error
        if depth == 0 { end(error) }
    }

    func fail(_ kind: HTTPClientError.Kind, _ reason: String) {
        fail(HTTPClientError(kind, reason: reason, reusedConnection: isReusingConnection))
    }

    private func end(_ error: HTTPClientError?) {
        state = .finished
        deadline?.clear()
        if let attempt { client.abandon(attempt) }
        attempt = nil
        if let connection {
            self.connection = nil
            if error == nil, isConnectionReusable, connection.isFlushed {
                client.pool.put(connection)
            } else {
                connection.close()
            }
        }
        let observer = observer
        self.observer = nil
        observer?.transferFinished(self, error)
    }

    /// Nothing of this exchange is left on the connection, in either direction. An answer that
    /// came before the request's end costs the connection: the rest is not sent.
    private var isConnectionReusable: Bool {
        parser.keepsAlive && upload.isComplete && !isConnectionSpoilt
    }

    // MARK: Time

    func arm(_ milliseconds: UInt64) {
        deadline?.set(in: milliseconds)
        if let deadline, totalAt < deadline.at { deadline.at = totalAt }
    }

    private func expired() {
        let isTotal = client.loop.now >= totalAt
        switch state {
        case _ where isTotal: fail(.totalTimeout, "the answer took too long")
        case .connecting: fail(.connectTimeout, "no connection in time")
        case .awaitingHead: fail(.firstByteTimeout, "no answer in time")
        case .receiving where hold.isPaused: arm(0)
        case .receiving: fail(.idleTimeout, "the answer stopped")
        case .idle, .finished: break
        }
    }
}
