import Bytes
import Caching
import Configuration
import HTTP1
import HTTPServer
import Networking
import OpenAIAPI
import Telemetry
import Upstream
import W3CTraceContext

// The answer to a call of a model: from the cache where it can be, else from upstream.
extension Exchange {
    /// Answers a call whose body was read.
    func answer(_ given: CallRequest) async throws(GatewayError) {
        services.metrics.typedRequests.add()
        guard let cache = worker.cache else { return try await relay(makeOperation(given)) }
        var request = given
        if let known = use.known {
            use.plan = known.plan
        } else {
            use.plan = try planCaching(&request, cache)
        }
        let operation = makeOperation(request)
        guard let plan = use.plan, plan.controls.lookup != .bypass || plan.controls.stores else {
            use.status = .bypass
            use.reason = reasonToPass
            operation.cacheReason = use.reason
            cache.shared.metrics.lookedUp(.bypass)
            return try await relay(operation)
        }
        switch plan.controls.lookup {
        case .bypass, .refresh:
            use.status = plan.controls.lookup == .refresh ? .refresh : .bypass
            cache.shared.metrics.lookedUp(use.status)
            try await relay(operation)
        case .allowed:
            try await find(plan, operation, cache)
        }
    }

    /// Why the cache is passed by: nothing like the call is kept, or not for a caller who shows no
    /// credential, or the caller wants it.
    private var reasonToPass: StaticString {
        if use.plan != nil { return "asked" }
        let head = connection.parser.head
        let isKnown = connection.withHead { bytes in
            head.fields.contains { WorkerCache.isCredential($0, bytes) }
        }
        let isShared = worker.cache?.shared.settings.scope == .shared
        return isKnown || isShared ? "uncacheable" : "no_credential"
    }

    private func find(
        _ plan: CachePlan, _ operation: Operation, _ cache: WorkerCache
    ) async throws(GatewayError) {
        let lookup = startLookup(plan)
        let began = Int64(lookup.startedAt / 1_000_000)
        if let entry = findInMemory(plan, operation, cache, at: began) {
            return await replay(entry, operation, lookup)
        }
        guard let flights = cache.shared.flights else {
            try await findOrCall(plan, operation, lookup, cache)
            return
        }
        let key = FlightKey(
            plan.key, shape(of: operation), takesNear: asksForNear(plan, cache),
            credential: cache.shared.settings.scope == .shared ? credentialNumber : 0)
        switch flights.join(key, on: worker.loop) {
        case .follow(let seat):
            try await follow(seat, plan, operation, lookup, cache)
        case .lead(let flight):
            use.flight = flight
            defer {
                flight.end(.abandoned)
                flights.remove(flight)
                use.flight = nil
            }
            try await findOrCall(plan, operation, lookup, cache)
        }
    }

    /// In which shape the answer will come from upstream.
    private func shape(of operation: Operation) -> FlightKey.Shape {
        let request = operation.request
        guard request.isStreaming else { return .plain }
        if request.includesUsage == true { return .streamWithUsage }
        return request.usageInjection != nil && operation.target.asksForUsage
            ? .streamWithHiddenUsage : .stream
    }

    /// A number that callers with other credentials hardly have: seeded anew by each process.
    private var credentialNumber: UInt64 {
        let head = connection.parser.head
        var hasher = Hasher()
        connection.withHead { bytes in
            for field in head.fields where WorkerCache.isCredential(field, bytes) {
                let value = bytes.extracting(field.value)
                hasher.combine(value.count)
                for index in value.indices { hasher.combine(value[index]) }
            }
        }
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    /// Asks the stores, then the provider.
    func findOrCall(
        _ plan: CachePlan, _ operation: Operation, _ lookup: LookupSpan, _ cache: WorkerCache
    ) async throws(GatewayError) {
        // Another flight may have ended since memory was looked into.
        if use.flight != nil,
            let entry = findInMemory(
                plan, operation, cache, at: WorkerCache.now, isAgain: true)
        {
            use.flight?.end(.stored(entry.entry, store: entry.store))
            return await replay(entry, operation, lookup)
        }
        use.status = .miss
        if let found = await findInRedis(plan, operation, lookup, cache) {
            use.flight?.end(.stored(found.entry, store: found.store))
            return await replay(found, operation, lookup)
        }
        if let found = await findNear(plan, operation, lookup, cache) {
            use.flight?.end(
                .stored(found.entry, store: found.store, similarity: found.similarity))
            return await replay(found, operation, lookup)
        }
        if try await answerItems(plan, operation, lookup, cache) { return }
        end(lookup, isHit: false)
        try await relay(operation)
    }

    /// `now` is in milliseconds since 1970.
    private func findInMemory(
        _ plan: CachePlan, _ operation: Operation, _ cache: WorkerCache, at now: Int64,
        isAgain: Bool = false
    ) -> FoundAnswer? {
        guard let entry = cache.shared.memory?.get(plan.key, now: now, isAgain: isAgain),
            plan.controls.accepts(age: entry.age(at: now))
        else { return nil }
        return found(entry, store: "memory", operation)
    }

    /// The entry, where it can be given in the shape that is asked for.
    func found(
        _ entry: CacheEntry, store: StaticString, _ operation: Operation
    ) -> FoundAnswer? {
        guard operation.request.isStreaming else {
            return FoundAnswer(entry: entry, store: store, replay: nil)
        }
        let request = operation.request
        var replay: AnswerReplay?
        entry.withBody { bytes in
            _ = worker.bench.scan(bytes) { document in
                replay = AnswerReplay(
                    document, endpoint: request.endpoint,
                    includesUsage: request.includesUsage == true)
            }
        }
        guard replay != nil else { return nil }
        return FoundAnswer(entry: entry, store: store, replay: replay)
    }
}

/// An entry that answers a call, and how it becomes a stream where one is asked for.
struct FoundAnswer: ~Copyable {
    let entry: CacheEntry
    /// Which store had it.
    let store: StaticString
    var replay: AnswerReplay?
    /// The cosine of the question and the one that it answers, where that is another.
    var similarity: Float?
}
