import Bytes
import Configuration
import Synchronization
import Telemetry

/// A provider as the configuration names it: one value for all workers.
package final class UpstreamTarget: Sendable {
    /// The base URL, without a slash at its end.
    package let baseURL: String
    /// `server.address`.
    package let host: String
    /// `server.port`.
    package let port: Int
    /// `gen_ai.provider.name`.
    package let provider: ProviderName
    /// The value of `authorization` for callers without a key of their own, or nil.
    package let authorization: Secret?
    /// What metrics say of it.
    package let labels: MetricTarget
    package let settings: UpstreamSettings
    private let refusesUsage = Atomic<Bool>(false)

    package init(settings: UpstreamSettings) {
        self.settings = settings
        baseURL = settings.url.description
        host = settings.url.host
        port = Int(settings.url.port)
        provider =
            settings.provider.map(ProviderName.init(named:)) ?? ProviderName(host: host)
        labels = MetricTarget(provider: provider.name, address: host, port: port)
        authorization = settings.apiKey.map { Secret("Bearer \($0.reveal())") }
    }

    /// Usage is to be asked for where a caller did not: until the upstream has shown that it
    /// answers 400 to that and 2xx without it.
    package var asksForUsage: Bool {
        settings.injectUsage && !refusesUsage.load(ordering: .relaxed)
    }

    /// The upstream does not know `stream_options`.
    func rememberUsageIsRefused() {
        refusesUsage.store(true, ordering: .relaxed)
    }
}

/// The name of a provider (semconv v1.40.0, `gen_ai.provider.name`), and the name it had in
/// `gen_ai.system` before v1.37.
package struct ProviderName: Sendable, Equatable {
    /// `gen_ai.provider.name`.
    package let name: String
    /// `gen_ai.system`.
    package let legacyName: String

    /// A name the configuration gives.
    package init(named name: String) {
        self.name = name
        legacyName = Self.table.first { $0.name == name }?.legacy ?? name
    }

    /// By the upstream's host, in lower case. An unknown one speaks OpenAI's format, whoever it
    /// is.
    package init(host: String) {
        let host = host.lowercased()
        let known = Self.table.first { entry in
            entry.hosts.contains { Self.matches(host.utf8[...], $0.utf8[...]) }
        }
        name = known?.name ?? "openai"
        legacyName = known?.legacy ?? "openai"
    }

    private struct Entry {
        let name: String
        let legacy: String
        /// A star stands for any number of characters.
        let hosts: [String]

        init(_ name: String, _ legacy: String, _ hosts: String...) {
            self.name = name
            self.legacy = legacy
            self.hosts = hosts
        }
    }

    private static let table = [
        Entry("openai", "openai", "api.openai.com", "*.api.openai.com"),
        Entry(
            "azure.ai.openai", "az.ai.openai", "*.openai.azure.com",
            "*.cognitiveservices.azure.com", "*.openai.azure.us", "*.openai.azure.cn"),
        Entry(
            "azure.ai.inference", "az.ai.inference", "*.inference.ai.azure.com",
            "*.services.ai.azure.com", "*.models.ai.azure.com", "models.github.ai"),
        Entry("anthropic", "anthropic", "api.anthropic.com"),
        Entry("gcp.gemini", "gemini", "generativelanguage.googleapis.com"),
        Entry(
            "gcp.vertex_ai", "vertex_ai", "aiplatform.googleapis.com",
            "*-aiplatform.googleapis.com", "*.aiplatform.googleapis.com"),
        Entry("groq", "groq", "api.groq.com"),
        Entry("mistral_ai", "mistral_ai", "api.mistral.ai", "codestral.mistral.ai"),
        Entry("deepseek", "deepseek", "api.deepseek.com"),
        Entry("x_ai", "xai", "api.x.ai", "*.api.x.ai"),
        Entry("perplexity", "perplexity", "api.perplexity.ai"),
        Entry("cohere", "cohere", "api.cohere.com", "api.cohere.ai"),
        Entry(
            "aws.bedrock", "aws.bedrock", "bedrock*.amazonaws.com",
            "*.bedrock*.amazonaws.com", "bedrock*.api.aws"),
        Entry(
            "ibm.watsonx.ai", "ibm.watsonx.ai", "*.ml.cloud.ibm.com",
            "ml.cloud.ibm.com"),
    ]

    private static func matches(_ host: Substring.UTF8View, _ pattern: Substring.UTF8View) -> Bool {
        guard let first = pattern.first else { return host.isEmpty }
        if first == UInt8(ascii: "*") {
            return host.indices.contains { matches(host[$0...], pattern.dropFirst()) }
                || pattern.count == 1
        }
        return host.first == first && matches(host.dropFirst(), pattern.dropFirst())
    }
}
