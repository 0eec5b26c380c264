/// Where traces, metrics and logs go and how: the `EXPERIMENTAL_GEN_AI_OTEL_*` and `OTEL_*`
/// variables, typed.
package struct TelemetryEnvironment: Sendable, Equatable {
    /// `OTEL_SDK_DISABLED`: nothing is recorded; propagation goes on.
    package internal(set) var isDisabled = false
    /// Of traces: at most one of each family; empty: nothing is sent.
    package internal(set) var exporters: [ExporterSettings] = []
    /// `OTEL_TRACES_EXPORTER` holds `console`.
    package internal(set) var console = false
    /// Where metrics are pushed to.
    package internal(set) var metrics = SignalSettings()
    /// When and how they are.
    package internal(set) var metricExport = MetricExportSettings()
    /// Where log records are pushed to.
    package internal(set) var logs = SignalSettings()
    /// The events of operations are sent: `OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT`, else where
    /// message content is to go on events.
    package internal(set) var sendsDetails = false
    /// Message content goes on those events.
    package internal(set) var logsCaptureContent = false
    /// `OTEL_LOGRECORD_*_LIMIT` and the general ones.
    package internal(set) var logLimits = SpanLimitSettings()
    /// `OTEL_BLRP_*`.
    package internal(set) var logBatch = BatchSettings.logRecords
    /// `OTEL_SERVICE_NAME`, else `service.name` of the resource attributes.
    package internal(set) var serviceName = "martlet"
    /// `OTEL_SERVICE_VERSION`, else `service.version`; nil: the program's own.
    package internal(set) var serviceVersion: String?
    /// The other resource attributes, in order, keys unique.
    package internal(set) var resourceAttributes: [ResourceAttribute] = []
    /// `OTEL_TRACES_SAMPLER`.
    package internal(set) var sampler = SamplerSettings.parentBasedAlwaysOn
    /// `OTEL_BSP_*`.
    package internal(set) var batch = BatchSettings()
    /// `OTEL_PROPAGATORS`; empty for `none`.
    package internal(set) var propagators: Set<Propagator> = [.traceContext, .baggage]
    /// `OTEL_SPAN_*_LIMIT` and the general ones.
    package internal(set) var limits = SpanLimitSettings()
    /// Message content goes to the console too.
    package internal(set) var consoleCapturesContent = false
    /// Sentences that name their variable.
    package internal(set) var warnings: [Diagnostic] = []

    /// The defaults: nothing is sent.
    package init() {}

    /// Where a signal goes.
    package func destinations(of signal: TelemetrySignal) -> SignalSettings {
        switch signal {
        case .traces: SignalSettings(exporters: exporters, console: console)
        case .metrics: metrics
        case .logs: logs
        }
    }

    /// Records spans: neither disabled nor without a destination.
    package var isRecording: Bool { !isDisabled && (console || !exporters.isEmpty) }
}

/// One destination of OTLP.
package struct ExporterSettings: Sendable, Equatable {
    /// The variables that asked for it.
    package enum Family: Sendable, Equatable {
        /// `EXPERIMENTAL_GEN_AI_OTEL_*`
        case experimental
        /// `OTEL_*`
        case standard
    }

    /// `OTEL_EXPORTER_OTLP_PROTOCOL`.
    package enum WireProtocol: String, Sendable, CaseIterable {
        case httpProtobuf = "http/protobuf"
        case httpJSON = "http/json"
        case grpc
    }

    /// `OTEL_EXPORTER_OTLP_COMPRESSION`.
    package enum Compression: String, Sendable, CaseIterable {
        case none, gzip
    }

    /// Who asked for it.
    package internal(set) var family: Family
    /// The final URL, path included (gRPC: without the method). May hold credentials.
    package internal(set) var url: Secret
    /// `url` as it may be shown: without user information and query.
    package internal(set) var displayURL: String
    /// In order, names unique but for case.
    package internal(set) var headers: [ExportHeader]
    /// What is spoken there.
    package internal(set) var wireProtocol: WireProtocol
    /// Of request bodies.
    package internal(set) var compression: Compression
    /// For one request; nil: no limit.
    package internal(set) var timeout: Duration?
    /// Message content goes to this one.
    package internal(set) var capturesContent: Bool
    /// PEM bundle that replaces the system's, a path.
    package internal(set) var caFile: String?
    /// PEM, a path.
    package internal(set) var clientCertificateFile: String?
    /// PEM, a path.
    package internal(set) var clientKeyFile: String?
}

/// A header of each export request.
package struct ExportHeader: Sendable, Equatable {
    /// An RFC 9110 token.
    package let name: String
    /// Without control characters.
    package let value: Secret
}

/// A resource attribute; values from the environment are strings.
package struct ResourceAttribute: Sendable, Equatable {
    /// Not empty.
    package let key: String
    /// Percent-decoded.
    package let value: String
}

/// `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`.
package enum SamplerSettings: Sendable, Equatable {
    case alwaysOn, alwaysOff
    /// 0...1
    case ratio(Double)
    case parentBasedAlwaysOn, parentBasedAlwaysOff
    /// 0...1, for roots.
    case parentBasedRatio(Double)
}

/// `OTEL_BSP_*` and `OTEL_BLRP_*`.
package struct BatchSettings: Sendable, Equatable {
    /// A batch waits this long at most.
    package internal(set) var scheduleDelay = Duration.milliseconds(5000)
    /// nil: no limit.
    package internal(set) var exportTimeout: Duration? = .milliseconds(30_000)
    /// Spans or log records.
    package internal(set) var queueSizeMax = 2048
    /// Spans or log records; at most `queueSizeMax`.
    package internal(set) var batchSizeMax = 512
}

/// `OTEL_PROPAGATORS`, those there are.
package enum Propagator: String, Sendable, CaseIterable {
    case traceContext = "tracecontext"
    case baggage
}

/// The span limits of the specification.
package struct SpanLimitSettings: Sendable, Equatable {
    /// Characters of a string value; nil: no limit.
    package internal(set) var attributeValueLengthMax: Int?
    /// Attributes of a span.
    package internal(set) var attributeCountMax = 128
    /// Events of a span.
    package internal(set) var eventCountMax = 128
    /// Links of a span.
    package internal(set) var linkCountMax = 128
    /// Attributes of an event.
    package internal(set) var eventAttributeCountMax = 128
    /// Attributes of a link.
    package internal(set) var linkAttributeCountMax = 128
}

extension Settings {
    /// The same without what needs a propagator that is not among `propagators`.
    package func limited(to propagators: Set<Propagator>) -> Settings {
        var limited = self
        if !propagators.contains(.traceContext) { limited.upstream.propagateTraceContext = false }
        if !propagators.contains(.baggage) {
            limited.telemetry.baggageAttributes = []
            limited.upstream.forwardBaggage = false
        }
        return limited
    }
}
