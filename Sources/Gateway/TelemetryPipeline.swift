import Configuration
import HTTPClient
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

    /// Starts an exporter for each destination that `environment` names; none where it names
    /// none: nothing is sent unasked. `console` prints the trees of the console exporter. The
    /// owner of `watcher` takes every trace from it too, with content.
    package init(
        environment: TelemetryEnvironment, settings: TelemetrySettings, content: ContentSettings,
        version: String, log: Log, consoleColours: Bool, console: @escaping Log.Output,
        watcher: ExportQueue? = nil
    ) {
        var threads: [ExporterThread] = []
        var queues: [ExportQueue] = []
        let isRecording = environment.isRecording
        let resource = ExportResource(environment, version: version)
        for exporter in isRecording ? environment.exporters : [] {
            let name = exporter.family == .experimental ? "experimental" : "otlp"
            let queue = ExportQueue(
                limits: .init(environment.batch), counters: ExportCounters(exporter: name))
            var client = CurlClient.Settings()
            client.caFile = exporter.caFile
            threads.append(
                ExporterThread(
                    queue: queue, endpoint: ExportEndpoint(exporter),
                    options: ExporterOptions(exporter, environment, settings, content),
                    resource: resource, client: client, log: log))
            queues.append(queue)
        }
        if isRecording, environment.console {
            let queue = ExportQueue(
                limits: .init(environment.batch), counters: ExportCounters(exporter: "console"))
            var options = ConsoleOptions()
            options.isColoured = consoleColours
            options.includesContent = environment.consoleCapturesContent
            options.contentForm = content.consoleMode.form
            threads.append(ExporterThread(queue: queue, options: options, output: console))
            queues.append(queue)
        }
        if let watcher { queues.append(watcher) }
        self.threads = threads
        counters = queues.map(\.counters)
        var forms = watcher == nil ? [] : ContentForms(.full)
        if isRecording {
            for exporter in environment.exporters { forms.insert(content.form(exporter)) }
            if environment.console, environment.consoleCapturesContent {
                forms.insert(content.consoleMode.form)
            }
        }
        contentForms = forms
        tracer = Tracer(
            sampler: Sampler(environment.sampler), limits: SpanLimits(environment.limits),
            queues: queues)
    }

    /// Sends what is queued and ends the exporters, within `milliseconds`; what has not left by
    /// then is lost and counted.
    package func shutDown(within milliseconds: UInt64) {
        let deadline = Clock.monotonic &+ milliseconds &* 1_000_000
        for queue in tracer.queues { queue.close(deadline: deadline) }
        for thread in threads { thread.join() }
        threads.removeAll()
    }
}
