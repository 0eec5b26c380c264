import Bytes

/// An incremental parser of event streams (WHATWG HTML, section 9.2.6 "Interpreting an event
/// stream"), which never needs a byte twice and may be fed in pieces cut anywhere.
///
/// `next(in:)` is called with the same chunk until it answers nil, then with the next chunk. Data
/// of one line that arrived in one chunk is not copied: `data(in:)` shows it where it lies.
/// Nothing is decoded: replacing what is not UTF-8 is left to whoever makes text of the bytes.
package struct SSEParser: ~Copyable {
    /// What a blank line ended.
    package enum Block: Sendable, Equatable {
        /// An event with data: `data(in:)`, `eventType` and `range` speak of it.
        case event
        /// Comments, fields without data, or a blank line alone: no event to dispatch.
        case empty
        /// An event whose lines are over `eventBytesMax`: only `range` is known.
        case oversized
    }

    /// Where in the stream the parser stands, for closing a stream that was cut.
    package enum Position: Sendable, Equatable {
        /// After a blank line, or before the first byte.
        case betweenEvents
        /// Inside an event, after the end of one of its lines.
        case betweenLines
        /// Inside a line.
        case insideLine
    }

    private enum Field {
        case data, event, id, retry, other
    }

    private enum DataPlace {
        case none
        /// One line, in the chunk at hand.
        case chunk(Range<Int>)
        /// Copied to `collected`.
        case collected
    }

    /// Bytes of one event's lines that are kept at most; a longer event is skipped and flagged.
    package let eventBytesMax: Int
    /// Bytes of the stream that belong to the block just answered, its blank line included; but
    /// for the LF of a CRLF that a chunk boundary cut, which no block has.
    package private(set) var range: Range<Int> = 0..<0
    /// Bytes of the stream in the chunks before the one at hand.
    package private(set) var chunkOffset = 0
    private var cursor = 0
    private var blockStart = 0
    /// The next line end of either kind in the chunk at hand, each searched for once: `count`
    /// where there is none, -1 before the search.
    private var nextLineFeed = -1
    private var nextCarriageReturn = -1

    /// The beginning of a line that a chunk boundary cut.
    private var line = ByteBuffer()
    private var lineIsCut = false
    private var collected = ByteBuffer()
    private var place = DataPlace.none
    private var texts = Texts()
    private var isOversized = false
    /// A CR ended the last chunk; an LF right after it belongs to it.
    private var skipsLineFeed = false
    /// A line of the block was a field the standard knows.
    private var hasFields = false
    private var blockHasEnded = false
    /// Bytes of a byte order mark seen at the stream's start; nil once that is decided.
    private var markBytes: Int? = 0

    /// `eventBytesMax` also bounds the memory kept between events.
    package init(eventBytesMax: Int = 1 << 20) {
        self.eventBytesMax = eventBytesMax
    }

    /// The `event:` field of the event just answered; empty means `message`.
    package var eventType: Span<UInt8> {
        @_lifetime(borrow self)
        get { texts.type.bytes }
    }

    /// The last `id:` of the stream that held no NUL.
    package var lastEventID: Span<UInt8> {
        @_lifetime(borrow self)
        get { texts.id.bytes }
    }

    /// The last valid `retry:` of the stream, in milliseconds.
    package var retryMilliseconds: Int? { texts.retryMilliseconds }

    /// Where the stream stands after all bytes fed.
    package var position: Position {
        if lineIsCut { return .insideLine }
        return !blockHasEnded && chunkOffset + cursor > blockStart ? .betweenLines : .betweenEvents
    }

    /// Where the unfinished block begins in the stream.
    package var blockOffset: Int { blockStart }

    /// The unfinished block has nothing but comments and unknown fields so far.
    package var isInComments: Bool {
        if hasFields { return false }
        if !lineIsCut { return true }
        return !line.isEmpty && line.bytes[0] == UInt8(ascii: ":")
    }

    /// The data of the event just answered, without its last line end; `chunk` is that of `next`.
    @_lifetime(copy chunk, borrow self)
    package func data(in chunk: Span<UInt8>) -> Span<UInt8> {
        switch place {
        case .none: chunk.extracting(0..<0)
        case .chunk(let range): chunk.extracting(range)
        case .collected: collected.bytes
        }
    }

    /// Where in the chunk the event's data begins, if it is one line that lies there whole.
    var dataOffset: Int? {
        guard case .chunk(let range) = place else { return nil }
        return range.lowerBound
    }

    /// Reads on in `chunk` to the next blank line; nil when the chunk is used up.
    package mutating func next(in chunk: Span<UInt8>) -> Block? {
        if blockHasEnded { beginBlock() }
        if markBytes != nil { skipMark(chunk) }
        while cursor < chunk.count {
            if skipsLineFeed {
                skipsLineFeed = false
                if chunk[cursor] == ASCII.lineFeed {
                    if blockStart == chunkOffset + cursor { blockStart += 1 }
                    cursor += 1
                    continue
                }
            }
            let start = cursor
            guard let end = lineEnd(chunk) else {
                carry(chunk.extracting(start..<chunk.count))
                cursor = chunk.count
                break
            }
            pass(end, in: chunk)
            if lineIsCut {
                carry(chunk.extracting(start..<end))
                lineIsCut = false
                takeCarriedLine()
            } else if start == end {
                return endBlock()
            } else {
                take(start..<end, in: chunk)
            }
        }
        endChunk(chunk)
        return nil
    }

    /// Forgets the stream and keeps the memory, for the next one.
    package mutating func reset() {
        chunkOffset = 0
        cursor = 0
        blockStart = 0
        range = 0..<0
        nextLineFeed = -1
        nextCarriageReturn = -1
        lineIsCut = false
        skipsLineFeed = false
        markBytes = 0
        texts.retryMilliseconds = nil
        line.removeAll(keeping: Self.keptBytes)
        texts.id.removeAll()
        beginBlock()
    }

    /// Bytes of an ordinary event: memory beyond this is given back.
    private static let keptBytes = 16 << 10

    // MARK: Lines

    /// The end of the line at the cursor, before its CR or LF; nil where the chunk has none.
    private mutating func lineEnd(_ chunk: Span<UInt8>) -> Int? {
        if nextLineFeed < cursor {
            nextLineFeed = chunk.firstIndex(of: ASCII.lineFeed, from: cursor) ?? chunk.count
        }
        if nextCarriageReturn < cursor {
            nextCarriageReturn =
                chunk.firstIndex(of: ASCII.carriageReturn, from: cursor) ?? chunk.count
        }
        let end = min(nextLineFeed, nextCarriageReturn)
        return end < chunk.count ? end : nil
    }

    /// Moves the cursor behind the line end at `end`.
    private mutating func pass(_ end: Int, in chunk: Span<UInt8>) {
        cursor = end + 1
        guard chunk[end] == ASCII.carriageReturn else { return }
        if cursor == chunk.count {
            skipsLineFeed = true
        } else if chunk[cursor] == ASCII.lineFeed {
            cursor += 1
        }
    }

    /// Keeps a part of a line that the chunk's end cut, or its rest.
    private mutating func carry(_ bytes: Span<UInt8>) {
        lineIsCut = true
        guard !isOversized else { return }
        if line.count + collected.count + bytes.count > eventBytesMax {
            giveUp()
        } else {
            line.append(bytes)
        }
    }

    private mutating func takeCarriedLine() {
        guard !isOversized else { return }
        let (field, value) = Self.split(line.bytes)
        if field != .other { hasFields = true }
        if field == .data {
            if case .collected = place { collected.append(ASCII.lineFeed) }
            Self.copy(line, value, to: &collected)
            place = .collected
        } else {
            Self.store(field, line, value, &texts)
        }
        line.removeAll()
    }

    /// Takes the line at `range` of the chunk, which is whole and not empty.
    private mutating func take(_ range: Range<Int>, in chunk: Span<UInt8>) {
        guard !isOversized else { return }
        let (field, part) = Self.split(chunk.extracting(range))
        if field != .other { hasFields = true }
        let value = range.lowerBound + part.lowerBound..<range.upperBound
        guard field == .data else {
            texts.store(field, chunk.extracting(value))
            return
        }
        guard collected.count + value.count <= eventBytesMax else { return giveUp() }
        if case .none = place {
            place = .chunk(value)
        } else {
            collect(chunk)
            guard collected.count + value.count < eventBytesMax else { return giveUp() }
            collected.append(ASCII.lineFeed)
            collected.append(chunk.extracting(value))
        }
    }

    /// The field of a line and where its value stands in it.
    private static func split(_ line: Span<UInt8>) -> (Field, Range<Int>) {
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.count
        var start = min(colon + 1, line.count)
        if start < line.count, line[start] == ASCII.space { start += 1 }
        let name = line.extracting(0..<colon)
        let field: Field =
            switch colon {
            case 4 where name.equals("data"): .data
            case 5 where name.equals("event"): .event
            case 2 where name.equals("id"): .id
            case 5 where name.equals("retry"): .retry
            default: .other
            }
        return (field, start..<line.count)
    }

    /// The end of the line at `start` and the start of the line after it, in a whole block.
    static func lineBounds(_ block: Span<UInt8>, from start: Int) -> (end: Int, next: Int) {
        var end = start
        while end < block.count, block[end] != ASCII.lineFeed, block[end] != ASCII.carriageReturn {
            end += 1
        }
        let isPair =
            end + 1 < block.count && block[end] == ASCII.carriageReturn
            && block[end + 1] == ASCII.lineFeed
        return (end, min(end + (isPair ? 2 : 1), block.count))
    }

    /// The value of a line that is data.
    static func dataValue(_ line: Span<UInt8>) -> Range<Int>? {
        let (field, value) = split(line)
        return field == .data ? value : nil
    }

    private static func copy(
        _ source: borrowing ByteBuffer, _ range: Range<Int>, to target: inout ByteBuffer
    ) {
        target.append(source.bytes.extracting(range))
    }

    private static func store(
        _ field: Field, _ source: borrowing ByteBuffer, _ range: Range<Int>, _ texts: inout Texts
    ) {
        texts.store(field, source.bytes.extracting(range))
    }

    /// The fields beside data.
    private struct Texts: ~Copyable {
        /// Bytes of an `event:` or `id:` value that are taken at most; a longer one is left out.
        static let valueBytesMax = 4 << 10

        var type = ByteBuffer()
        var id = ByteBuffer()
        var retryMilliseconds: Int?

        mutating func store(_ field: Field, _ value: Span<UInt8>) {
            switch field {
            case .event where value.count <= Self.valueBytesMax:
                type.removeAll()
                type.append(value)
            case .id where value.count <= Self.valueBytesMax && value.firstIndex(of: 0) == nil:
                id.removeAll()
                id.append(value)
            case .retry:
                if let milliseconds = value.decimal { retryMilliseconds = milliseconds }
            default: break
            }
        }
    }

    // MARK: Blocks and chunks

    private mutating func endBlock() -> Block {
        blockHasEnded = true
        range = blockStart..<chunkOffset + cursor
        if isOversized { return .oversized }
        if case .none = place { return .empty }
        return .event
    }

    private mutating func beginBlock() {
        blockHasEnded = false
        blockStart = chunkOffset + cursor
        place = .none
        isOversized = false
        hasFields = false
        collected.removeAll(keeping: Self.keptBytes)
        texts.type.removeAll()
    }

    /// Copies data seen in the chunk, because more is to come or the chunk ends.
    private mutating func collect(_ chunk: Span<UInt8>) {
        guard case .chunk(let range) = place else { return }
        collected.append(chunk.extracting(range))
        place = .collected
    }

    private mutating func endChunk(_ chunk: Span<UInt8>) {
        collect(chunk)
        chunkOffset += chunk.count
        cursor = 0
        nextLineFeed = -1
        nextCarriageReturn = -1
    }

    private mutating func giveUp() {
        isOversized = true
        place = .none
        line.removeAll(keeping: Self.keptBytes)
        collected.removeAll(keeping: Self.keptBytes)
    }

    /// Skips one byte order mark at the stream's start, which may come in pieces.
    private mutating func skipMark(_ chunk: Span<UInt8>) {
        while let seen = markBytes, cursor < chunk.count {
            let expected: UInt8 = seen == 0 ? 0xEF : seen == 1 ? 0xBB : 0xBF
            if chunk[cursor] == expected {
                cursor += 1
                markBytes = seen == 2 ? nil : seen + 1
            } else {
                // No mark after all: what looked like one begins a line of an unknown field.
                if seen > 0 { lineIsCut = true }
                if seen > 0 { line.append(0xEF) }
                if seen > 1 { line.append(0xBB) }
                markBytes = nil
            }
        }
    }
}
