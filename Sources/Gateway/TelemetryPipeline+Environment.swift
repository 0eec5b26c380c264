import Configuration
import HTTPClient
import Networking
import OTLP
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
    init(_ exporter: ExporterSettings, _ batch: BatchSettings, _ settings: TelemetrySettings) {
        self.init()
        batchItemsMax = batch.batchSizeMax
        delay = batch.scheduleDelay.milliseconds * 1_000_000
        batchBytesMax = settings.exportBytesMax
        retries.exportTimeout = (batch.exportTimeout?.milliseconds ?? 0) * 1_000_000
        retries.requestTimeout = (exporter.timeout?.milliseconds ?? 0) * 1_000_000
        isGzip = exporter.compression == .gzip
        includesContent = exporter.capturesContent
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
    package convenience init?(_ settings: DebugSettings, includesContent: Bool) {
        guard let tracesMax = settings.tracesMax else { return nil }
        var limits = Limits()
        limits.tracesMax = tracesMax
        limits.bytesMax = settings.traceBytesMax
        self.init(limits: limits, includesContent: includesContent)
    }
}
