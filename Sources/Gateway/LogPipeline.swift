import Configuration
import OTLP
import Telemetry

/// The exporters of log records and what feeds them.
struct LogPipeline {
    /// Takes records from workers.
    let export: LogExport
    private let queues: [ItemQueue<LogItem>]
    private let threads: [ExporterThread]

    /// Starts an exporter for each destination of logs. `console` prints those of the console
    /// exporter, and may wait.
    init(
        _ environment: TelemetryEnvironment, _ settings: TelemetrySettings,
        _ content: ContentSettings, version: String, log: Log, console: @escaping Log.Output
    ) {
        let encoder = LogEncoder(resource: ExportResource(environment, version: version))
        let exporters = SignalExporters(
            encoder: encoder, destinations: environment.logs.exporters,
            batch: environment.logBatch, settings: settings, content: content, version: version,
            log: log)
        var queues = exporters.queues
        var threads = exporters.threads
        if environment.logs.console {
            let queue = ItemQueue<LogItem>(
                limits: QueueLimits(environment.logBatch),
                counters: ExportCounters(exporter: "console", signal: .logs))
            var options = ExporterOptions()
            options.batchItemsMax = environment.logBatch.batchSizeMax
            options.delay = Self.consoleDelay
            options.batchBytesMax = settings.exportBytesMax
            options.includesContent = environment.logsCaptureContent
            options.contentForm = content.consoleMode.form
            threads.append(
                ExporterThread(queue: queue, encoder: encoder, options: options, log: log) { _ in
                    ConsoleTransport(output: console)
                })
            queues.append(queue)
        }
        self.queues = queues
        self.threads = threads
        export = LogExport(
            queues: queues, sendsDetails: environment.sendsDetails,
            limits: SpanLimits(environment.logLimits))
    }

    /// Nanoseconds that records wait for others before they are printed.
    private static let consoleDelay: UInt64 = 100_000_000

    /// The accounting of each exporter.
    var counters: [ExportCounters] { queues.map(\.counters) }

    /// Takes nothing more and has the exporters finish by `deadline`, monotonic nanoseconds.
    func close(deadline: UInt64) {
        for queue in queues { queue.close(deadline: deadline) }
    }

    /// Waits until the exporters are done, after `close`. To be called once.
    func join() {
        for thread in threads { thread.join() }
    }
}
