/// `cache`: answers that are given again.
package struct CacheSettings: Sendable, Equatable {
    /// Where answers are kept.
    package internal(set) var store = CacheStoreChoice.auto
    /// The server, with its password. Default: `REDIS_URL`, when set.
    package internal(set) var redisURL: Secret?
    /// PEM bundle used in place of the system's for `rediss`; a path.
    package internal(set) var redisCAFile: String?
    /// What a command of Redis may take, connecting included.
    package internal(set) var redisBudget = Duration.milliseconds(50)
    /// How long an answer is kept where the caller says nothing else.
    package internal(set) var ttl = Duration.seconds(3600)
    /// A larger answer is not kept.
    package internal(set) var entryBytesMax = 1 << 20
    /// What all answers in memory may take together.
    package internal(set) var memoryBytesMax = 128 << 20
    /// Who may get an answer.
    package internal(set) var scope = CacheScopeChoice.tenant
    /// Set apart from callers that name another; nil: from those that name one.
    package internal(set) var namespace: String?
    /// Equal calls at the same time share one call upstream.
    package internal(set) var coalesce = true

    /// The model whose embeddings tell which questions mean the same; nil: only equal calls are.
    package internal(set) var semanticModel: String?
    /// The cosine from which on two questions mean the same.
    package internal(set) var semanticThreshold = 0.95
    /// Callers who say nothing get answers to questions that mean the same.
    package internal(set) var semanticDefault = false
    /// Who makes embeddings; nil: the upstream.
    package internal(set) var semanticURL: BaseURL?
    /// The key for them; nil: the caller's, for the upstream, and none for another.
    package internal(set) var semanticKey: Secret?
    /// What an embedding may take, connecting included.
    package internal(set) var semanticTimeout = Duration.milliseconds(500)
    /// Questions that are known at a time.
    package internal(set) var semanticEntriesMax = 10_000
    /// What they may take in memory together.
    package internal(set) var semanticBytesMax = 128 << 20

    /// The store that `store` and `redisURL` come to.
    package var kind: CacheStoreChoice {
        store == .auto ? (redisURL == nil ? .off : .redis) : store
    }
}

/// Where answers are kept.
package enum CacheStoreChoice: String, Sendable, CaseIterable {
    /// In Redis where a URL of one is given, else nowhere.
    case auto
    /// Nowhere.
    case off
    /// In this process.
    case memory
    /// In Redis.
    case redis
    /// In this process, and behind it in Redis.
    case tiered
}

/// Who may get an answer that another caller's request has brought.
package enum CacheScopeChoice: String, Sendable, CaseIterable {
    /// Callers with the same credential.
    case tenant
    /// Everybody.
    case shared
}

extension Settings {
    /// Who makes embeddings for the cache, where that is not the upstream with the caller's
    /// credential: another host, or the upstream with a key of the gateway's.
    package var semanticUpstream: UpstreamSettings? {
        guard cache.semanticURL != nil || cache.semanticKey != nil else { return nil }
        var other = upstream
        other.apiKey = cache.semanticKey
        if let url = cache.semanticURL, url != upstream.url {
            other.url = url
            other.provider = nil
        }
        return other
    }
}
