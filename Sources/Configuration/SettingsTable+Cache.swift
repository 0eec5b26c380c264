extension SettingsTable {
    private static let second = Duration.seconds(1)

    static let cache: [SettingKey] = [
        SettingKey(
            "cache.store", .choice(\.cache.store),
            """
            Where answers are kept: in this process (`memory`), in `redis`, in memory before Redis \
            (`tiered`), nowhere (`off`); `auto` is Redis where a URL is given and else off.
            """),
        SettingKey(
            "cache.redisURL", .redisURL(\.cache.redisURL), fallback: "REDIS_URL",
            example: "env:REDIS_URL",
            """
            `redis://`, `rediss://`, `unix://`, `redis-sentinel://` or `redis-cluster://`, with \
            user, password and database.
            """),
        SettingKey(
            "cache.redisCAFile", .path(\.cache.redisCAFile), example: "/etc/ssl/redis.pem",
            "PEM bundle of the authorities trusted for `rediss` in place of the system's."),
        SettingKey(
            "cache.redisBudget",
            .duration(\.cache.redisBudget, .milliseconds(1)...Duration.seconds(10)),
            """
            What a command of Redis may take, connecting included; what takes longer is a miss.
            """),
        SettingKey(
            "cache.ttl", .duration(\.cache.ttl, second...Duration.seconds(2_592_000)),
            "How long an answer is kept where the caller names no other time."),
        SettingKey(
            "cache.entryBytesMax", .bytes(\.cache.entryBytesMax, (1 << 10)...(64 << 20)),
            "A larger answer is not kept."),
        SettingKey(
            "cache.memoryBytesMax", .bytes(\.cache.memoryBytesMax, (1 << 20)...(1 << 40)),
            "What all answers in memory may take together."),
        SettingKey(
            "cache.scope", .choice(\.cache.scope),
            """
            Who gets an answer again: callers with the credential that brought it (`tenant`), or \
            everybody (`shared`), whether or not their own credential would have been taken.
            """),
        SettingKey(
            "cache.namespace", .identifier(\.cache.namespace), example: "team-a",
            "Set apart from callers that name another in `x-portkey-cache-namespace`."),
        SettingKey(
            "cache.coalesce", .boolean(\.cache.coalesce),
            "Equal calls at the same time share one call upstream."),
    ]

    static let semanticCache: [SettingKey] = [
        SettingKey(
            "cache.semanticModel", .modelName(\.cache.semanticModel),
            example: "text-embedding-3-small",
            """
            Embedding model that tells which questions mean the same; without one, answers are \
            given to equal calls alone. Needs a `store`. See the decision about it.
            """),
        SettingKey(
            "cache.semanticThreshold", .decimal(\.cache.semanticThreshold, 0.5...1),
            "Cosine of two embeddings from which on their questions mean the same."),
        SettingKey(
            "cache.semanticDefault", .boolean(\.cache.semanticDefault),
            "Also for callers who do not ask for it with `x-portkey-cache: semantic`."),
        SettingKey(
            "cache.semanticURL", .baseURL(\.cache.semanticURL),
            example: "http://127.0.0.1:11434/v1",
            "Base URL of the API that makes embeddings, if that is not the upstream."),
        SettingKey(
            "cache.semanticKey", .secret(\.cache.semanticKey), example: "env:EMBEDDINGS_KEY",
            """
            Key for embeddings; without one the caller's is sent to the upstream, and none to \
            another `semanticURL`.
            """),
        SettingKey(
            "cache.semanticTimeout",
            .duration(\.cache.semanticTimeout, .milliseconds(1)...Duration.seconds(30)),
            "What an embedding may take, connecting included; what takes longer is a miss."),
        SettingKey(
            "cache.semanticEntriesMax", .count(\.cache.semanticEntriesMax, 1...1_000_000),
            "Questions that are known at a time, all callers together."),
        SettingKey(
            "cache.semanticBytesMax",
            .bytes(\.cache.semanticBytesMax, (1 << 20)...(1 << 40)),
            "What their embeddings may take in memory."),
    ]
}
