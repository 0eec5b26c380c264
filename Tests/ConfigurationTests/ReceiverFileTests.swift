import Configuration
import Foundation
import Testing
import YAML

/// The files of config/examples that name receivers of telemetry.
struct ReceiverFileTests {
    private static let receivers = Repository.examples.appending(path: "receivers")
    private static let collectors = Repository.examples.appending(path: "collectors")

    private static func variables(_ name: String) throws -> [String: String] {
        let text = try String(contentsOf: receivers.appending(path: name), encoding: .utf8)
        var variables: [String: String] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
            try #require(parts.count == 2, "\(line)")
            try #require(variables.updateValue(parts[1], forKey: parts[0]) == nil, "\(line)")
        }
        return variables
    }

    /// The URL of traces, and the signals that are pushed beside them.
    private static let expected = [
        "posthog.env": ("https://us.i.posthog.com/i/v0/ai/otel", ""),
        "posthog-older.env": (
            "https://your-posthog-instance.com/api/public/otel/v1/traces", ""
        ),
        "langsmith.env": ("https://api.smith.langchain.com/otel/v1/traces", ""),
        "langfuse.env": ("https://cloud.langfuse.com/api/public/otel/v1/traces", ""),
        "phoenix.env": ("http://localhost:6006/v1/traces", ""),
        "jaeger.env": ("http://localhost:4318/v1/traces", ""),
        "datadog.env": ("https://otlp.datadoghq.com/v1/traces", ""),
        "datadog-agent.env": ("http://localhost:4318/v1/traces", "metrics"),
        "honeycomb.env": ("https://api.honeycomb.io/v1/traces", "logs"),
        "portkey.env": ("https://api.portkey.ai/v1/otel/v1/traces", ""),
        "aws-adot.env": ("http://localhost:4318/v1/traces", "metrics"),
    ]

    @Test(arguments: Repository.files(in: receivers, suffix: ".env"))
    func `each file of variables loads without a warning and means one receiver`(
        name: String
    ) throws {
        let loaded = try load(environment: try Self.variables(name))
        #expect(loaded.warnings.isEmpty)
        let (url, others) = try #require(Self.expected[name], "not in this test")
        let telemetry = loaded.telemetry
        #expect(telemetry.isRecording)
        #expect(telemetry.exporters.map { $0.url.reveal() } == [url])
        #expect(telemetry.exporters.allSatisfy { $0.wireProtocol == .httpProtobuf })
        let pushed = [
            telemetry.metrics.exporters.isEmpty ? nil : "metrics",
            telemetry.logs.exporters.isEmpty ? nil : "logs",
        ]
        #expect(pushed.compactMap { $0 }.joined(separator: ",") == others)
    }

    @Test func `there is a file for each receiver of this test`() {
        let files = Repository.files(in: Self.receivers, suffix: ".env")
        #expect(Set(files) == Set(Self.expected.keys))
    }

    @Test func `the task for ECS sets the gateway up as its file of variables does`() throws {
        let data = try Data(contentsOf: Self.receivers.appending(path: "aws-ecs-task.json"))
        let task = try JSONDecoder().decode(Task.self, from: data)
        let gateway = try #require(task.containerDefinitions.first { $0.name == "martlet" })
        var environment = gateway.variables
        for secret in gateway.secrets ?? [] { environment[secret.name] = "a-secret" }
        let loaded = try load(environment: environment)
        #expect(loaded.warnings.isEmpty)
        let file = try load(environment: try Self.variables("aws-adot.env"))
        #expect(loaded.telemetry.exporters == file.telemetry.exporters)
        #expect(loaded.telemetry.logs == file.telemetry.logs)
        #expect(loaded.telemetry.metrics == file.telemetry.metrics)
        let sidecar = try #require(
            task.containerDefinitions.first { $0.name == gateway.dependsOn?[0].containerName })
        #expect(sidecar.variables["AWS_REGION"] != nil)
        #expect(sidecar.secrets?.map(\.name) == ["AOT_CONFIG_CONTENT"])
        #expect(!sidecar.image.hasSuffix("latest"))
    }

    private struct Task: Decodable {
        struct Container: Decodable {
            struct Variable: Decodable { let name, value: String }
            struct Secret: Decodable { let name, valueFrom: String }
            struct Dependency: Decodable { let containerName: String }
            let name, image: String
            let environment: [Variable]
            let secrets: [Secret]?
            let dependsOn: [Dependency]?

            var variables: [String: String] {
                Dictionary(uniqueKeysWithValues: environment.map { ($0.name, $0.value) })
            }
        }
        let containerDefinitions: [Container]
    }

    // MARK: Collectors

    private static let collectorFiles =
        Repository.files(in: collectors, suffix: ".yaml").map { "config/examples/collectors/\($0)" }
        + ["docker/otel-collector.yaml"]

    @Test(arguments: collectorFiles)
    func `a collector's pipelines name what the file defines, and all of it`(
        path: String
    ) throws {
        let text = try String(
            contentsOf: Repository.root.appending(path: path), encoding: .utf8)
        #expect(Self.problems(inCollector: text) == [])
    }

    @Test(arguments: [
        ("exporters: [a]", "exporters: [b]", "traces: no exporter b"),
        ("receivers: [otlp]", "receivers: []", "traces: no receivers"),
        ("traces:", "spans:", "spans is no signal"),
        ("processors: [first]", "processors: [last]", "traces: no processor last"),
        ("exporters: [a]", "exporters: [a, a2]", "traces: no exporter a2"),
        ("  a:\n", "  a:\n  c:\n", "exporter c is not used"),
        ("http:", "tcp:", "receiver otlp takes neither grpc nor http"),
    ]) func `a collector that would not start is noticed`(
        right: String, wrong: String, problem: String
    ) {
        let good = """
            receivers:
              otlp:
                protocols:
                  http:
                    endpoint: localhost:4318
            processors:
              first:
            exporters:
              a:
            service:
              pipelines:
                traces:
                  receivers: [otlp]
                  processors: [first]
                  exporters: [a]
            """
        #expect(Self.problems(inCollector: good) == [])
        let bad = good.replacing(right, with: wrong)
        #expect(Self.problems(inCollector: bad).contains(problem))
    }

    @Test func `PostHog's collector sends to its endpoint as it is, in batches below its cap`()
        throws
    {
        let text = try String(
            contentsOf: Self.collectors.appending(path: "posthog.yaml"), encoding: .utf8)
        let root = try #require(try YAMLNode.parse(Array(text.utf8)))
        let exporter = root["exporters"]?["otlphttp/posthog"]
        #expect(exporter?["traces_endpoint"]?.text == "https://us.i.posthog.com/i/v0/ai/otel")
        #expect(exporter?["endpoint"] == nil)
        #expect(exporter?["headers"]?["Authorization"]?.text?.hasPrefix("Bearer ") == true)
        #expect(root["processors"]?["batch"]?["send_batch_max_size"]?.text == "64")
        let limiter = root["processors"]?["memory_limiter"]
        #expect(limiter?["check_interval"]?.text == "5s")
        #expect(limiter?["limit_mib"]?.text == "1500")
        #expect(limiter?["spike_limit_mib"]?.text == "512")
    }

    /// What a collector would refuse in its file, as far as the file alone shows it.
    private static func problems(inCollector text: String) -> [String] {
        guard let root = try? YAMLNode.parse(Array(text.utf8)) else { return ["no YAML"] }
        var problems: [String] = []
        var unused: Set<String> = []
        let parts = ["receivers", "processors", "exporters"]
        for part in parts {
            for name in root[part]?.keys ?? [] { unused.insert("\(part.dropLast()) \(name)") }
        }
        for pipeline in root["service"]?["pipelines"]?.entries ?? [] {
            if !["traces", "metrics", "logs"].contains(pipeline.key) {
                problems.append("\(pipeline.key) is no signal")
            }
            for part in parts {
                let names = pipeline.value[part]?.elements.compactMap(\.text) ?? []
                if names.isEmpty { problems.append("\(pipeline.key): no \(part)") }
                for name in names {
                    unused.remove("\(part.dropLast()) \(name)")
                    if root[part]?.keys.contains(name) != true {
                        problems.append("\(pipeline.key): no \(part.dropLast()) \(name)")
                    }
                }
            }
        }
        problems += unused.sorted().map { "\($0) is not used" }
        let protocols = root["receivers"]?["otlp"]?["protocols"]?.keys ?? []
        if Set(protocols).isDisjoint(with: ["grpc", "http"]) {
            problems.append("receiver otlp takes neither grpc nor http")
        }
        return problems
    }
}

extension YAMLNode {
    fileprivate var entries: [Entry] {
        if case .mapping(let entries) = content { entries } else { [] }
    }
    fileprivate var keys: [String] { entries.map(\.key) }
    fileprivate var elements: [YAMLNode] {
        if case .sequence(let elements) = content { elements } else { [] }
    }
    fileprivate var text: String? {
        if case .scalar(let text, _) = content { text } else { nil }
    }
    fileprivate subscript(key: String) -> YAMLNode? { entries.first { $0.key == key }?.value }
}
