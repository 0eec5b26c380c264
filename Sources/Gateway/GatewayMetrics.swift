import Telemetry

/// The gateway's own numbers on `/metrics`, beside the accounting of the exports.
final class GatewayMetrics: Sendable {
    /// What workers count for themselves.
    let meters: Meters
    let registry: MetricRegistry
    let connections: MetricCell
    let activeRequests: MetricCell
    let typedRequests: MetricCell
    let relayedRequests: MetricCell
    let attempts: MetricCell
    let disconnects: MetricCell
    let cutAnswers: MetricCell
    private let errors: [MetricCell]

    init(meters: Meters) {
        self.meters = meters
        let registry = MetricRegistry()
        func counter(
            _ name: StaticString, _ unit: StaticString, _ help: StaticString,
            _ labels: [(name: StaticString, value: String)] = []
        ) -> MetricCell {
            registry.cell(name, .counter, unit: unit, help: help, labels: labels)
        }
        self.registry = registry
        connections = registry.cell(
            "martlet.connections", .gauge, unit: "{connection}",

            help: "Open connections of clients.")
        activeRequests = registry.cell(
            "martlet.requests.active", .gauge, unit: "{request}", help: "Requests being answered.",
            labels: [])
        typedRequests = counter(
            "martlet.requests", "{request}", "Requests by kind.", [("kind", "model")])
        relayedRequests = counter(
            "martlet.requests", "{request}", "Requests by kind.", [("kind", "passthrough")])
        attempts = counter(
            "martlet.upstream.attempts", "{request}", "Requests sent to upstreams.")
        disconnects = counter(
            "martlet.client.disconnects", "{request}",
            "Clients that left before their answer's end.")
        cutAnswers = counter(
            "martlet.answers.cut", "{request}",
            "Answers that broke off at the upstream.")
        errors = GatewayError.Code.allCases.map {
            counter(
                "martlet.errors", "{request}", "Errors of the gateway's own, by code.",
                [("code", $0.rawValue)])
        }
    }

    func countError(_ code: GatewayError.Code) {
        let index = GatewayError.Code.allCases.firstIndex(of: code) ?? 0
        errors[index].add()
    }
}
