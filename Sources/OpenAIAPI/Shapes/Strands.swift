import Bytes

/// A text whose pieces lie in `Strands`.
struct Strand {
    fileprivate var first: Int32 = -1
    fileprivate var last: Int32 = -1

    var isEmpty: Bool { first < 0 }
}

/// Texts that grow at the same time, in one buffer: each is a chain of pieces of it.
///
/// The text that grew last grows on without another piece, so that a stream of one text is one
/// piece, however many deltas it has.
struct Strands: ~Copyable {
    /// Pieces of all texts together at most: a MiB of memory.
    static let piecesMax = 64 << 10

    private struct Piece {
        let start: UInt32
        var end: UInt32
        var next: Int32
    }

    private var bytes = ByteBuffer()
    private var pieces: [Piece] = []
    private let bytesMax: Int

    /// Keeps `bytesMax` bytes at most.
    init(bytesMax: Int) {
        self.bytesMax = min(bytesMax, Int(Int32.max))
    }

    /// Gives the memory back; every strand is void then.
    mutating func removeAll() {
        bytes.removeAll(keeping: 0)
        pieces = []
    }

    /// Appends `text` to `strand`, unless that is too much.
    mutating func append(
        _ text: Span<UInt8>, to strand: inout Strand
    ) throws(AssemblyError) {
        guard !text.isEmpty else { return }
        guard bytes.count + text.count <= bytesMax else { throw .tooLarge }
        let last = Int(strand.last)
        if last >= 0, pieces[last].end == UInt32(bytes.count) {
            bytes.append(text)
            pieces[last].end = UInt32(bytes.count)
            return
        }
        guard pieces.count < Self.piecesMax else { throw .tooMany }
        let start = UInt32(bytes.count)
        bytes.append(text)
        let new = Int32(pieces.count)
        pieces.append(Piece(start: start, end: UInt32(bytes.count), next: -1))
        if last >= 0 { pieces[last].next = new } else { strand.first = new }
        strand.last = new
    }

    /// Whether the text of `strand` is `text`.
    func equals(_ strand: Strand, _ text: Span<UInt8>) -> Bool {
        var position = 0
        var index = Int(strand.first)
        while index >= 0 {
            let piece = pieces[index]
            let part = bytes.bytes.extracting(Int(piece.start)..<Int(piece.end))
            guard position + part.count <= text.count,
                part.equals(text.extracting(position..<position + part.count))
            else { return false }
            position += part.count
            index = Int(piece.next)
        }
        return position == text.count
    }

    /// Appends the text of `strand` to `buffer`.
    func write(_ strand: Strand, to buffer: inout ByteBuffer) {
        var index = Int(strand.first)
        while index >= 0 {
            let piece = pieces[index]
            buffer.append(bytes.bytes.extracting(Int(piece.start)..<Int(piece.end)))
            index = Int(piece.next)
        }
    }
}
