import Bytes
import Caching
import Configuration
import Networking
import OpenAIAPI
import Redis
import Telemetry
import Upstream
import W3CTraceContext

// The store outside of the process. Whatever is wrong with it, the request goes on without.
extension Exchange {
    /// The entry that Redis has for the request, where it can be given.
    func findInRedis(
        _ plan: CachePlan, _ operation: Operation, _ lookup: LookupSpan, _ cache: WorkerCache
    ) async -> FoundAnswer? {
        guard let redis = cache.redis else { return nil }
        let generation = cache.shared.memory?.generation ?? 0
        let (result, trip) = await redis.get(plan.key)
        if let trip { record(trip, below: lookup.id) }
        switch result {
        case .hit(let entry):
            let now = WorkerCache.now
            guard plan.controls.accepts(age: entry.age(at: now)),
                let found = found(entry, store: "redis", operation)
            else { return nil }
            cache.shared.memory?.fill(entry, for: plan.key, now: now, generation: generation)
            return found
        case .miss(nil): break
        case .miss(let error?):
            fail(String(describing: error.name), lookup, cache)
        case .failed(let error):
            use.status = .error
            fail(error.type, lookup, cache)
        case .open:
            use.status = .error
            fail("unavailable", lookup, cache)
        }
        return nil
    }

    /// Takes note of something that goes wrong with a look-up, which is a miss then.
    func fail(_ kind: String, _ lookup: LookupSpan, _ cache: WorkerCache) {
        cache.shared.metrics.failed(kind)
        lookup.record?.addEvent("martlet.cache.error", at: trace.clock.now) { attributes in
            attributes.set(GeneralAttributes.errorType.name.bytes, utf8: kind.utf8.span)
        }
    }

    /// Puts an entry into Redis; answers how that went, in a word, or nil where there is none.
    func storeInRedis(
        _ entry: CacheEntry, under key: CacheKey, below span: SpanID, _ cache: WorkerCache
    ) async -> String? {
        guard let redis = cache.redis else { return nil }
        var bytes = ByteBuffer()
        swap(&bytes, &cache.encoded)
        bytes.removeAll()
        cache.codec.encode(entry, to: &bytes)
        let (result, trip) = await redis.set(key, bytes, ttl: Int(entry.ttl))
        bytes.removeAll(keeping: 64 << 10)
        swap(&bytes, &cache.encoded)
        if let trip { record(trip, below: span) }
        switch result {
        case .stored: return "stored"
        case .failed(let error):
            cache.shared.metrics.failed(error.type)
            return error.type
        case .open:
            cache.shared.metrics.failed("unavailable")
            return "unavailable"
        }
    }

    /// One span for calls that went out together.
    func record(_ batch: StoreBatch, below parent: SpanID) {
        guard let first = batch.trips.first else { return }
        let ended = batch.trips.reduce(first.endedMonotonic) { max($0, $1.endedMonotonic) }
        let failed = batch.trips.first { $0.error != nil }
        record(
            failed ?? first, named: batch.trips.count > 1 ? "PIPELINE GET" : first.command,
            count: batch.trips.count, endedMonotonic: ended, below: parent)
    }

    func record(_ trip: StoreTrip, below parent: SpanID) {
        record(
            trip, named: trip.command, count: 1, endedMonotonic: trip.endedMonotonic,
            below: parent)
    }

    /// The span of a call of Redis, or of `count` in one (semconv v1.40.0, docs/db), and its
    /// duration.
    private func record(
        _ trip: StoreTrip, named command: StaticString, count: Int, endedMonotonic: UInt64,
        below parent: SpanID
    ) {
        let span = trace.startSpan(
            command.bytes, kind: .client, below: parent,
            at: trace.clock.time(atMonotonic: trip.startedMonotonic))
        let end = trace.clock.time(atMonotonic: endedMonotonic)
        worker.meter.storeCalled(
            StoreMeasurement(
                command: command, database: trip.database, address: trip.address,
                port: trip.port, errorType: trip.errorType, statusCode: trip.statusCode),
            nanoseconds: Int(endedMonotonic &- trip.startedMonotonic),
            MeasurementContext(
                traceID: trace.server.traceID, spanID: span.id,
                isSampled: trace.server.flags.contains(.sampled), at: end))
        guard let record = span.record else { return }
        trace.setShared(on: record, isGenAI: false)
        record.set(DatabaseAttributes.systemName, "redis")
        record.set(DatabaseAttributes.operationName, command)
        if count > 1 { record.set(DatabaseAttributes.operationBatchSize, count) }
        record.set(DatabaseAttributes.namespace, String(trip.database))
        if let address = trip.address { record.set(NetworkAttributes.serverAddress, address) }
        if let port = trip.port { record.set(NetworkAttributes.serverPort, port) }
        if let code = trip.statusCode {
            record.set(DatabaseAttributes.responseStatusCode, code)
        }
        if let errorType = trip.errorType {
            record.set(GeneralAttributes.errorType, errorType)
            record.setError()
        }
        record.end(at: end)
    }
}
