import Bytes
import Testing

struct HashTests {
    /// As long as words, lanes and what is left of them allow.
    @Test(arguments: [0, 1, 7, 8, 9, 31, 32, 33, 47, 64, 100])
    func `every byte, the length and the seed have a say`(count: Int) {
        let seed: UInt64 = 0x0123_4567_89AB_CDEF
        let bytes = (0..<count).map { UInt8($0) }
        var seen: Set = [bytes.span.hash(seed: seed)]
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            seen.insert(changed.span.hash(seed: seed))
        }
        seen.insert((bytes + [0]).span.hash(seed: seed))
        seen.insert(bytes.span.hash(seed: seed + 1))
        #expect(seen.count == count + 3)
        #expect(seen.contains(Array(bytes).span.hash(seed: seed)))
    }
}
