import Bytes
import JSON

/// Takes the usage out of a stream that the gateway asked for on the client's behalf, and reads
/// the stream in the same pass.
///
/// The chunk that tells only of usage goes, and `"usage":null` of the others; every other byte
/// stays as received, so the client gets what the upstream would have sent unasked. Only an
/// unfinished event is held back.
package struct UsageFilter: ~Copyable {
    /// Bytes of an unfinished event that are held at most, unless the owner wants another
    /// number. A longer one passes as it is.
    package static let heldBytesMax = 64 << 10

    private let bytesMax: Int

    /// The tap, whose facts include the usage that is taken out.
    package var reader: StreamReader
    private var held = ByteBuffer()
    /// The unfinished event grew too long: its bytes pass.
    private var isPassing = false
    /// A block that was taken out ended with a CR at the chunk's end: an LF after it goes too.
    private var dropsLineFeed = false
    /// What is left of the unfinished block begins inside a comment, whose start has passed.
    private var isInsideComment = false

    /// A filter that holds up to `heldBytesMax` bytes back.
    package init(reader: consuming StreamReader, heldBytesMax: Int = Self.heldBytesMax) {
        self.reader = reader
        bytesMax = heldBytesMax
    }

    /// Bytes held back at the moment.
    package var heldBytes: Int { held.count }

    /// Appends to `output` what of the stream may go on to the client.
    package mutating func filter(
        _ bytes: Span<UInt8>, into output: inout ByteBuffer, scanner: inout JSONScanner
    ) {
        guard !bytes.isEmpty else { return }
        let offset = reader.chunkOffset
        var done = 0
        if dropsLineFeed {
            dropsLineFeed = false
            if bytes[0] == ASCII.lineFeed { done = 1 }
        }
        while let block = reader.next(in: bytes, scanner: &scanner) {
            let end = block.range.upperBound - offset
            let edit = isPassing ? .none : block.edit
            isPassing = false
            if !held.isEmpty {
                held.append(bytes.extracting(done..<end))
                Self.copy(held.bytes, edit, isInsideComment, to: &output)
                held.removeAll(keeping: 4 << 10)
                done = end
            } else if case .dropBytes(let range) = edit, let data = block.dataOffset {
                output.append(bytes.extracting(done..<data + range.lowerBound))
                done = data + range.upperBound
            } else if edit != .none {
                let start = max(done, block.range.lowerBound - offset)
                output.append(bytes.extracting(done..<start))
                Self.copy(
                    bytes.extracting(start..<end), edit, isInsideComment, to: &output)
                done = end
            }
            isInsideComment = false
            if edit == .dropEvent, end == bytes.count, bytes[end - 1] == ASCII.carriageReturn {
                dropsLineFeed = true
            }
        }
        keepRest(bytes, from: done, offset: offset, into: &output)
    }

    /// Appends what is still held, at the end of the stream or where it was cut.
    package mutating func finish(into output: inout ByteBuffer) {
        output.append(held.bytes)
        held.removeAll(keeping: 0)
    }

    private mutating func keepRest(
        _ bytes: Span<UInt8>, from done: Int, offset: Int, into output: inout ByteBuffer
    ) {
        let start = held.isEmpty ? max(done, reader.blockOffset - offset) : done
        output.append(bytes.extracting(done..<start))
        let rest = bytes.extracting(start..<bytes.count)
        if isPassing {
            output.append(rest)
        } else if held.isEmpty, reader.isInComments {
            output.append(rest)
            isInsideComment = reader.position == .insideLine
        } else if held.count + rest.count > bytesMax {
            finish(into: &output)
            output.append(rest)
            isPassing = true
        } else {
            held.append(rest)
        }
    }

    /// Copies a block without what `edit` takes out. `isInsideComment`: its first line is the rest
    /// of a comment.
    private static func copy(
        _ block: Span<UInt8>, _ edit: UsageEdit, _ isInsideComment: Bool,
        to output: inout ByteBuffer
    ) {
        var start = isInsideComment ? SSEParser.lineBounds(block, from: 0).next : 0
        switch edit {
        case .none:
            output.append(block)
        case .dropEvent:
            // Comment lines the block begins with stay, and the LF of a CRLF that was cut.
            while start < block.count,
                block[start] == UInt8(ascii: ":") || block[start] == ASCII.lineFeed
            {
                start = SSEParser.lineBounds(block, from: start).next
            }
            output.append(block.extracting(0..<start))
        case .dropBytes(let range):
            copy(block, from: start, without: range, to: &output)
        }
    }

    /// Copies a block without `range` of its data, which may stand on several lines; the lines
    /// before `start` hold none.
    private static func copy(
        _ block: Span<UInt8>, from start: Int, without range: Range<Int>,
        to output: inout ByteBuffer
    ) {
        var dataOffset = 0
        var copied = 0
        var start = start
        if start == 0, block.starts(with: "\u{FEFF}") { start = 3 }
        while start < block.count {
            let line = SSEParser.lineBounds(block, from: start)
            if let value = SSEParser.dataValue(block.extracting(start..<line.end)) {
                let first = start + value.lowerBound - dataOffset
                let last = dataOffset + value.count
                let cut = range.clamped(to: dataOffset..<last)
                if !cut.isEmpty {
                    output.append(block.extracting(copied..<first + cut.lowerBound))
                    copied = first + cut.upperBound
                }
                dataOffset = last + 1
            }
            start = line.next
        }
        output.append(block.extracting(copied..<block.count))
    }
}
