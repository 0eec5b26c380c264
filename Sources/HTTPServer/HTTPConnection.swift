import Bytes
import HTTP1
import Networking

/// The server's side of one HTTP/1.1 connection: requests in, responses out, one after another.
///
/// One task loops over `nextRequest`, `readBody` or `streamBody`, and a response. Bytes are
/// handled in the stream's callbacks; the task waits only where there is something to wait for.
/// Reading goes on while a request is answered, to notice a client that leaves.
package final class HTTPConnection {
    /// What `nextRequest` found.
    package enum NextRequest {
        /// `parser.head` and `withHead` hold a request.
        case request
        /// What came is no acceptable request: answer, then close.
        case refused(HTTP1ParseError)
        /// A head was begun and not finished in time: answer 408, then close.
        case timedOut
        /// There is nobody to answer.
        case closed
    }

    enum Phase {
        /// Waiting for the first byte of a request.
        case idle
        /// Inside a request's head.
        case head
        /// The head is there; the body waits in `input`.
        case request
        /// The body is being read into `body`, or handed to `sink`.
        case body
        /// Nothing more of this request will be read.
        case bodyDone
        /// Whatever comes is dropped.
        case lingering
        case closed
    }

    /// The loop it belongs to.
    package let loop: EventLoop
    /// The socket.
    package let stream: SocketStream
    let settings: ConnectionSettings
    var phase = Phase.idle
    let point = WaitPoint()
    private(set) var deadline: Deadline?

    /// The parser; its `head` describes the current request, as ranges of `withHead`'s bytes.
    package internal(set) var parser: HTTP1RequestParser
    private var head = ByteBuffer()
    /// What came and is not parsed: the rest of a head, a body nobody asked for yet, further
    /// requests.
    var input = ByteBuffer()
    /// The request's body, once `readBody` is done.
    package var body = ByteBuffer()
    var sink: (any RequestBodySink)?
    /// The sink has enough of the body for now.
    var isBodyPaused = false

    var refusal: HTTP1ParseError?
    var isTimedOut = false
    var isInputEnded = false
    private var isDraining = false

    /// Head of the response, and framing before the next piece of its body, not sent yet.
    var lead = ByteBuffer()
    var response = ResponseProgress()
    /// The `Date` field of the last response that had one, and the second it tells.
    var date = DateField()
    /// The task waits until the response has left.
    var isAwaitingFlush = false
    /// While something waits for the client: `SocketStream.takenBytes` of the last look.
    var takenBytes: Int?
    var discardedBytes = 0

    /// The client went away while its request was in progress, or took too long to read.
    package internal(set) var isClientGone = false
    /// The client was given up because it stopped reading.
    package internal(set) var isWriteStalled = false
    /// Called once when `isClientGone` becomes true.
    package var clientGone: (() -> Void)?
    /// Called when everything written has left.
    package var drained: (() -> Void)?
    /// Requests this connection has brought.
    package private(set) var requestCount = 0
    /// `Clock.monotonic` when the current request's head was complete.
    package private(set) var requestAt: UInt64 = 0
    /// Bytes of the current response's body that were written.
    package var responseBytes: Int { response.bodyBytes }
    /// The client's numeric address and port; nil for a unix socket.
    package private(set) lazy var peer = stream.peer
    /// Where the client came in.
    package internal(set) var listener: ListenAddress?
    var index = -1

    package init(loop: EventLoop, stream: SocketStream, settings: ConnectionSettings) {
        self.loop = loop
        self.stream = stream
        self.settings = settings
        parser = HTTP1RequestParser(limits: settings.http)
        let deadline = Deadline(loop: loop) { [unowned self] in expired() }
        deadline.set(in: settings.keepAliveTimeout)
        self.deadline = deadline
        stream.startReading(self)
    }

    deinit {
        precondition(deadline == nil, "leak of an open connection")
    }

    /// The current request's head.
    package func withHead<Result, Failure>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try head.withBytes(body)
    }

    /// Waits for the next request. What the one before has left behind must have been dealt
    /// with: its response ended.
    package func nextRequest() async -> NextRequest {
        if requestCount > 0 { finishRequest() }
        while true {
            if phase == .closed { return .closed }
            if phase == .request {
                requestCount += 1
                return .request
            }
            if let refusal {
                showUnfinishedHead()
                return refusal.isAnswered ? .refused(refusal) : .closed
            }
            if isTimedOut {
                showUnfinishedHead()
                return .timedOut
            }
            if isInputEnded || isClientGone || (isDraining && phase == .idle) { return .closed }
            await point.wait()
        }
    }

    /// What was understood of a head that will not be finished is in `parser.head`, as ranges of
    /// the bytes that came: those are the head's now.
    private func showUnfinishedHead() {
        phase = .bodyDone
        swap(&head, &input)
    }

    private func finishRequest() {
        guard phase == .bodyDone || phase == .request else { return }
        phase = .idle
        parser.reset()
        head.removeAll(keeping: 4096)
        body.removeAll(keeping: 0)
        clientGone = nil
        drained = nil
        response = ResponseProgress()
        if input.isEmpty {
            deadline?.set(in: settings.keepAliveTimeout)
        } else {
            parseHead()
        }
    }

    /// The process is going to end: a connection without a request closes now, the others with
    /// their response.
    package func drain() {
        isDraining = true
        if phase == .idle { point.signal() }
    }

    /// The client may send another request after this one.
    var keepsAlive: Bool {
        parser.head.keepsAlive && !isDraining && refusal == nil && !isTimedOut && !isInputEnded
            && (phase == .bodyDone || parser.head.framing == .none)
    }

    // MARK: Heads

    private func parseHead() {
        if phase == .idle {
            phase = .head
            deadline?.set(in: settings.headerTimeout)
        }
        do throws(HTTP1ParseError) {
            let length = try input.withBytes { bytes throws(HTTP1ParseError) in
                try parser.parseHead(bytes)
            }
            guard let length else { return }
            head.append(input, 0..<length)
            input.consume(length)
            receivedHead()
        } catch {
            refuse(error)
        }
    }

    private func parseHead(directly bytes: Span<UInt8>) {
        phase = .head
        do throws(HTTP1ParseError) {
            guard let length = try parser.parseHead(bytes) else {
                deadline?.set(in: settings.headerTimeout)
                input.append(bytes)
                return
            }
            head.append(bytes.extracting(0..<length))
            input.append(bytes.extracting(length..<bytes.count))
            receivedHead()
        } catch {
            input.append(bytes)
            refuse(error)
        }
    }

    private func receivedHead() {
        phase = .request
        requestAt = Clock.monotonic
        deadline?.clear()
        point.signal()
    }

    func refuse(_ error: HTTP1ParseError) {
        refusal = error
        deadline?.clear()
        point.signal()
    }

    // MARK: Time

    private func expired() {
        if stream.pendingBytes > 0, phase != .closed { return writeExpired() }
        switch phase {
        case .idle:
            isInputEnded = true
            point.signal()
        case .head, .body:
            isTimedOut = true
            sink?.bodyFailed(.timedOut)
            point.signal()
        case .lingering:
            isInputEnded = true
            point.signal()
        case .request, .bodyDone, .closed: break
        }
    }

    /// A client that takes a byte now and then is slow; one that takes none is stalled.
    private func writeExpired() {
        let taken = stream.takenBytes
        if let last = takenBytes, taken > last {
            takenBytes = taken
            deadline?.set(in: settings.writeStallTimeout)
        } else {
            isWriteStalled = true
            lost()
        }
    }

    /// The client is gone while something was due to it.
    func lost() {
        guard !isClientGone else { return }
        isClientGone = true
        let clientGone = clientGone
        self.clientGone = nil
        clientGone?()
        sink?.bodyFailed(.clientGone)
        point.signal()
    }

    /// Closes the connection for good. May be called twice.
    package func close() {
        guard phase != .closed else { return }
        phase = .closed
        clientGone = nil
        drained = nil
        sink = nil
        deadline?.cancel()
        deadline = nil
        // What a stalled client has not taken would stay in the kernel for minutes.
        if isWriteStalled { stream.reset() } else { stream.close() }
        point.signal()
    }
}

extension HTTPConnection: SocketStreamObserver {
    /// See `SocketStreamObserver`.
    package func streamReceived(_ bytes: Span<UInt8>) {
        switch phase {
        case .idle where input.isEmpty:
            parseHead(directly: bytes)
        case .idle, .head:
            guard refusal == nil, !isTimedOut else { return }
            input.append(bytes)
            parseHead()
        case .body:
            received(body: bytes)
        case .request where parser.head.framing != .none:
            // A body nobody asked for yet: the rest of it waits with the client.
            input.append(bytes)
            if input.count >= settings.pipelinedBytesMax { stream.pauseReading() }
        case .request, .bodyDone:
            // Requests ahead of their turn.
            guard input.count + bytes.count <= settings.pipelinedBytesMax else { return lost() }
            input.append(bytes)
        case .lingering:
            discardedBytes += bytes.count
            if discardedBytes > 1 << 20 {
                isInputEnded = true
                point.signal()
            }
        case .closed: break
        }
    }

    /// See `SocketStreamObserver`.
    package func streamEnded(error: Int32) {
        isInputEnded = true
        switch phase {
        case .idle, .lingering, .closed: point.signal()
        case .head: point.signal()
        case .bodyDone where error == 0 && settings.answersHalfClosed: break
        case .request, .body, .bodyDone: lost()
        }
    }

    /// See `SocketStreamObserver`.
    package func streamFlushed() {
        if isAwaitingFlush { point.signal() }
    }

    /// See `SocketStreamObserver`.
    package func streamStalled() {
        watchPending()
    }

    /// See `SocketStreamObserver`.
    package func streamDrained() {
        takenBytes = nil
        if phase == .bodyDone || phase == .request { deadline?.clear() }
        drained?()
        point.signal()
    }
}
