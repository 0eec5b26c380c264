/// Why gzip data could not be made or read.
package enum GzipError: Error, Equatable, Sendable {
    /// The data is not gzip (RFC 1952), or a checksum is wrong. The offset is that of the input
    /// taken so far.
    case corrupt(offset: Int)
    /// The data ends before its trailer.
    case truncated
    /// More than the limit's bytes would come out.
    case tooLarge(limit: Int)
    /// zlib found no memory.
    case outOfMemory
}
