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

    /// By the upstream's host. An unknown one speaks OpenAI's format, whoever it is.
    package init(host: String) {
        let known = Self.table.first { entry in
            entry.hosts.contains { host == $0 || ($0.hasPrefix(".") && host.hasSuffix($0)) }
        }
        name = known?.name ?? "openai"
        legacyName = known?.legacy ?? "openai"
    }

    private struct Entry {
        let name: String
        let legacy: String
        /// A leading dot stands for any host below it.
        let hosts: [String]
    }

    private static let table = [
        Entry(name: "openai", legacy: "openai", hosts: ["api.openai.com"]),
        Entry(
            name: "azure.ai.openai", legacy: "az.ai.openai",
            hosts: [".openai.azure.com", ".cognitiveservices.azure.com"]),
        Entry(
            name: "azure.ai.inference", legacy: "az.ai.inference",
            hosts: [".inference.ai.azure.com", ".services.ai.azure.com"]),
        Entry(name: "anthropic", legacy: "anthropic", hosts: ["api.anthropic.com"]),
        Entry(
            name: "gcp.gemini", legacy: "gemini", hosts: ["generativelanguage.googleapis.com"]),
        Entry(name: "gcp.vertex_ai", legacy: "vertex_ai", hosts: [".aiplatform.googleapis.com"]),
        Entry(name: "groq", legacy: "groq", hosts: ["api.groq.com"]),
        Entry(name: "mistral_ai", legacy: "mistral_ai", hosts: ["api.mistral.ai"]),
        Entry(name: "deepseek", legacy: "deepseek", hosts: ["api.deepseek.com"]),
        Entry(name: "x_ai", legacy: "xai", hosts: ["api.x.ai"]),
        Entry(name: "perplexity", legacy: "perplexity", hosts: ["api.perplexity.ai"]),
        Entry(name: "cohere", legacy: "cohere", hosts: ["api.cohere.com", "api.cohere.ai"]),
        Entry(name: "aws.bedrock", legacy: "aws.bedrock", hosts: [".amazonaws.com"]),
    ]
}
