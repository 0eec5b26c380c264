import Bytes
import Foundation
import GatewayTesting
import Networking
import Redis
import Testing

/// What a test's client tells. Confined to its loop.
final class Changes: RedisObserver {
    private(set) var list: [RedisError.Kind?] = []

    func redisChanged(_ server: ListenAddress, error: RedisError?) {
        list.append(error?.kind)
    }
}

/// Calls `body` on a loop of its own with a client for `url`, which is closed behind it.
func withClient<Result: Sendable>(
    _ url: String, _ change: @Sendable (inout RedisSettings) -> Void = { _ in },
    _ body: @escaping @Sendable (RedisClient, Changes, EventLoop) async throws -> Result
) async throws -> Result {
    var settings = RedisSettings(url: try RedisURL(url))
    // A test machine may be slow; what is about time says so itself.
    settings.budget = 20_000
    settings.connectTimeout = 20_000
    change(&settings)
    let given = settings
    return try await TestLoop(name: "redis").run { loop in
        let changes = Changes()
        let client = try RedisClient(loop: loop, settings: given, observer: changes)
        defer { client.close() }
        return try await body(client, changes, loop)
    }
}

extension RedisClient {
    func get(_ key: String, budget: UInt64? = nil) async throws -> String? {
        let reply = try await send(RedisCommand("GET", key.utf8.span), budget: budget)
        return reply.kind == .string ? String(decoding: reply.bytes) : nil
    }

    func set(_ key: String, _ value: String) async throws {
        let reply = try await send(
            RedisCommand(setting: key.utf8.span, to: value.utf8.span, milliseconds: 600_000))
        let isOK = reply.isStatus("OK")
        #expect(isOK)
    }

    /// A GET answers `value`.
    func expect(
        _ key: String, _ value: String?, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let found = try await get(key)
        #expect(found == value, sourceLocation: sourceLocation)
    }

    /// The kind of the error that a GET ends with.
    func failure(_ key: String = "k", budget: UInt64? = nil) async -> RedisError.Kind? {
        do {
            _ = try await get(key, budget: budget)
            return nil
        } catch {
            return (error as? RedisError)?.kind
        }
    }

    /// Asks until a GET is answered.
    func waitUntilAnswered(_ loop: EventLoop, _ key: String = "k") async throws {
        let end = Clock.monotonic + 30_000_000_000
        while await failure(key) != nil {
            guard Clock.monotonic < end else { throw TimedOut("an answer of Redis") }
            await loop.sleep(milliseconds: 5)
        }
    }
}
