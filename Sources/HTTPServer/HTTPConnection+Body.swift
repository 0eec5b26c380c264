import Bytes
import HTTP1
import Networking

/// Why a request's body did not come whole.
package enum BodyFailure: Error {
    /// The framing is wrong, or the body is over its limit: answer, then close.
    case refused(HTTP1ParseError)
    /// It stopped: answer 408, then close.
    case timedOut
    /// Nobody is there to be answered.
    case clientGone
}

/// Where a body goes that is passed on as it comes. Called on the loop's thread.
package protocol RequestBodySink: AnyObject {
    /// A piece of the body.
    func bodyReceived(_ bytes: Span<UInt8>)
    /// The body is complete.
    func bodyEnded()
    /// It never will be.
    func bodyFailed(_ failure: BodyFailure)
}

extension HTTPConnection {
    /// Reads the whole body into `body`, of at most `bytesMax` bytes.
    package func readBody(bytesMax: Int) async throws(BodyFailure) {
        try beginBody(bytesMax: bytesMax)
        while phase != .bodyDone {
            if let refusal { throw .refused(refusal) }
            if isTimedOut { throw .timedOut }
            if isClientGone || phase == .closed { throw .clientGone }
            await point.wait()
        }
    }

    /// Hands the body to `sink` piece by piece; pause by `pauseBody`. A limit of 0 is none.
    package func streamBody(to sink: any RequestBodySink, bytesMax: Int) throws(BodyFailure) {
        self.sink = sink
        try beginBody(bytesMax: bytesMax)
    }

    /// Stops reading, and with it the sink's calls; what was read already is still handed over.
    /// It is not the client that keeps things waiting then: no idle time runs.
    package func pauseBody() {
        guard phase == .body else { return }
        isBodyPaused = true
        if takenBytes == nil { deadline?.clear() }
        stream.pauseReading()
    }

    /// Reads on.
    package func resumeBody() {
        if phase == .body, isBodyPaused { deadline?.set(in: settings.bodyIdleTimeout) }
        isBodyPaused = false
        stream.resumeReading()
    }

    private static let continueHead: StaticString = "HTTP/1.1 100 Continue\r\n\r\n"

    private func beginBody(bytesMax: Int) throws(BodyFailure) {
        guard phase == .request else { return }
        guard parser.head.framing != .none else {
            finishBody()
            return
        }
        do throws(HTTP1ParseError) {
            if bytesMax > 0 { try parser.limitBody(to: bytesMax) }
        } catch {
            refusal = error
            throw .refused(error)
        }
        if sink == nil, case .length(let length) = parser.head.framing {
            if input.count == length, try takeInput() { return }
            // Trusts a length only as far as one allocation that costs nothing.
            body.reserve(min(length, 64 << 10))
        }
        phase = .body
        if parser.head.expectsContinue, input.isEmpty {
            stream.write(Self.continueHead.bytes)
        }
        deadline?.set(in: settings.bodyIdleTimeout)
        stream.resumeReading()
        if !input.isEmpty {
            var waiting = ByteBuffer()
            swap(&waiting, &input)
            received(body: waiting.bytes)
        }
        if let refusal { throw .refused(refusal) }
    }

    /// Takes a body that has come whole, and nothing behind it, without a copy.
    private func takeInput() throws(BodyFailure) -> Bool {
        do throws(HTTP1ParseError) {
            let step = try input.withBytes { bytes throws(HTTP1ParseError) in
                try parser.parseBody(bytes)
            }
            guard step.isComplete else { return false }
        } catch {
            refusal = error
            throw .refused(error)
        }
        swap(&body, &input)
        input.removeAll()
        finishBody()
        return true
    }

    func received(body bytes: Span<UInt8>) {
        guard refusal == nil, !isTimedOut else { return }
        var offset = 0
        do throws(HTTP1ParseError) {
            while true {
                let rest = bytes.extracting(offset...)
                let step = try parser.parseBody(rest)
                offset += step.consumed
                if !step.data.isEmpty {
                    let data = rest.extracting(step.data)
                    if let sink { sink.bodyReceived(data) } else { body.append(data) }
                }
                if step.isComplete { break }
                guard step.consumed > 0, offset < bytes.count else {
                    // What is not consumed comes again in front of the next bytes.
                    input.append(bytes.extracting(offset...))
                    if !isBodyPaused { deadline?.set(in: settings.bodyIdleTimeout) }
                    return
                }
            }
        } catch {
            sink?.bodyFailed(.refused(error))
            return refuse(error)
        }
        if offset < bytes.count { input.append(bytes.extracting(offset...)) }
        finishBody()
    }

    private func finishBody() {
        phase = .bodyDone
        deadline?.clear()
        // Nobody asks for more of a body that is over; the next request is read all the same.
        if isBodyPaused { resumeBody() }
        let sink = sink
        self.sink = nil
        sink?.bodyEnded()
        point.signal()
    }
}
