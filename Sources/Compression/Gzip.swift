import Bytes
import CZlib

/// The gzip format (RFC 1952) over zlib.
package enum Gzip {
    /// The level for data that is made, sent and forgotten: time counts more than size.
    package static let defaultLevel = 3

    /// Appends `input` as one gzip member. `level` is 1 (fast) to 9 (small). On an error nothing
    /// is appended.
    package static func compress(
        _ input: Span<UInt8>, into output: inout ByteBuffer, level: Int = defaultLevel
    ) throws(GzipError) {
        var compressor = GzipCompressor(level: level)
        try compressor.compress(input, into: &output)
    }

    /// Appends what the gzip members in `input` hold, at most `limit` bytes. On an error nothing
    /// is appended. Memory grows with the output, so that `limit` bounds it, whatever the ratio.
    package static func decompress(
        _ input: Span<UInt8>, into output: inout ByteBuffer, limit: Int
    ) throws(GzipError) {
        precondition(limit >= 0)
        // zlib keeps a pointer to the stream, which therefore must not move.
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        // SAFETY: allocated above and freed nowhere else; zlib wants the stream zeroed.
        unsafe stream.initialize(to: z_stream())
        defer { unsafe stream.deallocate() }
        guard unsafe czlib_inflate_init_gzip(stream) == Z_OK else { throw .outOfMemory }
        // SAFETY: the stream was initialised above.
        defer { unsafe _ = inflateEnd(stream) }
        let start = output.count
        do throws(GzipError) {
            try unsafe inflateAll(input, from: stream, into: &output, limit: limit)
        } catch {
            output.truncate(to: start)
            throw error
        }
    }

    private static func inflateAll(
        _ input: Span<UInt8>, from stream: UnsafeMutablePointer<z_stream>,
        into output: inout ByteBuffer,
        limit: Int
    ) throws(GzipError) {
        var taken = 0
        var made = 0
        while true {
            // One byte over the limit shows that there is more.
            let room = min(max(4096, made), limit - made + 1, Int(Int32.max))
            let (code, newlyTaken, newlyMade) = unsafe inflateStep(
                input.extracting(taken..<input.count), stream, room, &output)
            taken += newlyTaken
            made += newlyMade
            guard made <= limit else { throw .tooLarge(limit: limit) }
            switch code {
            case Z_OK:
                break
            case Z_STREAM_END:
                if taken == input.count { return }
                // RFC 1952 section 2.2: members follow each other without anything between.
                // SAFETY: the stream is initialised.
                guard unsafe inflateReset(stream) == Z_OK else { throw .corrupt(offset: taken) }
            case Z_BUF_ERROR where taken == input.count:
                throw .truncated
            case Z_MEM_ERROR:
                throw .outOfMemory
            default:
                throw .corrupt(offset: taken)
            }
        }
    }

    /// One call of zlib: its code, the bytes taken and the bytes made.
    private static func inflateStep(
        _ input: Span<UInt8>, _ stream: UnsafeMutablePointer<z_stream>, _ room: Int,
        _ output: inout ByteBuffer
    ) -> (Int32, Int, Int) {
        var code = Z_OK
        var made = 0
        // SAFETY: zlib reads and writes within the counts and keeps no pointer that is used
        // after the call; it does not write its input.
        let taken = unsafe input.withUnsafeBufferPointer { source in
            unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
            let offered = min(source.count, Int(Int32.max))
            unsafe stream.pointee.avail_in = UInt32(offered)
            unsafe output.appendUnsafe(upTo: room) { target in
                unsafe stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(
                    to: UInt8.self)
                unsafe stream.pointee.avail_out = UInt32(room)
                code = unsafe inflate(stream, Z_NO_FLUSH)
                made = unsafe room - Int(stream.pointee.avail_out)
                return made
            }
            return unsafe offered - Int(stream.pointee.avail_in)
        }
        return (code, taken, made)
    }
}
