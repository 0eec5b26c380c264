import Glibc

/// Appending what formats of many short fields are made of: a few bytes that are known as a
/// number, then a text.
extension ByteBuffer {
    /// Appends the `count` least significant bytes of `word`, of them the least significant
    /// first. `count` is at most 8.
    @inlinable
    public mutating func append(low count: Int, of word: UInt64) {
        precondition(count >= 0 && count <= 8)
        reserve(count)
        // SAFETY: `count` bytes fit before `capacity`, and the padding behind it takes the rest
        // of the word; storeBytes asks for no alignment.
        unsafe (base + end).storeBytes(of: word.littleEndian, as: UInt64.self)
        end += count
    }

    /// Appends the `count` least significant bytes of `word` as above, then a copy of `bytes`.
    public mutating func append(low count: Int, of word: UInt64, then bytes: Span<UInt8>) {
        precondition(count >= 0 && count <= 8)
        let length = bytes.count
        reserve(count + length)
        // SAFETY: as above.
        unsafe (base + end).storeBytes(of: word.littleEndian, as: UInt64.self)
        end += count
        guard length > 0 else { return }
        // SAFETY: the room was made above; a Span cannot overlap a buffer being mutated.
        unsafe bytes.withUnsafeBytes { source in
            unsafe Self.copy(source.baseAddress!, length, to: base + end)
        }
        end += length
    }

    /// Appends bytes of a word, a text, and bytes of another word: what a field with a name and a
    /// short value is. The counts are at most 8.
    public mutating func append(
        low count: Int, of word: UInt64, then bytes: Span<UInt8>,
        low lastCount: Int, of lastWord: UInt64
    ) {
        precondition(count >= 0 && count <= 8 && lastCount >= 0 && lastCount <= 8)
        let length = bytes.count
        reserve(count + length + lastCount)
        // SAFETY: as above.
        unsafe (base + end).storeBytes(of: word.littleEndian, as: UInt64.self)
        var end = end + count
        if length > 0 {
            // SAFETY: as above.
            unsafe bytes.withUnsafeBytes { source in
                unsafe Self.copy(source.baseAddress!, length, to: base + end)
            }
            end += length
        }
        // SAFETY: as above.
        unsafe (base + end).storeBytes(of: lastWord.littleEndian, as: UInt64.self)
        self.end = end + lastCount
    }

    /// Appends bytes of a word, a text, bytes of another word, and another text: what a field with
    /// a name and a text is. The counts are at most 8.
    public mutating func append(
        low count: Int, of word: UInt64, then bytes: Span<UInt8>,
        low lastCount: Int, of lastWord: UInt64, then lastBytes: Span<UInt8>
    ) {
        reserve(count + bytes.count + lastCount + lastBytes.count)
        append(low: count, of: word, then: bytes, low: lastCount, of: lastWord)
        let length = lastBytes.count
        guard length > 0 else { return }
        // SAFETY: the room was made above; a Span cannot overlap a buffer being mutated.
        unsafe lastBytes.withUnsafeBytes { source in
            unsafe Self.copy(source.baseAddress!, length, to: base + end)
        }
        end += length
    }

    /// Takes the bytes of `range` out; those behind it move forward.
    public mutating func remove(_ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= end - start)
        // SAFETY: both ranges lie within the allocation; memmove allows the overlap.
        unsafe memmove(
            base + start + range.lowerBound, base + start + range.upperBound,
            end - start - range.upperBound)
        end -= range.count
    }
}

extension Span<UInt8> {
    /// Whether all bytes are below 0x80.
    public var isASCII: Bool {
        let count = count
        // SAFETY: every load is of bytes before `count`.
        return unsafe withUnsafeBytes { all in
            var bits: UInt64 = 0
            var offset = 0
            if count >= 32 {
                // Four words at a time, of which the compiler makes vectors.
                var lanes = SIMD4<UInt64>()
                while count - offset >= 32 {
                    // SAFETY: as above.
                    lanes |= unsafe all.loadUnaligned(
                        fromByteOffset: offset, as: SIMD4<UInt64>.self)
                    offset += 32
                }
                bits = lanes[0] | lanes[1] | lanes[2] | lanes[3]
            }
            while count - offset >= 8 {
                // SAFETY: as above.
                bits |= unsafe all.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                offset += 8
            }
            if count >= 8 {
                // The last word overlaps the one before.
                bits |= unsafe all.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
                return bits & 0x8080_8080_8080_8080 == 0
            }
            while offset < count {
                bits |= unsafe UInt64(all.loadUnaligned(fromByteOffset: offset, as: UInt8.self))
                offset += 1
            }
            return bits & 0x8080_8080_8080_8080 == 0
        }
    }
}
