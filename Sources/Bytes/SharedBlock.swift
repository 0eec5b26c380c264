import Glibc
import Synchronization

/// Memory of a fixed size that one owner fills from front to back and others read.
///
/// What was written before a range was handed over can be read on any thread while the owner
/// writes behind it: ranges are written once and never overlap.
@safe
public final class SharedBlock: Sendable {
    private let memory: Piece
    /// Bytes it can hold.
    public let capacity: Int
    private let pool: SharedBlockPool?

    /// A block of `capacity` bytes, which goes back to the allocator in the end.
    public convenience init(capacity: Int) {
        self.init(Piece(bytes: capacity), capacity, pool: nil)
    }

    fileprivate init(_ memory: Piece, _ capacity: Int, pool: SharedBlockPool?) {
        self.memory = memory
        self.capacity = capacity
        self.pool = pool
    }

    /// Writes bytes at `offset`. Only for the block's owner, and once for each place.
    public func write(_ bytes: Span<UInt8>, at offset: Int) {
        let count = bytes.count
        precondition(offset >= 0 && count <= capacity - offset)
        guard count > 0 else { return }
        // SAFETY: the range was checked; a span of elsewhere cannot overlap it.
        unsafe bytes.withUnsafeBytes { source in
            unsafe (memory.base + offset).copyMemory(from: source.baseAddress!, byteCount: count)
        }
    }

    /// Lends bytes that were written.
    @inline(__always)
    public func withBytes<Result>(_ range: Range<Int>, _ body: (Span<UInt8>) -> Result) -> Result {
        precondition(range.lowerBound >= 0 && range.upperBound <= capacity)
        // SAFETY: the range was checked, and is not written again while this block is here.
        let bytes = unsafe UnsafeBufferPointer(
            start: memory.base.assumingMemoryBound(to: UInt8.self) + range.lowerBound,
            count: range.count)
        return body(unsafe Span(_unsafeElements: bytes))
    }

    /// Appends bytes that were written to a buffer.
    public func append(_ range: Range<Int>, to buffer: inout ByteBuffer) {
        withBytes(range) { buffer.append($0) }
    }

    deinit {
        if let pool { pool.take(back: memory) } else { memory.free() }
    }
}

// SAFETY: bytes are written once, by the owner of the block, before the range they lie in is
// handed over (through a lock), and are not changed afterwards.
/// Memory of the allocator's, which whoever holds it last gives back.
@safe
private struct Piece: @unchecked Sendable {
    let base: UnsafeMutableRawPointer

    init(bytes: Int) {
        // SAFETY: malloc answers null only when memory is exhausted, where going on is worse.
        unsafe base = malloc(max(bytes, 1))!
    }

    func free() {
        // SAFETY: `base` came from malloc, and only its last holder comes here.
        unsafe Glibc.free(base)
    }
}

/// Memory for blocks of one size, used again: what is freed on another thread than it was made
/// on, in large pieces, costs page faults with each.
public final class SharedBlockPool: Sendable {
    private let blockBytes: Int
    private let blocksMax: Int
    /// A piece is here or in one block, never in both.
    private let pieces = Mutex<[Piece]>([])

    /// Blocks of `blockBytes`; the memory of `blocksMax` is kept at most.
    public init(blockBytes: Int, blocksMax: Int) {
        precondition(blockBytes > 0)
        self.blockBytes = blockBytes
        self.blocksMax = blocksMax
    }

    /// An empty block.
    public func makeBlock() -> SharedBlock {
        let kept = pieces.withLock { $0.popLast() }
        return SharedBlock(kept ?? Piece(bytes: blockBytes), blockBytes, pool: self)
    }

    fileprivate func take(back piece: Piece) {
        let isKept = pieces.withLock { pieces in
            guard pieces.count < blocksMax else { return false }
            pieces.append(piece)
            return true
        }
        if !isKept { piece.free() }
    }

    deinit {
        // Blocks keep their pool, so none is left.
        pieces.withLock { for piece in $0 { piece.free() } }
    }
}
