import Configuration
import HTTPClient
import Networking
import OTLP
import Privacy
import Telemetry
import Upstream

// The environment's settings in the exporters' own terms.

extension ExportResource {
    /// Who sends; `version` is the gateway's.
    package init(_ environment: TelemetryEnvironment, version: String) {
        var attributes = [("service.name", environment.serviceName)]
        attributes.append(("service.version", environment.serviceVersion ?? version))
        attributes += environment.resourceAttributes.map { ($0.key, $0.value) }
        self.init(attributes: attributes, version: version)
    }
}

extension QueueLimits {
    init(_ batch: BatchSettings) {
        self.init()
        itemsMax = batch.queueSizeMax
        batchItems = batch.batchSizeMax
    }
}

extension ExportEndpoint {
    /// Where `exporter` sends, and how.
    package init(_ exporter: ExporterSettings) {
        self.init(
            url: exporter.url.reveal(),
            headers: exporter.headers.map { ($0.name, $0.value.reveal()) },
            wire: ExportProtocol(exporter.wireProtocol))
        tls.caFile = exporter.caFile
        tls.clientCertificateFile = exporter.clientCertificateFile
        tls.clientKeyFile = exporter.clientKeyFile
    }
}

extension Signal {
    /// The same signal.
    package init(_ signal: TelemetrySignal) {
        switch signal {
        case .traces: self = .traces
        case .metrics: self = .metrics
        case .logs: self = .logs
        }
    }
}

extension ExportProtocol {
    init(_ wire: ExporterSettings.WireProtocol) {
        switch wire {
        case .httpProtobuf: self = .httpProtobuf
        case .httpJSON: self = .httpJSON
        case .grpc: self = .grpc
        }
    }
}

extension ExporterOptions {
    init(
        _ exporter: ExporterSettings, _ batch: BatchSettings, _ settings: TelemetrySettings,
        _ content: ContentSettings?
    ) {
        self.init()
        batchItemsMax = batch.batchSizeMax
        delay = batch.scheduleDelay.milliseconds * 1_000_000
        batchBytesMax = settings.exportBytesMax
        retries.exportTimeout = (batch.exportTimeout?.milliseconds ?? 0) * 1_000_000
        retries.requestTimeout = (exporter.timeout?.milliseconds ?? 0) * 1_000_000
        isGzip = exporter.compression == .gzip
        includesContent = exporter.capturesContent
        contentForm = content?.form(exporter) ?? .off
    }
}

extension ContentSettings {
    /// The forms that the exporters may have, with the debug pages (`isShown`) and somebody in
    /// this process who is shown everything (`isWatched`).
    func forms(
        _ environment: TelemetryEnvironment, isShown: Bool, isWatched: Bool
    ) -> ContentForms {
        var forms = ContentForms()
        if isWatched { forms.insert(.full) }
        if isShown { forms.insert(consoleMode.form) }
        if environment.logsCaptureContent {
            for exporter in environment.logs.exporters { forms.insert(form(exporter)) }
            if environment.logs.console { forms.insert(consoleMode.form) }
        }
        guard environment.isRecording else { return forms }
        for exporter in environment.exporters { forms.insert(form(exporter)) }
        if environment.console, environment.consoleCapturesContent {
            forms.insert(consoleMode.form)
        }
        return forms
    }

    /// The most that an exporter may have of message content.
    package func form(_ exporter: ExporterSettings) -> ContentForm {
        guard exporter.capturesContent else { return .off }
        switch exporter.family {
        case .experimental: return experimentalMode.form
        case .standard: return otlpMode.form
        }
    }
}

extension Sampler {
    init(_ settings: SamplerSettings) {
        switch settings {
        case .alwaysOn: self.init(root: .alwaysOn, honoursParent: false)
        case .alwaysOff: self.init(root: .alwaysOff, honoursParent: false)
        case .ratio(let ratio): self.init(root: .ratio(ratio), honoursParent: false)
        case .parentBasedAlwaysOn: self.init(root: .alwaysOn, honoursParent: true)
        case .parentBasedAlwaysOff: self.init(root: .alwaysOff, honoursParent: true)
        case .parentBasedRatio(let ratio): self.init(root: .ratio(ratio), honoursParent: true)
        }
    }
}

extension SpanLimits {
    init(_ settings: SpanLimitSettings) {
        self.init()
        attributeCountMax = settings.attributeCountMax
        valueCharactersMax = settings.attributeValueLengthMax ?? .max
        eventCountMax = settings.eventCountMax
        linkCountMax = settings.linkCountMax
    }
}

extension TraceRing {
    /// nil where the debug pages are off.
    package convenience init?(_ settings: DebugSettings, content: ContentForm) {
        guard let tracesMax = settings.tracesMax else { return nil }
        var limits = Limits()
        limits.tracesMax = tracesMax
        limits.bytesMax = settings.traceBytesMax
        self.init(limits: limits, content: content)
    }
}
