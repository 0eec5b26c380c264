import Glibc

/// Fixed-width integers and in-place changes, for formats that are laid out by hand.
extension ByteBuffer {
    /// Appends four bytes, the least significant first.
    public mutating func append(littleEndian value: UInt32) {
        reserve(4)
        // SAFETY: `reserve` made the room; storeBytes asks for no alignment.
        unsafe (base + end).storeBytes(of: value.littleEndian, as: UInt32.self)
        end += 4
    }

    /// Appends eight bytes, the least significant first.
    public mutating func append(littleEndian value: UInt64) {
        reserve(8)
        // SAFETY: as above.
        unsafe (base + end).storeBytes(of: value.littleEndian, as: UInt64.self)
        end += 8
    }

    /// Appends 16 lower-case hexadecimal digits.
    public mutating func append(digitsOf value: UInt64) {
        append(littleEndian: Self.hexDigits(UInt32(truncatingIfNeeded: value >> 32)))
        append(littleEndian: Self.hexDigits(UInt32(truncatingIfNeeded: value)))
    }

    /// Eight lower-case digits, the first in the lowest byte: each nibble is spread to a byte,
    /// then all are made digits at once.
    private static func hexDigits(_ value: UInt32) -> UInt64 {
        var nibbles = UInt64(value.byteSwapped)
        nibbles = (nibbles | nibbles << 16) & 0x0000_FFFF_0000_FFFF
        nibbles = (nibbles | nibbles << 8) & 0x00FF_00FF_00FF_00FF
        nibbles = (nibbles >> 4 & 0x000F_000F_000F_000F) | (nibbles & 0x000F_000F_000F_000F) << 8
        // 6 carries into the fifth bit of every nibble above 9: those are letters.
        let letters = (nibbles &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return nibbles &+ 0x3030_3030_3030_3030 &+ letters &* 0x27
    }

    /// Overwrites the byte at `offset` of the unconsumed bytes.
    public mutating func overwrite(at offset: Int, with byte: UInt8) {
        precondition(offset >= 0 && offset < end - start)
        // SAFETY: the offset was checked to lie within the initialised bytes.
        unsafe (base + start + offset).storeBytes(of: byte, as: UInt8.self)
    }

    /// Overwrites `bytes.count` bytes from `offset` of the unconsumed bytes on.
    public mutating func overwrite(at offset: Int, with bytes: Span<UInt8>) {
        let count = bytes.count
        precondition(offset >= 0 && count <= end - start - offset)
        guard count > 0 else { return }
        // SAFETY: the range was checked; a Span cannot overlap a buffer being mutated.
        unsafe bytes.withUnsafeBytes { source in
            unsafe (base + start + offset).copyMemory(
                from: source.baseAddress!, byteCount: count)
        }
    }

    /// Overwrites four bytes from `offset` of the unconsumed bytes on, the least significant
    /// first.
    public mutating func overwrite(at offset: Int, withLittleEndian value: UInt32) {
        precondition(offset >= 0 && 4 <= end - start - offset)
        // SAFETY: the range was checked; storeBytes asks for no alignment.
        unsafe (base + start + offset).storeBytes(of: value.littleEndian, as: UInt32.self)
    }

    /// Overwrites eight bytes from `offset` of the unconsumed bytes on, the least significant
    /// first.
    public mutating func overwrite(at offset: Int, withLittleEndian value: UInt64) {
        precondition(offset >= 0 && 8 <= end - start - offset)
        // SAFETY: the range was checked; storeBytes asks for no alignment.
        unsafe (base + start + offset).storeBytes(of: value.littleEndian, as: UInt64.self)
    }
}

extension Span<UInt8> {
    /// The four bytes from `offset` on, the least significant first.
    public func littleEndian32(at offset: Int) -> UInt32 {
        precondition(offset >= 0 && 4 <= count - offset)
        // SAFETY: the range was checked; loadUnaligned asks for no alignment.
        return unsafe withUnsafeBytes {
            unsafe UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        }
    }

    /// The eight bytes from `offset` on, the least significant first.
    @inlinable
    public func littleEndian64(at offset: Int) -> UInt64 {
        precondition(offset >= 0 && 8 <= count - offset)
        // SAFETY: as above.
        return unsafe withUnsafeBytes {
            unsafe UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
    }
}

extension ByteBuffer {
    /// Moves the bytes from `offset` on back by `count`, which makes room for bytes that became
    /// known late, e.g. a length. The room is zero-filled.
    public mutating func openGap(at offset: Int, count: Int) {
        precondition(offset >= 0 && offset <= end - start && count >= 0)
        reserve(count)
        // SAFETY: `reserve` made the room at the end; memmove allows the overlap.
        unsafe memmove(base + start + offset + count, base + start + offset, end - start - offset)
        // SAFETY: the room lies within the allocation; no byte is handed out uninitialised.
        unsafe memset(base + start + offset, 0, count)
        end += count
    }
}
