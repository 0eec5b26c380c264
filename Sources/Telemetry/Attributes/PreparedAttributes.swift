import Bytes

/// Attributes that many spans have, as they go out on the wire: set one by one on the first of
/// them (`SpanRecord.prepareAttributes`), and put onto each other by one copy.
package final class PreparedAttributes: Sendable {
    let bytes: ByteBuffer
    let seen: KeyFilter
    let count: Int

    init(bytes: consuming ByteBuffer, seen: KeyFilter, count: Int) {
        self.bytes = bytes
        self.seen = seen
        self.count = count
    }
}

/// How far attributes had come at some time.
package struct AttributeMark: Sendable {
    let offset: Int
    /// Attributes that had been taken out for others.
    let removals: Int
    /// Attributes that had been left out.
    let droppedCount: Int
}

/// A bit for each key's hash: tells which keys an arena surely has no value of.
struct KeyFilter: Sendable {
    private var bits = InlineArray<4, UInt64>(repeating: 0)

    func mayHold(_ hash: Int) -> Bool {
        bits[hash >> 6] & 1 &<< UInt64(hash & 63) != 0
    }

    mutating func insert(_ hash: Int) {
        bits[hash >> 6] |= 1 &<< UInt64(hash & 63)
    }

    func mayShareKeys(with other: KeyFilter) -> Bool {
        bits[0] & other.bits[0] | bits[1] & other.bits[1] | bits[2] & other.bits[2]
            | bits[3] & other.bits[3] != 0
    }

    mutating func formUnion(_ other: KeyFilter) {
        for index in 0..<4 { bits[index] |= other.bits[index] }
    }
}
