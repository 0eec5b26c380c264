import Bytes
import Configuration
import Networking
import OpenAIAPI
import Telemetry

// The answer on its way to the client: read beside the relay, whoever relays it.
extension Operation {
    /// The answer's head is there: decides how its body is read.
    ///
    /// - Parameters:
    ///   - length: bytes of the body, where the head tells.
    ///   - hidesUsage: the client has not asked for the usage that the stream tells of.
    /// - Returns: the length of what the client gets, where that is known.
    package func beginAnswer(
        status: Int, isEventStream: Bool, length: Int?, hidesUsage: Bool
    ) -> Int? {
        guard (200..<300).contains(status) else {
            tap = .plain(length: length, bytesMax: AnswerTap.errorBytesMax)
            return length
        }
        guard isEventStream else {
            tap = .plain(length: length, bytesMax: AnswerTap.plainBytesMax)
            return length
        }
        var reader = StreamReader(
            endpoint: request.endpoint,
            captureBytesMax: contentForms.isEmpty ? 0 : services.settings.content.totalBytesMax)
        if keepsBytesMax > 0 {
            reader.assembly = AnswerAssembly(endpoint: request.endpoint, bytesMax: keepsBytesMax)
        }
        if hidesUsage {
            tap = .filtered(reader, heldBytesMax: services.settings.limits.heldEventBytesMax)
        } else {
            tap = .stream(reader)
        }
        // No length, though there be one: should the stream be cut, an error event goes behind.
        return nil
    }

    /// Reads a piece of the body; `send` gets what of it goes on to the client.
    package func take(
        _ bytes: Span<UInt8>, _ relayed: inout RelayProgress, send: (Span<UInt8>) -> Void
    ) {
        let isStream = tap.isStream
        let now = isStream || relayed.firstByteAt == 0 ? Clock.monotonic : 0
        if relayed.firstByteAt == 0 { relayed.firstByteAt = now }
        if isStream { relayed.anatomy.take(at: now, stall: services.stall) }
        if tap.kind == .filtered {
            tap.take(bytes, bench: services.bench)
            sendFiltered(&relayed, send)
        } else {
            relayed.bodyBytes += bytes.count
            send(bytes)
            tap.take(bytes, bench: services.bench)
        }
        if isStream { relayed.measureChunks(of: &tap, at: now) }
    }

    /// The body has ended, or was cut: `send` gets what was held back.
    package func finishAnswer(_ relayed: inout RelayProgress, send: (Span<UInt8>) -> Void) {
        tap.finish(bench: services.bench)
        sendFiltered(&relayed, send)
        if tap.isStream { relayed.anatomy.end(at: Clock.monotonic, stall: services.stall) }
    }

    /// Sends on what the filter let through.
    private func sendFiltered(_ relayed: inout RelayProgress, _ send: (Span<UInt8>) -> Void) {
        let bench = services.bench
        guard !bench.output.isEmpty else { return }
        relayed.bodyBytes += bench.output.count
        bench.output.withBytes { send($0) }
    }

    /// Reads a whole answer in its plain form, which the client has in this or another shape.
    package func read(plain bytes: Span<UInt8>) {
        tap = .plain(length: bytes.count, bytesMax: AnswerTap.plainBytesMax)
        tap.take(bytes, bench: services.bench)
    }

    /// Puts what an answer says onto the span where it is known from another time; false where the
    /// answer is to be read, for its messages.
    package func takeAnswer(_ attributes: PreparedAttributes) -> Bool {
        guard contentForms.isEmpty else { return false }
        record?.set(attributes)
        return true
    }

    /// Where a stream that was cut stands; nil where the answer is no stream of events.
    package var streamPosition: SSEParser.Position? { tap.position }

    /// Lends the whole answer in its plain form, where it may be given again; otherwise says why
    /// not, in a word. After `finish`, once.
    ///
    /// - Parameter inputCount: of embeddings, how many inputs were asked for, if that is known.
    package func withStorableAnswer(
        inputCount: Int? = nil, _ use: (Span<UInt8>) -> Void
    ) -> StaticString? {
        tap.withStorableAnswer(
            endpoint: request.endpoint, inputCount: inputCount, bytesMax: keepsBytesMax,
            bench: services.bench, use)
    }
}
