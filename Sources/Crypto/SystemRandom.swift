import Bytes
import COpenSSL

/// Unpredictable bytes from OpenSSL's generator, which each thread has its own of. Without any,
/// the process ends: predictable ones would be worse.
package struct SystemRandom: RandomNumberGenerator, Sendable {
    package init() {}

    /// Overwrites all of `bytes`.
    package static func fill(_ bytes: inout MutableSpan<UInt8>) {
        // SAFETY: the pointer is valid for the count.
        let code = unsafe bytes.withUnsafeMutableBufferPointer { room in
            precondition(room.count <= Int(Int32.max))
            return unsafe RAND_bytes(room.baseAddress, Int32(room.count))
        }
        precondition(code == 1, "no randomness to be had")
    }

    /// Appends `count` bytes.
    package static func append(_ count: Int, to buffer: inout ByteBuffer) {
        precondition(count >= 0 && count <= Int(Int32.max))
        // SAFETY: the room is `count` bytes.
        unsafe buffer.appendUnsafe(upTo: count) { room in
            let code = unsafe RAND_bytes(
                room.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(count))
            precondition(code == 1, "no randomness to be had")
            return count
        }
    }

    /// A number of 64 unpredictable bits.
    package func next() -> UInt64 {
        var bytes = InlineArray<8, UInt8>(repeating: 0)
        var span = bytes.mutableSpan
        Self.fill(&span)
        var value: UInt64 = 0
        for index in bytes.indices { value = value << 8 | UInt64(bytes[index]) }
        return value
    }
}
