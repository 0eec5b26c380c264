import Caching
import Telemetry

/// What the cache counts.
final class CacheMetrics: Sendable {
    private let lookups: [MetricCell]
    private let registry: MetricRegistry

    init(_ registry: MetricRegistry) {
        self.registry = registry
        lookups = CacheStatus.allCases.map {
            registry.cell(
                "martlet.cache.requests", .counter, unit: "{request}",
                help: "Requests the cache was asked for, by what came of it.",
                labels: [("status", String(describing: $0.name))])
        }
    }

    /// A look-up came to its end.
    func lookedUp(_ status: CacheStatus) {
        lookups[status.rawValue].add()
    }

    /// A server of Redis is gone, or is there again.
    func storeChanged(isUp: Bool) {
        registry.cell(
            "martlet.cache.redis.changes", .counter, unit: "{change}",
            help: "Times a server of Redis was found gone, or there again.",
            labels: [("state", isUp ? "up" : "down")]
        ).add()
    }

    /// A store had no answer, or none that can be given: why.
    func failed(_ kind: String) {
        registry.cell(
            "martlet.cache.errors", .counter, unit: "{error}",
            help: "What stores answered that is no entry, and times they did not answer.",
            labels: [("kind", kind)]
        ).add()
    }

    /// A question was looked up by its meaning.
    func searched(_ outcome: String) {
        registry.cell(
            "martlet.cache.semantic.searches", .counter, unit: "{request}",
            help: "Questions that were looked up by their meaning, by what came of it.",
            labels: [("outcome", outcome)]
        ).add()
    }

    /// An answer was kept, or was not: why.
    func kept(_ outcome: String) {
        registry.cell(
            "martlet.cache.stores", .counter, unit: "{answer}",
            help: "Answers that were to be kept, by what came of it.",
            labels: [("outcome", outcome)]
        ).add()
    }
}
