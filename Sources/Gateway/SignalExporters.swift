import Configuration
import OTLP
import Privacy
import Telemetry

/// The running exporters of metrics or logs, one for each destination.
///
/// What is submitted goes to each. They end when they are closed: `close`, then `join`.
package struct SignalExporters<Entry: ExportEntry> {
    /// One for each exporter; they count what they take.
    package let queues: [ItemQueue<Entry>]
    /// The exporters' threads.
    package let threads: [ExporterThread]

    /// Starts an exporter for each of `destinations`. `version` is the gateway's.
    package init<Encoder: BatchEncoder>(
        encoder: Encoder, destinations: [ExporterSettings], batch: BatchSettings,
        settings: TelemetrySettings, content: ContentSettings? = nil, version: String, log: Log
    ) where Encoder.Entry == Entry {
        var queues: [ItemQueue<Entry>] = []
        var threads: [ExporterThread] = []
        for exporter in destinations {
            let queue = ItemQueue<Entry>(
                limits: QueueLimits(batch), counters: exporter.counters(of: encoder.signal))
            threads.append(
                ExporterThread(
                    queue: queue, encoder: encoder, endpoint: ExportEndpoint(exporter),
                    options: ExporterOptions(exporter, batch, settings, content), version: version,
                    log: log))
            queues.append(queue)
        }
        self.queues = queues
        self.threads = threads
    }

    /// The accounting of each exporter.
    package var counters: [ExportCounters] { queues.map(\.counters) }

    /// Hands an entry to every exporter; never waits. From any thread.
    package func submit(_ entry: Entry) {
        for queue in queues { queue.submit(entry) }
    }

    /// Takes nothing more and has the exporters finish by `deadline`, monotonic nanoseconds.
    package func close(deadline: UInt64) {
        for queue in queues { queue.close(deadline: deadline) }
    }

    /// Waits until the exporters are done, after `close`. To be called once.
    package func join() {
        for thread in threads { thread.join() }
    }
}

/// The running exporters of traces, one for each destination.
struct TraceExporters {
    /// One for each exporter; they count what they take.
    let queues: [SpanQueue]
    /// The exporters' threads.
    let threads: [ExporterThread]

    /// Starts an exporter for each of `destinations`. `version` is the gateway's.
    init(
        encoder: TraceEncoder, destinations: [ExporterSettings], batch: BatchSettings,
        settings: TelemetrySettings, content: ContentSettings, version: String, log: Log
    ) {
        var queues: [SpanQueue] = []
        var threads: [ExporterThread] = []
        for exporter in destinations {
            let options = ExporterOptions(exporter, batch, settings, content)
            let queue = SpanQueue(
                limits: QueueLimits(batch), counters: exporter.counters(of: .traces),
                content: options.includesContent ? options.contentForm : .off)
            threads.append(
                ExporterThread(
                    queue: queue.encoded, encoder: encoder, endpoint: ExportEndpoint(exporter),
                    options: options, version: version, log: log))
            queues.append(queue)
        }
        self.queues = queues
        self.threads = threads
    }
}

extension ExporterSettings {
    fileprivate func counters(of signal: Signal) -> ExportCounters {
        ExportCounters(
            exporter: family == .experimental ? "experimental" : "otlp", signal: signal)
    }
}
