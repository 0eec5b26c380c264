import Foundation
import GatewayTesting
import SemanticConventions
import Telemetry
import Testing

/// A request and an answer in, a GenAI span out: through a whole gateway, whose upstream has the
/// host the golden names and answers as it says.
@Suite struct GoldenTests {
    private static let updates =
        ProcessInfo.processInfo.environment["MARTLET_UPDATE_GOLDENS"] == "1"

    @Test("a call becomes the span of its golden", arguments: Golden.names)
    func becomesSpan(_ name: String) throws {
        let golden = try Golden(named: name)
        // A proxy, which is the upstream at the other end of the tunnel as well.
        let upstream = try FaultyUpstream([
            .readHead, .send("HTTP/1.1 200 Connected\r\n\r\n"), .readRequest,
            .send(golden.answer ?? ""), golden.leavesAfter == nil ? .send("") : .readToEnd,
        ])
        // No stall, however slow the machine.
        let settings = ["upstream.proxy": upstream.url(""), "telemetry.streamStall": "1h"]
            .merging(golden.settings) { $1 }
        let gateway = try TestGateway("http://\(golden.host)/v1", settings, content: true)
        let client = try gateway.connect()
        client.send(Wire.chat(golden.body, path: golden.path, golden.headers))
        if let text = golden.leavesAfter {
            while !String(decoding: client.received, as: UTF8.self).contains(text) {
                guard client.receive(within: 30_000) else { break }
            }
            client.reset()
        } else {
            _ = client.response(within: 30_000)
            client.close()
        }
        let trace = try gateway.trace(within: 30)
        let span = try #require(trace.operations.first)
        #expect(trace.operations.count == 1)
        #expect(span.end >= span.start)
        let text = GoldenSpan.text(span)
        if Self.updates {
            try (golden.inputs + text + "\n}\n").write(
                to: Golden.url(name), atomically: true, encoding: .utf8)
        } else {
            #expect(text == golden.span, "\(name): MARTLET_UPDATE_GOLDENS=1 writes it anew")
        }
    }

    /// Names of the attributes in all goldens.
    private static func namesInGoldens() throws -> Set<String> {
        var names: Set<String> = []
        for name in Golden.names {
            let file = try JSONSerialization.jsonObject(with: Data(contentsOf: Golden.url(name)))
            let span = (file as? [String: Any])?["span"] as? [String: Any]
            names.formUnion((span?["attributes"] as? [String: Any] ?? [:]).keys)
        }
        return names
    }

    @Test func `each attribute of the conventions for calls of a model is in a golden`() throws {
        let listed = Conventions.spans.map { $0.levels.map(\.attribute) }
            .filter { $0.contains("gen_ai.operation.name") }.flatMap(\.self)
        #expect(GoldenNames.conventions.subtracting(listed).isEmpty, "the table has them all")
        let missing = GoldenNames.conventions.union(listed).subtracting(
            try Self.namesInGoldens())
        #expect(missing.isEmpty, "\(missing.sorted())")
    }

    @Test func `no golden has an attribute that is in no table, or deprecated unasked`() throws {
        let known = Set(Conventions.attributes.map(\.name))
        let unknown = try Self.namesInGoldens().subtracting(known)
            .filter { !$0.hasPrefix("metadata.") }
        #expect(unknown.isEmpty, "\(unknown.sorted())")
        let old = Set(Conventions.attributes.filter { $0.renamed != nil }.map(\.name))
        #expect(try Self.namesInGoldens().intersection(old) == GoldenNames.old)
    }

    @Test func `there are goldens enough`() {
        #expect(Golden.names.count >= 60)
        #expect(Golden.names.contains("full"))
    }
}

/// Names that are known without the table.
enum GoldenNames {
    /// Semantic conventions v1.40.0, docs/gen-ai: inference and embeddings, all providers, and
    /// the additions of v1.41.0.
    static let conventions: Set<String> = [
        "gen_ai.operation.name", "gen_ai.provider.name", "error.type", "gen_ai.conversation.id",
        "gen_ai.output.type", "gen_ai.request.choice.count", "gen_ai.request.model",
        "gen_ai.request.seed", "server.port", "gen_ai.request.frequency_penalty",
        "gen_ai.request.max_tokens", "gen_ai.request.presence_penalty",
        "gen_ai.request.stop_sequences", "gen_ai.request.temperature", "gen_ai.request.top_k",
        "gen_ai.request.top_p", "gen_ai.response.finish_reasons", "gen_ai.response.id",
        "gen_ai.response.model", "gen_ai.usage.input_tokens",
        "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.output_tokens", "server.address", "gen_ai.system_instructions",
        "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.tool.definitions",
        "openai.request.service_tier", "openai.response.service_tier",
        "openai.response.system_fingerprint", "openai.api.type", "aws.bedrock.guardrail.id",
        "aws.bedrock.knowledge_base.id", "azure.resource_provider.namespace",
        "gen_ai.embeddings.dimension.count", "gen_ai.request.encoding_formats",
        "gen_ai.request.stream", "gen_ai.response.time_to_first_chunk",
        "gen_ai.usage.reasoning.output_tokens",
    ]

    /// Names before v1.37, which two of the goldens ask for, and the alias.
    static let old: Set<String> = [
        "gen_ai.system", "gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens",
        "gen_ai.usage.total_tokens", "http.status_code",
    ]
}
