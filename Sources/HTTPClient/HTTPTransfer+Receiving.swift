import Bytes
import HTTP1
import Networking

/// What came and could not be delivered, because the owner has enough for now.
struct Hold: ~Copyable {
    var isPaused = false
    /// A piece of the body, then bytes as they came.
    var bytes = ByteBuffer()
    /// The piece's size.
    var pieceBytes = 0
    /// The piece is the body's last.
    var isLast = false

    mutating func reset() {
        isPaused = false
        bytes.removeAll(keeping: 0)
        pieceBytes = 0
        isLast = false
    }
}

extension HTTPTransfer {
    /// Bytes came on the connection.
    func received(_ bytes: Span<UInt8>) {
        enter()
        consume(bytes)
        leave()
    }

    /// The connection came to its end, cleanly or not.
    func connectionEnded(isClean: Bool) {
        enter()
        if state == .receiving, isClean, parser.framing == .untilClose {
            isAnswered = true
        } else if headAt == 0 {
            fail(.closed, "the connection ended before an answer")
        } else {
            fail(.cut, "the connection ended inside the answer")
        }
        leave()
    }

    /// There is nothing to read, for now; for good where nothing could be written either.
    func nothingToRead() {
        if upload.isBroken { connectionEnded(isClean: false) }
    }

    private func consume(_ bytes: Span<UInt8>) {
        if headAt == 0 { headAt = Clock.monotonic }
        var position = 0
        do {
            while state == .awaitingHead {
                guard let taken = try takeHead(bytes.extracting(position...)) else { return }
                position += taken
                if parser.isInterim { head.removeAll() } else { receivedHead() }
            }
            guard failure == nil else { return }
            try consumeBody(bytes.extracting(position...))
        } catch {
            refuse(error)
        }
    }

    /// To whoever has the head, chunks that are none are an answer that breaks off.
    private func refuse(_ error: HTTP1ResponseError) {
        let kind: HTTPClientError.Kind =
            switch error.cause {
            case .headTooLarge: .headTooLarge
            case .invalidBody: .cut
            default: .malformed
            }
        fail(kind, "\(error.reason)")
    }

    /// Moves a head to `head`, and answers how many of `bytes` belonged to it; nil where it is
    /// not complete: then all of them did.
    private func takeHead(_ bytes: Span<UInt8>) throws(HTTP1ResponseError) -> Int? {
        let before = head.count
        if before == 0 {
            let length = try parser.parseHead(bytes)
            head.append(bytes.extracting(0..<(length ?? bytes.count)))
            return length
        }
        head.append(bytes)
        guard let length = try parse(head) else { return nil }
        head.truncate(to: length)
        return length - before
    }

    private func parse(
        _ head: borrowing ByteBuffer
    ) throws(HTTP1ResponseError) -> Int? {
        try parser.parseHead(head.bytes)
    }

    private func receivedHead() {
        status = parser.status
        minorVersion = parser.minorVersion
        state = .receiving
        arm(timeouts.idle)
        // A refusal before the request's end: the rest of it is not wanted.
        if status >= 300, !upload.isComplete { stopUpload() }
        observer?.transferReceivedHead(self)
    }

    private func consumeBody(_ bytes: Span<UInt8>) throws(HTTP1ResponseError) {
        var position = 0
        while failure == nil {
            let rest = bytes.extracting(position...)
            let step = try parser.parseBody(rest)
            if !step.data.isEmpty, !deliver(rest.extracting(step.data)) {
                return pause(
                    piece: rest.extracting(step.data), isLast: step.isComplete,
                    behind: rest.extracting(step.consumed...))
            }
            position += step.consumed
            if step.isComplete {
                isAnswered = failure == nil
                isConnectionSpoilt = position < bytes.count
                return
            }
            if position == bytes.count || step.consumed == 0 { return }
        }
    }

    /// False where the owner does not take it now.
    private func deliver(_ piece: Span<UInt8>) -> Bool {
        guard let observer, observer.transferReceivedBody(self, piece) else { return false }
        arm(timeouts.idle)
        return true
    }

    // MARK: Not now

    private func pause(piece: Span<UInt8>, isLast: Bool, behind: Span<UInt8>) {
        guard failure == nil else { return }
        hold.isPaused = true
        hold.pieceBytes = piece.count
        hold.isLast = isLast
        hold.bytes.append(piece)
        hold.bytes.append(behind)
        arm(0)
        connection?.pause()
    }

    /// Delivers the body again, after the observer answered false.
    package func resume() {
        guard hold.isPaused, isRunning, failure == nil else { return }
        hold.isPaused = false
        arm(timeouts.idle)
        enter()
        var held = ByteBuffer()
        swap(&held, &hold.bytes)
        deliverHeld(held.bytes)
        if !hold.isPaused, failure == nil, !isAnswered { connection?.resume() }
        leave()
    }

    private func deliverHeld(_ bytes: Span<UInt8>) {
        let piece = bytes.extracting(0..<hold.pieceBytes)
        let behind = bytes.extracting(hold.pieceBytes...)
        guard deliver(piece) else {
            return pause(piece: piece, isLast: hold.isLast, behind: behind)
        }
        guard failure == nil else { return }
        if hold.isLast {
            isAnswered = true
            isConnectionSpoilt = behind.count > 0
            return
        }
        guard behind.count > 0 else { return }
        do {
            try consumeBody(behind)
        } catch {
            refuse(error)
        }
    }
}
