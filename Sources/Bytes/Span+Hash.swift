extension Span<UInt8> {
    /// A number that every byte has a say in, for a place in a table. With a `seed` that callers
    /// do not know, they cannot choose bytes that meet in one place; it is no digest, and equal
    /// numbers say nothing about the bytes.
    public func hash(seed: UInt64) -> UInt64 {
        let count = count
        let other = seed << 32 | seed >> 32
        // Two lanes, as multiplying takes a while.
        var first = seed &+ UInt64(count)
        var second = ~seed
        // SAFETY: each word is loaded where `offset` leaves room for it; loadUnaligned asks for no
        // alignment.
        unsafe withUnsafeBytes { bytes in
            func word(_ offset: Int) -> UInt64 {
                unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            }
            var offset = 0
            while offset <= count - 32 {
                first = mix(first ^ word(offset), other ^ word(offset + 8))
                second = mix(second ^ word(offset + 16), other ^ word(offset + 24))
                offset += 32
            }
            while offset <= count - 8 {
                first = mix(first ^ word(offset), other)
                offset += 8
            }
            while offset < count {
                unsafe second = mix(second ^ UInt64(bytes[offset]), other)
                offset += 1
            }
        }
        return mix(first ^ other, second ^ 0x9E37_79B9_7F4A_7C15)
    }
}

/// Both halves of the product: each of its bits depends on bits of both.
@inline(__always)
private func mix(_ one: UInt64, _ another: UInt64) -> UInt64 {
    let product = one.multipliedFullWidth(by: another)
    return product.high ^ product.low
}
