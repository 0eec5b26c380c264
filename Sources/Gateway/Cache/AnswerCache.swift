import Bytes
import Caching
import Configuration
import Networking
import Telemetry

/// What all workers share of the cache.
final class AnswerCache: Sendable {
    let settings: CacheSettings
    /// nil where answers are not kept in this process.
    let memory: MemoryStore?
    /// nil where equal calls at the same time are made each.
    let flights: FlightTable?
    let metrics: CacheMetrics

    /// nil where no store is configured.
    init?(_ settings: CacheSettings, _ registry: MetricRegistry) {
        guard settings.kind != .off else { return nil }
        metrics = CacheMetrics(registry)
        self.settings = settings
        memory =
            switch settings.kind {
            case .memory, .tiered: MemoryStore(bytesMax: settings.memoryBytesMax)
            case .redis, .off, .auto: nil
            }
        flights =
            settings.coalesce
            ? FlightTable(bytesMax: max(Self.flightBytesMin, 4 * settings.entryBytesMax)) : nil
    }

    /// Bytes of an answer that a flight holds at least, for those who come late.
    private static let flightBytesMin = 4 << 20
}

/// A worker's part in the cache.
final class WorkerCache {
    let shared: AnswerCache
    var keys: CacheKeyMaker
    var codec: EntryCodec
    /// That of callers who name none; empty: none.
    let namespace: [UInt8]
    /// The lines of `OpenAI-Beta`, while a key is made.
    var beta = ByteBuffer()

    init(_ shared: AnswerCache, secret: Secret) {
        self.shared = shared
        namespace = Array((shared.settings.namespace ?? "").utf8)
        let secret = secret.reveal().utf8.span
        keys = CacheKeyMaker(secret: secret)
        codec = EntryCodec(secret: secret, bytesMax: 2 * shared.settings.entryBytesMax)
    }

    /// Milliseconds since 1970, as entries have it.
    static var now: Int64 { Int64(Clock.wall / 1_000_000) }
}

/// What the cache did for a request: `x-martlet-cache`, `martlet.cache.status`.
enum CacheStatus: Int, CaseIterable {
    /// There is no cache.
    case off
    /// A store had the answer.
    case hit
    /// None had it.
    case miss
    /// The caller wanted a new one.
    case refresh
    /// The caller wanted none of it, or nothing like it is kept.
    case bypass
    /// A store could not be asked.
    case error
    /// The answer is that of an equal call that was under way.
    case coalesced

    var name: StaticString {
        switch self {
        case .off: "off"
        case .hit: "hit"
        case .miss: "miss"
        case .refresh: "refresh"
        case .bypass: "bypass"
        case .error: "error"
        case .coalesced: "coalesced"
        }
    }

    /// `x-portkey-cache-status`.
    var portkeyName: StaticString {
        switch self {
        case .off, .bypass: "DISABLED"
        case .hit, .coalesced: "HIT"
        case .miss, .error: "MISS"
        case .refresh: "REFRESH"
        }
    }
}

/// What the cache is to do for a request.
struct CachePlan {
    let key: CacheKey
    let controls: CacheControls

    /// Whether `entry` is new enough for the caller, at `now`.
    func accepts(_ entry: CacheEntry, at now: Int64) -> Bool {
        guard let maxAge = controls.maxAge else { return true }
        return entry.age(at: now) <= Int64(maxAge) * 1000
    }
}

/// The cache's part in one exchange.
struct CacheUse {
    var status = CacheStatus.off
    var plan: CachePlan?
    /// The flight that the exchange leads.
    var flight: Flight?
    /// Seconds since the answer was made, of a hit.
    var age: Int?
    /// Nanoseconds that the look-up took; 0: there was none.
    var lookupTime: UInt64 = 0
}
