import Caching
import OpenAIAPI
import Telemetry

/// What the cache counts.
final class CacheMetrics: Sendable {
    private let lookups: [MetricCell]
    /// Tokens of answers that no provider was asked for, as it had reported them.
    let savedInputTokens, savedOutputTokens: MetricCell
    private let registry: MetricRegistry

    init(_ registry: MetricRegistry) {
        self.registry = registry
        lookups = CacheStatus.allCases.map {
            registry.cell(
                "martlet.cache.requests", .counter, unit: "{request}",
                help: "Requests the cache was asked for, by what came of it.",
                labels: [("status", String(describing: $0.name))])
        }
        func saved(_ type: String) -> MetricCell {
            registry.cell(
                "martlet.cache.saved.tokens", .counter, unit: "{token}",
                help: "Tokens of answers that no provider was asked for, as it had counted them.",
                labels: [("gen_ai.token.type", type)])
        }
        savedInputTokens = saved("input")
        savedOutputTokens = saved("output")
    }

    /// Requests that ended so.
    func count(of status: CacheStatus) -> Int { lookups[status.rawValue].value }

    /// A request was answered without a provider, which had reported `usage` of that answer.
    func saved(_ usage: AnswerFacts.Usage?) {
        if let tokens = usage?.inputTokens, tokens > 0 { savedInputTokens.add(tokens) }
        if let tokens = usage?.outputTokens, tokens > 0 { savedOutputTokens.add(tokens) }
    }

    /// What came of a request is decided.
    func lookedUp(_ status: CacheStatus) {
        lookups[status.rawValue].add()
    }

    /// A server of Redis is gone, or is there again.
    func storeChanged(isUp: Bool) {
        count(
            "martlet.cache.redis.changes", "{change}", ("state", isUp ? "up" : "down"),
            "Times a server of Redis was found gone, or there again.")
    }

    /// A store had no answer, or none that can be given: why.
    func failed(_ kind: String) {
        count(
            "martlet.cache.errors", "{error}", ("kind", kind),
            "What stores answered that is no entry, and times they did not answer.")
    }

    /// A question was looked up by its meaning.
    func searched(_ outcome: String) {
        count(
            "martlet.cache.semantic.searches", "{request}", ("outcome", outcome),
            "Questions that were looked up by their meaning, by what came of it.")
    }

    /// An answer was kept, or was not: why.
    func kept(_ outcome: String) {
        count(
            "martlet.cache.stores", "{answer}", ("outcome", outcome),
            "Answers that were to be kept, by what came of it.")
    }

    private func count(
        _ name: StaticString, _ unit: StaticString, _ label: (name: StaticString, value: String),
        _ help: StaticString
    ) {
        registry.cell(name, .counter, unit: unit, help: help, labels: [label]).add()
    }
}

extension AnswerCache {
    private static let bytes = MetricDefinition(
        "martlet.cache.memory.bytes", unit: "By", .upDownCounter,
        "Bytes that the answers in memory take.")
    private static let entries = MetricDefinition(
        "martlet.cache.memory.entries", unit: "{entry}", .upDownCounter, "Answers in memory.")
    private static let evictions = MetricDefinition(
        "martlet.cache.evictions", unit: "{entry}", .observedCounter,
        "Answers that went from memory for others.")
    private static let questions = MetricDefinition(
        "martlet.cache.semantic.entries", unit: "{entry}", .upDownCounter,
        "Questions whose answers may be given to those who ask the like.")
    private static let questionBytes = MetricDefinition(
        "martlet.cache.semantic.bytes", unit: "By", .upDownCounter,
        "Bytes that those questions take.")
    private static let underWay = MetricDefinition(
        "martlet.cache.flights", unit: "{call}", .upDownCounter,
        "Calls under way that equal ones would share.")

    /// What is read from the stores, at this moment; from any thread.
    func collectMetrics() -> [MetricData] {
        func metric(_ definition: MetricDefinition, _ value: Int) -> MetricData {
            MetricData(definition, [MetricPoint(MetricLabels([]), .integer(value))])
        }
        var found: [MetricData] = []
        if let statistics = memory?.statistics {
            found.append(metric(Self.bytes, statistics.bytes))
            found.append(metric(Self.entries, statistics.entries))
            found.append(metric(Self.evictions, statistics.evicted))
        }
        if let statistics = semantic?.index.statistics {
            found.append(metric(Self.questions, statistics.entries))
            found.append(metric(Self.questionBytes, statistics.bytes))
        }
        if let flights { found.append(metric(Self.underWay, flights.count)) }
        return found
    }
}
