import Bytes
import Crypto
import Synchronization

/// Entries in this process' memory, for all workers: bounded by bytes, in shards with a lock each.
///
/// New entries pass through a window of a tenth of the bytes, the least recently used first out.
/// What leaves it stays only if it was asked for more often than all those together that would
/// have to go for it (TinyLFU with aggregated victims): keys that are asked for once do not wash
/// out those that are asked for again and again, and a large entry needs to be worth as much as
/// the many small ones in its place. A hit copies nothing.
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
        /// Entries that went for others, at once or later, and those whose time was found over.
        package var evicted = 0
        package var expired = 0

        package init() {}

        static func += (left: inout Self, right: Self) {
            left.entries += right.entries
            left.bytes += right.bytes
            left.hits += right.hits
            left.misses += right.misses
            left.stored += right.stored
            left.rejected += right.rejected
            left.evicted += right.evicted
            left.expired += right.expired
        }
    }

    /// Bytes of the place an entry has in a shard: its slot, and its key in the shard's table.
    package static let slotBytes = 192
    /// What an entry takes beside its body at most.
    private static let besideBodyBytesMax = 1024
    /// Shards at most.
    static let shardsMax = 16
    /// An entry may take so much of a shard; a shard is made to hold so many of the largest.
    private static let entriesAShardMin = 4

    private let shards: [MemoryShard]
    /// Flushes that were begun.
    private let flushes = Atomic<Int>(0)

    /// A store of at most `bytesMax` bytes, counted as `CacheEntry.cost` and `slotBytes` for each
    /// entry. A body of `entryBytesMax` bytes fits if the whole is a bit over four times as large.
    package init(bytesMax: Int, entryBytesMax: Int = 1 << 20) {
        let entryCostMax = max(64 << 10, entryBytesMax + Self.besideBodyBytesMax)
        let shardBytesMin = entryCostMax * Self.entriesAShardMin
        var count = 1
        while count < Self.shardsMax, bytesMax / (count * 2) >= shardBytesMin { count *= 2 }
        let bytes = max(0, bytesMax) / count
        shards = (0..<count).map { _ in
            MemoryShard(bytesMax: bytes, entryBytesMax: bytes / Self.entriesAShardMin)
        }
    }

    private func shard(of key: CacheKey) -> MemoryShard {
        shards[Int(key.digest.bytes[7]) & (shards.count - 1)]
    }

    /// The entry of `key`, if it may still be used at `now` (milliseconds since 1970). `isAgain`:
    /// the same request has missed it before, and no miss is counted.
    package func get(_ key: CacheKey, now: Int64, isAgain: Bool = false) -> CacheEntry? {
        shard(of: key).state.withLock { $0.get(key, now: now, isAgain: isAgain) }
    }

    /// How many flushes were begun: what another store is asked for after looking at it may be
    /// put in by `fill`.
    package var generation: Int { flushes.load(ordering: .acquiring) }

    /// Puts in what another store had, which was asked at `generation`: unless it may have been
    /// removed since, or what is here is as new.
    package func fill(_ entry: CacheEntry, for key: CacheKey, now: Int64, generation: Int) {
        shard(of: key).state.withLock { state in
            guard flushes.load(ordering: .acquiring) == generation,
                state.createdAt(key).map({ $0 < entry.createdAt }) ?? true
            else { return }
            _ = state.set(entry, for: key, now: now)
        }
    }

    /// Stores an entry in place of the one `key` has, which is gone whatever becomes of the new.
    @discardableResult
    package func set(_ entry: CacheEntry, for key: CacheKey, now: Int64) -> Outcome {
        shard(of: key).state.withLock { $0.set(entry, for: key, now: now) }
    }

    /// Forgets the entry of `key`; answers whether there was one.
    @discardableResult
    package func remove(_ key: CacheKey) -> Bool {
        shard(of: key).state.withLock { $0.remove(key) }
    }

    /// How far a removal of many entries has come.
    package struct Flush: Sendable {
        /// Which entries go.
        package let selector: CacheSelector
        /// Those that are gone.
        package fileprivate(set) var removed = 0
        fileprivate var shard = 0
        fileprivate var slot = 0

        /// A removal of those that `selector` takes, which begins with the first `step`.
        fileprivate init(_ selector: CacheSelector) {
            self.selector = selector
        }
    }

    /// Begins a removal of the entries that `selector` takes. From now on, nothing comes in that
    /// another store was asked for before.
    package func beginFlush(_ selector: CacheSelector) -> Flush {
        flushes.wrappingAdd(1, ordering: .acquiringAndReleasing)
        return Flush(selector)
    }

    /// Entries that one step of a flush looks at: what it may hold up others that want the shard.
    package static let flushStepSlots = 1024

    /// Looks at some entries, and forgets those that match; false once all have been looked at.
    /// An entry that is stored meanwhile may stay.
    package func step(_ flush: inout Flush) -> Bool {
        guard flush.shard < shards.count else { return false }
        let slots = flush.slot..<flush.slot + Self.flushStepSlots
        let (removed, isLast) = shards[flush.shard].state.withLock {
            $0.flush(flush.selector, slots: slots)
        }
        flush.removed += removed
        flush.slot = isLast ? 0 : slots.upperBound
        if isLast { flush.shard += 1 }
        return flush.shard < shards.count
    }

    /// Forgets all that match, in steps; answers how many.
    package func flush(_ selector: CacheSelector) -> Int {
        var flush = beginFlush(selector)
        while step(&flush) {}
        return flush.removed
    }

    /// The numbers of all shards, each for itself exact.
    package var statistics: Statistics {
        var sum = Statistics()
        for shard in shards { sum += shard.state.withLock { $0.statistics } }
        return sum
    }
}

/// A part of the store, chosen by a key's digest, and its lock.
final class MemoryShard: Sendable {
    /// Any worker's thread reads and writes it.
    let state: Mutex<ShardState>

    init(bytesMax: Int, entryBytesMax: Int) {
        state = Mutex(ShardState(bytesMax: bytesMax, entryBytesMax: entryBytesMax))
    }
}
