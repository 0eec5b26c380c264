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
        log: Log, propagators: Set<Propagator> = [.traceContext, .baggage],
        exemplars: ExemplarFilter = .traceBased
    ) {
        let settings = settings.limited(to: propagators)
        propagatesTraceContext = propagators.contains(.traceContext)
        self.settings = settings
        self.tracer = tracer
        self.exporters = exporters
        self.capturesContent = capturesContent
        self.log = log
        target = UpstreamTarget(settings: settings.upstream)
        var options = Meters.Options()
        options.namesMax = settings.telemetry.metricNamesMax
        options.exemplars = exemplars
        metrics = GatewayMetrics(meters: Meters(options: options, startTime: Clock.wall))
        keys = ClientKeys(settings.keys.clientKeys)
        adminKeys = ClientKeys(settings.admin.key.map { [$0] } ?? [])
        ownHosts = settings.listener.addresses.compactMap { address in
            if case .tcp(let host, _) = address { host.lowercased() } else { nil }
        }
    }

    /// Every metric at this moment; from any thread.
    package func collectMetrics() -> [MetricData] {
        metrics.meters.collect() + metrics.registry.collect() + ExportMetrics.collect(exporters)
            + LogMetrics.collect(log)
    }

    /// The process is going to end: `/readyz` says so, and connections close.
    var isDraining: Bool { draining.load(ordering: .relaxed) }

    func beginDraining() {
        draining.store(true, ordering: .relaxed)
    }
}
