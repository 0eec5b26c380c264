import Configuration
import OTLP
import Telemetry

/// The exporters of log records and what feeds them.
struct LogPipeline {
    /// Takes records from workers.
    let export: LogExport
    private let exporters: SignalExporters<LogItem>

    /// Starts an exporter for each destination of logs.
    init(
        _ environment: TelemetryEnvironment, _ settings: TelemetrySettings, _ version: String,
        _ log: Log
    ) {
        exporters = SignalExporters(
            encoder: LogEncoder(resource: ExportResource(environment, version: version)),
            destinations: environment.logs.exporters, batch: environment.logBatch,
            settings: settings, version: version, log: log)
        export = LogExport(
            queues: exporters.queues, sendsDetails: environment.sendsDetails,
            limits: SpanLimits(environment.logLimits))
    }

    /// The accounting of each exporter.
    var counters: [ExportCounters] { exporters.counters }

    /// See `SignalExporters`.
    func close(deadline: UInt64) {
        exporters.close(deadline: deadline)
    }

    /// See `SignalExporters`.
    func join() {
        exporters.join()
    }
}
