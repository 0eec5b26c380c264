import Configuration
import Testing

/// What the keys of the cache demand of each other, and what is worth a warning.
@Suite struct CacheSettingsTests {
    @Test(
        "a store in Redis needs a URL",
        arguments: [("redis", true), ("tiered", true), ("memory", false), ("auto", false)])
    func needsURL(_ store: String, _ isWrong: Bool) {
        let text = "cache:\n  store: \(store)\n"
        #expect(
            problems(text)
                == (isWrong
                    ? [
                        "test.yaml:2:10: `cache.store` is `\(store)`, and there is no URL: set "
                            + "cache.redisURL (REDIS_URL)"
                    ] : []))
        #expect(problems(text, environment: ["REDIS_URL": "redis://h"]) == [])
    }

    @Test func `a URL that cannot be read is one mistake`() {
        let found = problems("cache:\n  store: redis\n  redisURL: http://h\n")
        #expect(found.count == 1)
        #expect(found.first?.contains("`cache.redisURL`") == true)
    }

    @Test(
        "Redis without a secret is warned of",
        arguments: [
            (["REDIS_URL": "redis://:pw@h"], "REDIS_URL: answers in Redis"),
            (["REDIS_URL": "redis://h", "MARTLET_SECRET": "s"], nil),
            (["REDIS_URL": "redis://h", "MARTLET_CACHE_STORE": "memory"], nil),
            (["MARTLET_CACHE_STORE": "memory"], nil), ([:], nil),
        ])
    func warnsOfNoSecret(_ environment: [String: String], _ warning: String?) throws {
        let warnings = try load(environment: environment).warnings.map(\.description)
        #expect(warnings.count == (warning == nil ? 0 : 1))
        guard let warning else { return }
        #expect(warnings.first?.hasPrefix(warning) == true)
        #expect(warnings.first?.contains("MARTLET_SECRET") == true)
        #expect(warnings.first?.contains("pw") == false)
    }

    @Test(
        "answers that all share are warned of where others can come in",
        arguments: [
            ("memory", "shared", "0.0.0.0:8787", true), ("memory", "tenant", "0.0.0.0:8787", false),
            ("memory", "shared", "127.0.0.1:8787", false), ("off", "shared", "0.0.0.0:8787", false),
            ("memory", "shared", "unix:/run/m.sock", false),
        ])
    func warnsOfSharing(
        _ store: String, _ scope: String, _ address: String, _ isWarned: Bool
    ) throws {
        let warnings = try load(
            "listener:\n  address: \(address)\ncache:\n  store: \(store)\n  scope: \(scope)\n"
        ).warnings.map(\.description)
        #expect(warnings.count == (isWarned ? 1 : 0))
        #expect(warnings.allSatisfy { $0.hasPrefix("test.yaml:5:10: `cache.scope` is `shared`") })
    }
}
