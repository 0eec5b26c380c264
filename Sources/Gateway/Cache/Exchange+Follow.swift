import Bytes
import Caching
import Configuration
import HTTP1
import HTTPClient
import HTTPServer
import Networking
import OpenAIAPI
import Telemetry
import Upstream

// One call that several exchanges share: its leader's side, and its followers'.
extension Exchange {
    /// Reads what an equal call under way gets.
    func follow(
        _ seat: FlightSeat, _ plan: CachePlan, _ operation: Operation, _ lookup: LookupSpan,
        _ cache: WorkerCache
    ) async throws(GatewayError) {
        defer { seat.leave() }
        connection.clientGone = { [self] in
            clientLeft()
            seat.signal()
        }
        connection.drained = { seat.signal() }
        var follower = Follower(operation: operation, lookup: lookup)
        let bytesMax = services.settings.limits.streamBufferBytesMax
        while !connection.isClientGone {
            guard connection.pendingBytes <= bytesMax else {
                await seat.wait()
                continue
            }
            let news = seat.take(bytesMax: bytesMax)
            take(news, &follower)
            if let end = news.end {
                seat.leave()
                return try await conclude(end, follower, plan, cache)
            }
            if !news.hasMore { await seat.wait() }
        }
        if !follower.hasHead { begin(follower, origin: nil) }
        finish(follower, follower.hasHead ? .cut(.clientGone) : .failed(.clientGone))
    }

    /// Does what the end of the flight asks for.
    private func conclude(
        _ flightEnd: Flight.End, _ follower: Follower, _ plan: CachePlan, _ cache: WorkerCache
    ) async throws(GatewayError) {
        let operation = follower.operation
        let lookup = follower.lookup
        switch flightEnd {
        case .answered: finish(follower, .relayed)
        case .stored(let entry, let store, let similarity):
            guard plan.controls.accepts(age: entry.age(at: WorkerCache.now)),
                var found = found(entry, store: store, operation)
            else { return try await findOrCall(plan, operation, lookup, cache) }
            found.similarity = similarity
            await replay(found, operation, lookup)
        case .abandoned: try await findOrCall(plan, operation, lookup, cache)
        case .failed(let error):
            // The follower's client is told the same, in a response of its own.
            let failure = error as? UpstreamFailure ?? .cut
            begin(follower, origin: nil)
            finish(follower, .failed(failure))
            throw GatewayError(failure)
        case .cut(let error): finish(follower, .cut(error as? UpstreamFailure ?? .cut))
        }
    }

    /// What a follower has had so far.
    private struct Follower {
        let operation: Operation
        let lookup: LookupSpan
        var relayed = RelayProgress()
        var hasHead = false
    }

    private func take(_ news: FlightSeat.News, _ follower: inout Follower) {
        if let head = news.head, !follower.hasHead {
            follower.hasHead = true
            begin(head, &follower)
        }
        for segment in news.segments {
            segment.withBytes { bytes in
                follower.operation.take(bytes, &follower.relayed) { connection.write($0) }
            }
        }
        if follower.hasHead { connection.flush() }
    }

    /// It is known what the cache does for the follower.
    private func begin(_ follower: Follower, origin: CacheOrigin?) {
        use.status = .coalesced
        end(follower.lookup, isHit: false, store: "flight")
        begin(
            follower.operation, since: follower.lookup.startedAt, origin: origin, isRemote: false)
    }

    private func begin(_ head: Flight.Head, _ follower: inout Follower) {
        let operation = follower.operation
        begin(follower, origin: head.origin)
        status = head.status
        follower.relayed.status = head.status
        var length = head.length
        if !head.isEncoded {
            length = operation.beginAnswer(
                status: head.status, isEventStream: head.isEventStream, length: head.length,
                hidesUsage: operation.request.includesUsage != true)
        }
        connection.startHead(status: head.status)
        head.fields.withBytes { connection.addFields($0) }
        if head.isEventStream {
            connection.addField("cache-control", "no-cache")
            connection.addField("x-accel-buffering", "no")
        }
        addCommonFields(hasRequestID: false)
        addOwnTiming()
        if HTTPStatus.hasNoBody(head.status) {
            connection.finishHead(.none)
        } else {
            connection.finishHead(length.map { .length($0) } ?? .unknown)
        }
    }

    private func finish(_ follower: consuming Follower, _ outcome: Operation.Outcome) {
        var follower = follower
        let operation = follower.operation
        if follower.hasHead {
            operation.finishAnswer(&follower.relayed) { connection.write($0) }
        }
        switch outcome {
        case .relayed: connection.endResponse()
        case .cut(let failure): cut(GatewayError(failure), at: operation.streamPosition)
        case .failed: break
        }
        operation.finish(
            Operation.Course(
                outcome, follower.relayed, startedAt: follower.lookup.beganAt, attemptCount: 0))
        if outcome == .relayed, status == 200 {
            worker.cache?.shared.metrics.saved(operation.answerUsage)
        }
    }

    // MARK: The leader

    /// Makes `call` one that others can follow.
    func lead(_ call: UpstreamCall) {
        guard let flight = use.flight else { return }
        call.tees = true
        let exchange = LoopBound(self, to: worker.loop)
        flight.lead(on: worker.loop) { wish in
            exchange.use { exchange in
                switch wish {
                case .resume: exchange.call?.resume()
                case .cancel: exchange.call?.cancel()
                }
            }
        }
    }

    /// Shows those who follow the answer's head: with the upstream's fields, but for the id of
    /// the leader's request.
    func beginFlight(_ call: UpstreamCall, _ transfer: HTTPTransfer, length: Int?) {
        guard let flight = use.flight, let operation = call.operation else { return }
        let isEventStream = call.isEventStream
        var fields = ByteBuffer(capacity: 512)
        var isEncoded = false
        HeaderForwarding.forEachAnswerField(transfer) { known, name, value in
            if known == .contentEncoding { isEncoded = !value.equalsIgnoringCase("identity") }
            if known == .xRequestID || known == .cacheControl && isEventStream { return }
            fields.appendField(name, value)
        }
        flight.begin(
            Flight.Head(
                status: transfer.status, isEventStream: isEventStream, isEncoded: isEncoded,
                length: isEventStream ? nil : length, fields: Flight.Segment(fields.bytes),
                origin: origin(of: operation)))
    }

    /// Tells those who follow how the call ended.
    func endFlight(_ outcome: Operation.Outcome) {
        guard let flight = use.flight else { return }
        switch outcome {
        case .relayed: flight.end(.answered)
        case .failed(let failure): flight.end(.failed(failure))
        case .cut(let failure): flight.end(.cut(failure))
        }
    }

    /// See `AnswerSink`.
    func answerReceived(_ bytes: Span<UInt8>) -> Bool {
        use.flight?.append(bytes) ?? true
    }
}
