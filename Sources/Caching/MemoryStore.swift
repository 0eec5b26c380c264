/// Entries in this process' memory, for all workers: bounded by bytes, sharded, a lock a shard.
package final class MemoryStore: Sendable {
    /// What became of an entry that was to be stored.
    package enum Outcome: Hashable, Sendable {
        case stored
        /// Those it would have displaced are asked for more often.
        case rejected
        /// Larger than a shard lets one entry be.
        case tooLarge
    }

    /// What the store holds, and what happened since it was made.
    package struct Statistics: Hashable, Sendable {
        /// Held now.
        package var entries = 0
        package var bytes = 0
        /// What `get` answered; entries that were over their time are misses.
        package var hits = 0
        package var misses = 0
        /// What `set` answered, `tooLarge` being among the rejected.
        package var stored = 0
        package var rejected = 0
        /// Entries that went for others, and whose time was over.
        package var evicted = 0
        package var expired = 0
    }

    /// A store of at most `bytesMax` bytes.
    package init(bytesMax: Int) {}

    /// The entry of `key`, if it may still be used at `now` (milliseconds since 1970).
    package func get(_ key: CacheKey, now: Int64) -> CacheEntry? { nil }

    /// Stores an entry in place of the one `key` has.
    @discardableResult
    package func set(_ entry: CacheEntry, for key: CacheKey, now: Int64) -> Outcome { .rejected }

    /// Forgets the entry of `key`; answers whether there was one.
    @discardableResult
    package func remove(_ key: CacheKey) -> Bool { false }

    /// Forgets all that match; answers how many.
    package func flush(_ selector: CacheSelector) -> Int { 0 }

    /// The numbers of all shards.
    package var statistics: Statistics { Statistics() }
}
