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

    /// An answer was kept, or was not: why.
    func kept(_ outcome: StaticString) {
        registry.cell(
            "martlet.cache.stores", .counter, unit: "{answer}",
            help: "Answers that were to be kept, by what came of it.",
            labels: [("outcome", String(describing: outcome))]
        ).add()
    }
}
