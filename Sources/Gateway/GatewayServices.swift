import Configuration
import Networking
import Privacy
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
    let content: ContentPolicy
    /// nil where no answers are kept.
    let cache: AnswerCache?
    /// Keys the hashes of all workers: the configuration's, or random.
    let secret: Secret
    /// `traceparent` and `tracestate` are read and sent (`OTEL_PROPAGATORS`).
    let propagatesTraceContext: Bool
    /// Host names under which this gateway may be addressed while it spends a key of its own.
    let ownHosts: [String]
    private let draining = Atomic<Bool>(false)

    /// `exporters` are the counters that `/metrics` shows, `contentForms` the fullest forms of
    /// message content that each of them may have. A propagator that is missing from
    /// `propagators` is off in both directions, whatever the settings say.
    package init(
        settings: Settings, tracer: Tracer, exporters: [ExportCounters],
        contentForms: ContentForms, log: Log,
        propagators: Set<Propagator> = [.traceContext, .baggage],
        exemplars: ExemplarFilter = .traceBased
    ) {
        let settings = settings.limited(to: propagators)
        propagatesTraceContext = propagators.contains(.traceContext)
        self.settings = settings
        self.tracer = tracer
        self.exporters = exporters
        content = ContentPolicy(settings.content, exporters: contentForms)
        secret = settings.secret ?? Secret(KeyedHash.randomSecret())
        self.log = log
        target = UpstreamTarget(settings: settings.upstream)
        var options = Meters.Options()
        options.namesMax = settings.telemetry.metricNamesMax
        options.exemplars = exemplars
        metrics = GatewayMetrics(meters: Meters(options: options, startTime: Clock.wall))
        cache = AnswerCache(
            settings.cache, embeddings: settings.semanticUpstream, metrics.registry)
        keys = ClientKeys(settings.keys.clientKeys)
        adminKeys = ClientKeys(settings.admin.key)
        ownHosts = settings.listener.addresses.compactMap { address in
            if case .tcp(let host, _) = address { host.lowercased() } else { nil }
        }
    }

    /// Every metric at this moment; from any thread.
    package func collectMetrics() -> [MetricData] {
        metrics.meters.collect() + metrics.registry.collect() + ExportMetrics.collect(exporters)
            + LogMetrics.collect(log) + (cache?.collectMetrics() ?? [])
    }

    /// The process is going to end: `/readyz` says so, and connections close.
    var isDraining: Bool { draining.load(ordering: .relaxed) }

    func beginDraining() {
        draining.store(true, ordering: .relaxed)
    }
}

extension ContentPolicy {
    /// What the settings leave of what `exporters` may have.
    package init(_ settings: ContentSettings, exporters: ContentForms) {
        let bounds = [settings.experimentalMode, settings.otlpMode, settings.consoleMode]
        self.init(
            exporters: exporters, standard: settings.mode.form, rules: settings.rules,
            strictest: bounds.reduce(.full) { min($0, $1.form) })
    }
}
