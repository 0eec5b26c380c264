import Configuration
import OTLP
import Privacy
import Telemetry

/// How `OTEL_TRACES_EXPORTER=console` prints spans.
package enum ConsoleStyle: Sendable {
    /// For people: a tree for each trace.
    case tree(isColoured: Bool)
    /// For programs: a line of OTLP/JSON for each span.
    case lines

    /// That of a log's format.
    package init(_ format: Configuration.LogFormat, isTerminal: Bool) {
        switch format {
        case .text: self = .tree(isColoured: isTerminal)
        case .json: self = .lines
        }
    }

    /// Starts the exporter that prints to `output`, which takes a whole tree or line and may wait.
    func start(
        _ environment: TelemetryEnvironment, _ settings: TelemetrySettings,
        _ content: ContentSettings, _ encoder: TraceEncoder, log: Log,
        output: @escaping Log.Output
    ) -> (queue: any TraceConsumer, thread: ExporterThread) {
        let limits = QueueLimits(environment.batch)
        let counters = ExportCounters(exporter: "console")
        switch self {
        case .tree(let isColoured):
            var options = ConsoleOptions()
            options.isColoured = isColoured
            options.includesContent = environment.consoleCapturesContent
            options.contentForm = content.consoleMode.form
            let queue = ExportQueue(limits: limits, counters: counters)
            return (queue, ExporterThread(queue: queue, options: options, output: output))
        case .lines:
            var options = ExporterOptions()
            options.batchItemsMax = 1
            options.batchBytesMax = settings.exportBytesMax
            options.contentForm =
                environment.consoleCapturesContent ? content.consoleMode.form : .off
            options.includesContent = options.contentForm != .off
            let queue = SpanQueue(
                limits: limits, counters: counters, content: options.contentForm)
            let thread = ExporterThread(
                queue: queue.encoded, encoder: encoder, options: options, log: log
            ) { _ in ConsoleTransport(output: output) }
            return (queue, thread)
        }
    }
}
