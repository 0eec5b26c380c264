import Caching
import Configuration
import Redis
import Synchronization
import Telemetry
import Upstream

/// What all workers share of the cache.
final class AnswerCache: Sendable {
    let settings: CacheSettings
    /// nil where answers are not kept in this process.
    let memory: MemoryStore?
    /// nil where equal calls at the same time are made each.
    let flights: FlightTable?
    /// nil where answers are not kept in Redis.
    let redis: RedisSettings?
    /// nil where answers are given to equal calls alone.
    let semantic: SemanticCache?
    let metrics: CacheMetrics
    /// Servers of Redis that workers found gone, each worker counting for itself.
    private let unavailable = Atomic<Int>(0)
    private let flushes = Atomic<Int>(0)

    /// nil where no store is configured. `embeddings`: who makes them, if that is not the upstream.
    init?(
        _ settings: CacheSettings, embeddings: UpstreamSettings?, _ registry: MetricRegistry
    ) {
        guard settings.kind != .off else { return nil }
        metrics = CacheMetrics(registry)
        self.settings = settings
        semantic = SemanticCache(settings, upstream: embeddings)
        memory =
            switch settings.kind {
            case .memory, .tiered: MemoryStore(bytesMax: settings.memoryBytesMax)
            case .redis, .off, .auto: nil
            }
        redis =
            switch settings.kind {
            case .redis, .tiered: RedisSettings(settings)
            case .memory, .off, .auto: nil
            }
        flights =
            settings.coalesce
            ? FlightTable(bytesMax: max(Self.flightBytesMin, 4 * settings.entryBytesMax)) : nil
    }

    /// Flushes that were begun: what workers keep of calls from before goes too.
    var flushCount: Int { flushes.load(ordering: .acquiring) }

    /// A flush begins, of whichever answers.
    func beginFlush() { flushes.wrappingAdd(1, ordering: .acquiringAndReleasing) }

    /// Some worker goes on without Redis.
    var isDegraded: Bool { unavailable.load(ordering: .relaxed) > 0 }

    /// A server of Redis is gone for a worker, or is there again.
    func storeChanged(isUp: Bool) {
        unavailable.wrappingAdd(isUp ? -1 : 1, ordering: .relaxed)
        metrics.storeChanged(isUp: isUp)
    }

    /// Bytes of an answer that a flight holds at least, for those who come late.
    private static let flightBytesMin = 4 << 20
}

extension RedisSettings {
    /// nil where no URL is given. It was parsed when the configuration was read.
    init?(_ settings: CacheSettings) {
        guard let text = settings.redisURL, let url = try? RedisURL(text.reveal()) else {
            return nil
        }
        self.init(url: url)
        budget = settings.redisBudget.milliseconds
        caFile = settings.redisCAFile
        replyBytesMax = 2 * settings.entryBytesMax + (64 << 10)
    }
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
}

/// The cache's part in one exchange.
struct CacheUse {
    var status = CacheStatus.off
    /// Why the cache was not used, where it was not.
    var reason: StaticString?
    var plan: CachePlan?
    /// The call, where it came before.
    var known: KnownCalls.Call?
    /// The flight that the exchange leads.
    var flight: Flight?
    /// When the oldest of the items was made that an answer is put together of, in milliseconds
    /// since 1970.
    var oldestItem: Int64?
    /// Seconds since the answer was made, of a hit.
    var age: Int?
    /// Nanoseconds that the look-up took; 0: there was none.
    var lookupTime: UInt64 = 0
    /// The cosine of the question and the one whose answer is given, where that is another.
    var similarity: Float?
    /// What was asked, where its answer may be given to those who ask the like.
    var question: KnownQuestion?

    /// `x-portkey-cache-status` of an answer that is an error, or none.
    func portkeyStatus(isError: Bool) -> StaticString {
        // Who shares an error had no hit.
        if status == .coalesced, isError { return CacheStatus.miss.portkeyName }
        if status == .hit, similarity != nil { return "SEMANTIC HIT" }
        if status == .miss, question != nil { return "SEMANTIC MISS" }
        return status.portkeyName
    }
}
