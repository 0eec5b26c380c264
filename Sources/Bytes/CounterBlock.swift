import Synchronization

// SAFETY: the memory is only touched by atomic operations, and lives as long as its one owner.

/// A fixed number of integers that one thread changes and any thread reads, without a lock.
///
/// An addition is a plain load, an addition and a plain store: with one writer nothing is lost,
/// and readers never see half a number. Two writers would lose additions, not memory safety.
@safe
public struct CounterBlock: ~Copyable, @unchecked Sendable {
    @usableFromInline let base: UnsafeMutablePointer<Atomic<Int>>
    /// How many integers there are.
    public let count: Int

    /// `count` zeros.
    public init(count: Int) {
        precondition(count > 0)
        self.count = count
        // SAFETY: every element is initialised before the pointer is kept.
        unsafe base = UnsafeMutablePointer<Atomic<Int>>.allocate(capacity: count)
        for index in 0..<count {
            // SAFETY: the index lies within the allocation.
            unsafe (base + index).initialize(to: Atomic(0))
        }
    }

    deinit {
        // SAFETY: initialised in `init`, and this is the one owner.
        unsafe base.deinitialize(count: count)
        // SAFETY: as above.
        unsafe base.deallocate()
    }

    /// The number at `index`, from any thread.
    @inlinable
    public subscript(index: Int) -> Int {
        precondition(index >= 0 && index < count)
        // SAFETY: the index was checked.
        return unsafe base[index].load(ordering: .relaxed)
    }

    /// Adds to the number at `index`; on the writer's thread. Wraps around at the end.
    @inlinable
    public func add(_ amount: Int, at index: Int) {
        precondition(index >= 0 && index < count)
        // SAFETY: the index was checked.
        let before = unsafe base[index].load(ordering: .relaxed)
        // SAFETY: as above.
        unsafe base[index].store(before &+ amount, ordering: .relaxed)
    }

    /// A group of numbers that belong together; see `write` and `read`.
    public struct Record: Sendable, Equatable {
        /// Of the writer's choice.
        public var first, second, third, fourth, fifth: Int

        /// The numbers in the order in which they are kept.
        public init(_ first: Int, _ second: Int, _ third: Int, _ fourth: Int, _ fifth: Int) {
            self.first = first
            self.second = second
            self.third = third
            self.fourth = fourth
            self.fifth = fifth
        }

        /// Integers of a block that a record takes: its numbers, and one that counts writes.
        public static let stride = 6
    }

    /// Replaces the record that begins at `index`, on the writer's thread: a reader gets all of
    /// it or none.
    public func write(_ record: Record, at index: Int) {
        precondition(index >= 0 && index <= count - Record.stride)
        let version = self[index]
        set(version &+ 1, at: index)
        // What follows is not seen before the odd version is.
        atomicMemoryFence(ordering: .releasing)
        set(record.first, at: index + 1)
        set(record.second, at: index + 2)
        set(record.third, at: index + 3)
        set(record.fourth, at: index + 4)
        set(record.fifth, at: index + 5)
        // SAFETY: the index was checked.
        unsafe base[index].store(version &+ 2, ordering: .releasing)
    }

    /// The record that begins at `index`, from any thread; nil where none was written, or where
    /// it was being replaced each time it was looked at.
    public func read(at index: Int) -> Record? {
        precondition(index >= 0 && index <= count - Record.stride)
        for _ in 0..<8 {
            // SAFETY: the index was checked.
            let version = unsafe base[index].load(ordering: .acquiring)
            if version == 0 { return nil }
            let record = Record(
                self[index + 1], self[index + 2], self[index + 3], self[index + 4],
                self[index + 5])
            atomicMemoryFence(ordering: .acquiring)
            if version & 1 == 0, self[index] == version { return record }
        }
        return nil
    }

    private func set(_ value: Int, at index: Int) {
        // SAFETY: the callers checked the index.
        unsafe base[index].store(value, ordering: .relaxed)
    }
}
