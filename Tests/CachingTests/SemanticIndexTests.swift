import Bytes
import Caching
import Crypto
import Synchronization
import Testing

/// A partition that only differs by `number`.
func testPartition(_ number: Int, credential: String = "sk") throws -> SemanticPartition {
    let body = #"{"model":"m","n":\#(number),"messages":[{"role":"user","content":"x"}]}"#
    var scope = Scope()
    scope.credential = credential
    return try #require(try question(body, scope)?.partition)
}

private final class Sum: Sendable {
    let count = Atomic(0)
}

@Suite struct SemanticIndexTests {
    static func random(_ dimensions: Int, _ dice: inout Dice) -> [Float] {
        (0..<dimensions).map { _ in Float.random(in: -1...1, using: &dice) }
    }

    /// The cosine, worked out in another way.
    static func cosine(_ left: [Float], _ right: [Float]) -> Double {
        var product = 0.0
        var one = 0.0
        var other = 0.0
        for (left, right) in zip(left, right) {
            product += Double(left) * Double(right)
            one += Double(left) * Double(left)
            other += Double(right) * Double(right)
        }
        return product / (one * other).squareRoot()
    }

    @Test(arguments: [1, 2, 15, 16, 17, 63, 64, 65, 256, 1000, 1536])
    func `the nearest is that of a search of all`(dimensions: Int) throws {
        var dice = Dice(UInt64(dimensions))
        let index = SemanticIndex(entriesMax: 1000, bytesMax: 1 << 30)
        let partition = try testPartition(0)
        var known: [(key: CacheKey, values: [Float])] = []
        for number in 0..<60 {
            // Some are near one before.
            var values = Self.random(dimensions, &dice)
            if number > 10, dice.hits(oneIn: 2) {
                let near = known[dice.number(below: known.count)].values
                let share = Float.random(in: 0...1, using: &dice)
                values = zip(values, near).map { $0 * share + $1 * 2 }
            }
            known.append((testKey(number), values))
            let vector = try #require(SemanticVector(values))
            index.add(vector, for: testKey(number), in: partition, expiresAt: 10)
        }
        var matches = 0
        for threshold in [Float(-1), 0, 0.5, 0.9, 0.99] {
            for _ in 0..<20 {
                let near = known[dice.number(below: known.count)].values
                let share = Float.random(in: 0...2, using: &dice)
                let asked = zip(Self.random(dimensions, &dice), near).map { $0 * share + $1 }
                guard let vector = SemanticVector(asked) else { continue }
                let best = known.map { Self.cosine($0.values, asked) }.max() ?? -2
                let found = index.nearest(
                    to: vector, in: partition, atLeast: threshold, now: 0)
                if let found {
                    matches += 1
                    #expect(abs(Double(found.similarity) - best) < 1e-4)
                    #expect(best > Double(threshold) - 1e-4)
                    let values = try #require(known.first { $0.key == found.key }).values
                    #expect(abs(Self.cosine(values, asked) - best) < 1e-4)
                } else {
                    #expect(best < Double(threshold) + 1e-4)
                }
            }
        }
        #expect(matches > 20)
    }

    @Test(
        arguments: [
            [], [0], [0, 0, 0], [.nan], [1, .nan], [1, .infinity], [-.infinity],
            [Float](repeating: 1, count: SemanticVector.dimensionsMax + 1),
        ] as [[Float]]) func `what has no direction is no vector`(values: [Float])
    {
        #expect(SemanticVector(values) == nil)
    }

    @Test func `vectors of other dimensions are not compared`() throws {
        let index = SemanticIndex(entriesMax: 10, bytesMax: 1 << 20)
        let partition = try testPartition(0)
        let short = try #require(SemanticVector([1, 0, 0]))
        let long = try #require(SemanticVector([1, 0, 0, 0]))
        index.add(short, for: testKey(1), in: partition, expiresAt: 10)
        #expect(index.nearest(to: long, in: partition, atLeast: -1, now: 0) == nil)
        #expect(index.nearest(to: short, in: partition, atLeast: 1, now: 0) != nil)
    }

    @Test func `partitions never mix`() throws {
        var dice = Dice(3)
        let index = SemanticIndex(entriesMax: 5000, bytesMax: 1 << 30)
        for number in 0..<1000 {
            let vector = try #require(SemanticVector(Self.random(8, &dice)))
            let mine = try testPartition(number)
            let other = try testPartition(number, credential: "sk-\(number)")
            #expect(mine != other)
            index.add(vector, for: testKey(number), in: mine, expiresAt: 10)
            #expect(index.nearest(to: vector, in: other, atLeast: -1, now: 0) == nil)
            let found = index.nearest(to: vector, in: mine, atLeast: 1, now: 0)
            #expect(found?.key == testKey(number))
        }
        #expect(index.statistics.partitions == 1000)
    }

    @Test func `a question is known as long as its answer may be used`() throws {
        let index = SemanticIndex(entriesMax: 10, bytesMax: 1 << 20)
        let partition = try testPartition(0)
        let vector = try #require(SemanticVector([1, 2]))
        index.add(vector, for: testKey(1), in: partition, expiresAt: 100)
        #expect(index.nearest(to: vector, in: partition, atLeast: 0.9, now: 99) != nil)
        #expect(index.nearest(to: vector, in: partition, atLeast: 0.9, now: 100) == nil)
        #expect(index.statistics.entries == 0 && index.statistics.bytes == 0)
    }

    @Test func `the least recently used goes first, and no bound is crossed`() throws {
        let index = SemanticIndex(entriesMax: 3, bytesMax: 1 << 20)
        let partition = try testPartition(0)
        func vector(_ number: Int) throws -> SemanticVector {
            var values = [Float](repeating: 0, count: 8)
            values[number] = 1
            return try #require(SemanticVector(values))
        }
        func find(_ number: Int) throws -> CacheKey? {
            index.nearest(to: try vector(number), in: partition, atLeast: 0.9, now: 0)?.key
        }
        for number in 0..<3 {
            index.add(try vector(number), for: testKey(number), in: partition, expiresAt: 10)
        }
        #expect(try find(0) == testKey(0))
        index.add(try vector(3), for: testKey(3), in: partition, expiresAt: 10)
        #expect(try find(1) == nil)
        #expect(try find(0) == testKey(0))
        #expect(try find(2) == testKey(2))
        #expect(try find(3) == testKey(3))
        #expect(index.statistics.evicted == 1)
        // In place of what the key had.
        index.add(try vector(5), for: testKey(3), in: partition, expiresAt: 10)
        #expect(try find(3) == nil)
        #expect(try find(5) == testKey(3))
        #expect(index.statistics.entries == 3)
    }

    @Test(arguments: 0..<6) func `the index agrees with a simple model`(seed: UInt64) throws {
        var dice = Dice(seed)
        let bytesMax = [20_000, 1 << 30][Int(seed % 2)]
        let index = SemanticIndex(entriesMax: 40, bytesMax: bytesMax)
        let partitions = try (0..<3).map { try testPartition($0) }
        let keys = (0..<80).map { testKey($0) }
        var known: [CacheKey: (partition: Int, values: [Float])] = [:]
        for _ in 0..<2000 {
            let number = dice.number(below: keys.count)
            switch dice.number(below: 10) {
            case 0..<5:
                // A key is of one partition.
                let values = Self.random(48, &dice)
                let vector = try #require(SemanticVector(values))
                #expect(
                    index.add(
                        vector, for: keys[number], in: partitions[number % 3], expiresAt: 10))
                known[keys[number]] = (number % 3, values)
                let found = index.nearest(
                    to: vector, in: partitions[number % 3], atLeast: 0.999, now: 0)
                #expect(found?.key == keys[number])
            case 5..<8:
                guard let entry = known[keys[number]] else { continue }
                let vector = try #require(SemanticVector(entry.values))
                let found = index.nearest(
                    to: vector, in: partitions[entry.partition], atLeast: 0.999, now: 0)
                // It may have gone for others.
                #expect(found == nil || found?.key == keys[number])
            case 8:
                #expect(!index.remove(keys[number]) || known[keys[number]] != nil)
                known[keys[number]] = nil
            default:
                guard dice.hits(oneIn: 40) else { continue }
                var selector = CacheSelector()
                selector.model = keys[number].model
                _ = index.flush(selector)
                known = known.filter { !selector.matches($0.key) }
            }
            let statistics = index.statistics
            #expect(statistics.entries <= 40 && statistics.bytes <= bytesMax)
            #expect(statistics.entries <= known.count)
        }
        _ = index.flush(CacheSelector())
        #expect(index.statistics.entries == 0 && index.statistics.bytes == 0)
        #expect(index.statistics.partitions == 0)
    }

    @Test func `what is larger than the index is not added`() throws {
        let index = SemanticIndex(entriesMax: 10, bytesMax: 2000)
        let partition = try testPartition(0)
        let small = try #require(SemanticVector([1]))
        let large = try #require(SemanticVector([Float](repeating: 1, count: 1000)))
        #expect(index.add(small, for: testKey(1), in: partition, expiresAt: 10))
        #expect(!index.add(large, for: testKey(2), in: partition, expiresAt: 10))
        #expect(index.statistics.entries == 1)
    }

    @Test func `threads that share an index find what they ask for`() async throws {
        let index = SemanticIndex(entriesMax: 50, bytesMax: 1 << 20)
        let partitions = try (0..<2).map { try testPartition($0) }
        let keys = (0..<100).map { testKey($0) }
        var dice = Dice(8)
        let vectors = try (0..<100).map { _ in
            try #require(SemanticVector(Self.random(40, &dice)))
        }
        let wrong = Sum()
        let found = Sum()
        await withTaskGroup(of: Void.self) { group in
            for thread in 0..<4 {
                group.addTask {
                    var dice = Dice(UInt64(thread))
                    for _ in 0..<2000 {
                        let number = dice.number(below: 100)
                        let partition = partitions[number % 2]
                        if dice.hits(oneIn: 3) {
                            index.add(
                                vectors[number], for: keys[number], in: partition, expiresAt: 10)
                        } else if dice.hits(oneIn: 10) {
                            index.remove(keys[number])
                        } else if let match = index.nearest(
                            to: vectors[number], in: partition, atLeast: 0.99, now: 0)
                        {
                            found.count.add(1, ordering: .relaxed)
                            if match.key != keys[number] {
                                wrong.count.add(1, ordering: .relaxed)
                            }
                        }
                    }
                }
            }
        }
        #expect(wrong.count.load(ordering: .relaxed) == 0)
        #expect(found.count.load(ordering: .relaxed) > 0)
        #expect(index.statistics.entries <= 50)
    }
}
