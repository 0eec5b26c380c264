import Configuration
import Foundation
import Gateway
import GatewayTesting
import MockProvider
import Networking
import Telemetry
import Testing

/// A file of config/examples/receivers, and what must arrive at the receiver by it.
struct Recipe: Sendable, CustomTestStringConvertible {
    let name: String
    /// Scheme and host, which the test's sink takes the place of.
    let origin: String
    /// The final path.
    let path: String
    /// Headers by names in lower case.
    let headers: [String: String]
    /// Prompts and answers are sent.
    let content: Bool

    var testDescription: String { name }

    static let all = [
        Recipe(
            name: "posthog", origin: "https://us.i.posthog.com", path: "/i/v0/ai/otel",
            headers: ["authorization": "Bearer phc_your_project_token"], content: true),
        Recipe(
            name: "posthog-older", origin: "https://your-posthog-instance.com",
            path: "/api/public/otel/v1/traces",
            headers: ["authorization": "Bearer phc_your_project_token"], content: true),
        Recipe(
            name: "langsmith", origin: "https://api.smith.langchain.com",
            path: "/otel/v1/traces",
            headers: ["x-api-key": "lsv2_your_key", "langsmith-project": "martlet"],
            content: true),
        Recipe(
            name: "langfuse", origin: "https://cloud.langfuse.com",
            path: "/api/public/otel/v1/traces",
            headers: ["authorization": "Basic cGstbGYtMTIzNDpzay1sZi01Njc4"], content: true),
        Recipe(
            name: "phoenix", origin: "http://localhost:6006", path: "/v1/traces", headers: [:],
            content: true),
        Recipe(
            name: "jaeger", origin: "http://localhost:4318", path: "/v1/traces", headers: [:],
            content: false),
        Recipe(
            name: "datadog", origin: "https://otlp.datadoghq.com", path: "/v1/traces",
            headers: ["dd-api-key": "your_api_key", "dd-otlp-source": "llmobs"], content: true),
        Recipe(
            name: "datadog-agent", origin: "http://localhost:4318", path: "/v1/traces",
            headers: [:], content: false),
        Recipe(
            name: "honeycomb", origin: "https://api.honeycomb.io", path: "/v1/traces",
            headers: ["x-honeycomb-team": "your_api_key"], content: false),
        Recipe(
            name: "portkey", origin: "https://api.portkey.ai", path: "/v1/otel/v1/traces",
            headers: ["x-portkey-api-key": "your_portkey_api_key"], content: true),
        Recipe(
            name: "aws-adot", origin: "http://localhost:4318", path: "/v1/traces", headers: [:],
            content: false),
    ]

    static let directory = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "config/examples/receivers")

    func text() throws -> String {
        try String(contentsOf: Self.directory.appending(path: name + ".env"), encoding: .utf8)
    }

    /// The file's variables, with the sink at `url` in the receiver's place.
    func environment(sink url: String) throws -> [String: String] {
        var variables: [String: String] = [:]
        for line in try text().split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: "=", maxSplits: 1)
            let value = parts.count == 2 ? String(parts[1]) : ""
            variables[String(parts[0])] = value.replacing(origin, with: url)
        }
        return variables
    }
}

/// A gateway before the mock provider, whose exporters are a recipe's.
final class Deliveries {
    private let gateway: TestGateway
    private let pipeline: TelemetryPipeline
    private let sink: OTLPSink

    init(_ recipe: Recipe, _ more: [String: String] = [:]) throws {
        sink = try OTLPSink()
        var environment = try recipe.environment(sink: sink.url())
        environment.merge(more) { $1 }
        let loop = EventLoop()
        let provider = try MockServer(loop: loop).listen(on: .tcp(host: "127.0.0.1", port: 0))
        _ = LoopThread(name: "mock", loop: loop)
        let upstream = "http://\(provider)/v1"
        let configuration = try TestGateway.configuration(upstream, [:], environment)
        #expect(configuration.warnings.isEmpty)
        pipeline = TelemetryPipeline(
            environment: configuration.telemetry, settings: configuration.settings.telemetry,
            content: configuration.settings.content,
            version: "0.0.0",
            log: Log(level: .error, format: .text, now: { 0 }, output: { _ in true }),
            consoleStyle: .tree(isColoured: false), console: { _ in true })
        gateway = try TestGateway(upstream, environment: environment, telemetry: pipeline)
    }

    func send(_ request: String, _ status: Int) throws {
        let response = try #require(try gateway.answer(to: request))
        #expect(response.status == status)
    }

    /// What arrived at the sink, once everything has left.
    func all() -> [OTLPSink.Delivery] {
        _ = gateway.drain().wait(for: 1)
        pipeline.shutDown(within: 30_000)
        return sink.deliveries.entries
    }
}

@Suite(.timeLimit(.minutes(5)), .ownThread) struct ReceiverTests {
    @Test func `every recipe is tested, and says whether it is run against the service`()
        throws
    {
        let files = try FileManager.default.contentsOfDirectory(
            atPath: Recipe.directory.path()
        ).filter { $0.hasSuffix(".env") }.map { String($0.dropLast(4)) }
        #expect(Set(files) == Set(Recipe.all.map(\.name)))
        for recipe in Recipe.all {
            let text = try recipe.text().replacing("\n# ", with: " ").lowercased()
            let words = recipe.name == "phoenix" ? "tests run this file" : "not run"
            #expect(text.contains(words), "\(recipe.name)")
        }
    }

    @Test(arguments: Recipe.all)
    func `what leaves by a recipe has its URL, headers and bytes`(recipe: Recipe) throws {
        let deliveries = try Deliveries(recipe, ["OTEL_TRACES_SAMPLER": "always_on"])
        try deliveries.send(Wire.chat(), 200)
        let all = deliveries.all()
        // Metrics and logs go to paths of their own, where a recipe sends them.
        let traces = all.filter {
            !$0.path.hasSuffix("/v1/metrics") && !$0.path.hasSuffix("/v1/logs")
        }
        #expect(!traces.isEmpty)
        var spans = 0
        for delivery in traces {
            #expect(delivery.path == recipe.path)
            #expect(delivery.headers["content-type"] == "application/x-protobuf")
            for (name, value) in recipe.headers { #expect(delivery.headers[name] == value) }
            #expect(delivery.body.count < 4_000_000)
            guard delivery.headers["content-encoding"] != "gzip" else {
                #expect(delivery.body.starts(with: [0x1F, 0x8B]))
                spans = 3
                continue
            }
            spans += decodedSpans(delivery.body).count
            let text = String(decoding: delivery.body, as: UTF8.self)
            #expect(text.contains("gen_ai.input.messages") == recipe.content)
        }
        #expect(spans == 3)
    }

    @Test func `requests stay below PostHog's cap of 4 MB`() throws {
        let deliveries = try Deliveries(
            Recipe.all[0],
            [
                "OTEL_BSP_SCHEDULE_DELAY": "60000",
                // A busy machine must not have a batch sent twice.
                "OTEL_EXPORTER_OTLP_TIMEOUT": "240000", "OTEL_BSP_EXPORT_TIMEOUT": "240000",
            ])
        let prompt = String(repeating: "A long prompt. ", count: 20_000)
        let body = """
            {"model":"mock-gpt","messages":[
              \((0..<4).map { _ in #"{"role":"user","content":"\#(prompt)"}"# }
                .joined(separator: ","))]}
            """
        for _ in 0..<20 { try deliveries.send(Wire.chat(body), 200) }
        let all = deliveries.all()
        #expect(all.count > 1)
        #expect(all.allSatisfy { $0.body.count < 4_000_000 })
        let spans = all.flatMap { decodedSpans($0.body) }
        // A kept connection that had died may have cost one more attempt.
        let operations = spans.filter { $0.string(5)?.hasPrefix("chat ") == true }
        #expect(operations.count == 20, "\(spans.map { $0.string(5) ?? "" })")
        #expect(spans.count >= 60)
        #expect(all.reduce(0) { $0 + $1.body.count } > 4_000_000)
    }
}
