import Caching
import Configuration
import Networking
import Upstream

/// What all workers share of the cache of questions that mean the same.
final class SemanticCache: Sendable {
    let index: SemanticIndex
    /// The embedding model.
    let model: String
    /// Who makes embeddings; nil: the upstream, with the caller's credential.
    let target: UpstreamTarget?
    /// The cosine from which on questions mean the same.
    let threshold: Float
    /// Milliseconds that an embedding may take.
    let budget: UInt64
    /// For callers who say nothing, too.
    let isDefault: Bool

    /// nil where none is configured.
    init?(_ settings: CacheSettings, upstream: UpstreamSettings?) {
        guard let model = settings.semanticModel else { return nil }
        self.model = model
        target = upstream.map { UpstreamTarget(settings: $0) }
        threshold = Float(settings.semanticThreshold)
        budget = settings.semanticTimeout.milliseconds
        isDefault = settings.semanticDefault
        index = SemanticIndex(
            entriesMax: settings.semanticEntriesMax, bytesMax: settings.semanticBytesMax)
    }
}

/// A question of a call whose answer may be kept.
struct KnownQuestion {
    let partition: SemanticPartition
    let vector: SemanticVector
}

/// Spares calls the wait for embeddings that do not come: after some failures in a row nobody asks
/// for a while. One worker's.
struct EmbeddingsPause {
    /// Failures in a row after which there is a pause.
    static let failuresMax = 5
    /// Nanoseconds of a pause.
    static let length: UInt64 = 5_000_000_000

    private var failures = 0
    private var endsAt: UInt64 = 0

    /// Whether nobody asks, at `now` of `Clock.monotonic`.
    func isOn(at now: UInt64) -> Bool { now < endsAt }

    /// Takes note of a call. What the caller's own credential or text was refused for is none of
    /// the others' business.
    mutating func take(isFailure: Bool, at now: UInt64) {
        failures = isFailure ? failures + 1 : 0
        if failures >= Self.failuresMax { endsAt = now + Self.length }
    }
}
