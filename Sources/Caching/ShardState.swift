/// What a shard holds: slots in an array, found by their keys, in two lists by when they were last
/// used.
struct ShardState: Sendable {
    /// A list of slots, the last used first.
    private struct List {
        var first: Int32 = -1
        var last: Int32 = -1
        var bytes = 0
    }

    private struct Slot {
        let key: CacheKey
        let entry: CacheEntry
        let cost: Int
        var isInWindow: Bool
        var previous: Int32 = -1
        var next: Int32 = -1
    }

    /// The window's part of the bytes, one in.
    private static let windowPart = 10
    /// So many entries are looked at in favour of one at most, which bounds the lock's time.
    private static let victimsMax = 1024
    /// Bytes of an entry, for the size of the sketch.
    private static let entryBytesExpected = 2048
    private static let sketchKeysMax = 1 << 20

    private let entryBytesMax: Int
    private let windowBytesMax: Int
    private let mainBytesMax: Int
    private var indices: [CacheKey: Int32] = [:]
    private var slots: [Slot?] = []
    private var free: [Int32] = []
    private var window = List()
    private var main = List()
    private var sketch: FrequencySketch
    private var counts = MemoryStore.Statistics()

    init(bytesMax: Int, entryBytesMax: Int) {
        self.entryBytesMax = entryBytesMax
        windowBytesMax = bytesMax / Self.windowPart
        mainBytesMax = bytesMax - windowBytesMax
        sketch = FrequencySketch(
            keys: min(bytesMax / Self.entryBytesExpected, Self.sketchKeysMax))
    }

    var statistics: MemoryStore.Statistics {
        var result = counts
        result.entries = indices.count
        result.bytes = window.bytes + main.bytes
        return result
    }

    /// When the entry of `key` was made, in milliseconds since 1970.
    func createdAt(_ key: CacheKey) -> Int64? {
        indices[key].flatMap { slots[Int($0)]?.entry.createdAt }
    }

    mutating func get(_ key: CacheKey, now: Int64, isAgain: Bool) -> CacheEntry? {
        sketch.count(key, keys: indices.count)
        guard let index = indices[key], let slot = slots[Int(index)] else {
            if !isAgain { counts.misses += 1 }
            return nil
        }
        guard !slot.entry.isExpired(at: now), slot.entry.digest == key.digest else {
            drop(index)
            counts.expired += 1
            counts.misses += 1
            return nil
        }
        unlink(index)
        link(index, isInWindow: slot.isInWindow)
        counts.hits += 1
        return slot.entry
    }

    mutating func set(
        _ entry: CacheEntry, for key: CacheKey, now: Int64
    ) -> MemoryStore.Outcome {
        remove(key)
        let cost = entry.cost + MemoryStore.slotBytes
        guard cost <= entryBytesMax else {
            counts.rejected += 1
            return .tooLarge
        }
        let isInWindow = cost <= windowBytesMax
        if !isInWindow, !makeRoom(for: key, cost: cost, now: now) {
            counts.rejected += 1
            return .rejected
        }
        let index = place(Slot(key: key, entry: entry, cost: cost, isInWindow: isInWindow))
        indices[key] = index
        link(index, isInWindow: isInWindow)
        shrinkWindow(now: now)
        counts.stored += 1
        return .stored
    }

    @discardableResult
    mutating func remove(_ key: CacheKey) -> Bool {
        guard let index = indices[key] else { return false }
        drop(index)
        return true
    }

    /// Drops those of the slots `range` that match; answers how many, and whether there are no
    /// further slots. Entries do not move from slot to slot.
    mutating func flush(
        _ selector: CacheSelector, slots range: Range<Int>
    ) -> (removed: Int, isLast: Bool) {
        var found = 0
        for index in range.clamped(to: slots.indices) {
            guard let slot = slots[index], selector.matches(slot.key) else { continue }
            drop(Int32(index))
            found += 1
        }
        return (found, range.upperBound >= slots.count)
    }

    /// Lets the least recently used of the window go over to the others, or go.
    private mutating func shrinkWindow(now: Int64) {
        while window.bytes > windowBytesMax, let slot = slots[Int(window.last)] {
            let index = window.last
            if slot.entry.isExpired(at: now) {
                drop(index)
                counts.expired += 1
            } else if makeRoom(for: slot.key, cost: slot.cost, now: now) {
                unlink(index)
                link(index, isInWindow: false)
            } else {
                drop(index)
                counts.evicted += 1
            }
        }
    }

    /// Makes `cost` bytes free outside of the window, if `key` is worth more than what goes.
    private mutating func makeRoom(for key: CacheKey, cost: Int, now: Int64) -> Bool {
        let wanted = main.bytes + cost - mainBytesMax
        guard wanted > 0 else { return true }
        let worth = sketch.frequency(of: key)
        var lost = 0
        var gained = 0
        var looked = 0
        var index = main.last
        while gained < wanted {
            guard index >= 0, let slot = slots[Int(index)], looked < Self.victimsMax else {
                return false
            }
            if !slot.entry.isExpired(at: now) { lost += sketch.frequency(of: slot.key) }
            guard lost < worth || lost == 0 else { return false }
            gained += slot.cost
            looked += 1
            index = slot.previous
        }
        for _ in 0..<looked {
            let victim = main.last
            if slots[Int(victim)]?.entry.isExpired(at: now) == true {
                counts.expired += 1
            } else {
                counts.evicted += 1
            }
            drop(victim)
        }
        return true
    }

    private mutating func place(_ slot: Slot) -> Int32 {
        if let index = free.popLast() {
            slots[Int(index)] = slot
            return index
        }
        slots.append(slot)
        return Int32(slots.count - 1)
    }

    private mutating func drop(_ index: Int32) {
        unlink(index)
        if let slot = slots[Int(index)] { indices[slot.key] = nil }
        slots[Int(index)] = nil
        free.append(index)
    }

    private mutating func link(_ index: Int32, isInWindow: Bool) {
        var list = isInWindow ? window : main
        slots[Int(index)]?.isInWindow = isInWindow
        slots[Int(index)]?.previous = -1
        slots[Int(index)]?.next = list.first
        if list.first >= 0 { slots[Int(list.first)]?.previous = index } else { list.last = index }
        list.first = index
        list.bytes += slots[Int(index)]?.cost ?? 0
        if isInWindow { window = list } else { main = list }
    }

    private mutating func unlink(_ index: Int32) {
        guard let slot = slots[Int(index)] else { return }
        var list = slot.isInWindow ? window : main
        if slot.previous >= 0 {
            slots[Int(slot.previous)]?.next = slot.next
        } else {
            list.first = slot.next
        }
        if slot.next >= 0 {
            slots[Int(slot.next)]?.previous = slot.previous
        } else {
            list.last = slot.previous
        }
        list.bytes -= slot.cost
        if slot.isInWindow { window = list } else { main = list }
    }
}
