import Bytes
import Caching
import Synchronization
import Testing

/// Wrong answers that threads had.
private final class Wrong: Sendable {
    let count = Atomic(0)
}

@Suite struct MemoryStoreTests {
    private static func entry(_ key: CacheKey, bytes: Int, ttl: UInt32 = 60) -> CacheEntry {
        testEntry(key, body: String(repeating: "b", count: bytes), createdAt: 0, ttl: ttl)
    }

    private static func cost(_ entry: CacheEntry) -> Int { entry.cost + MemoryStore.slotBytes }

    @Test func `an entry is found again until its time is over`() {
        let store = MemoryStore(bytesMax: 1 << 20)
        let key = testKey(1)
        let entry = Self.entry(key, bytes: 100)
        #expect(store.get(key, now: 0) == nil)
        #expect(store.set(entry, for: key, now: 0) == .stored)
        #expect(store.get(key, now: 59_999) === entry)
        #expect(store.get(testKey(2), now: 0) == nil)
        #expect(store.statistics.bytes == Self.cost(entry))
        #expect(store.get(key, now: 60_000) == nil)
        #expect(store.get(key, now: 0) == nil)
        let statistics = store.statistics
        #expect(statistics.entries == 0 && statistics.bytes == 0 && statistics.expired == 1)
        #expect(statistics.hits == 1 && statistics.misses == 4 && statistics.stored == 1)
    }

    @Test func `a new entry takes the place of the old`() {
        let store = MemoryStore(bytesMax: 1 << 20)
        let key = testKey(1)
        let new = Self.entry(key, bytes: 10)
        store.set(Self.entry(key, bytes: 1000), for: key, now: 0)
        store.set(new, for: key, now: 0)
        #expect(store.get(key, now: 0) === new)
        #expect(store.statistics.bytes == Self.cost(new) && store.statistics.entries == 1)
        #expect(store.remove(key))
        #expect(!store.remove(key))
        #expect(store.get(key, now: 0) == nil && store.statistics.bytes == 0)
    }

    @Test func `a flush goes on in steps, each of some of the entries`() {
        // Too small for two shards.
        let store = MemoryStore(bytesMax: 7 << 20)
        let count = 5 * MemoryStore.flushStepSlots
        for number in 0..<count {
            let key = testKey(number)
            store.set(Self.entry(key, bytes: 10), for: key, now: 0)
        }
        #expect(store.statistics.entries == count)
        var flush = store.beginFlush(CacheSelector())
        var before = 0
        while store.step(&flush) {
            #expect(flush.removed - before <= MemoryStore.flushStepSlots)
            #expect(store.statistics.entries == count - flush.removed)
            before = flush.removed
        }
        #expect(flush.removed == count)
        #expect(store.statistics.entries == 0 && store.statistics.bytes == 0)
        #expect(!store.step(&flush))
    }

    @Test func `what another store had comes in unless it may be gone, or something newer is here`()
    {
        let store = MemoryStore(bytesMax: 1 << 20)
        let key = testKey(1)
        func entry(_ time: Int64) -> CacheEntry {
            testEntry(key, body: "b", createdAt: time, ttl: 60)
        }
        let before = store.generation
        let first = entry(5)
        store.fill(first, for: key, now: 5, generation: before)
        #expect(store.get(key, now: 5) === first)
        store.fill(entry(4), for: key, now: 5, generation: before)
        #expect(store.get(key, now: 5) === first)
        let second = entry(6)
        store.fill(second, for: key, now: 6, generation: before)
        #expect(store.get(key, now: 6) === second)
        #expect(store.flush(CacheSelector()) == 1)
        store.fill(entry(7), for: key, now: 7, generation: before)
        #expect(store.get(key, now: 7) == nil)
        store.fill(entry(8), for: key, now: 8, generation: store.generation)
        #expect(store.get(key, now: 8) != nil)
    }

    @Test func `a request that looks twice has one miss`() {
        let store = MemoryStore(bytesMax: 1 << 20)
        #expect(store.get(testKey(1), now: 0) == nil)
        #expect(store.get(testKey(1), now: 0, isAgain: true) == nil)
        #expect(store.statistics.misses == 1)
    }

    @Test func `an entry of another key is not answered`() {
        let store = MemoryStore(bytesMax: 1 << 20)
        store.set(Self.entry(testKey(2), bytes: 10), for: testKey(1), now: 0)
        #expect(store.get(testKey(1), now: 0) == nil)
    }

    @Test func `an entry that is too large is not stored`() {
        let store = MemoryStore(bytesMax: 40_000)
        let key = testKey(1)
        #expect(store.set(Self.entry(key, bytes: 20_000), for: key, now: 0) == .tooLarge)
        #expect(store.set(Self.entry(key, bytes: 9_000), for: key, now: 0) == .stored)
        #expect(store.get(key, now: 0) != nil)
        #expect(store.set(Self.entry(key, bytes: 20_000), for: key, now: 0) == .tooLarge)
        // The old one is not what was asked to be stored.
        #expect(store.get(key, now: 0) == nil && store.statistics.bytes == 0)
        let none = MemoryStore(bytesMax: 0)
        #expect(none.set(Self.entry(key, bytes: 0), for: key, now: 0) == .tooLarge)
    }

    @Test(arguments: [1 << 20, 64 << 20, 1 << 30]) func `the largest entry fits`(bytesMax: Int) {
        let store = MemoryStore(bytesMax: bytesMax, entryBytesMax: 200_000)
        for number in 0..<20 {
            let key = testKey(number)
            let outcome = store.set(Self.entry(key, bytes: 200_000), for: key, now: 0)
            #expect(outcome != .tooLarge)
        }
        #expect(store.statistics.bytes <= bytesMax && store.statistics.entries > 0)
    }

    @Test func `keys that are asked for once do not wash out those asked for often`() {
        let store = MemoryStore(bytesMax: 400_000)
        let hot = (0..<200).map { testKey($0) }
        func ask(_ key: CacheKey) -> Bool {
            if store.get(key, now: 0) != nil { return true }
            store.set(Self.entry(key, bytes: 400), for: key, now: 0)
            return false
        }
        for _ in 0..<5 { for key in hot { _ = ask(key) } }
        var hits = 0
        for number in 0..<4000 {
            _ = ask(testKey(1000 + number))
            if ask(hot[number * 7 % hot.count]) { hits += 1 }
        }
        #expect(hits > 3600)
        // Without a hot set, what is new comes in.
        let statistics = store.statistics
        #expect(statistics.bytes <= 400_000 && statistics.evicted > 3000)
    }

    @Test func `what was hot goes when something else is`() {
        let store = MemoryStore(bytesMax: 200_000)
        for round in 0..<2 {
            let keys = (0..<100).map { testKey(round * 1000 + $0) }
            for _ in 0..<60 {
                for key in keys where store.get(key, now: 0) == nil {
                    store.set(Self.entry(key, bytes: 600), for: key, now: 0)
                }
            }
            let held = keys.count { store.get($0, now: 0) != nil }
            #expect(held > 90, "in round \(round)")
        }
    }

    @Test func `a large entry must be worth the small ones it displaces`() {
        let store = MemoryStore(bytesMax: 100_000)
        let small = (0..<100).map { testKey($0) }
        for key in small { store.set(Self.entry(key, bytes: 10), for: key, now: 0) }
        for _ in 0..<3 { for key in small { _ = store.get(key, now: 0) } }
        let large = testKey(1000)
        _ = store.get(large, now: 0)
        // 24 kB displace some 40 of them, which were asked for three times each.
        #expect(store.set(Self.entry(large, bytes: 24_000), for: large, now: 0) == .stored)
        let second = testKey(1001)
        _ = store.get(second, now: 0)
        #expect(store.set(Self.entry(second, bytes: 24_000), for: second, now: 0) == .rejected)
        #expect(small.count { store.get($0, now: 0) != nil } == 100)
    }

    @Test func `a flush takes what is selected`() {
        let store = MemoryStore(bytesMax: 64 << 20, entryBytesMax: 1 << 16)
        var keys: [CacheKey] = []
        for credential in ["sk-a", "sk-b"] {
            for namespace in [nil, "x", "y"] {
                for number in 0..<14 {
                    keys.append(testKey(number, credential: credential, namespace: namespace))
                }
            }
        }
        for key in keys { store.set(Self.entry(key, bytes: 10), for: key, now: 0) }
        #expect(store.statistics.entries == 84)
        var selector = CacheSelector()
        selector.namespace = keys[14].namespace
        selector.model = keys[0].model
        let expected = keys.filter(selector.matches)
        #expect(expected.count == 4)
        #expect(store.flush(selector) == 4)
        for key in keys { #expect((store.get(key, now: 0) == nil) == expected.contains(key)) }
        #expect(store.flush(CacheSelector()) == 80)
        #expect(store.statistics.bytes == 0 && store.statistics.entries == 0)
    }

    @Test(arguments: 0..<8) func `the store agrees with a simple model`(seed: UInt64) {
        var dice = Dice(seed)
        let bytesMax = [30_000, 100_000, 5_000_000][Int(seed % 3)]
        let store = MemoryStore(bytesMax: bytesMax, entryBytesMax: 60_000)
        let keys = (0..<60).map { testKey($0) }
        // What a key may answer, if it answers anything.
        var last: [CacheKey: CacheEntry] = [:]
        var now: Int64 = 0
        for _ in 0..<3000 {
            let key = keys[dice.number(below: keys.count)]
            switch dice.number(below: 20) {
            case 0..<9:
                let found = store.get(key, now: now)
                if let found {
                    #expect(found === last[key] && !found.isExpired(at: now))
                } else if bytesMax == 5_000_000 {
                    #expect(last[key]?.isExpired(at: now) != false)
                }
            case 9..<17:
                let body = String(repeating: "b", count: dice.number(below: 2000))
                let entry = testEntry(
                    key, body: body, createdAt: now, ttl: UInt32(1 + dice.number(below: 50)))
                let outcome = store.set(entry, for: key, now: now)
                last[key] = outcome == .stored ? entry : nil
                // The newest is there at once.
                if outcome == .stored { #expect(store.get(key, now: now) === entry) }
            case 17:
                #expect(!store.remove(key) || last[key] != nil)
                last[key] = nil
            case 18 where dice.hits(oneIn: 20):
                var selector = CacheSelector()
                selector.model = key.model
                _ = store.flush(selector)
                last = last.filter { !selector.matches($0.key) }
            default: now += Int64(dice.number(below: 2000))
            }
            #expect(store.statistics.bytes <= bytesMax)
        }
        // What is held is what was counted.
        var bytes = 0
        var entries = 0
        for key in keys {
            guard let entry = store.get(key, now: .min) else { continue }
            bytes += Self.cost(entry)
            entries += 1
        }
        #expect(store.statistics.bytes == bytes && store.statistics.entries == entries)
    }

    @Test func `threads that share a store find whole entries of their keys`() async {
        let store = MemoryStore(bytesMax: 2 << 20, entryBytesMax: 1 << 14)
        let keys = (0..<200).map { testKey($0) }
        let wrong = Wrong()
        await withTaskGroup(of: Void.self) { group in
            for thread in 0..<4 {
                group.addTask {
                    var dice = Dice(UInt64(thread))
                    for _ in 0..<4000 {
                        let number = dice.number(below: keys.count)
                        let key = keys[number]
                        if dice.hits(oneIn: 3) {
                            let entry = Self.entry(key, bytes: 100 * (number % 100))
                            store.set(entry, for: key, now: 0)
                        } else if dice.hits(oneIn: 50) {
                            store.remove(key)
                        } else if let found = store.get(key, now: 0) {
                            let isRight =
                                found.digest == key.digest
                                && found.bodyBytes == 100 * (number % 100)
                            if !isRight { wrong.count.add(1, ordering: .relaxed) }
                        }
                    }
                }
            }
        }
        #expect(wrong.count.load(ordering: .relaxed) == 0)
        var bytes = 0
        for key in keys { bytes += store.get(key, now: 0).map { Self.cost($0) } ?? 0 }
        #expect(store.statistics.bytes == bytes && bytes <= 2 << 20)
        #expect(store.flush(CacheSelector()) > 0 && store.statistics.bytes == 0)
    }
}
