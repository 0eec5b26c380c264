import Bytes
import Caching
import Configuration
import HTTPServer
import Networking
import OpenAIAPI
import Telemetry
import Upstream
import W3CTraceContext

// Keeping an answer that came from upstream.
extension Exchange {
    /// Keeps the answer where it may be given again; the client has it already.
    func keep(_ operation: Operation) async {
        guard let cache = worker.cache, let plan = use.plan, plan.controls.stores, status == 200
        else { return }
        let span = startStore(plan)
        var entry: CacheEntry?
        let refusal = operation.withStorableAnswer(inputCount: inputCount(of: operation)) { plain in
            entry = operation.answerModel.withBytes { model in
                CacheEntry(
                    key: plan.key, createdAt: WorkerCache.now, ttl: plan.controls.ttl,
                    endpoint: operation.request.endpoint, origin: origin(of: operation),
                    usage: operation.answerUsage ?? AnswerFacts.Usage(), model: model, body: plain)
            }
        }
        var outcome = refusal.map { String(describing: $0) } ?? "unread"
        if let entry {
            outcome = await store(entry, under: plan.key, below: span.id, cache)
        }
        cache.shared.metrics.kept(outcome)
        if outcome == "stored", let entry { learn(entry, plan, cache) }
        guard let record = span.record else { return }
        if let entry { setEntry(entry, at: trace.clock.now, on: record) }
        record.set(MartletAttributes.cacheReason, outcome)
        record.end(at: trace.clock.now)
    }

    /// How many embeddings were asked for; nil where that is not what was asked, or not known.
    private func inputCount(of operation: Operation) -> Int? {
        guard operation.request.endpoint == .embeddings else { return nil }
        return operation.body.withBytes { body in
            worker.bench.scan(body) { EmbeddingItems($0)?.items.count } ?? nil
        }
    }

    /// Keeps an embeddings answer that was put together of known items and `rest`, which the
    /// provider was asked for; and `rest` itself, where it is of one input and has its own key.
    func keepItems(
        _ whole: borrowing ByteBuffer, rest: borrowing ByteBuffer, restKey: CacheKey?,
        _ plan: CachePlan, _ operation: Operation, _ cache: WorkerCache
    ) async {
        let entry = itemsEntry(whole, plan.key, plan, operation)
        use.flight?.end(.stored(entry, store: "items"))
        guard plan.controls.stores else { return }
        let span = startStore(plan)
        let outcome = await store(entry, under: plan.key, below: span.id, cache)
        if let restKey {
            let single = itemsEntry(rest, restKey, plan, operation)
            _ = await store(single, under: restKey, below: span.id, cache)
        }
        cache.shared.metrics.kept(outcome)
        guard let record = span.record else { return }
        setEntry(entry, at: trace.clock.now, on: record)
        record.set(MartletAttributes.cacheReason, outcome)
        record.end(at: trace.clock.now)
    }

    private func itemsEntry(
        _ plain: borrowing ByteBuffer, _ key: CacheKey, _ plan: CachePlan, _ operation: Operation
    ) -> CacheEntry {
        let facts = AnswerReader.read(
            plain.bytes, endpoint: .embeddings, scanner: &worker.bench.scanner)
        return CacheEntry(
            key: key, createdAt: WorkerCache.now, ttl: plan.controls.ttl, endpoint: .embeddings,
            origin: origin(of: operation), usage: facts.usage ?? AnswerFacts.Usage(),
            model: facts.model, body: plain.bytes)
    }

    /// Puts an entry into every store; answers how that went, in a word.
    private func store(
        _ entry: CacheEntry, under key: CacheKey, below span: SpanID, _ cache: WorkerCache
    ) async -> String {
        guard entry.bodyBytes <= services.settings.cache.entryBytesMax else { return "too_large" }
        var outcome = "stored"
        if let memory = cache.shared.memory {
            switch memory.set(entry, for: key, now: WorkerCache.now) {
            case .stored: break
            case .rejected: outcome = "rejected"
            case .tooLarge: outcome = "too_large"
            }
        }
        return await storeInRedis(entry, under: key, below: span, cache) ?? outcome
    }

    /// The span that makes the answer, for the links of those who get it again; zero where it is
    /// not recorded.
    func origin(of operation: Operation) -> CacheOrigin {
        let server = trace.server
        guard server.flags.contains(.sampled) else {
            return CacheOrigin(traceIDHigh: 0, traceIDLow: 0, spanID: 0, flags: 0)
        }
        return CacheOrigin(
            traceIDHigh: server.traceID.high, traceIDLow: server.traceID.low,
            spanID: operation.id.value, flags: server.flags.rawValue)
    }
}
