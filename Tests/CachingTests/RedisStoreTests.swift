import Bytes
import Caching
import GatewayTesting
import Networking
import OpenAIAPI
import Redis
import Testing

/// Entries in a real redis-server.
@Suite(.timeLimit(.minutes(5)), .ownThread) struct RedisStoreTests {
    private static let body = #"{"id":"chatcmpl-1","choices":[]}"#

    private func entry(_ key: CacheKey, body: String = Self.body) -> CacheEntry {
        CacheEntry(
            key: key, createdAt: Int64(Clock.wall / 1_000_000), ttl: 3600,
            endpoint: .chatCompletions,
            origin: CacheOrigin(traceIDHigh: 1, traceIDLow: 2, spanID: 3, flags: 1),
            usage: AnswerFacts.Usage(), model: "gpt-4o".utf8.span, body: body.utf8.span)
    }

    private func encoded(
        _ key: CacheKey, body: String = Self.body, secret: String = "secret"
    ) -> ByteBuffer {
        var codec = EntryCodec(secret: secret.utf8.span, bytesMax: 1 << 20)
        var buffer = ByteBuffer()
        codec.encode(entry(key, body: body), to: &buffer)
        return buffer
    }

    private func name(_ key: CacheKey) -> String {
        var name = ByteBuffer()
        key.appendStoreKey(to: &name)
        return String(decoding: name.bytes)
    }

    private func makeKey(_ text: String, _ scope: Scope = Scope()) throws -> CacheKey {
        let body = #"{"model":"gpt-4o","messages":[{"role":"user","content":"\#(text)"}]}"#
        return try #require(try key(body, .chatCompletions, scope))
    }

    private func withStore(
        _ url: String, bytesMax: Int = 1 << 20,
        _ body: @escaping @Sendable (RedisStore, EventLoop) async throws -> Void
    ) async throws {
        var settings = RedisSettings(url: try RedisURL(url))
        settings.budget = 20_000
        settings.connectTimeout = 20_000
        let given = settings
        try await TestLoop(name: "store").run { loop in
            let client = try RedisClient(loop: loop, settings: given)
            defer { client.close() }
            let codec = EntryCodec(secret: "secret".utf8.span, bytesMax: bytesMax)
            try await body(RedisStore(client: client, codec: codec), loop)
        }
    }

    @Test func `what was stored is found, for its time to live`() async throws {
        let server = try RedisServer()
        let key = try makeKey("one")
        let name = name(key)
        try await withStore(server.url + "/2") { store, _ in
            let before = await store.get(key)
            guard case .miss(nil) = before.found else { throw TimedOut("a miss") }
            let stored = await store.set(key, encoded(key), ttl: 90)
            guard case .stored = stored.result else { throw TimedOut("to store") }
            let after = await store.get(key)
            guard case .hit(let entry) = after.found else { throw TimedOut("a hit") }
            let isSame = entry.withBody { String(decoding: $0) == Self.body }
            #expect(isSame && entry.origin.spanID == 3)
            let trip = try #require(after.trip)
            #expect(String(describing: trip.command) == "GET" && trip.database == 2)
            #expect(trip.address == "127.0.0.1" && trip.port == Int(server.port))
            #expect(trip.endedMonotonic > trip.startedMonotonic && trip.endedAt > trip.startedAt)
            #expect(trip.error == nil && trip.errorType == nil && trip.statusCode == nil)
            #expect(stored.trip.map { String(describing: $0.command) } == "SET")
        }
        let left = Int(try server.cli("-n", "2", "pttl", name)) ?? 0
        #expect((60_000...90_000).contains(left))
    }

    @Test func `what is no answer to the key is a miss that says why`() async throws {
        let server = try RedisServer()
        let key = try makeKey("one")
        let other = try makeKey("two")
        let keyName = name(key)
        let otherName = name(other)
        try await withStore(server.url, bytesMax: 2000) { store, _ in
            func miss() async throws -> EntryError? {
                guard case .miss(let error) = await store.get(key).found else {
                    throw TimedOut("a miss")
                }
                return error
            }
            try server.cli("set", keyName, "somebody else's")
            #expect(try await miss() == .foreign)
            try server.cli("set", keyName, "")
            #expect(try await miss() != nil)
            _ = await store.set(key, encoded(key), ttl: 60)
            try server.cli("setrange", keyName, "150", "X")
            #expect(try await miss() == .forged)
            _ = await store.set(key, encoded(key, secret: "another"), ttl: 60)
            #expect(try await miss() == .forged)
            let long = String(repeating: "x", count: 3000)
            _ = await store.set(key, encoded(key, body: long), ttl: 60)
            #expect(try await miss() == .tooLarge)
            _ = await store.set(other, encoded(other), ttl: 60)
            try server.cli("copy", otherName, keyName, "replace")
            #expect(try await miss() == .wrongKey)
        }
    }

    @Test func `another type under the key, and a server that is not there`() async throws {
        let server = try RedisServer()
        let key = try makeKey("one")
        try server.cli("rpush", name(key), "x")
        try await withStore(server.url) { store, loop in
            let wrong = await store.get(key)
            guard case .failed(let error) = wrong.found else { throw TimedOut("a failure") }
            #expect(error.kind == .wrongType && wrong.trip?.errorType == "WRONGTYPE")
            #expect(wrong.trip?.statusCode == "WRONGTYPE" && store.isAvailable)
            // SET takes its place.
            _ = await store.set(key, encoded(key), ttl: 60)
            guard case .hit = await store.get(key).found else { throw TimedOut("a hit") }
            server.stop()
            var trips: [String] = []
            while true {
                let (found, trip) = await store.get(key)
                if case .open = found {
                    #expect(trip == nil && !store.isAvailable)
                    break
                }
                guard case .failed(let error) = found else { throw TimedOut("a failure") }
                #expect(error.kind == .down && trip?.statusCode == nil)
                trips.append(trip?.errorType ?? "none")
            }
            #expect(!trips.isEmpty && trips.allSatisfy { $0 == "down" })
            let stored = await store.set(key, encoded(key), ttl: 60)
            guard case .open = stored.result, stored.trip == nil else { throw TimedOut("open") }
            let flush = await store.flush(CacheSelector())
            #expect(flush.removed == 0 && flush.error?.kind == .open)
            let statistics = await store.statistics()
            #expect(statistics.unavailable == 1 && statistics.servers == 1)
        }
    }

    @Test func `a flush takes what its selector names and nothing else`() async throws {
        let server = try RedisServer()
        try server.cli("set", "others", "x")
        try server.cli("set", "martlet:2:x", "x")
        try await withStore(server.url) { store, _ in
            var ann = Scope()
            ann.credential = "sk-ann"
            var bob = Scope()
            bob.credential = "sk-bob"
            bob.namespace = "n"
            for number in 0..<1500 {
                for scope in [ann, bob] {
                    let key = try makeKey("k\(number)", scope)
                    _ = await store.set(key, encoded(key), ttl: 600)
                }
            }
            let before = await store.statistics()
            #expect(before.keys == 3002 && before.memoryBytes > 0 && before.unavailable == 0)
            let secret = "secret".utf8.span
            let selector = CacheSelector(credential: "sk-bob".utf8.span, secret: secret)
            let flush = await store.flush(selector)
            #expect(flush.removed == 1500 && flush.error == nil)
            let none = CacheSelector(namespace: "n".utf8.span, secret: secret)
            #expect(await store.flush(none).removed == 0)
            let model = CacheSelector(model: "gpt-4o".utf8.span, secret: secret)
            #expect(await store.flush(model).removed == 1500)
            #expect(await store.statistics().keys == 2)
        }
    }
}
