import Bytes

/// A copy of a document with some byte ranges replaced and all other bytes as they were.
///
/// Edits are made in ascending order: `replace`, `insert` and `remove` copy up to their range,
/// `finish` copies the rest. A range that begins before the end of the one before it loses what
/// they share.
package struct JSONSplice: Sendable {
    /// How much of the source has been copied or replaced, in bytes.
    package private(set) var position = 0

    package init() {}

    /// Copies `source` up to `range`, then appends `replacement` in place of the range.
    package mutating func replace(
        _ range: Range<Int>, of source: Span<UInt8>, with replacement: Span<UInt8>,
        into buffer: inout ByteBuffer
    ) {
        copy(to: range.lowerBound, of: source, into: &buffer)
        buffer.append(replacement)
        position = max(position, range.upperBound)
    }

    /// Copies `source` up to `offset`, then appends `insertion`.
    package mutating func insert(
        _ insertion: Span<UInt8>, at offset: Int, of source: Span<UInt8>,
        into buffer: inout ByteBuffer
    ) {
        replace(offset..<offset, of: source, with: insertion, into: &buffer)
    }

    /// Copies `source` up to `range` and leaves the range out.
    package mutating func remove(
        _ range: Range<Int>, of source: Span<UInt8>, into buffer: inout ByteBuffer
    ) {
        copy(to: range.lowerBound, of: source, into: &buffer)
        position = max(position, range.upperBound)
    }

    /// Copies the rest of `source`.
    package mutating func finish(_ source: Span<UInt8>, into buffer: inout ByteBuffer) {
        copy(to: source.count, of: source, into: &buffer)
    }

    private mutating func copy(
        to offset: Int, of source: Span<UInt8>, into buffer: inout ByteBuffer
    ) {
        guard offset > position else { return }
        buffer.append(source.extracting(position..<offset))
        position = offset
    }
}
