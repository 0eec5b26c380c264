import Bytes
import Glibc
import HTTP1
import Networking

/// How a client learns where a response's body ends.
package enum ResponseFraming: Equatable {
    /// There is no body, whatever the fields say: HEAD, 204, 304.
    case none
    /// After that many bytes.
    case length(Int)
    /// It is not known yet: chunks, or the connection's end for HTTP/1.0.
    case unknown
}

struct ResponseProgress {
    enum Framing {
        case none, length, chunked, untilClose
    }

    var isStarted = false
    var isEnded = false
    var closesAfter = false
    var framing = Framing.none
    /// Of a body with a known length: bytes that are still owed.
    var remaining = 0
    var bodyBytes = 0
}

extension HTTPConnection {
    /// The response's head was finished; nothing but its body can follow.
    package var hasResponseStarted: Bool { response.isStarted }

    /// The connection ends with this response.
    package func closeAfterResponse() {
        response.closesAfter = true
    }

    /// Begins a response. Its fields are added by `addField`, then `finishHead`.
    package func startHead(status: Int) {
        lead.removeAll()
        lead.appendStatusLine(status)
    }

    /// Adds a field line. The name and value must be safe to write as they are.
    package func addField(_ name: StaticString, _ value: Span<UInt8>) {
        lead.appendField(name, value)
    }

    /// Adds a field line of constants.
    package func addField(_ name: StaticString, _ value: StaticString) {
        lead.appendField(name, value)
    }

    /// Adds a field line with a number.
    package func addField(_ name: StaticString, decimal value: Int) {
        lead.appendField(name, decimal: value)
    }

    /// Adds a field line as it was received from elsewhere, already known to be safe.
    package func addField(_ name: Span<UInt8>, _ value: Span<UInt8>) {
        lead.appendField(name, value)
    }

    /// Adds field lines as they are, each with its line end.
    package func addFields(_ lines: Span<UInt8>) {
        lead.append(lines)
    }

    /// Adds a field line that `write` completes: name, colon and line end are not its business.
    package func addField(_ name: StaticString, _ write: (inout ByteBuffer) -> Void) {
        lead.append(name)
        lead.append(": ")
        write(&lead)
        lead.append("\r\n")
    }

    /// Adds the `Date` of now (RFC 9110 section 6.6.1), or of `time`, nanoseconds since 1970.
    package func addDate(at time: UInt64? = nil) {
        let second = Int((time ?? Clock.wall) / 1_000_000_000)
        if second != date.second {
            date.second = second
            date.line.removeAll()
            date.line.append("date: ")
            date.line.appendHTTPDate(unixTime: second)
            date.line.append("\r\n")
        }
        date.line.withBytes { lead.append($0) }
    }

    /// Ends the head with the fields that say how the body is framed and whether the connection
    /// goes on. It leaves with the first piece of the body, or by `flush`.
    package func finishHead(_ framing: ResponseFraming) {
        switch framing {
        case .none:
            response.framing = .none
        case .length(let length):
            lead.appendField("content-length", decimal: length)
            response.framing = parser.head.method == .head ? .none : .length
            response.remaining = length
        case .unknown where parser.head.minorVersion == 0:
            response.framing = .untilClose
            response.closesAfter = true
        case .unknown:
            lead.appendField("transfer-encoding", "chunked")
            response.framing = parser.head.method == .head ? .none : .chunked
        }
        if !keepsAlive { response.closesAfter = true }
        if response.closesAfter {
            lead.appendField("connection", "close")
        } else if parser.head.minorVersion == 0 {
            lead.appendField("connection", "keep-alive")
        }
        lead.appendHeadEnd()
        response.isStarted = true
    }

    /// Sends a piece of the body, and the head before it where it has not left yet. What the
    /// client does not take at once waits: see `pendingBytes`.
    package func write(_ bytes: Span<UInt8>) {
        guard !isClientGone, phase != .closed, !bytes.isEmpty else { return }
        response.bodyBytes += bytes.count
        switch response.framing {
        case .none:
            response.bodyBytes -= bytes.count
            return flush()
        case .length:
            precondition(bytes.count <= response.remaining, "more body than was announced")
            response.remaining -= bytes.count
            lead.withBytes { stream.write($0, bytes) }
        case .untilClose:
            lead.withBytes { stream.write($0, bytes) }
        case .chunked:
            lead.appendChunkHeader(size: bytes.count)
            lead.withBytes { stream.write($0, bytes, Self.lineEnd.bytes) }
        }
        lead.removeAll()
        watchPending()
    }

    /// Sends the head, where it still waits for a body.
    package func flush() {
        guard !lead.isEmpty, response.isStarted, !isClientGone, phase != .closed else { return }
        lead.withBytes { stream.write($0) }
        lead.removeAll()
        watchPending()
    }

    /// Ends the response. A body that is shorter than announced is cut, as by `cutResponse`.
    package func endResponse() {
        guard !response.isEnded else { return }
        if response.framing == .length, response.remaining > 0 { return cutResponse() }
        response.isEnded = true
        if response.framing == .chunked { lead.appendLastChunk() }
        flush()
    }

    /// Sends what was written and waits for other tasks of the loop's turn: where much is to be
    /// done before they have run.
    package func sendNow() { stream.flush() }

    /// Ends the connection so that the response cannot be taken for a complete one.
    package func cutResponse() {
        guard !response.isEnded else { return }
        flush()
        response.isEnded = true
        response.closesAfter = true
        // Without a length or chunks, only a reset differs from the body's end.
        if response.framing == .untilClose { stream.reset() }
    }

    /// Bytes that wait for the client to take them.
    package var pendingBytes: Int { stream.pendingBytes }

    private static let lineEnd: StaticString = "\r\n"

    func watchPending() {
        guard takenBytes == nil, stream.pendingBytes > 0, let deadline else { return }
        takenBytes = stream.takenBytes
        deadline.set(in: settings.writeStallTimeout)
    }

    /// Whether another request can follow; waits until the response has left. When it answers
    /// false, the connection is to be closed.
    package func finishResponse() async -> Bool {
        if response.closesAfter || !response.isEnded || !keepsAlive {
            await closeGently()
            return false
        }
        isAwaitingFlush = true
        while stream.unsentBytes > 0, !isClientGone, phase != .closed { await point.wait() }
        isAwaitingFlush = false
        return !isClientGone && phase != .closed
    }

    /// Sends what waits, then FIN; a client that is still sending is read for a while, because
    /// closing with unread bytes would reset the connection and lose the response
    /// (RFC 9112 section 9.6).
    private func closeGently() async {
        stream.flush()
        let wasUnread =
            refusal != nil || isTimedOut || phase == .body
            || (phase == .request && parser.head.framing != .none) || !input.isEmpty
        while stream.pendingBytes > 0, !isClientGone, phase != .closed { await point.wait() }
        guard !isClientGone, phase != .closed, wasUnread, !isInputEnded else { return }
        phase = .lingering
        input.removeAll(keeping: 0)
        stream.finishWriting()
        stream.resumeReading()
        deadline?.set(in: settings.lingerTimeout)
        while !isInputEnded, phase == .lingering { await point.wait() }
    }
}
