import Bytes
import Caching
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
        let refusal = operation.withStorableAnswer { plain in
            entry = operation.answerModel.withBytes { model in
                CacheEntry(
                    key: plan.key, createdAt: WorkerCache.now, ttl: plan.controls.ttl,
                    endpoint: operation.request.endpoint, origin: origin(of: operation),
                    usage: operation.answerUsage ?? AnswerFacts.Usage(), model: model, body: plain)
            }
        }
        var outcome = refusal.map { String(describing: $0) } ?? "unread"
        if let entry {
            outcome = storeInMemory(entry, plan, cache) ?? "stored"
            if let word = await storeInRedis(entry, plan, below: span.id, cache) {
                outcome = word
            }
        }
        cache.shared.metrics.kept(outcome)
        if outcome == "stored", let entry { learn(entry, plan, cache) }
        guard let record = span.record else { return }
        if let entry { setEntry(entry, on: record) }
        record.set(MartletAttributes.cacheReason, outcome)
        record.end(at: trace.clock.now)
    }

    /// Puts an entry into memory; answers how that went, or nil where nothing is kept there.
    private func storeInMemory(
        _ entry: CacheEntry, _ plan: CachePlan, _ cache: WorkerCache
    ) -> String? {
        guard let memory = cache.shared.memory else { return nil }
        return switch memory.set(entry, for: plan.key, now: WorkerCache.now) {
        case .stored: "stored"
        case .rejected: "rejected"
        case .tooLarge: "too_large"
        }
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
