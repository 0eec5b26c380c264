import Bytes
import Caching
import Configuration
import HTTP1
import HTTPServer
import Networking
import OpenAIAPI
import Redis
import Telemetry
import Upstream
import W3CTraceContext

// Answers to questions that mean the same: asked for, and found.
extension Exchange {
    /// Nearest questions that are tried where answers of nearer ones have gone.
    private static let triesMax = 4

    /// Whether the caller takes the answer to a question that means the same.
    func asksForNear(_ plan: CachePlan, _ cache: WorkerCache) -> Bool {
        guard let semantic = cache.shared.semantic else { return false }
        return plan.controls.semantic ?? semantic.isDefault
    }

    /// The answer to a question that means the same, where the caller takes one. The question's
    /// embedding is kept in `use`, for its own answer.
    func findNear(
        _ plan: CachePlan, _ operation: Operation, _ lookup: LookupSpan, _ cache: WorkerCache
    ) async -> FoundAnswer? {
        guard asksForNear(plan, cache), let semantic = cache.shared.semantic else { return nil }
        var text = ByteBuffer()
        guard let partition = makePartition(plan, operation, cache, text: &text) else {
            cache.shared.metrics.searched("unsuited")
            return nil
        }
        guard let vector = await embed(text, semantic, lookup, cache) else {
            cache.shared.metrics.searched("error")
            return nil
        }
        use.question = KnownQuestion(partition: partition, vector: vector)
        for _ in 0..<Self.triesMax {
            guard
                let match = semantic.index.nearest(
                    to: vector, in: partition, atLeast: semantic.threshold, now: WorkerCache.now)
            else { break }
            switch await answer(to: match, plan, operation, lookup, cache) {
            case .found(let found):
                cache.shared.metrics.searched("hit")
                return found
            case .gone: semantic.index.remove(match.key)
            case .unfit:
                cache.shared.metrics.searched("miss")
                return nil
            }
        }
        cache.shared.metrics.searched("miss")
        return nil
    }

    private enum NearAnswer: ~Copyable {
        case found(FoundAnswer)
        /// No store has it any more, or it is one that is not given to others.
        case gone
        /// It is there, and not for this caller at this time.
        case unfit
    }

    private func answer(
        to match: SemanticIndex.Match, _ plan: CachePlan, _ operation: Operation,
        _ lookup: LookupSpan, _ cache: WorkerCache
    ) async -> NearAnswer {
        // The partition says so already: no caller ever gets what another's key has brought.
        guard match.key.tenant == plan.key.tenant, match.key.namespace == plan.key.namespace,
            match.key.model == plan.key.model
        else { return .unfit }
        let now = WorkerCache.now
        var entry = cache.shared.memory?.get(match.key, now: now)
        if entry == nil, let redis = cache.redis {
            let (result, trip) = await redis.get(match.key)
            if let trip { record(trip, below: lookup.id) }
            switch result {
            case .hit(let kept):
                entry = kept
                cache.shared.memory?.set(kept, for: match.key, now: now)
            case .miss: break
            case .failed(let error):
                fail(error.type, lookup, cache)
                return .unfit
            case .open:
                fail("unavailable", lookup, cache)
                return .unfit
            }
        }
        guard let entry, isTextAlone(entry) else { return .gone }
        guard plan.controls.accepts(age: entry.age(at: WorkerCache.now)),
            var found = found(entry, store: "semantic", operation)
        else { return .unfit }
        found.similarity = match.similarity
        return .found(found)
    }

    /// Makes the question of this call known, whose answer was kept.
    func learn(_ entry: CacheEntry, _ plan: CachePlan, _ cache: WorkerCache) {
        guard let question = use.question, let semantic = cache.shared.semantic,
            isTextAlone(entry)
        else { return }
        semantic.index.add(
            question.vector, for: plan.key, in: question.partition,
            expiresAt: entry.createdAt + Int64(entry.ttl) * 1000)
    }

    private func isTextAlone(_ entry: CacheEntry) -> Bool {
        entry.withBody { bytes in
            worker.bench.scan(bytes) { StorableAnswer.isTextAlone($0) } ?? false
        }
    }

    /// What the call asks in words, and what it may be compared with; nil: with nothing.
    private func makePartition(
        _ plan: CachePlan, _ operation: Operation, _ cache: WorkerCache, text: inout ByteBuffer
    ) -> SemanticPartition? {
        let request = operation.request
        return withScope(plan.controls, cache) { scope, keys in
            operation.body.withBytes { body in
                worker.bench.read(body, scan: request.scan) { document, _ in
                    keys.question(of: document, request: request, scope: scope, text: &text)
                } ?? nil
            }
        }
    }
}
