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
