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

private func urls(_ environment: [String: String]) -> [String] {
    read(environment).exporters.map { $0.url.reveal() }
}

struct ExporterTests {
    @Test(arguments: [
        ("http://h:4318", "http://h:4318/v1/traces"),
        ("http://h:4318/", "http://h:4318/v1/traces"),
        ("http://h:4318//", "http://h:4318/v1/traces"),
        ("https://h/api/otel", "https://h/api/otel/v1/traces"),
        ("https://h/v1/traces", "https://h/v1/traces"),
        ("https://h/v1/traces/", "https://h/v1/traces"),
        ("https://h/myv1/traces", "https://h/myv1/traces/v1/traces"),
        ("https://h/p?token=x", "https://h/p/v1/traces?token=x"),
        ("http://[::1]:4318", "http://[::1]:4318/v1/traces"),
        (" http://h ", "http://h/v1/traces"),
    ])
    func `a base URL gets the signal's path after one slash`(base: String, final: String) {
        #expect(urls(["OTEL_EXPORTER_OTLP_ENDPOINT": base]) == [final])
        var environment = push
        environment[experimental + "EXPORTER_OTLP_ENDPOINT"] = base
        #expect(urls(environment) == [final])
    }

    @Test(arguments: [
        ("http://h:4318", "http://h:4318/"), ("http://h/x/", "http://h/x/"),
        ("http://h/x?y", "http://h/x?y"), ("HTTP://H/X", "HTTP://H/X"),
    ])
    func `the traces endpoint is used as it is and wins`(text: String, final: String) {
        #expect(
            urls([
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": text,
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://other",
            ]) == [final])
    }

    @Test(arguments: ["localhost:4318", "h", "ftp://h", "http://", "http://h:99999", "http://h#f"])
    func `an endpoint that is no URL sends nothing and warns without showing it`(text: String) {
        let found = read(["OTEL_EXPORTER_OTLP_ENDPOINT": text])
        #expect(found.exporters.isEmpty)
        #expect(
            found.warnings.map(\.description) == [
                "OTEL_EXPORTER_OTLP_ENDPOINT: is not a URL such as http://host:4318; "
                    + "nothing is sent there"
            ])
    }

    @Test(arguments: [
        ("otlp", ["http://localhost:4318/v1/traces"], false), ("console", [], true),
        ("none", [], false), ("OTLP, Console", ["http://localhost:4318/v1/traces"], true),
        ("none,console", [], false), ("zipkin", [], false), ("zipkin,console", [], true),
    ])
    func `OTEL_TRACES_EXPORTER chooses`(text: String, expected: [String], console: Bool) {
        let found = read(["OTEL_TRACES_EXPORTER": text])
        #expect(found.exporters.map { $0.url.reveal() } == expected)
        #expect(found.console == console)
        #expect(found.warnings.isEmpty == (!text.contains("zipkin") && text != "none,console"))
    }

    @Test func `console or none keep an endpoint from being used`() {
        let endpoint = ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://h"]
        for word in ["console", "none"] {
            #expect(urls(endpoint.merging(["OTEL_TRACES_EXPORTER": word]) { $1 }).isEmpty)
        }
        #expect(urls(endpoint.merging(["OTEL_TRACES_EXPORTER": "zipkin"]) { $1 }).count == 1)
    }

    @Test(arguments: [
        ("true", 1), ("TRUE", 1), ("True", 1), ("false", 0), ("1", 0), ("yes", 0), ("", 0),
    ])
    func `only true switches the push on`(text: String, count: Int) {
        var environment = push
        environment[experimental + "TRACES_ENABLED"] = text
        let found = read(environment)
        #expect(found.exporters.count == count)
        #expect(found.warnings.isEmpty == (count == 1))
    }

    @Test func `the push without an endpoint uses the other family's`() {
        let found = read([
            experimental + "TRACES_ENABLED": "true",
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318",
            "OTEL_EXPORTER_OTLP_HEADERS": "a=b",
        ])
        #expect(found.exporters.map(\.displayURL) == ["http://collector:4318/v1/traces"])
        #expect(found.exporters.first?.family == .experimental)
        #expect(found.exporters.first?.capturesContent == true)
        #expect(found.exporters.first?.headers.map(\.name) == ["a"])
        #expect(found.warnings.isEmpty)
    }

    @Test func `the push without any endpoint uses the default and says so`() {
        let found = read([experimental + "TRACES_ENABLED": "true"])
        #expect(found.exporters.map(\.displayURL) == ["http://localhost:4318/v1/traces"])
        #expect(found.warnings.count == 1)
    }

    @Test func `both families make two exporters, each with its own headers and content`() {
        let found = read(
            push.merging([
                experimental + "EXPORTER_OTLP_HEADERS": "x-a=1",
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318",
                "OTEL_EXPORTER_OTLP_HEADERS": "x-b=2",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
            ]) { $1 })
        #expect(found.exporters.map(\.family) == [.experimental, .standard])
        #expect(found.exporters.map(\.capturesContent) == [true, false])
        #expect(found.exporters.map { $0.headers.map(\.name) } == [["x-a"], ["x-b"]])
        #expect(found.exporters.map(\.wireProtocol) == [.httpProtobuf, .httpJSON])
    }

    @Test func `the same final URL twice is one exporter with the headers of both`() {
        let found = read(
            push.merging([
                experimental + "EXPORTER_OTLP_HEADERS": "x-a=1,x-both=1",
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://push.example/v1/traces",
                "OTEL_EXPORTER_OTLP_HEADERS": "X-Both=2,x-b=2",
            ]) { $1 })
        #expect(found.exporters.count == 1)
        let headers = found.exporters.first?.headers ?? []
        #expect(headers.map(\.name) == ["x-a", "x-both", "x-b"])
        #expect(headers.map { $0.value.reveal() } == ["1", "1", "2"])
    }

    @Test(arguments: [
        ("a=b", [("a", "b")]), ("a=b,c=d", [("a", "b"), ("c", "d")]), (" a = b , ", [("a", "b")]),
        ("Authorization=Basic abc==", [("Authorization", "Basic abc==")]),
        ("Authorization=Bearer%20x%2Cy", [("Authorization", "Bearer x,y")]),
        ("a=", [("a", "")]), ("a=1+1", [("a", "1+1")]), ("a=1,A=2", [("A", "2")]),
    ])
    func `header lists are split and decoded`(text: String, expected: [(String, String)]) {
        let variables = [
            (["OTEL_TRACES_EXPORTER": "otlp"], "OTEL_EXPORTER_OTLP_HEADERS"),
            (["OTEL_TRACES_EXPORTER": "otlp"], "OTEL_EXPORTER_OTLP_TRACES_HEADERS"),
            (push, experimental + "EXPORTER_OTLP_HEADERS"),
        ]
        for (environment, name) in variables {
            let found = read(environment.merging([name: text]) { $1 })
            let headers = found.exporters.first?.headers ?? []
            #expect(headers.map(\.name) == expected.map(\.0))
            #expect(headers.map { $0.value.reveal() } == expected.map(\.1))
            #expect(found.warnings.isEmpty)
        }
    }

    @Test(arguments: [
        ("canary", 0), ("=canary", 0), ("a b=canary", 0), ("a=canary%0D%0Ax: y", 0),
        ("a=canary%", 1), ("a=canary%zz", 1), ("a=canary%FF", 1), ("a=canary%00", 0),
    ])
    func `a header that cannot be sent is warned of without its value`(text: String, kept: Int) {
        let found = read([
            "OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_HEADERS": "ok=1,\(text)",
        ])
        #expect(found.exporters.first?.headers.count == 1 + kept)
        #expect(found.warnings.count == 1)
        #expect(found.warnings.first?.description.contains("canary") == false)
        #expect(found.warnings.first?.description.contains("header 2 of the list") == true)
    }

    @Test func `signal variables win over general ones`() {
        let found = read([
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_EXPORTER_OTLP_HEADERS": "a=1", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "b=2",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "HTTP/JSON",
            "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
            "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": "gzip",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "1", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "2500",
            "OTEL_EXPORTER_OTLP_CERTIFICATE": "/a.pem",
            "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE": "/b.pem",
            "OTEL_EXPORTER_OTLP_CLIENT_KEY": "/k.pem",
        ])
        let exporter = found.exporters.first
        #expect(exporter?.headers.map(\.name) == ["b"])
        #expect(exporter?.wireProtocol == .httpJSON)
        #expect(exporter?.compression == .gzip)
        #expect(exporter?.timeout == .milliseconds(2500))
        #expect(exporter?.caFile == "/b.pem")
        #expect(exporter?.clientKeyFile == "/k.pem")
        #expect(exporter?.clientCertificateFile == nil)
        #expect(found.warnings.isEmpty)
    }

    @Test func `an unknown signal value is warned of and the general one used`() {
        let found = read([
            "OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuff",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json", "OTEL_EXPORTER_OTLP_COMPRESSION": "zstd",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "10s",
        ])
        #expect(found.exporters.first?.wireProtocol == .httpJSON)
        #expect(found.exporters.first?.compression == ExporterSettings.Compression.none)
        #expect(found.exporters.first?.timeout == .seconds(10))
        #expect(found.warnings.count == 3)
        #expect(found.warnings.first?.suggestion == "http/protobuf")
    }

    @Test func `a timeout of zero is no limit`() {
        let found = read([
            "OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_TIMEOUT": "0",
            "OTEL_BSP_EXPORT_TIMEOUT": "0",
        ])
        #expect(found.exporters.first?.timeout == nil)
        #expect(found.exporters.count == 1)
        #expect(found.batch.exportTimeout == nil)
    }

    @Test(arguments: [
        ([:], "http://localhost:4317"),
        (["OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4317"], "http://h:4317"),
        (["OTEL_EXPORTER_OTLP_ENDPOINT": "h:4317"], "https://h:4317"),
        (
            ["OTEL_EXPORTER_OTLP_ENDPOINT": "h:4317", "OTEL_EXPORTER_OTLP_INSECURE": "true"],
            "http://h:4317"
        ),
        (
            ["OTEL_EXPORTER_OTLP_ENDPOINT": "https://h", "OTEL_EXPORTER_OTLP_INSECURE": "true"],
            "https://h"
        ),
    ])
    func `gRPC has its own default and no path`(environment: [String: String], final: String) {
        let base = ["OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"]
        let found = read(base.merging(environment) { $1 })
        #expect(found.exporters.map { $0.url.reveal() } == [final])
        #expect(found.exporters.first?.wireProtocol == .grpc)
    }

    @Test(arguments: [
        ("http://h:4317", "http/protobuf", 1), ("http://h:4317", "grpc", 0),
        ("http://h:4318", "http/protobuf", 0), ("http://h:4318", "grpc", 1),
    ])
    func `a port of the other protocol is warned of`(url: String, wire: String, count: Int) {
        let found = read([
            "OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_EXPORTER_OTLP_PROTOCOL": wire,
        ])
        #expect(found.exporters.count == 1)
        #expect(found.warnings.count == count)
    }

    @Test(arguments: [
        (nil, ContentCapture.auto, [true, false], false), (nil, .off, [false, false], false),
        (nil, .span, [true, true], true), ("NO_CONTENT", .span, [false, false], false),
        ("span_only", .auto, [true, true], true), ("SPAN_AND_EVENT", .auto, [true, true], true),
        ("EVENT_ONLY", .auto, [false, false], false), ("true", .off, [true, true], true),
        ("false", .auto, [false, false], false), ("maybe", .auto, [true, false], false),
    ])
    func `content is decided for each exporter, and the variable wins for all`(
        variable: String?, capture: ContentCapture, expected: [Bool], console: Bool
    ) {
        var environment = push
        environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://collector"
        environment["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = variable
        let found = read(environment, capture: capture)
        #expect(found.exporters.map(\.capturesContent) == expected)
        #expect(found.consoleCapturesContent == console)
    }

    @Test(arguments: [
        (nil, nil, false, false), ("EVENT_ONLY", nil, true, true),
        ("SPAN_AND_EVENT", nil, true, true), ("SPAN_ONLY", nil, false, false),
        ("SPAN_ONLY", "true", true, false), (nil, "TRUE", true, false),
        ("NO_CONTENT", "true", true, false), ("EVENT_ONLY", "false", false, false),
        ("EVENT_ONLY", "", true, true), ("EVENT_ONLY", "no", false, false),
    ])
    func `the events of operations are sent where they are asked for`(
        capture: String?, emit: String?, sends: Bool, content: Bool
    ) {
        var environment = ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector"]
        environment["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = capture
        environment["OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT"] = emit
        let found = read(environment)
        #expect(found.sendsDetails == sends)
        #expect(found.logsCaptureContent == content)
        #expect(found.logs.exporters.map(\.capturesContent) == [content])
        environment["OTEL_LOGS_EXPORTER"] = "none"
        let silent = read(environment)
        #expect(!silent.sendsDetails && !silent.logsCaptureContent)
        #expect(
            silent.warnings.contains { "\($0)".contains("events of operations go nowhere") }
                == sends)
    }

    @Test func `the experimental push alone sends no logs`() {
        #expect(!read(push).logs.isOn)
    }

    @Test func `log records have limits of their own`() {
        let found = read([
            "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT": "7", "OTEL_ATTRIBUTE_COUNT_LIMIT": "9",
            "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "11",
        ])
        #expect(found.logLimits.attributeCountMax == 7)
        #expect(found.logLimits.attributeValueLengthMax == 11)
        #expect(found.limits.attributeCountMax == 9)
    }

    @Test func `the file's capture reaches the exporters through the loader`() throws {
        let environment = push.merging(["OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"]) { $1 }
        let loaded = try load("content: {capture: span}", environment: environment)
        #expect(loaded.telemetry.exporters.map(\.capturesContent) == [true, true])
    }

    @Test func `credentials of a URL and of headers are not shown`() {
        let found = read([
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://u:canary@h:1/p?token=canary",
            "OTEL_EXPORTER_OTLP_HEADERS": "authorization=canary",
        ])
        var dumped = ""
        dump(found, to: &dumped)
        #expect(!dumped.contains("canary") && !"\(found)".contains("canary"))
        #expect(found.exporters.map(\.displayURL) == ["https://h:1/p"])
        #expect(found.exporters.first?.url.reveal() == "https://u:canary@h:1/p?token=canary")
    }
}
