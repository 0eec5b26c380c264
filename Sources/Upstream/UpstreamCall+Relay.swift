import Bytes
import Configuration
import HTTP1
import HTTPClient
import Networking
import OpenAIAPI
import Telemetry

/// What of an answer the client has got.
struct RelayProgress {
    var hasBegun = false
    var status = 0
    /// The answer was given to a second attempt, made because the first asked for usage.
    var isRetryWithoutUsage = false
    var bodyBytes = 0
    /// Nanoseconds of `Clock.monotonic`; 0 before.
    var firstByteAt: UInt64 = 0
    var firstContentAt: UInt64 = 0
    /// The rest of what is known of a stream.
    var anatomy = StreamAnatomy()
}

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
        if tap.isStream { transfer.limitDuration(to: limits.streamDurationMax?.milliseconds ?? 0) }
        relayed.hasBegun = true
        relayed.status = transfer.status
        sink.answerBegins(self, transfer, length: length)
        isHeadUnflushed = true
        point.signal()
    }

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
        guard case .typed(let request) = payload, !isEncoded else { return length }
        guard (200..<300).contains(transfer.status) else {
            tap = .plain(length: length, bytesMax: AnswerTap.errorBytesMax)
            return length
        }
        guard isEventStream else {
            tap = .plain(length: length, bytesMax: AnswerTap.plainBytesMax)
            return length
        }
        let captures = !contentForms.isEmpty
        let reader = StreamReader(
            endpoint: request.endpoint,
            captureBytesMax: captures ? services.settings.content.totalBytesMax : 0)
        if injectsUsage {
            tap = .filtered(
                reader, heldBytesMax: services.settings.limits.heldEventBytesMax)
            return nil
        }
        tap = .stream(reader)
        // No length, though there be one: should the stream be cut, an error event goes behind.
        return nil
    }

    /// See `HTTPTransferObserver`.
    package func transferReceivedBody(_ transfer: HTTPTransfer, _ bytes: Span<UInt8>) -> Bool {
        if discards {
            discardedBytes += bytes.count
            if discardedBytes > AnswerTap.errorBytesMax { transfer.refuseBody() }
            return true
        }
        guard sink.unsentBytes <= services.settings.limits.streamBufferBytesMax else {
            if tap.isStream { relayed.anatomy.pause(at: Clock.monotonic) }
            return false
        }
        if let bytesMax = services.settings.limits.responseBytesMax,
            relayed.bodyBytes + bytes.count > bytesMax
        {
            transfer.refuseBody()
            return true
        }
        let isStream = tap.isStream
        let now = isStream || relayed.firstByteAt == 0 ? Clock.monotonic : 0
        if relayed.firstByteAt == 0 { relayed.firstByteAt = now }
        if isStream { relayed.anatomy.take(at: now, stall: services.stall) }
        isHeadUnflushed = false
        let bench = services.bench
        if tap.kind == .filtered {
            tap.take(bytes, bench: bench)
            relay(bench)
        } else {
            relayed.bodyBytes += bytes.count
            sink.answerContinues(bytes)
            tap.take(bytes, bench: bench)
        }
        if isStream { measureChunks(at: now) }
        return true
    }

    /// When the stream's first content came, and the times between its chunks.
    private func measureChunks(at now: UInt64) {
        if relayed.firstContentAt == 0, tap.hasContent { relayed.firstContentAt = now }
        let count = tap.chunkCount
        chunkTimes.take(count - chunkCount, at: now)
        chunkCount = count
    }

    /// Sends on what the filter let through.
    private func relay(_ bench: Workbench) {
        guard !bench.output.isEmpty else { return }
        relayed.bodyBytes += bench.output.count
        bench.output.withBytes { sink.answerContinues($0) }
    }

    /// See `HTTPTransferObserver`.
    package func transferFinished(_ transfer: HTTPTransfer, _ error: HTTPClientError?) {
        if let error { failure = UpstreamFailure(error) }
        if relayed.hasBegun, !discards {
            tap.finish(bench: services.bench)
            relay(services.bench)
            if tap.isStream { relayed.anatomy.end(at: Clock.monotonic, stall: services.stall) }
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
