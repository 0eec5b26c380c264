extension TelemetryEnvironment {
    private static let numberMax = Int(Int32.max)

    /// Reads the variables; never fails, what is wrong becomes a warning.
    ///
    /// `capture` is the file's `content.capture`, `keys` are those of the file that variables
    /// stand for.
    package static func read(
        _ environment: [String: String], keys: [String: String] = [:], capture: ContentCapture
    ) -> TelemetryEnvironment {
        var reader = TelemetryReader(environment, keys: keys)
        var result = TelemetryEnvironment()
        result.isDisabled = reader.boolean("OTEL_SDK_DISABLED")
        if reader.text("OTEL_CONFIG_FILE") != nil {
            reader.warn("OTEL_CONFIG_FILE", "declarative configuration is not read here")
        }
        result.readResource(&reader)
        result.readSampler(&reader)
        result.readBatch(&reader)
        result.readPropagators(&reader)
        result.readLimits(&reader)
        let content = ContentDecision(&reader, capture: capture)
        let exporters = ExporterReader(content)
        let traces = exporters.readTraces(&reader)
        let metrics = exporters.read(.metrics, &reader)
        let logs = exporters.read(.logs, &reader)
        if !result.isDisabled {
            result.exporters = traces.exporters
            result.console = traces.console
            result.metrics = metrics
            result.logs = logs
            result.sendsDetails = content.sendsDetails && logs.isOn
            result.logsCaptureContent = content.onEvents && logs.isOn
            if content.sendsDetails, !logs.isOn {
                reader.warn(
                    "OTEL_LOGS_EXPORTER",
                    "no receiver of logs is configured: events of operations go nowhere")
            }
        } else if traces.isOn || metrics.isOn || logs.isOn {
            reader.warn("OTEL_SDK_DISABLED", "true: nothing is recorded or sent")
        }
        result.consoleCapturesContent = content.captures(nil)
        result.readMetricExport(&reader)
        result.warnings = reader.warnings
        return result
    }

    /// `OTEL_SERVICE_*` over the experimental list over `OTEL_RESOURCE_ATTRIBUTES`.
    private mutating func readResource(_ reader: inout TelemetryReader) {
        var merged = reader.resourceAttributes("OTEL_RESOURCE_ATTRIBUTES")
        let experimental = reader.resourceAttributes(
            "EXPERIMENTAL_GEN_AI_OTEL_RESOURCE_ATTRIBUTES")
        for attribute in experimental {
            merged.removeAll { $0.key == attribute.key }
            merged.append(attribute)
        }
        func named(_ key: String) -> String? {
            merged.first { $0.key == key && !$0.value.isEmpty }?.value
        }
        serviceName =
            reader.text("OTEL_SERVICE_NAME") ?? named("service.name") ?? serviceName
        serviceVersion = reader.text("OTEL_SERVICE_VERSION") ?? named("service.version")
        resourceAttributes = merged.filter {
            $0.key != "service.name" && $0.key != "service.version"
        }
    }

    private mutating func readSampler(_ reader: inout TelemetryReader) {
        let name = "OTEL_TRACES_SAMPLER"
        let unsupported = ["jaeger_remote", "parentbased_jaeger_remote", "xray"]
        if let value = reader.text(name)?.lowercased(), unsupported.contains(value) {
            reader.warn(name, "`\(value)` is not supported; parentbased_always_on is used")
            return
        }
        let word = reader.word(
            [name],
            among: [
                "always_on", "always_off", "traceidratio", "parentbased_always_on",
                "parentbased_always_off", "parentbased_traceidratio",
            ])
        switch word {
        case "always_on": sampler = .alwaysOn
        case "always_off": sampler = .alwaysOff
        case "traceidratio": sampler = .ratio(samplerRatio(&reader))
        case "parentbased_always_off": sampler = .parentBasedAlwaysOff
        case "parentbased_traceidratio": sampler = .parentBasedRatio(samplerRatio(&reader))
        default: sampler = .parentBasedAlwaysOn
        }
    }

    private func samplerRatio(_ reader: inout TelemetryReader) -> Double {
        let name = "OTEL_TRACES_SAMPLER_ARG"
        guard let text = reader.text(name) else { return 1 }
        if let ratio = Double(text), (0...1).contains(ratio) { return ratio }
        reader.warn(name, "\(quoted(text)) is not a ratio from 0 to 1; 1 is used")
        return 1
    }

    private mutating func readBatch(_ reader: inout TelemetryReader) {
        batch = Self.batch("BSP", BatchSettings(), &reader)
        logBatch = Self.batch("BLRP", .logRecords, &reader)
    }

    private static func batch(
        _ processor: String, _ standard: BatchSettings, _ reader: inout TelemetryReader
    ) -> BatchSettings {
        func name(_ suffix: String) -> String { "OTEL_\(processor)_\(suffix)" }
        let delay = reader.optionalNumber([name("SCHEDULE_DELAY")], 0...numberMax)
        let timeout = reader.number([name("EXPORT_TIMEOUT")], 0...numberMax, default: 30_000)
        let queue = reader.number(
            [name("MAX_QUEUE_SIZE")], 1...1_000_000, default: standard.queueSizeMax)
        let size = reader.number(
            [name("MAX_EXPORT_BATCH_SIZE")], 1...1_000_000, default: standard.batchSizeMax)
        // A small queue alone is no mistake: the batch follows it.
        if size > queue, reader.text(name("MAX_EXPORT_BATCH_SIZE")) != nil {
            reader.warn(
                name("MAX_EXPORT_BATCH_SIZE"),
                "\(size) is more than the queue holds; \(queue) is used")
        }
        var batch = standard
        if let delay { batch.scheduleDelay = .milliseconds(delay) }
        batch.exportTimeout = timeout == 0 ? nil : .milliseconds(timeout)
        batch.queueSizeMax = queue
        batch.batchSizeMax = min(size, queue)
        return batch
    }

    private mutating func readMetricExport(_ reader: inout TelemetryReader) {
        let interval = reader.number(
            ["OTEL_METRIC_EXPORT_INTERVAL"], 1...Self.numberMax, default: 60_000)
        let timeout = reader.number(
            ["OTEL_METRIC_EXPORT_TIMEOUT"], 0...Self.numberMax, default: 30_000)
        metricExport.interval = .milliseconds(interval)
        metricExport.timeout = timeout == 0 ? nil : .milliseconds(timeout)
        metricExport.temporality =
            reader.word(
                ["OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"],
                among: MetricExportSettings.Temporality.allCases.map(\.rawValue)
            ).flatMap(MetricExportSettings.Temporality.init) ?? .cumulative
        metricExport.exemplarFilter =
            reader.word(
                ["OTEL_METRICS_EXEMPLAR_FILTER"],
                among: MetricExportSettings.ExemplarFilter.allCases.map(\.rawValue)
            ).flatMap(MetricExportSettings.ExemplarFilter.init) ?? .traceBased
        let aggregation = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION"
        let known = ["explicit_bucket_histogram", "base2_exponential_bucket_histogram"]
        if reader.word([aggregation], among: known) == known[1] {
            reader.warn(
                aggregation, "exponential histograms are not made here; explicit buckets are")
        }
    }

    private mutating func readPropagators(_ reader: inout TelemetryReader) {
        let name = "OTEL_PROPAGATORS"
        let words = reader.words(name)
        guard !words.isEmpty else { return }
        var found: Set<Propagator> = []
        for word in words {
            if let propagator = Propagator(rawValue: word) {
                found.insert(propagator)
            } else if word != "none" {
                reader.warn(
                    name, "\(quoted(word)) is not supported; ignored",
                    suggestion: NearestName.of(word, among: ["tracecontext", "baggage", "none"]))
            }
        }
        // Of unknown words only: as if unset.
        if !found.isEmpty || words.contains("none") { propagators = found }
    }

    private mutating func readLimits(_ reader: inout TelemetryReader) {
        func count(_ names: String...) -> Int {
            reader.number(names, 0...1_000_000, default: 128)
        }
        limits.attributeValueLengthMax = reader.optionalNumber(
            ["OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"],
            0...Self.numberMax)
        logLimits.attributeValueLengthMax = reader.optionalNumber(
            ["OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"],
            0...Self.numberMax)
        logLimits.attributeCountMax = count(
            "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT")
        limits.attributeCountMax = count(
            "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT")
        limits.eventCountMax = count("OTEL_SPAN_EVENT_COUNT_LIMIT")
        limits.linkCountMax = count("OTEL_SPAN_LINK_COUNT_LIMIT")
        limits.eventAttributeCountMax = count("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT")
        limits.linkAttributeCountMax = count("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT")
    }
}

/// Whether an exporter gets message content.
struct ContentDecision {
    /// One answer for all on spans; nil: by family.
    private let forAll: Bool?

    init(_ reader: inout TelemetryReader, capture: ContentCapture) {
        let name = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
        let word = reader.word(
            [name],
            among: ["no_content", "span_only", "event_only", "span_and_event", "true", "false"])
        let asksForEvents = word == "event_only" || word == "span_and_event"
        let emit = "OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT"
        sendsDetails = reader.text(emit) == nil ? asksForEvents : reader.boolean(emit)
        onEvents = asksForEvents && sendsDetails
        if asksForEvents, !sendsDetails {
            reader.warn(emit, "is not true: \(name) puts no content on events")
        }
        switch word {
        case "span_only", "true": forAll = true
        case "no_content", "false": forAll = false
        case "span_and_event": forAll = true
        case "event_only": forAll = false
        default:
            switch capture {
            case .auto: forAll = nil
            case .off: forAll = false
            case .span: forAll = true
            }
        }
        if capture == .off, forAll == true {
            reader.warn(name, "wins over content.capture, which is off")
        }
    }

    /// On the records of events.
    let onEvents: Bool
    /// The events of operations are sent at all.
    let sendsDetails: Bool

    /// On spans; `family` nil: the console.
    func captures(_ family: ExporterSettings.Family?) -> Bool {
        forAll ?? (family == .experimental)
    }
}
