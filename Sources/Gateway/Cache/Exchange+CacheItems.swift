import Bytes
import Caching
import Configuration
import HTTPServer
import Networking
import OpenAIAPI
import Telemetry
import Upstream
import W3CTraceContext

// Embeddings of several inputs, some of which are known from calls with one input.
extension Exchange {
    /// Answers an embeddings call from what is known of its inputs, and asks upstream for the
    /// rest; false, with nothing done, where nothing is known of them.
    func answerItems(
        _ plan: CachePlan, _ operation: Operation, _ lookup: LookupSpan, _ cache: WorkerCache
    ) async throws(GatewayError) -> Bool {
        guard operation.request.endpoint == .embeddings,
            let (items, keys) = itemKeys(operation, plan, cache)
        else { return false }
        var known = KnownEmbeddings(itemCount: keys.count)
        await find(keys, plan, lookup, cache, into: &known)
        guard known.count > 0 else { return false }
        lookup.record?.set(MartletAttributes.cacheItemsKnown, known.count)
        if known.isComplete {
            guard let found = compose(known, plan, operation) else { return false }
            use.flight?.end(.stored(found.entry, store: found.store))
            await replay(found, operation, lookup)
            return true
        }
        end(lookup, isHit: false)
        try await askRest(items, known, keys, plan, operation, cache)
        return true
    }

    /// Looks all of them up, in memory and then in Redis, where they go out together.
    private func find(
        _ keys: [CacheKey], _ plan: CachePlan, _ lookup: LookupSpan, _ cache: WorkerCache,
        into known: inout KnownEmbeddings
    ) async {
        var missing: [Int] = []
        for (index, key) in keys.enumerated() {
            if let entry = cache.shared.memory?.get(key, now: WorkerCache.now) {
                add(entry, at: index, plan, to: &known)
            } else {
                missing.append(index)
            }
        }
        guard !missing.isEmpty, let redis = cache.redis, redis.isAvailable else { return }
        let batch = StoreBatch(count: missing.count)
        let generation = cache.shared.memory?.generation ?? 0
        for index in missing {
            let key = keys[index]
            worker.loop.spawn {
                let (result, trip) = await redis.get(key)
                if case .hit(let entry) = result { batch.entries.append((index, entry)) }
                batch.ended(trip)
            }
        }
        await batch.wait()
        record(batch, below: lookup.id)
        for (index, entry) in batch.entries {
            cache.shared.memory?.fill(
                entry, for: keys[index], now: WorkerCache.now, generation: generation)
            add(entry, at: index, plan, to: &known)
        }
    }

    private func add(
        _ entry: CacheEntry, at index: Int, _ plan: CachePlan, to known: inout KnownEmbeddings
    ) {
        guard plan.controls.accepts(age: entry.age(at: WorkerCache.now)) else { return }
        entry.withBody { bytes in
            let item = worker.bench.scan(bytes) { EmbeddingItem($0) } ?? nil
            guard let item, known.add(item, of: bytes, at: index) else { return }
            use.oldestItem = min(use.oldestItem ?? .max, entry.createdAt)
        }
    }

    /// An answer made of known items alone.
    private func compose(
        _ known: borrowing KnownEmbeddings, _ plan: CachePlan, _ operation: Operation
    ) -> FoundAnswer? {
        var body = ByteBuffer()
        guard known.appendAnswer(to: &body) else { return nil }
        let nobody = CacheOrigin(traceIDHigh: 0, traceIDLow: 0, spanID: 0, flags: 0)
        let entry = CacheEntry(
            key: plan.key, createdAt: use.oldestItem ?? WorkerCache.now, ttl: plan.controls.ttl,
            endpoint: .embeddings, origin: nobody, usage: AnswerFacts.Usage(), model: Span(),
            body: body.bytes)
        return FoundAnswer(entry: entry, store: "items", replay: nil)
    }

    /// Asks upstream for the inputs that are not known, and puts the others into its answer.
    private func askRest(
        _ items: EmbeddingItems, _ known: borrowing KnownEmbeddings, _ keys: [CacheKey],
        _ plan: CachePlan, _ operation: Operation, _ cache: WorkerCache
    ) async throws(GatewayError) {
        var body = ByteBuffer(capacity: operation.body.count)
        operation.body.withBytes { items.appendBody($0, without: known, to: &body) }
        let request: CallRequest
        do throws(CallRequestError) {
            request = try CallRequest(
                body.bytes, endpoint: .embeddings, scanner: &worker.bench.scanner)
        } catch {
            throw GatewayError(error)
        }
        let whole = operation
        swap(&body, &connection.body)
        let rest = makeOperation(request)
        rest.cacheStatus = use.status.name
        let answer = AnswerCollector(self)
        let call = makeCall(.typed(rest), path: path(of: rest), sink: answer)
        self.call = call
        lead(call)
        if connection.isClientGone, use.flight?.leaderLeft() ?? true { call.cancel() }
        let outcome = await call.run()
        services.metrics.attempts.add(call.attemptCount)
        if case .failed(let failure) = outcome { throw GatewayError(failure) }
        if case .cut(let failure) = outcome { throw GatewayError(failure) }
        guard answer.status == 200 else { return answer.send() }
        var merged = ByteBuffer(capacity: answer.body.count * 2)
        let isMerged = answer.body.withBytes { bytes in
            worker.bench.scan(bytes) { known.appendMerged($0, to: &merged) } ?? false
        }
        guard isMerged else {
            // What came is not what was expected: then the whole is asked for.
            self.operation = whole
            return try await relay(whole)
        }
        swap(&merged, &answer.body)
        answer.send()
        let missing = keys.indices.filter { !known.isKnown($0) }
        await keepItems(
            answer.body, rest: merged, restKey: missing.count == 1 ? keys[missing[0]] : nil, plan,
            rest, cache)
    }
}

/// Calls of a store that went out together. Confined to its loop.
final class StoreBatch {
    var entries: [(index: Int, entry: CacheEntry)] = []
    private(set) var trips: [StoreTrip] = []
    private var pending: Int
    private let point = WaitPoint()

    init(count: Int) { pending = count }

    func ended(_ trip: StoreTrip?) {
        if let trip { trips.append(trip) }
        pending -= 1
        if pending == 0 { point.signal() }
    }

    func wait() async {
        while pending > 0 { await point.wait() }
    }
}
