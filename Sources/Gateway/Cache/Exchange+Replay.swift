import Bytes
import Caching
import Configuration
import HTTPServer
import Networking
import OpenAIAPI
import Telemetry
import Upstream
import W3CTraceContext

// An answer that is given again.
extension Exchange {
    /// Answers with an entry, in the shape that is asked for.
    func replay(
        _ given: consuming FoundAnswer, _ operation: Operation, _ lookup: LookupSpan
    ) async {
        var found = given
        let entry = found.entry
        use.status = .hit
        use.similarity = found.similarity
        let now = Clock.monotonic
        let time = trace.clock.time(atMonotonic: now)
        use.age = Int(entry.age(at: Int64(time / 1_000_000)) / 1000)
        end(lookup, isHit: true, found: entry, store: found.store)
        worker.cache?.shared.metrics.saved(entry.usage)
        logHit(operation, lookup)
        begin(operation, since: lookup.startedAt, origin: entry.origin, isRemote: true)
        if let similarity = use.similarity {
            operation.record?.set(MartletAttributes.cacheSimilarity, Double(similarity))
        }
        status = 200
        let isStream = found.replay != nil
        startAnswer(isStream: isStream, at: time)
        if let age = use.age { connection.addField("age", decimal: age) }
        if let similarity = use.similarity { add(similarity: similarity) }
        addOwnTiming()
        var relayed = RelayProgress()
        relayed.status = 200
        relayed.firstByteAt = now
        if isStream {
            connection.finishHead(.unknown)
            await stream(&found, &relayed)
        } else {
            connection.finishHead(.length(entry.bodyBytes))
            relayed.bodyBytes = entry.bodyBytes
            entry.withBody { connection.write($0) }
        }
        connection.endResponse()
        // A small answer waits for those of other requests; reading a large one, or messages for
        // spans, would keep it waiting for longer.
        if entry.bodyBytes > Self.gatheredAnswerBytesMax || operation.capturesContent {
            connection.sendNow()
        }
        // A question that only means the same has an answer of its own, sooner or later.
        if use.similarity == nil { keepKnown(operation) }
        readAnswer(entry, operation)
        operation.finish(
            Operation.Course(
                connection.isClientGone ? .cut(.clientGone) : .relayed, relayed,
                startedAt: lookup.beganAt, attemptCount: 0))
        if let attributes = operation.answerAttributes {
            use.known?.answer = (entry.number, attributes)
        }
    }

    /// Bytes of an answer that leaves together with others.
    private static let gatheredAnswerBytesMax = 4096

    /// With two digits, cut: what is shown as 1.00 is the same.
    private func add(similarity: Float) {
        let hundredths = Int((min(max(similarity, 0), 1) + 1e-6) * 100)
        connection.addField("x-martlet-cache-similarity") { buffer in
            buffer.append(decimal: hundredths / 100)
            buffer.append(hundredths % 100 < 10 ? ".0" : ".")
            buffer.append(decimal: hundredths % 100)
        }
    }

    /// Sends the stream that an entry makes, as fast as the client takes it.
    private func stream(_ found: inout FoundAnswer, _ relayed: inout RelayProgress) async {
        let bytesMax = services.settings.limits.streamBufferBytesMax
        let room = WaitPoint()
        connection.drained = { room.signal() }
        connection.clientGone = { [self] in
            clientLeft()
            room.signal()
        }
        var piece = ByteBuffer(capacity: AnswerReplay.pieceBytes)
        var hasMore = true
        while hasMore, !connection.isClientGone {
            piece.removeAll()
            hasMore = found.entry.withBody {
                found.replay?.next($0, into: &piece) ?? false
            }
            relayed.bodyBytes += piece.count
            connection.write(piece.bytes)
            while connection.pendingBytes > bytesMax, !connection.isClientGone {
                await room.wait()
            }
        }
    }

    /// The operation of a call that no provider is asked for.
    func begin(
        _ operation: Operation, since start: UInt64, origin: CacheOrigin?, isRemote: Bool
    ) {
        operation.asksProvider = false
        operation.cacheStatus = use.status.name
        if let origin, let context = SpanContext(origin) {
            operation.origin = SpanLink(context: context, isRemote: isRemote)
        }
        operation.start(at: start)
        self.operation = operation
    }

    /// The head's beginning of an answer that comes from no upstream.
    private func startAnswer(isStream: Bool, at time: UInt64) {
        connection.startHead(status: 200)
        connection.addDate(at: time)
        if isStream {
            connection.addField("content-type", "text/event-stream; charset=utf-8")
            connection.addField("cache-control", "no-cache")
            connection.addField("x-accel-buffering", "no")
        } else {
            connection.addField("content-type", "application/json")
        }
        addCommonFields(hasRequestID: false)
    }
}

extension SpanContext {
    /// nil where no span is named.
    init?(_ origin: CacheOrigin) {
        guard let traceID = TraceID(high: origin.traceIDHigh, low: origin.traceIDLow),
            let spanID = SpanID(origin.spanID)
        else { return nil }
        self.init(traceID: traceID, spanID: spanID, flags: TraceFlags(rawValue: origin.flags))
    }
}
