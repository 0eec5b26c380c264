/// The questions of an index, under its lock: by partition, by key, and in the order of their last
/// use.
struct SemanticState {
    /// A place in the order of use; `older` and `newer` are places too, or -1.
    struct Slot {
        var record: SemanticRecord?
        /// Where the record is in its partition.
        var position = 0
        var older = -1
        var newer = -1
    }

    private let entriesMax: Int
    private let bytesMax: Int
    private(set) var partitions: [SemanticPartition: [SemanticRecord]] = [:]
    private(set) var slotOfKey: [CacheKey: Int] = [:]
    private(set) var slots: [Slot] = []
    private var free: [Int] = []
    private var oldest = -1
    private var newest = -1
    private(set) var bytes = 0
    private(set) var evicted = 0

    init(entriesMax: Int, bytesMax: Int) {
        self.entriesMax = entriesMax
        self.bytesMax = bytesMax
    }

    mutating func add(
        _ vector: SemanticVector, key: CacheKey, partition: SemanticPartition, expiresAt: Int64
    ) -> Bool {
        if let slot = slotOfKey[key], let record = slots[slot].record { remove(record) }
        let cost = vector.cost + SemanticRecord.overheadBytes
        guard cost <= bytesMax, entriesMax > 0 else { return false }
        while slotOfKey.count >= entriesMax || bytes + cost > bytesMax {
            guard oldest >= 0, let record = slots[oldest].record else { return false }
            remove(record)
            evicted += 1
        }
        let slot = free.popLast() ?? slots.count
        if slot == slots.count { slots.append(Slot()) }
        let record = SemanticRecord(
            vector: vector, key: key, partition: partition, expiresAt: expiresAt, slot: slot)
        slots[slot].record = record
        slots[slot].position = partitions[partition]?.count ?? 0
        partitions[partition, default: []].append(record)
        slotOfKey[key] = slot
        bytes += cost
        link(slot)
        return true
    }

    /// Makes a record the most recently used, unless it has gone.
    mutating func touch(_ record: SemanticRecord) {
        guard slots[record.slot].record === record, newest != record.slot else { return }
        unlink(record.slot)
        link(record.slot)
    }

    /// Answers whether it was there still.
    @discardableResult
    mutating func remove(_ record: SemanticRecord) -> Bool {
        let slot = record.slot
        guard slots[slot].record === record else { return false }
        let position = slots[slot].position
        unlink(slot)
        slots[slot] = Slot()
        free.append(slot)
        slotOfKey[record.key] = nil
        bytes -= record.cost
        // The last takes its place: the order in a partition means nothing.
        guard let last = partitions[record.partition]?.popLast() else { return true }
        if last !== record {
            partitions[record.partition]?[position] = last
            slots[last.slot].position = position
        } else if position == 0 {
            partitions[record.partition] = nil
        }
        return true
    }

    private mutating func link(_ slot: Int) {
        slots[slot].older = newest
        slots[slot].newer = -1
        if newest >= 0 { slots[newest].newer = slot }
        newest = slot
        if oldest < 0 { oldest = slot }
    }

    private mutating func unlink(_ slot: Int) {
        let older = slots[slot].older
        let newer = slots[slot].newer
        if older >= 0 { slots[older].newer = newer } else { oldest = newer }
        if newer >= 0 { slots[newer].older = older } else { newest = older }
    }
}
