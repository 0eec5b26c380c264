import Bytes
import Configuration
import HTTP1
import HTTPClient
import Networking
import OpenAIAPI
import Telemetry

// What an attempt hears of its transfer: the answer goes on to the sink, and the tap reads it.
extension UpstreamCall: HTTPTransferObserver {
    /// See `HTTPTransferObserver`.
    package func transferConnected(_ transfer: HTTPTransfer) {}

    /// See `HTTPTransferObserver`.
    package func transferWantsBody(_ transfer: HTTPTransfer) {
        sink.requestBodyIsWanted()
    }

    /// See `HTTPTransferObserver`.
    package func transferReceivedHead(_ transfer: HTTPTransfer) {
        if injectsUsage, transfer.status == 400 {
            // It may be our `stream_options` that it does not like: ask again as the client did.
            discards = true
            relayed.isRetryWithoutUsage = true
            return
        }
        let length = chooseTap(transfer)
        let limits = services.settings.limits
        if let bytesMax = limits.responseBytesMax, let length, length > bytesMax, hasBody {
            return transfer.refuseBody()
        }
        if isReadAsStream {
            transfer.limitDuration(to: limits.streamDurationMax?.milliseconds ?? 0)
        }
        relayed.hasBegun = true
        relayed.status = transfer.status
        sink.answerBegins(self, transfer, length: length)
        isHeadUnflushed = true
        point.signal()
    }

    /// The answer is a stream of events that is read.
    private var isReadAsStream: Bool { operation?.tap.isStream ?? false }

    /// An answer's length is that of its body, which HEAD's have none of.
    private var hasBody: Bool {
        if case .opaque(.head, _) = payload { return false }
        return true
    }

    /// Decides who reads the answer; answers the body's length where it is known and stays.
    private func chooseTap(_ transfer: HTTPTransfer) -> Int? {
        var length: Int?
        var isEventStream = false
        var isEncoded = false
        transfer.head.withBytes { bytes in
            for field in transfer.fields {
                let value = bytes.extracting(field.value)
                switch field.known {
                case .contentLength: length = value.decimal
                case .contentType: isEventStream = MediaType.isEventStream(value)
                case .contentEncoding: isEncoded = !value.equalsIgnoringCase("identity")
                default: break
                }
            }
        }
        self.isEventStream = isEventStream
        guard let operation, !isEncoded else { return length }
        return operation.beginAnswer(
            status: transfer.status, isEventStream: isEventStream, length: length,
            hidesUsage: injectsUsage)
    }

    /// See `HTTPTransferObserver`.
    package func transferReceivedBody(_ transfer: HTTPTransfer, _ bytes: Span<UInt8>) -> Bool {
        if discards {
            discardedBytes += bytes.count
            if discardedBytes > AnswerTap.errorBytesMax { transfer.refuseBody() }
            return true
        }
        guard !isTeePaused, sink.unsentBytes <= services.settings.limits.streamBufferBytesMax
        else {
            if isReadAsStream { relayed.anatomy.pause(at: Clock.monotonic) }
            return false
        }
        if let bytesMax = services.settings.limits.responseBytesMax,
            relayed.bodyBytes + bytes.count > bytesMax
        {
            transfer.refuseBody()
            return true
        }
        isHeadUnflushed = false
        if tees, !sink.answerReceived(bytes) { isTeePaused = true }
        if let operation {
            operation.take(bytes, &relayed) { sink.answerContinues($0) }
        } else {
            if relayed.firstByteAt == 0 { relayed.firstByteAt = Clock.monotonic }
            relayed.bodyBytes += bytes.count
            sink.answerContinues(bytes)
        }
        return true
    }

    /// See `HTTPTransferObserver`.
    package func transferFinished(_ transfer: HTTPTransfer, _ error: HTTPClientError?) {
        if let error { failure = UpstreamFailure(error) }
        if relayed.hasBegun, !discards, let operation {
            operation.finishAnswer(&relayed) { sink.answerContinues($0) }
        }
        isAttemptOver = true
        point.signal()
    }
}

/// Media types the relay looks at.
enum MediaType {
    /// `text/event-stream`, with or without parameters.
    static func isEventStream(_ value: Span<UInt8>) -> Bool {
        let name: StaticString = "text/event-stream"
        guard value.count >= 17 else { return false }
        return value.extracting(0..<17).equalsIgnoringCase(name)
            && (value.count == 17 || value[17] == UInt8(ascii: ";") || value[17] == ASCII.space)
    }
}
