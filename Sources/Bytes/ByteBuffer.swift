import Glibc

/// A growable, uniquely owned run of bytes: what the data plane reads into and writes from.
///
/// Bytes are appended at the end and consumed from the front. Memory is malloc'ed, and
/// `padding` zero-filled bytes can always be read past the end, as the JSON scanner wants.
/// A `Span` of it is valid until the next mutation, which the compiler enforces.
@safe
public struct ByteBuffer: ~Copyable {
    /// Readable bytes past the end, in bytes: simdjson reads whole vectors.
    public static let padding = 64

    @usableFromInline var base: UnsafeMutableRawPointer
    @usableFromInline var start = 0
    @usableFromInline var end = 0
    /// Bytes this buffer holds without growing, the padding not counted.
    public var capacity: Int { room }
    @usableFromInline var room: Int

    /// An empty buffer. `capacity` is in bytes; zero is allowed and allocates the padding only.
    public init(capacity: Int = 0) {
        precondition(capacity >= 0)
        // SAFETY: malloc answers null only when memory is exhausted, where going on is worse.
        unsafe self.base = malloc(capacity + Self.padding)!
        self.room = capacity
    }

    /// A buffer holding a copy of `bytes`.
    public init(copying bytes: Span<UInt8>) {
        self.init(capacity: bytes.count)
        append(bytes)
    }

    deinit {
        // SAFETY: `base` came from malloc and this is its one owner.
        unsafe free(base)
    }

    /// Unconsumed bytes.
    @inlinable
    public var count: Int { end - start }

    /// Holds no unconsumed byte.
    @inlinable
    public var isEmpty: Bool { end == start }

    /// The unconsumed bytes.
    public var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            // SAFETY: start..<end lies within the allocation and is initialised.
            let elements = unsafe UnsafeBufferPointer(
                start: base.assumingMemoryBound(to: UInt8.self) + start, count: end - start)
            let span = unsafe Span(_unsafeElements: elements)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Calls `body` with the unconsumed bytes: for a buffer stored in a class, whose `bytes`
    /// the compiler lets out of no expression.
    @inline(__always)
    public func withBytes<Result, Failure>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(bytes)
    }

    /// Makes room for `bytes` more without another allocation.
    @inlinable
    @inline(__always)
    public mutating func reserve(_ bytes: Int) {
        if room - end < bytes { makeRoom(bytes) }
    }

    @inline(never)
    @usableFromInline
    mutating func makeRoom(_ bytes: Int) {
        if start > 0 { compact() }
        guard capacity - end < bytes else { return }
        let wanted = max(end + bytes, min(capacity * 2, capacity + (1 << 20)))
        // SAFETY: as in `init`.
        unsafe base = realloc(base, wanted + Self.padding)!
        room = wanted
    }

    /// Appends a copy of `bytes`.
    public mutating func append(_ bytes: Span<UInt8>) {
        let count = bytes.count
        guard count > 0 else { return }
        reserve(count)
        // SAFETY: `reserve` made the room; a Span cannot overlap a buffer being mutated.
        unsafe bytes.withUnsafeBytes { source in
            unsafe Self.copy(source.baseAddress!, count, to: base + end)
        }
        end += count
    }

    /// Copies `count` bytes, which do not overlap: short runs as two words or vectors, without a
    /// call.
    @unsafe
    @inline(__always)
    static func copy(
        _ source: UnsafeRawPointer, _ count: Int, to target: UnsafeMutableRawPointer
    ) {
        // SAFETY: the loads and stores are of the first and the last bytes of the run.
        switch count {
        case 8...16:
            let last = unsafe source.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
            unsafe target.storeBytes(of: source.loadUnaligned(as: UInt64.self), as: UInt64.self)
            unsafe target.storeBytes(of: last, toByteOffset: count - 8, as: UInt64.self)
        case 4...7:
            let last = unsafe source.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
            unsafe target.storeBytes(of: source.loadUnaligned(as: UInt32.self), as: UInt32.self)
            unsafe target.storeBytes(of: last, toByteOffset: count - 4, as: UInt32.self)
        case 17...32:
            let last = unsafe source.loadUnaligned(
                fromByteOffset: count - 16, as: SIMD2<UInt64>.self)
            unsafe target.storeBytes(
                of: source.loadUnaligned(as: SIMD2<UInt64>.self), as: SIMD2<UInt64>.self)
            unsafe target.storeBytes(
                of: last, toByteOffset: count - 16, as: SIMD2<UInt64>.self)
        default:
            unsafe target.copyMemory(from: source, byteCount: count)
        }
    }

    /// Appends a copy of what another buffer holds.
    public mutating func append(_ other: borrowing ByteBuffer) {
        append(other.bytes)
    }

    /// Appends a copy of a part of another buffer.
    public mutating func append(_ other: borrowing ByteBuffer, _ range: Range<Int>) {
        append(other.bytes.extracting(range))
    }

    /// Appends one byte.
    public mutating func append(_ byte: UInt8) {
        reserve(1)
        // SAFETY: `end` is below `capacity`.
        unsafe (base + end).storeBytes(of: byte, as: UInt8.self)
        end += 1
    }

    /// Appends a literal's UTF-8. Inlined, since the size of a literal's copy is known there.
    @inlinable
    @inline(__always)
    public mutating func append(_ literal: StaticString) {
        precondition(literal.hasPointerRepresentation)
        let count = literal.utf8CodeUnitCount
        reserve(count)
        // SAFETY: `reserve` made the room; a literal's bytes are elsewhere.
        unsafe (base + end).copyMemory(from: literal.utf8Start, byteCount: count)
        end += count
    }

    /// Appends a string's UTF-8.
    public mutating func append(string: String) {
        append(string.utf8.span)
    }

    /// Appends a decimal number, "-" before a negative one.
    public mutating func append(decimal value: Int) {
        if value < 0 { append(UInt8(ascii: "-")) }
        var magnitude = value.magnitude
        var divisor: UInt = 1
        while magnitude / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(magnitude / divisor))
            magnitude %= divisor
            divisor /= 10
        }
    }

    /// Appends a number in lower-case hexadecimal, without leading zeros.
    public mutating func append(hexadecimal value: UInt) {
        var shift = max(0, (UInt.bitWidth - value.leadingZeroBitCount + 3) / 4 * 4 - 4)
        while true {
            append(ASCII.hexDigit(UInt8(truncatingIfNeeded: value >> shift) & 15))
            if shift == 0 { return }
            shift -= 4
        }
    }

    /// Appends `count` bytes that `body` writes; `body` answers how many it wrote.
    ///
    /// For drivers, whose C library fills memory itself.
    @unsafe
    public mutating func appendUnsafe(
        upTo count: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int
    ) {
        reserve(count)
        // SAFETY: `reserve` made the room; `body` writes within it, as the caller vouches.
        let room = unsafe UnsafeMutableRawBufferPointer(start: base + end, count: count)
        let written = unsafe body(room)
        precondition(written >= 0 && written <= count)
        end += written
    }

    /// Drops `count` bytes from the front.
    public mutating func consume(_ count: Int) {
        precondition(count >= 0 && count <= end - start)
        start += count
        if start == end {
            start = 0
            end = 0
        }
    }

    /// Drops bytes from the back until `count` are left.
    public mutating func truncate(to count: Int) {
        precondition(count >= 0 && count <= end - start)
        end = start + count
    }

    /// Drops all bytes and keeps the memory, unless more than `keeping` bytes of it are held.
    public mutating func removeAll(keeping: Int = .max) {
        start = 0
        end = 0
        guard capacity > keeping else { return }
        // SAFETY: as in `init`.
        unsafe base = realloc(base, keeping + Self.padding)!
        room = keeping
    }

    /// Zero-fills the padding, so that a scanner reading whole vectors sees no stale bytes.
    public mutating func clearPadding() {
        // SAFETY: the allocation is `padding` bytes longer than `capacity`, and end <= capacity.
        unsafe memset(base + end, 0, Self.padding)
    }

    private mutating func compact() {
        // SAFETY: both ranges lie within the allocation; memmove allows the overlap.
        unsafe memmove(base, base + start, end - start)
        end -= start
        start = 0
    }
}

// SAFETY: the memory has one owner, which moves as a whole; while it is shared as part of an
// immutable value, it is only read.
extension ByteBuffer: @unchecked Sendable {}
