import Configuration
import Networking
import Synchronization
import Telemetry
import Upstream

/// What all workers share: immutable, or atomic.
package final class GatewayServices: Sendable {
    let settings: Settings
    let target: UpstreamTarget
    let tracer: Tracer
    let metrics: GatewayMetrics
    let exporters: [ExportCounters]
    let log: Log
    let keys: ClientKeys
    /// `admin.key`, or none.
    let adminKeys: ClientKeys
    let capturesContent: Bool
    /// `traceparent` and `tracestate` are read and sent (`OTEL_PROPAGATORS`).
    let propagatesTraceContext: Bool
    /// Host names under which this gateway may be addressed while it spends a key of its own.
    let ownHosts: [String]
    private let draining = Atomic<Bool>(false)

    /// `exporters` are the counters that `/metrics` shows. A propagator that is missing from
    /// `propagators` is off in both directions, whatever the settings say.
    package init(
        settings: Settings, tracer: Tracer, exporters: [ExportCounters], capturesContent: Bool,
        log: Log, propagators: Set<Propagator> = [.traceContext, .baggage]
    ) {
        let settings = settings.limited(to: propagators)
        propagatesTraceContext = propagators.contains(.traceContext)
        self.settings = settings
        self.tracer = tracer
        self.exporters = exporters
        self.capturesContent = capturesContent
        self.log = log
        target = UpstreamTarget(settings: settings.upstream)
        metrics = GatewayMetrics()
        keys = ClientKeys(settings.keys.clientKeys)
        adminKeys = ClientKeys(settings.admin.key.map { [$0] } ?? [])
        ownHosts = settings.listener.addresses.compactMap { address in
            if case .tcp(let host, _) = address { host.lowercased() } else { nil }
        }
    }

    /// The process is going to end: `/readyz` says so, and connections close.
    var isDraining: Bool { draining.load(ordering: .relaxed) }

    func beginDraining() {
        draining.store(true, ordering: .relaxed)
    }
}

/// The gateway's own numbers on `/metrics`, beside the accounting of the exports.
final class GatewayMetrics: Sendable {
    let registry: MetricRegistry
    let connections: MetricCell
    let activeRequests: MetricCell
    let typedRequests: MetricCell
    let relayedRequests: MetricCell
    let attempts: MetricCell
    let disconnects: MetricCell
    let cutAnswers: MetricCell
    private let errors: [MetricCell]

    init() {
        let registry = MetricRegistry()
        func counter(
            _ name: StaticString, _ help: StaticString,
            _ labels: [(name: StaticString, value: String)] = []
        ) -> MetricCell {
            registry.cell(name, .counter, help: help, labels: labels)
        }
        self.registry = registry
        connections = registry.cell(
            "martlet_connections", .gauge, help: "Open connections of clients.", labels: [])
        activeRequests = registry.cell(
            "martlet_requests_active", .gauge, help: "Requests being answered.", labels: [])
        typedRequests = counter(
            "martlet_requests_total", "Requests by kind.", [("kind", "model")])
        relayedRequests = counter(
            "martlet_requests_total", "Requests by kind.", [("kind", "passthrough")])
        attempts = counter("martlet_upstream_attempts_total", "Requests sent to upstreams.")
        disconnects = counter(
            "martlet_client_disconnects_total", "Clients that left before their answer's end.")
        cutAnswers = counter(
            "martlet_answers_cut_total", "Answers that broke off at the upstream.")
        errors = GatewayError.Code.allCases.map {
            counter(
                "martlet_errors_total", "Errors of the gateway's own, by code.",
                [("code", $0.rawValue)])
        }
    }

    func countError(_ code: GatewayError.Code) {
        let index = GatewayError.Code.allCases.firstIndex(of: code) ?? 0
        errors[index].add()
    }
}
