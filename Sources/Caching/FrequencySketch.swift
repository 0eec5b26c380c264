import Bytes
import Crypto

/// How often keys were asked for lately, about: four counters of 4 bits for each key in a table
/// that keys share, of which the lowest is the least wrong (a count-min sketch). Never too low but
/// for ageing, which halves all counters after so many counts.
struct FrequencySketch: Sendable {
    /// What a counter reaches at most.
    static let frequencyMax = 15
    /// Counts until ageing, for each key that is held; and at least.
    private static let countsAKey = 10
    private static let countsMin = 1024

    private var words: [UInt64]
    private var counts = 0

    /// A sketch for about `keys` keys, with 8 bytes for each.
    init(keys: Int) {
        let count = 1 << max(6, Int.bitWidth - max(1, keys - 1).leadingZeroBitCount)
        words = [UInt64](repeating: 0, count: count)
    }

    /// How often `key` was counted, at most `frequencyMax`.
    func frequency(of key: CacheKey) -> Int {
        var lowest: UInt64 = 15
        for row in 0..<4 {
            let place = place(of: key, row)
            lowest = min(lowest, words[place.word] >> place.shift & 15)
        }
        return Int(lowest)
    }

    /// Counts `key`; `keys` is how many are held.
    mutating func count(_ key: CacheKey, keys: Int) {
        for row in 0..<4 {
            let place = place(of: key, row)
            if words[place.word] >> place.shift & 15 < 15 {
                words[place.word] &+= 1 << place.shift
            }
        }
        counts += 1
        if counts >= max(Self.countsMin, keys * Self.countsAKey) { age() }
    }

    private mutating func age() {
        for index in words.indices {
            words[index] = words[index] >> 1 & 0x7777_7777_7777_7777
        }
        counts /= 2
    }

    /// The counter of a row: the digest is as good as four random numbers. Its first eight bytes
    /// choose shards and are left out.
    private func place(of key: CacheKey, _ row: Int) -> (word: Int, shift: UInt64) {
        let number = key.digest.bytes.littleEndian32(at: 8 + row * 4)
        return (Int(number >> 4) & (words.count - 1), UInt64(number & 15) * 4)
    }
}
