import Bytes
import Configuration
import Networking
import OTLP
import Telemetry
import Upstream

/// The exporters of metrics, where the environment asks for any, and what feeds them.
package final class MetricPipeline {
    /// The accounting of each exporter.
    package let counters: [ExportCounters]
    private let exporters: SignalExporters<MetricCollection>
    private let settings: MetricExportSettings
    private let console: Log.Output?
    private var thread: MetricThread?

    /// Starts an exporter for each destination that `environment` names. `console` takes what the
    /// console exporter prints.
    package init(
        _ environment: TelemetryEnvironment, _ settings: TelemetrySettings, version: String,
        log: Log, console: @escaping Log.Output
    ) {
        exporters = SignalExporters(
            encoder: MetricsEncoder(resource: ExportResource(environment, version: version)),
            destinations: environment.metrics.exporters, batch: environment.metricExport.batch,
            settings: settings, version: version, log: log)
        counters = exporters.counters
        self.settings = environment.metricExport
        self.console = environment.metrics.console ? console : nil
    }

    /// Begins to push what `services` count, every interval.
    func start(_ services: GatewayServices) {
        let exporters = exporters
        let console = console
        let preference = TemporalityPreference(settings.temporality)
        thread = MetricThread(
            interval: settings.interval.milliseconds * 1_000_000,
            makeReader: {
                MetricReader(preference: preference, startTime: services.metrics.meters.startTime) {
                    services.collectMetrics()
                }
            },
            submit: { collection in
                exporters.submit(collection)
                guard let console else { return }
                var text = ByteBuffer(capacity: 16 << 10)
                PrometheusText.plain.append(collection.metrics.map(\.data), to: &text)
                _ = text.withBytes { console($0) }
            })
    }

    /// Reads the metrics a last time and has the exporters finish by `deadline`, monotonic
    /// nanoseconds.
    func close(deadline: UInt64) {
        thread?.finish()
        thread = nil
        exporters.close(deadline: deadline)
    }

    /// Waits until the exporters are done, after `close`.
    func join() {
        exporters.join()
    }
}

extension TemporalityPreference {
    init(_ temporality: MetricExportSettings.Temporality) {
        switch temporality {
        case .cumulative: self = .cumulative
        case .delta: self = .delta
        case .lowMemory: self = .lowMemory
        }
    }
}

extension ExemplarFilter {
    /// The filter the environment names.
    package init(_ filter: MetricExportSettings.ExemplarFilter) {
        switch filter {
        case .traceBased: self = .traceBased
        case .alwaysOn: self = .alwaysOn
        case .alwaysOff: self = .alwaysOff
        }
    }
}
