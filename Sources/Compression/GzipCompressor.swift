import Bytes
import CZlib

/// Makes gzip members one after the other, with zlib's quarter of a megabyte kept between them.
@safe
package struct GzipCompressor: ~Copyable {
    private let stream: UnsafeMutablePointer<z_stream>
    private let isReady: Bool

    /// `level` is 1 (fast) to 9 (small).
    package init(level: Int = Gzip.defaultLevel) {
        precondition(level >= 1 && level <= 9)
        // zlib keeps a pointer to the stream, which therefore must not move.
        unsafe stream = .allocate(capacity: 1)
        // SAFETY: the memory was allocated above; zlib wants the stream zeroed.
        unsafe stream.initialize(to: z_stream())
        isReady = unsafe czlib_deflate_init_gzip(stream, Int32(level)) == Z_OK
    }

    deinit {
        // SAFETY: this is the stream's one owner; ending one that never began does nothing.
        unsafe _ = deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Appends `input` as one gzip member. On an error nothing is appended.
    package mutating func compress(
        _ input: Span<UInt8>, into output: inout ByteBuffer
    ) throws(GzipError) {
        // SAFETY: the stream is initialised when `isReady`.
        guard isReady, unsafe deflateReset(stream) == Z_OK else { throw .outOfMemory }
        precondition(input.count <= Int(Int32.max) / 2)
        let stream = unsafe self.stream
        // SAFETY: as above. The bound holds for one call with the whole input.
        let bound = Int(unsafe deflateBound(stream, UInt(input.count)))
        var code = Z_OK
        // SAFETY: zlib reads and writes within the counts, does not write its input, and uses no
        // pointer after the call.
        unsafe input.withUnsafeBufferPointer { source in
            unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
            unsafe stream.pointee.avail_in = UInt32(source.count)
            unsafe output.appendUnsafe(upTo: bound) { target in
                unsafe stream.pointee.next_out =
                    target.baseAddress?.assumingMemoryBound(to: UInt8.self)
                unsafe stream.pointee.avail_out = UInt32(bound)
                code = unsafe deflate(stream, Z_FINISH)
                return code == Z_STREAM_END ? bound - Int(unsafe stream.pointee.avail_out) : 0
            }
        }
        guard code == Z_STREAM_END else { throw .outOfMemory }
    }
}
