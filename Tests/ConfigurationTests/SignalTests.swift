import Configuration
import Testing

private let prefix = "OTEL_EXPORTER_OTLP_"

private func read(_ environment: [String: String]) -> TelemetryEnvironment {
    TelemetryEnvironment.read(environment, capture: .auto)
}

private func only(
    _ signal: TelemetrySignal, _ environment: [String: String]
) throws -> ExporterSettings {
    let exporters = read(environment).destinations(of: signal).exporters
    try #require(exporters.count == 1)
    return exporters[0]
}

/// What each signal has of its own.
struct SignalTests {
    @Test(arguments: TelemetrySignal.allCases)
    func `a base URL serves every signal, each at its path`(signal: TelemetrySignal) throws {
        let path = "/v1/\(signal.rawValue)"
        for base in ["http://h:4318", "http://h:4318/", "http://h:4318/v1/traces"] {
            let exporter = try only(signal, [prefix + "ENDPOINT": base])
            #expect(exporter.url.reveal() == "http://h:4318" + path)
        }
    }

    @Test(arguments: TelemetrySignal.allCases)
    func `a signal's endpoint is used as it is, and serves no other`(signal: TelemetrySignal) throws
    {
        let name = prefix + signal.rawValue.uppercased() + "_ENDPOINT"
        let alone = read([name: "http://h/in"])
        for other in TelemetrySignal.allCases {
            let urls = alone.destinations(of: other).exporters.map { $0.url.reveal() }
            #expect(urls == (other == signal ? ["http://h/in"] : []))
        }
        let exporter = try only(signal, [name: "http://h/in", prefix + "ENDPOINT": "http://all"])
        #expect(exporter.url.reveal() == "http://h/in")
    }

    @Test(arguments: TelemetrySignal.allCases)
    func `a signal's own variables win over the general ones`(signal: TelemetrySignal) throws {
        let own = prefix + signal.rawValue.uppercased() + "_"
        let general = [
            "ENDPOINT": "http://h:4318", "HEADERS": "a=1", "PROTOCOL": "grpc",
            "COMPRESSION": "none", "TIMEOUT": "1", "CERTIFICATE": "ca", "CLIENT_CERTIFICATE": "cc",
            "CLIENT_KEY": "ck",
        ]
        let special = [
            "HEADERS": "b=2", "PROTOCOL": "http/json", "COMPRESSION": "gzip", "TIMEOUT": "7",
            "CERTIFICATE": "CA", "CLIENT_CERTIFICATE": "CC", "CLIENT_KEY": "CK",
        ]
        var environment: [String: String] = [:]
        for (name, value) in general { environment[prefix + name] = value }
        for (name, value) in special { environment[own + name] = value }
        let exporter = try only(signal, environment)
        #expect(exporter.headers.map(\.name) == ["b"])
        #expect(exporter.wireProtocol == .httpJSON)
        #expect(exporter.compression == .gzip)
        #expect(exporter.timeout == .milliseconds(7))
        #expect(exporter.caFile == "CA")
        #expect(exporter.clientCertificateFile == "CC")
        #expect(exporter.clientKeyFile == "CK")
        let other = TelemetrySignal.allCases.first { $0 != signal }!
        let rest = try only(other, environment)
        #expect(rest.headers.map(\.name) == ["a"])
        #expect(rest.wireProtocol == .grpc)
        #expect(rest.caFile == "ca")
    }

    @Test(arguments: [
        ("http://h:4317", nil, "http://h:4317", 0), ("https://h", nil, "https://h", 0),
        ("h:4317", nil, "https://h:4317", 0), ("h:4317", "true", "http://h:4317", 0),
        ("https://h:4317", "true", "https://h:4317", 0),
        ("http://h:4317/v1/traces?x=1", nil, "http://h:4317", 1),
        ("http://h:4317/", nil, "http://h:4317", 0), ("http://h:4318", nil, "http://h:4318", 1),
    ])
    func `gRPC has a server, TLS unless told otherwise, and no path`(
        text: String, insecure: String?, url: String, warnings: Int
    ) throws {
        var environment = [prefix + "ENDPOINT": text, prefix + "PROTOCOL": "grpc"]
        environment[prefix + "INSECURE"] = insecure
        let exporter = try only(.traces, environment)
        #expect(exporter.url.reveal() == url)
        #expect(exporter.displayURL == url)
        #expect(read(environment).warnings.count == warnings)
    }

    @Test func `gRPC without an endpoint has a port of its own`() throws {
        let exporter = try only(
            .logs, ["OTEL_LOGS_EXPORTER": "otlp", prefix + "LOGS_PROTOCOL": "grpc"])
        #expect(exporter.url.reveal() == "http://localhost:4317")
    }

    @Test(arguments: [TelemetrySignal.metrics, .logs])
    func `a signal's exporter is chosen by its own variable`(signal: TelemetrySignal) {
        let name = "OTEL_\(signal.rawValue.uppercased())_EXPORTER"
        let endpoint = [prefix + "ENDPOINT": "http://h"]
        func found(_ word: String) -> SignalSettings {
            read(endpoint.merging([name: word]) { $1 }).destinations(of: signal)
        }
        #expect(found("none") == SignalSettings())
        #expect(found("console").console && found("console").exporters.isEmpty)
        #expect(found("otlp,console").console && found("otlp,console").exporters.count == 1)
        #expect(read(endpoint.merging([name: "none"]) { $1 }).exporters.count == 1)
        #expect(read([name: "prometheus"]).warnings.count == (signal == .metrics ? 0 : 1))
        #expect(!read([name: "prometheus"]).destinations(of: signal).isOn)
    }

    @Test func `the experimental push is of traces alone`() {
        let experimental = "EXPERIMENTAL_GEN_AI_OTEL_"
        let found = read([
            experimental + "TRACES_ENABLED": "true",
            experimental + "EXPORTER_OTLP_ENDPOINT": "https://push.example",
        ])
        #expect(found.exporters.count == 1)
        #expect(!found.metrics.isOn && !found.logs.isOn)
    }

    @Test func `the experimental push has an endpoint that is used as it is`() {
        let experimental = "EXPERIMENTAL_GEN_AI_OTEL_"
        let verbatim = [
            experimental + "EXPORTER_OTLP_TRACES_ENDPOINT": "https://us.i.posthog.com/i/v0/ai/otel",
            experimental + "EXPORTER_OTLP_ENDPOINT": "https://other",
        ]
        let on = verbatim.merging([experimental + "TRACES_ENABLED": "true"]) { $1 }
        #expect(
            read(on).exporters.map { $0.url.reveal() } == ["https://us.i.posthog.com/i/v0/ai/otel"])
        let off = read(verbatim)
        #expect(off.exporters.isEmpty)
        #expect(
            off.warnings.map(\.location) == [
                .variable(experimental + "EXPORTER_OTLP_TRACES_ENDPOINT")
            ])
    }

    @Test func `nothing is sent of any signal when the SDK is disabled`() {
        let found = read([prefix + "ENDPOINT": "http://h", "OTEL_SDK_DISABLED": "true"])
        #expect(TelemetrySignal.allCases.allSatisfy { !found.destinations(of: $0).isOn })
    }

    @Test func `metrics have an interval, a temporality and a filter`() {
        let standard = read([:]).metricExport
        #expect(standard.interval == .seconds(60))
        #expect(standard.timeout == .seconds(30))
        #expect(standard.temporality == .cumulative)
        #expect(standard.exemplarFilter == .traceBased)
        let found = read([
            "OTEL_METRIC_EXPORT_INTERVAL": "1500", "OTEL_METRIC_EXPORT_TIMEOUT": "0",
            prefix + "METRICS_TEMPORALITY_PREFERENCE": "LowMemory",
            "OTEL_METRICS_EXEMPLAR_FILTER": "always_off",
        ])
        #expect(found.metricExport.interval == .milliseconds(1500))
        #expect(found.metricExport.timeout == nil)
        #expect(found.metricExport.temporality == .lowMemory)
        #expect(found.metricExport.exemplarFilter == .alwaysOff)
        #expect(found.warnings.isEmpty)
    }

    @Test func `log records have batches of their own`() {
        let found = read(["OTEL_BLRP_MAX_QUEUE_SIZE": "100", "OTEL_BSP_SCHEDULE_DELAY": "7"])
        #expect(found.logBatch.scheduleDelay == .seconds(1))
        #expect(found.logBatch.queueSizeMax == 100)
        #expect(found.logBatch.batchSizeMax == 100)
        #expect(found.batch.scheduleDelay == .milliseconds(7))
        #expect(found.batch.queueSizeMax == 2048)
    }
}

/// The section `export` of the file.
struct ExportSectionTests {
    private func load(
        _ file: String, _ environment: [String: String] = [:]
    ) throws -> LoadedConfiguration {
        try ConfigurationLoader.load(
            file: ConfigurationFile(name: "m.yaml", text: file), environment: environment
        ) { _ in "x-key=secret value\n" }
    }

    @Test func `it says what the variables say`() throws {
        let loaded = try load(
            """
            export:
              endpoint: http://collector:4317
              protocol: grpc
              headers: file:/headers
              compression: gzip
              timeout: 3s
              caFile: /ca
              clientCertificateFile: /cert
              clientKeyFile: /key
              metrics: none
              logs: console
              serviceName: shop
            """)
        let telemetry = loaded.telemetry
        let exporter = try #require(telemetry.exporters.first)
        #expect(exporter.url.reveal() == "http://collector:4317")
        #expect(exporter.wireProtocol == .grpc)
        #expect(exporter.headers.map { $0.value.reveal() } == ["secret value"])
        #expect(exporter.compression == .gzip)
        #expect(exporter.timeout == .seconds(3))
        #expect(exporter.caFile == "/ca")
        #expect(exporter.clientCertificateFile == "/cert")
        #expect(exporter.clientKeyFile == "/key")
        #expect(!telemetry.metrics.isOn)
        #expect(telemetry.logs == SignalSettings(console: true))
        #expect(telemetry.serviceName == "shop")
        #expect(loaded.warnings.isEmpty)
    }

    @Test func `nothing is sent by its defaults`() throws {
        let loaded = try load("export:\n  timeout: 5s\n")
        #expect(TelemetrySignal.allCases.allSatisfy { !loaded.telemetry.destinations(of: $0).isOn })
    }

    @Test func `a variable wins over the key it stands for`() throws {
        let file = """
            export:
              endpoint: http://file:4318
              tracesEndpoint: http://file/traces
              traces: none
            """
        #expect(try load(file).telemetry.exporters.isEmpty)
        let environment = [
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://env:4318", "OTEL_TRACES_EXPORTER": "otlp",
        ]
        let urls = try load(file, environment).telemetry.exporters.map { $0.url.reveal() }
        // The general variable wins over the file's key for one signal, too.
        #expect(urls == ["http://env:4318/v1/traces"])
        let one = try load(file, ["OTEL_TRACES_EXPORTER": "otlp"]).telemetry.exporters
        #expect(one.map { $0.url.reveal() } == ["http://file/traces"])
    }

    @Test func `a warning names the key`() throws {
        let loaded = try load("export:\n  endpoint: http://h:4317\n")
        #expect(
            loaded.warnings.map(\.description) == [
                "export.endpoint: port 4317 usually speaks gRPC, not http/protobuf: use port 4318"
            ])
    }

    @Test(arguments: [
        "endpoint: h:4318", "endpoint: http://user:pw@h", "headers: a=b", "protocol: thrift",
        "compression: br", "timeout: 0s", "traces: zipkin", "serviceName: a b",
    ])
    func `what is wrong stops the start`(line: String) {
        #expect(throws: ConfigurationError.self) { try load("export:\n  \(line)\n") }
    }
}
