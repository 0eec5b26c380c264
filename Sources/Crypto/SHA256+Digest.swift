import Bytes

extension SHA256 {
    /// A SHA-256 digest: 32 bytes. Equality takes the same time wherever two differ.
    package struct Digest: Hashable, Sendable {
        /// A digest's length, in bytes.
        package static let count = 32

        private var storage = InlineArray<32, UInt8>(repeating: 0)

        init() {}

        /// The digest's bytes.
        package var bytes: Span<UInt8> {
            @_lifetime(borrow self)
            borrowing get { storage.span }
        }

        /// Appends the digest as 64 lower-case hexadecimal digits.
        package func appendHexadecimal(to buffer: inout ByteBuffer) {
            for word in 0..<4 {
                buffer.append(digitsOf: bytes.littleEndian64(at: word * 8).byteSwapped)
            }
        }

        package static func == (left: Self, right: Self) -> Bool {
            ConstantTime.equals(left.bytes, right.bytes)
        }

        package func hash(into hasher: inout Hasher) {
            for index in storage.indices { hasher.combine(storage[index]) }
        }

        /// Hands the 32 bytes to `body` for writing and answers what it answers.
        mutating func fill(_ body: (UnsafeMutablePointer<UInt8>?) -> Int32) -> Int32 {
            var span = storage.mutableSpan
            // SAFETY: the pointer is valid for 32 bytes during the call.
            return unsafe span.withUnsafeMutableBufferPointer { unsafe body($0.baseAddress) }
        }
    }
}
