import Configuration
import Testing

private let experimental = "EXPERIMENTAL_GEN_AI_OTEL_"
private let push = [
    experimental + "TRACES_ENABLED": "true",
    experimental + "EXPORTER_OTLP_ENDPOINT": "https://push.example",
]

private func read(
    _ environment: [String: String], capture: ContentCapture = .auto
) -> TelemetryEnvironment {
    TelemetryEnvironment.read(environment, capture: capture)
}

struct TelemetryEnvironmentTests {
    @Test func `nothing set sends nothing and has the specification's defaults`() {
        let found = read([:])
        #expect(found == TelemetryEnvironment())
        #expect(found.exporters.isEmpty && !found.console && !found.isRecording)
        #expect(found.sampler == .parentBasedAlwaysOn)
        #expect(found.batch.scheduleDelay == .seconds(5))
        #expect(found.batch.exportTimeout == .seconds(30))
        #expect(found.batch.queueSizeMax == 2048 && found.batch.batchSizeMax == 512)
        #expect(found.limits.attributeValueLengthMax == nil)
        #expect(found.limits.attributeCountMax == 128)
    }

    @Test func `each variable set to nothing is as good as unset`() {
        let names = [
            "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "OTEL_TRACES_EXPORTER", "OTEL_TRACES_SAMPLER", "OTEL_BSP_MAX_QUEUE_SIZE",
            "OTEL_PROPAGATORS", "OTEL_SDK_DISABLED", "OTEL_SERVICE_NAME",
            experimental + "TRACES_ENABLED", experimental + "EXPORTER_OTLP_ENDPOINT",
        ]
        for blank in ["", "  "] {
            let environment = Dictionary(uniqueKeysWithValues: names.map { ($0, blank) })
            #expect(read(environment) == TelemetryEnvironment())
        }
    }

    @Test func `resource attributes merge by precedence`() {
        let found = read([
            "OTEL_RESOURCE_ATTRIBUTES": "a=1,b=2,service.name=low,service.version=0,d=x%2Cy%3D",
            experimental + "RESOURCE_ATTRIBUTES": "b=3,service.name=middle,c=%C3%A9",
            "OTEL_SERVICE_NAME": "high",
        ])
        #expect(found.serviceName == "high")
        #expect(found.serviceVersion == "0")
        #expect(
            found.resourceAttributes.map { "\($0.key):\($0.value)" }
                == ["a:1", "d:x,y=", "b:3", "c:é"])
        #expect(found.warnings.isEmpty)
    }

    @Test func `the service's name and version fall back step by step`() {
        #expect(read([:]).serviceName == "martlet")
        #expect(read([:]).serviceVersion == nil)
        let attributes = ["OTEL_RESOURCE_ATTRIBUTES": "service.name=n,service.version=v"]
        #expect(read(attributes).serviceName == "n")
        #expect(read(attributes).serviceVersion == "v")
        let named = attributes.merging(["OTEL_SERVICE_VERSION": "w"]) { $1 }
        #expect(read(named).serviceVersion == "w")
    }

    @Test(arguments: ["a=1,b", "a=1,=x", "a=1,b=%zz", "a=1,b=%FF", "a=1,b=%2"])
    func `one bad resource attribute discards its list only`(text: String) {
        let found = read([
            "OTEL_RESOURCE_ATTRIBUTES": text, experimental + "RESOURCE_ATTRIBUTES": "c=1",
        ])
        #expect(found.resourceAttributes.map(\.key) == ["c"])
        #expect(found.warnings.count == 1)
    }

    @Test(arguments: [
        ("always_on", nil, SamplerSettings.alwaysOn, 0), ("ALWAYS_OFF", nil, .alwaysOff, 0),
        ("traceidratio", "0.25", .ratio(0.25), 0), ("traceidratio", nil, .ratio(1), 0),
        ("traceidratio", "1.5", .ratio(1), 1), ("traceidratio", "x", .ratio(1), 1),
        ("traceidratio", "nan", .ratio(1), 1), ("traceidratio", "0", .ratio(0), 0),
        ("parentbased_always_on", "x", .parentBasedAlwaysOn, 0),
        ("parentbased_always_off", nil, .parentBasedAlwaysOff, 0),
        ("parentbased_traceidratio", "0.5", .parentBasedRatio(0.5), 0),
        ("jaeger_remote", nil, .parentBasedAlwaysOn, 1),
        ("sometimes", nil, .parentBasedAlwaysOn, 1),
    ])
    func `samplers are read by name and argument`(
        name: String, argument: String?, expected: SamplerSettings, warnings: Int
    ) {
        var environment = ["OTEL_TRACES_SAMPLER": name]
        environment["OTEL_TRACES_SAMPLER_ARG"] = argument
        let found = read(environment)
        #expect(found.sampler == expected)
        #expect(found.warnings.count == warnings)
    }

    @Test(arguments: [
        ("tracecontext", [Propagator.traceContext], 0), ("baggage", [.baggage], 0),
        ("none", [], 0), ("baggage, TRACECONTEXT,baggage", [.baggage, .traceContext], 0),
        ("b3", [.traceContext, .baggage], 1), ("b3,baggage", [.baggage], 1), ("none,b3", [], 1),
    ])
    func `propagators are those known, or none`(text: String, expected: [Propagator], warnings: Int)
    {
        let found = read(["OTEL_PROPAGATORS": text])
        #expect(found.propagators == Set(expected))
        #expect(found.warnings.count == warnings)
    }

    @Test func `batch numbers are read, and bad ones warned of`() {
        let good = read([
            "OTEL_BSP_SCHEDULE_DELAY": "100", "OTEL_BSP_EXPORT_TIMEOUT": "200",
            "OTEL_BSP_MAX_QUEUE_SIZE": "64", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "32",
        ])
        #expect(good.batch.scheduleDelay == .milliseconds(100))
        #expect(good.batch.exportTimeout == .milliseconds(200))
        #expect(good.batch.queueSizeMax == 64 && good.batch.batchSizeMax == 32)
        let bad = read([
            "OTEL_BSP_SCHEDULE_DELAY": "-1", "OTEL_BSP_EXPORT_TIMEOUT": "1s",
            "OTEL_BSP_MAX_QUEUE_SIZE": "0", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "9999999999999999999",
        ])
        #expect(bad.batch == TelemetryEnvironment().batch)
        #expect(bad.warnings.count == 4)
    }

    @Test func `a batch is never larger than the queue`() {
        let quiet = read(["OTEL_BSP_MAX_QUEUE_SIZE": "100"])
        #expect(quiet.batch.batchSizeMax == 100 && quiet.warnings.isEmpty)
        let loud = read([
            "OTEL_BSP_MAX_QUEUE_SIZE": "100", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "101",
        ])
        #expect(loud.batch.batchSizeMax == 100 && loud.warnings.count == 1)
    }

    @Test func `span limits: the specific variable wins over the general one`() {
        let limits = read([
            "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "10",
            "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT": "20",
            "OTEL_ATTRIBUTE_COUNT_LIMIT": "30", "OTEL_SPAN_EVENT_COUNT_LIMIT": "40",
            "OTEL_SPAN_LINK_COUNT_LIMIT": "50", "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT": "60",
            "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT": "0",
        ]).limits
        #expect(limits.attributeValueLengthMax == 20)
        #expect(limits.attributeCountMax == 30)
        #expect(limits.eventCountMax == 40 && limits.linkCountMax == 50)
        #expect(limits.eventAttributeCountMax == 60 && limits.linkAttributeCountMax == 0)
    }

    @Test func `a disabled SDK sends nothing, keeps propagators, and says so`() {
        let found = read(
            push.merging(["OTEL_SDK_DISABLED": "True", "OTEL_TRACES_EXPORTER": "console"]) { $1 })
        #expect(found.isDisabled && found.exporters.isEmpty && !found.console)
        #expect(!found.isRecording)
        #expect(found.propagators == [.traceContext, .baggage])
        #expect(found.warnings.count == 1)
        #expect(read(["OTEL_SDK_DISABLED": "1"]).isDisabled == false)
    }

    @Test func `OTEL_CONFIG_FILE is said to be ignored`() {
        #expect(read(["OTEL_CONFIG_FILE": "/x.yaml"]).warnings.count == 1)
    }

    @Test func `telemetry's warnings are among the loader's`() throws {
        let loaded = try load(environment: ["OTEL_TRACES_SAMPLER": "sometimes"])
        #expect(loaded.warnings == loaded.telemetry.warnings)
        #expect(loaded.warnings.count == 1)
    }
}
