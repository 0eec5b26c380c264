import Bytes
import Caching
import Configuration
import Networking
import Telemetry
import Upstream
import W3CTraceContext

/// The look into the cache while it goes on: its span, and when it began.
struct LookupSpan {
    /// Below which the calls of stores are.
    let id: SpanID
    let record: SpanRecord?
    /// Nanoseconds since 1970.
    let startedAt: UInt64
    /// Nanoseconds of `Clock.monotonic`.
    let beganAt: UInt64
}

// The cache's own spans: `cache.lookup` before an answer, `cache.store` behind it.
extension Exchange {
    func startLookup(_ plan: CachePlan) -> LookupSpan {
        let began = Clock.monotonic
        let span = trace.startSpan("cache.lookup", below: trace.server.spanID)
        if let record = span.record {
            if let known = use.known?.planAttributes {
                record.set(known)
            } else {
                setCache(plan, on: record)
                use.known?.planAttributes = record.prepareAttributes()
            }
            trace.setShared(on: record, isGenAI: false)
        }
        return LookupSpan(
            id: span.id, record: span.record,
            startedAt: trace.clock.time(atMonotonic: began), beganAt: began)
    }

    /// Ends the look-up; the status is decided. `entry`: what was found, in `store`.
    func end(
        _ lookup: LookupSpan, isHit: Bool, found entry: CacheEntry? = nil,
        store: StaticString? = nil
    ) {
        let now = Clock.monotonic
        use.lookupTime = now &- lookup.beganAt
        let ended = trace.clock.time(atMonotonic: now)
        worker.cache?.shared.metrics.lookedUp(use.status)
        worker.meter.lookedUp(
            use.status.name, nanoseconds: Int(use.lookupTime),
            MeasurementContext(
                traceID: trace.server.traceID, spanID: lookup.id,
                isSampled: trace.server.flags.contains(.sampled), at: ended))
        guard let record = lookup.record else { return }
        record.set(MartletAttributes.cacheHit, isHit)
        record.set(MartletAttributes.cacheStatus, use.status.name)
        if let store { record.set(MartletAttributes.cacheStore, store) }
        if let similarity = use.similarity {
            record.set(MartletAttributes.cacheSimilarity, Double(similarity))
        }
        if let entry { setEntry(entry, at: ended, on: record) }
        record.end(at: ended)
    }

    func startStore(_ plan: CachePlan) -> (id: SpanID, record: SpanRecord?) {
        let span = trace.startSpan("cache.store", below: trace.server.spanID)
        if let record = span.record {
            setCache(plan, on: record)
            trace.setShared(on: record, isGenAI: false)
        }
        return span
    }

    private func setCache(_ plan: CachePlan, on record: SpanRecord) {
        var name = ByteBuffer(capacity: 64)
        plan.key.appendShortName(to: &name)
        record.set(MartletAttributes.cacheKey, name.bytes)
        if !plan.controls.namespace.isEmpty {
            // A caller's own name may be anybody's: the digits that stores' keys have for it.
            var digits = ByteBuffer(capacity: 8)
            plan.key.appendNamespace(to: &digits)
            record.set(MartletAttributes.cacheNamespace, digits.bytes)
        } else if let namespace = services.settings.cache.namespace {
            record.set(MartletAttributes.cacheNamespace, namespace)
        }
    }

    /// `time` is in nanoseconds since 1970.
    func setEntry(_ entry: CacheEntry, at time: UInt64, on record: SpanRecord) {
        let age = entry.age(at: Int64(time / 1_000_000))
        record.set(MartletAttributes.cacheAge, Int(age / 1000))
        record.set(MartletAttributes.cacheTTL, Int(entry.ttl))
        record.set(MartletAttributes.cacheBytes, entry.bodyBytes)
        guard let traceID = TraceID(high: entry.origin.traceIDHigh, low: entry.origin.traceIDLow)
        else { return }
        var text = ByteBuffer(capacity: 32)
        text.append(traceID)
        record.set(MartletAttributes.cacheOriginTraceID, text.bytes)
    }
}

extension RequestTrace {
    /// Starts an internal span of the gateway's own.
    fileprivate func startSpan(
        _ name: StaticString, below parent: SpanID
    ) -> (id: SpanID, record: SpanRecord?) {
        startSpan(name.bytes, kind: .internal, below: parent)
    }
}
