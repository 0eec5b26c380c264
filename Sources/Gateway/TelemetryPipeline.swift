import Configuration
import Networking
import OTLP
import Privacy
import Telemetry
import Upstream
import W3CTraceContext

/// The exporters of the process and what feeds them.
package final class TelemetryPipeline {
    /// Makes traces for the workers.
    package let tracer: Tracer
    /// The accounting of each exporter.
    package let counters: [ExportCounters]
    /// The fullest form of message content that each exporter may have.
    package let contentForms: ContentForms
    private var threads: [ExporterThread]
    private let logs: LogPipeline?
    private let metrics: MetricPipeline?

    /// Starts an exporter for each destination that `environment` names; none where it names
    /// none: nothing is sent unasked. `console` prints the trees of the console exporter. The
    /// owner of `watcher` takes every trace from it too, with content. `debug` says what the debug
    /// pages can show; without it there are none.
    package init(
        environment: TelemetryEnvironment, settings: TelemetrySettings, content: ContentSettings,
        version: String, log: Log, consoleStyle: ConsoleStyle, console: @escaping Log.Output,
        debug: DebugSettings? = nil, watcher: ExportQueue? = nil
    ) {
        let isRecording = environment.isRecording
        let encoder = TraceEncoder(resource: ExportResource(environment, version: version))
        let traces = TraceExporters(
            encoder: encoder,
            destinations: isRecording ? environment.exporters : [], batch: environment.batch,
            settings: settings, content: content, version: version, log: log)
        var threads = traces.threads
        var queues: [any TraceConsumer] = traces.queues
        if isRecording, environment.console {
            let (queue, thread) = consoleStyle.start(
                environment, settings, content, encoder, log: log, output: console)
            threads.append(thread)
            queues.append(queue)
        }
        if let watcher { queues.append(watcher) }
        let logs =
            environment.logs.isOn
            ? LogPipeline(
                environment, settings, content, version: version, log: log, console: console)
            : nil
        self.logs = logs
        self.threads = threads
        let metrics =
            environment.metrics.isOn
            ? MetricPipeline(environment, settings, version: version, log: log, console: console)
            : nil
        self.metrics = metrics
        counters =
            queues.map(\.counters) + (logs?.counters ?? []) + (metrics?.counters ?? [])
        let shown = environment.consoleCapturesContent ? content.consoleMode.form : .off
        let ring = environment.isDisabled ? nil : debug.flatMap { TraceRing($0, content: shown) }
        contentForms = content.forms(
            environment, isShown: ring != nil && shown != .off, isWatched: watcher != nil)
        tracer = Tracer(
            sampler: Sampler(environment.sampler), limits: SpanLimits(environment.limits),
            queues: queues, ring: ring, logs: logs?.export)
    }

    /// Begins to push what `services` count, where metrics are exported.
    package func pushMetrics(of services: GatewayServices) {
        metrics?.start(services)
    }

    /// Sends what is queued and ends the exporters, within `milliseconds`; what has not left by
    /// then is lost and counted.
    package func shutDown(within milliseconds: UInt64) {
        let deadline = Clock.monotonic &+ milliseconds &* 1_000_000
        for queue in tracer.queues { queue.close(deadline: deadline) }
        logs?.close(deadline: deadline)
        metrics?.close(deadline: deadline)
        for thread in threads { thread.join() }
        logs?.join()
        metrics?.join()
        threads.removeAll()
    }
}
