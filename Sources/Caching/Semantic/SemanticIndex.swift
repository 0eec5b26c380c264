import Bytes
import Crypto
import Synchronization

/// What two calls must have in common before their questions are compared at all: the digest of
/// everything of them that may change the answer but the words of the last question; see
/// `CacheKeyMaker.question`.
package struct SemanticPartition: Hashable, Sendable {
    let digest: SHA256.Digest

    package func hash(into hasher: inout Hasher) {
        // The digest is as good as random already.
        hasher.combine(digest.bytes.littleEndian64(at: 0))
    }
}

/// Questions by what they mean, for all workers: the nearest of one partition, exactly. It knows
/// the keys of the answers; the answers are the stores'.
///
/// Bounded in questions and bytes, the least recently used first out. A search holds no lock while
/// it compares: it reads the partition as it was when it began.
package final class SemanticIndex: Sendable {
    /// A question that is near enough.
    package struct Match: Sendable {
        /// Of the answer to it.
        package let key: CacheKey
        /// The cosine of both questions, of -1 to 1.
        package let similarity: Float
    }

    /// What the index holds, and what happened since it was made.
    package struct Statistics: Hashable, Sendable {
        /// Held now.
        package var entries = 0
        package var bytes = 0
        package var partitions = 0
        /// Those that went for others.
        package var evicted = 0
    }

    private let state: Mutex<SemanticState>

    /// An index of at most `entriesMax` questions, and `bytesMax` bytes with all that belongs to
    /// them.
    package init(entriesMax: Int, bytesMax: Int) {
        state = Mutex(SemanticState(entriesMax: entriesMax, bytesMax: bytesMax))
    }

    /// The nearest question of `partition`, if its cosine is at least `threshold` and its answer
    /// may still be used at `now` (milliseconds since 1970).
    package func nearest(
        to vector: SemanticVector, in partition: SemanticPartition, atLeast threshold: Float,
        now: Int64
    ) -> Match? {
        let records = state.withLock { $0.partitions[partition] ?? [] }
        var best: (record: SemanticRecord, similarity: Float)?
        var hasExpired = false
        for record in records {
            guard record.expiresAt > now else {
                hasExpired = true
                continue
            }
            let wanted = max(threshold, best?.similarity ?? threshold)
            if let similarity = record.vector.similarity(to: vector, atLeast: wanted),
                similarity > best?.similarity ?? -.infinity
            {
                best = (record, similarity)
            }
        }
        guard best != nil || hasExpired else { return nil }
        state.withLock { state in
            if let best { state.touch(best.record) }
            guard hasExpired else { return }
            for record in records where record.expiresAt <= now { state.remove(record) }
        }
        return best.map { Match(key: $0.record.key, similarity: $0.similarity) }
    }

    /// Adds the question whose answer `key` has until `expiresAt` (milliseconds since 1970), in
    /// place of what was known for that key. False: it is larger than the index may be.
    @discardableResult
    package func add(
        _ vector: SemanticVector, for key: CacheKey, in partition: SemanticPartition,
        expiresAt: Int64
    ) -> Bool {
        state.withLock {
            $0.add(vector, key: key, partition: partition, expiresAt: expiresAt)
        }
    }

    /// Forgets the question whose answer `key` had; answers whether there was one.
    @discardableResult
    package func remove(_ key: CacheKey) -> Bool {
        state.withLock { state in
            guard let slot = state.slotOfKey[key], let record = state.slots[slot].record else {
                return false
            }
            return state.remove(record)
        }
    }

    /// Forgets all whose keys match; answers how many.
    package func flush(_ selector: CacheSelector) -> Int {
        state.withLock { state in
            let matching = state.slots.compactMap(\.record).filter { selector.matches($0.key) }
            for record in matching { state.remove(record) }
            return matching.count
        }
    }

    /// The numbers at this moment.
    package var statistics: Statistics {
        state.withLock { state in
            Statistics(
                entries: state.slotOfKey.count, bytes: state.bytes,
                partitions: state.partitions.count, evicted: state.evicted)
        }
    }
}

/// A question that is known, and its place. Immutable: searches read it without the lock.
final class SemanticRecord: Sendable {
    /// Bytes beside the vector: the record, its slot, its places in the tables, and a partition.
    static let overheadBytes = 512

    let vector: SemanticVector
    let key: CacheKey
    let partition: SemanticPartition
    /// Milliseconds since 1970.
    let expiresAt: Int64
    let slot: Int

    init(
        vector: SemanticVector, key: CacheKey, partition: SemanticPartition, expiresAt: Int64,
        slot: Int
    ) {
        self.vector = vector
        self.key = key
        self.partition = partition
        self.expiresAt = expiresAt
        self.slot = slot
    }

    var cost: Int { vector.cost + Self.overheadBytes }
}
