/// The signals that have exporters.
package enum TelemetrySignal: String, Sendable, CaseIterable {
    case traces, metrics, logs

    /// `OTEL_TRACES_EXPORTER`
    var exporterVariable: String { "OTEL_\(rawValue.uppercased())_EXPORTER" }

    /// The signal's variable and the general one, which is read after it.
    func variables(_ name: String) -> [String] {
        [signalVariable(name), "OTEL_EXPORTER_OTLP_\(name)"]
    }

    /// `OTEL_EXPORTER_OTLP_TRACES_` and `name`.
    func signalVariable(_ name: String) -> String {
        "OTEL_EXPORTER_OTLP_\(rawValue.uppercased())_\(name)"
    }

    /// What is appended to a base URL.
    var path: String { "/v1/\(rawValue)" }
}

/// Where one signal goes.
package struct SignalSettings: Sendable, Equatable {
    /// OTLP; empty: nothing is sent.
    package internal(set) var exporters: [ExporterSettings] = []
    /// `console` is among the signal's exporters.
    package internal(set) var console = false

    /// OTLP receivers and the console; by default neither.
    package init(exporters: [ExporterSettings] = [], console: Bool = false) {
        self.exporters = exporters
        self.console = console
    }

    /// It goes somewhere.
    package var isOn: Bool { console || !exporters.isEmpty }
}

/// `OTEL_METRIC_EXPORT_*` and what belongs to it.
package struct MetricExportSettings: Sendable, Equatable {
    /// `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`.
    package enum Temporality: String, Sendable, CaseIterable {
        case cumulative
        /// Delta for counters and histograms, cumulative for up-down counters.
        case delta
        /// Delta for synchronous counters and histograms only.
        case lowMemory = "lowmemory"
    }

    /// `OTEL_METRICS_EXEMPLAR_FILTER`.
    package enum ExemplarFilter: String, Sendable, CaseIterable {
        case traceBased = "trace_based"
        case alwaysOn = "always_on"
        case alwaysOff = "always_off"
    }

    /// `OTEL_METRIC_EXPORT_INTERVAL`: between two collections.
    package internal(set) var interval = Duration.milliseconds(60_000)
    /// `OTEL_METRIC_EXPORT_TIMEOUT`: for one export; nil: no limit.
    package internal(set) var timeout: Duration? = .milliseconds(30_000)
    /// What the points of an OTLP export count from.
    package internal(set) var temporality = Temporality.cumulative
    /// Which measurements become exemplars.
    package internal(set) var exemplarFilter = ExemplarFilter.traceBased

    /// The queue and the batches of the exporter: a collection leaves at once and whole, unless
    /// it is over the limit of bytes.
    package var batch: BatchSettings {
        var batch = BatchSettings()
        batch.scheduleDelay = .zero
        batch.exportTimeout = timeout
        batch.queueSizeMax = 200_000
        batch.batchSizeMax = 100_000
        return batch
    }
}

extension BatchSettings {
    /// `OTEL_BLRP_*`: as for spans, but for the delay.
    static var logRecords: BatchSettings {
        var batch = BatchSettings()
        batch.scheduleDelay = .milliseconds(1000)
        return batch
    }
}
