import Bytes
import Networking
import Redis

/// What a look into a store found.
package enum StoreLookup: Sendable {
    case hit(CacheEntry)
    /// Nothing there (nil), or something that is no answer to this key.
    case miss(EntryError?)
    /// The store did not answer, or with an error.
    case failed(RedisError)
    /// Nothing was tried, as the store was unavailable a moment ago.
    case open
}

/// What became of an entry that was to be stored.
package enum StoreResult: Sendable {
    case stored
    /// The store did not answer, or with an error.
    case failed(RedisError)
    /// As `StoreLookup.open`.
    case open
}

/// What a flush did.
package struct StoreFlush: Sendable {
    /// Entries that were removed.
    package var removed = 0
    /// What ended it early; nil: it went through all servers.
    package var error: RedisError?
}

/// What the servers say of themselves, added up.
package struct StoreStatistics: Sendable {
    /// Servers that keys are on, and those of them that did not answer.
    package var servers = 0, unavailable = 0
    /// Keys in the database, of others too.
    package var keys = 0
    /// Bytes the servers have allocated, and keys that their memory limit has cost.
    package var memoryBytes = 0, evictedKeys = 0
}

/// Entries in Redis, through the client of one worker. Confined to its loop.
///
/// Whatever is wrong with the store or with what it holds, the answer is one without an entry,
/// within the budget.
package final class RedisStore {
    /// What a step of a flush or a server's statistics may take, in milliseconds: they are not
    /// part of a request.
    package static let administrationBudget: UInt64 = 2000

    private let client: RedisClient
    private var codec: EntryCodec

    /// `client` stays the caller's, who closes it. `codec` reads what is found.
    package init(client: RedisClient, codec: consuming EntryCodec) {
        self.client = client
        self.codec = codec
    }

    /// A look would be tried.
    package var isAvailable: Bool { client.isAvailable }

    /// Looks for the entry of `key`. No trip where nothing was sent.
    package func get(_ key: CacheKey) async -> (found: StoreLookup, trip: StoreTrip?) {
        let name = Self.name(of: key)
        let command = RedisCommand("GET", name.bytes)
        let start = Start()
        do throws(RedisError) {
            let reply = try await client.send(command)
            let trip = trip("GET", name, start, nil)
            return (found(reply, key), trip)
        } catch {
            if error.kind == .open { return (.open, nil) }
            return (.failed(error), trip("GET", name, start, error))
        }
    }

    private func found(_ reply: borrowing RedisReply, _ key: CacheKey) -> StoreLookup {
        switch reply.kind {
        case .null: return .miss(nil)
        case .string:
            do throws(EntryError) {
                let now = Int64(Clock.wall / 1_000_000)
                return .hit(try codec.decode(reply.bytes, key: key, now: now))
            } catch {
                return .miss(error)
            }
        default: return .miss(.foreign)
        }
    }

    /// Stores what the codec made of the entry of `key`, for `ttl` seconds (at least one). No
    /// trip where nothing was sent.
    package func set(
        _ key: CacheKey, _ bytes: borrowing ByteBuffer, ttl: Int
    ) async -> (result: StoreResult, trip: StoreTrip?) {
        let name = Self.name(of: key)
        let milliseconds = min(max(1, ttl), Int(UInt32.max)) * 1000
        let command = RedisCommand(
            setting: name.bytes, to: bytes.bytes, milliseconds: milliseconds)
        let start = Start()
        do throws(RedisError) {
            _ = try await client.send(command)
            return (.stored, trip("SET", name, start, nil))
        } catch {
            if error.kind == .open { return (.open, nil) }
            return (.failed(error), trip("SET", name, start, error))
        }
    }

    // MARK: Administration

    /// Removes the entries that `selector` takes, on every server, in steps that hold up none.
    package func flush(_ selector: CacheSelector) async -> StoreFlush {
        var text = ByteBuffer()
        selector.appendMatchPattern(to: &text)
        let pattern = String(decoding: text.bytes)
        var result = StoreFlush()
        do throws(RedisError) {
            for shard in try await client.shards() {
                var cursor = "0"
                repeat {
                    result.removed += try await client.removeKeys(
                        matching: pattern, of: shard, cursor: &cursor,
                        budget: Self.administrationBudget)
                } while cursor != "0"
            }
        } catch {
            result.error = error
        }
        return result
    }

    /// Asks every server how it is.
    package func statistics() async -> StoreStatistics {
        var result = StoreStatistics()
        guard let shards = try? await client.shards() else {
            result.servers = 1
            result.unavailable = 1
            return result
        }
        for shard in shards {
            result.servers += 1
            do throws(RedisError) {
                let budget = Self.administrationBudget
                let size = try await client.send(
                    RedisCommand("DBSIZE"), to: shard, budget: budget)
                let memory = try await client.send(
                    RedisCommand("INFO", texts: ["memory"]), to: shard, budget: budget)
                let stats = try await client.send(
                    RedisCommand("INFO", texts: ["stats"]), to: shard, budget: budget)
                result.keys += size.number
                result.memoryBytes += Self.field("used_memory", of: memory)
                result.evictedKeys += Self.field("evicted_keys", of: stats)
            } catch {
                result.unavailable += 1
            }
        }
        return result
    }

    /// A number of INFO's lines `name:value`.
    private static func field(_ name: String, of reply: borrowing RedisReply) -> Int {
        for line in String(decoding: reply.bytes).split(whereSeparator: \.isNewline) {
            guard line.hasPrefix(name), line.dropFirst(name.count).first == ":" else { continue }
            return Int(line.dropFirst(name.count + 1)) ?? 0
        }
        return 0
    }

    // MARK: Trips

    private static func name(of key: CacheKey) -> ByteBuffer {
        var name = ByteBuffer(capacity: CacheKey.storeKeyBytesMax)
        key.appendStoreKey(to: &name)
        return name
    }

    private struct Start {
        let monotonic = Clock.monotonic
        let wall = Clock.wall
    }

    private func trip(
        _ command: StaticString, _ name: borrowing ByteBuffer, _ start: Start,
        _ error: RedisError?
    ) -> StoreTrip {
        StoreTrip(
            command: command, startedMonotonic: start.monotonic,
            endedMonotonic: Clock.monotonic, startedAt: start.wall,
            server: client.server(of: name.bytes), database: client.settings.url.database,
            error: error)
    }
}
