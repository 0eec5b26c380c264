import Bytes
import HTTP1

/// What of a request has left and what has not.
struct Upload: ~Copyable {
    /// The head, as it will be sent; what was sent is consumed.
    var head = ByteBuffer(capacity: 512)
    /// A streamed body that came and was not sent, chunk framing included.
    var body = ByteBuffer()
    /// Bytes of a buffered body that were not sent.
    var unsentBytes = 0
    var isStreamed = false
    var isChunked = false
    /// Bytes of a streamed body of known length that did not come yet.
    var bytesToCome = 0
    /// The streamed body has come as a whole.
    var isFinished = false
    /// Everything was given to the connection.
    var isComplete = false
    /// Nothing more will be sent: the connection takes no more, or the answer is a refusal.
    var isStopped = false
    /// The connection takes no more.
    var isBroken = false
    /// The method stands for a body, of no bytes where there is none.
    var addsLength = false
    var isPumping = false

    mutating func reset() {
        head.removeAll(keeping: 4096)
        body.removeAll(keeping: 0)
        unsentBytes = 0
        isStreamed = false
        isChunked = false
        bytesToCome = 0
        isFinished = false
        isComplete = false
        isStopped = false
        isBroken = false
        isPumping = false
    }
}

extension HTTPTransfer {
    /// Begins a request. `url` is absolute.
    package func prepare(_ method: Method, url: borrowing ByteBuffer) {
        precondition(state == .idle, "the transfer is in use")
        upload.head.removeAll()
        answersHead = method == .head || method == .other("HEAD")
        switch method {
        case .get: upload.head.append("GET ")
        case .head: upload.head.append("HEAD ")
        case .post: upload.head.append("POST ")
        case .other(let name):
            guard HTTPSyntax.isToken(name.utf8.span) else { return }
            upload.head.append(string: name)
            upload.head.append(ASCII.space)
        }
        upload.addsLength = method.standsForBody
        guard let target = RequestTarget(url.bytes) else { return }
        if !target.hasPath { upload.head.append("/") }
        upload.head.append(url.bytes.extracting(target.path))
        upload.head.append(" HTTP/1.1\r\n")
        upload.head.appendField("Host", url.bytes.extracting(target.host))
        origin = client.pool.origin(url.bytes.extracting(target.origin), isTLS: target.isTLS)
    }

    /// Adds a header line. False, and nothing added, where it could end the line or has another
    /// control character, or where the client sets the field itself: those that say where the
    /// request goes and how long it is.
    @discardableResult
    package func addHeader(_ name: Span<UInt8>, _ value: Span<UInt8>) -> Bool {
        guard HTTPSyntax.isToken(name) else { return false }
        switch FieldName.recognise(name) {
        case .host, .contentLength, .transferEncoding: return false
        default: return append(name, value)
        }
    }

    /// As the other, for names of ours.
    @discardableResult
    package func addHeader(_ name: StaticString, _ value: Span<UInt8>) -> Bool {
        append(name.bytes, value)
    }

    private func append(_ name: Span<UInt8>, _ value: Span<UInt8>) -> Bool {
        guard value.firstControl(in: value.indices) == nil else { return false }
        upload.head.append(name)
        // ": ", or ":" alone, and CR LF.
        upload.head.append(low: value.isEmpty ? 1 : 2, of: 0x203A, then: value)
        upload.head.append(low: 2, of: 0x0A0D)
        return true
    }

    /// Completes the head by the body's framing (RFC 9112 section 6).
    func finishHead(_ kind: Body) {
        switch kind {
        case .none:
            // Bytes behind a head that announces none would be the next request's beginning.
            body.removeAll(keeping: 0)
            if upload.addsLength { upload.head.appendField("Content-Length", decimal: 0) }
        case .buffered:
            upload.unsentBytes = body.count
            upload.head.appendField("Content-Length", decimal: body.count)
        case .streamed(let length?):
            upload.isStreamed = true
            upload.bytesToCome = length
            upload.isFinished = length == 0
            upload.head.appendField("Content-Length", decimal: length)
        case .streamed(nil):
            upload.isStreamed = true
            upload.isChunked = true
            upload.head.appendField("Transfer-Encoding", "chunked")
        }
        upload.head.appendHeadEnd()
    }

    // MARK: A streamed body

    /// Bytes of a streamed body that did not leave yet.
    package var unsentBytes: Int { upload.body.count }

    /// Adds to a streamed body.
    package func send(_ bytes: Span<UInt8>) {
        guard isRunning, failure == nil, !upload.isStopped, bytes.count > 0 else { return }
        if upload.isChunked {
            upload.body.appendChunkHeader(size: bytes.count)
            upload.body.append(bytes)
            upload.body.appendChunkEnd()
        } else {
            guard bytes.count <= upload.bytesToCome else { return failLength() }
            upload.bytesToCome -= bytes.count
            upload.body.append(bytes)
            // The length says so: an answer to the last byte is not an early one.
            upload.isFinished = upload.bytesToCome == 0
        }
        uploadGoesOn()
        pump()
    }

    /// The streamed body is complete.
    package func finishBody() {
        guard isRunning, failure == nil, !upload.isFinished else { return }
        guard upload.isChunked || upload.bytesToCome == 0 || upload.isStopped else {
            return failLength()
        }
        upload.isFinished = true
        if upload.isChunked { upload.body.appendLastChunk() }
        pump()
    }

    private func failLength() {
        fail(.invalidRequest, "the request's body is not as long as was said")
    }

    // MARK: Writing

    func socketIsWritable() {
        uploadGoesOn()
        pump()
    }

    /// An answer is waited for from when the server took the last of the request, not from when
    /// a long upload began.
    private func uploadGoesOn() {
        if state == .awaitingHead, !upload.isComplete { arm(timeouts.firstByte) }
    }

    /// Sends what there is, and asks for more of a streamed body.
    func pump() {
        guard let connection, !upload.isPumping, !upload.isComplete, !upload.isStopped,
            isRunning
        else { return }
        upload.isPumping = true
        enter()
        while failure == nil, !upload.isStopped {
            guard write(to: connection) else {
                stopUpload()
                upload.isBroken = true
                // What the server said before it closed is there to be read.
                connection.readSoon()
                break
            }
            let isAllSent =
                upload.head.isEmpty
                && (upload.isStreamed
                    ? upload.body.isEmpty : upload.unsentBytes == 0)
            guard isAllSent, connection.isFlushed else {
                connection.waitToWrite(true)
                break
            }
            connection.waitToWrite(false)
            if !upload.isStreamed || upload.isFinished {
                upload.isComplete = true
                break
            }
            observer?.transferWantsBody(self)
            if upload.body.isEmpty, !upload.isFinished { break }
        }
        upload.isPumping = false
        leave()
    }

    /// False where the connection takes no more.
    private func write(to connection: PooledConnection) -> Bool {
        let count = upload.head.withBytes { head in
            if upload.isStreamed { return upload.body.withBytes { connection.write(head, $0) } }
            return body.withBytes {
                connection.write(head, $0.extracting(($0.count - upload.unsentBytes)...))
            }
        }
        guard let count else { return false }
        let headBytes = min(count, upload.head.count)
        upload.head.consume(headBytes)
        if upload.isStreamed {
            upload.body.consume(count - headBytes)
        } else {
            upload.unsentBytes -= count - headBytes
        }
        return true
    }

    /// Sends no more: the rest of the body is dropped as it comes.
    func stopUpload() {
        upload.isStopped = true
        upload.head.removeAll()
        upload.body.removeAll()
        connection?.waitToWrite(false)
    }
}
