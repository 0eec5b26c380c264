import Glibc

/// What the tools need of an HTTP/1.1 head: where it ends and how the body is framed.
struct HTTPHead {
    /// Bytes up to and with the empty line.
    var count = 0
    /// `Content-Length`, or -1.
    var contentLength = -1
    var isChunked = false
    /// `Connection: close` was there.
    var closes = false
    /// `Content-Encoding` names something other than identity.
    var isEncoded = false

    /// The head at the start of the bytes, or nil while the empty line has not come.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress,
            let end = firstMatch(of: "\n\r\n", in: bytes)
        else { return nil }
        count = end + 3
        var line = base
        let last = base + count - 2
        while line < last, let feed = memchr(line, 0x0a, last - line) {
            line = UnsafeRawPointer(feed) + 1
            let text = line.assumingMemoryBound(to: CChar.self)
            // Only header names that start with a C or a T matter.
            switch UInt8(bitPattern: text[0]) | 0x20 {
            case 0x63 where strncasecmp(text, "content-length:", 15) == 0:
                contentLength = atol(text + 15)
            case 0x63 where strncasecmp(text, "content-encoding:", 17) == 0:
                isEncoded = strncasecmp(text + 17, " identity", 9) != 0
            case 0x63 where strncasecmp(text, "connection: close", 17) == 0:
                closes = true
            case 0x74 where strncasecmp(text, "transfer-encoding: chunked", 26) == 0:
                isChunked = true
            default: break
            }
        }
    }
}

/// Reads the responses of one connection piece by piece and counts what came.
struct ResponseReader: ~Copyable {
    private enum State { case head, fixed, chunkSize, chunkData, chunkEnd, trailer, done, broken }

    /// The status of the current response; 0 before its head is there.
    private(set) var status = 0
    private(set) var bodyBytes = 0
    /// Events of a stream: an empty line ends each.
    private(set) var events = 0
    private(set) var isComplete = false
    /// The server said that the connection ends with this response.
    private(set) var closes = false
    /// The framing made no sense; the connection is of no more use.
    var isBroken: Bool { state == .broken }
    /// The last bytes of the body are the mark that ends an OpenAI stream.
    var endsWithDone: Bool {
        tailCount == Self.done.count && memcmp(tail, Self.done, Self.done.count) == 0
    }

    private static let done = Array("data: [DONE]\n\n".utf8)
    private static let headBytesMax = 16384

    private var state = State.head
    private var remaining = 0
    private var lineIsEmpty = true
    private var lastWasNewline = false
    private var headCount = 0
    private let head = UnsafeMutableRawPointer.allocate(byteCount: headBytesMax, alignment: 8)
    private var tailCount = 0
    private let tail = UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 8)

    deinit {
        head.deallocate()
        tail.deallocate()
    }

    /// Makes ready for the next response on the same connection.
    mutating func reset() {
        status = 0
        bodyBytes = 0
        events = 0
        isComplete = false
        state = .head
        headCount = 0
        tailCount = 0
        lastWasNewline = false
    }

    /// Takes the bytes in; true when the response is complete (or broken).
    mutating func feed(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var rest = bytes
        while !rest.isEmpty, state != .done, state != .broken {
            let used: Int
            switch state {
            case .head: used = feedHead(rest)
            case .fixed, .chunkData: used = feedBody(rest)
            default: used = feedLine(rest[0])
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[used...])
        }
        isComplete = state == .done
        return state == .done || state == .broken
    }

    private mutating func feedHead(_ bytes: UnsafeRawBufferPointer) -> Int {
        let taken = min(bytes.count, Self.headBytesMax - headCount)
        guard taken > 0, let base = bytes.baseAddress else {
            state = .broken
            return bytes.count
        }
        memcpy(head + headCount, base, taken)
        let before = headCount
        headCount += taken
        guard let parsed = HTTPHead(UnsafeRawBufferPointer(start: head, count: headCount)) else {
            return taken
        }
        status = Int(atol(head.assumingMemoryBound(to: CChar.self) + 9))
        closes = parsed.closes
        if parsed.isChunked {
            state = .chunkSize
        } else if parsed.contentLength > 0 {
            state = .fixed
            remaining = parsed.contentLength
        } else {
            state = parsed.contentLength == 0 ? .done : .broken
        }
        return parsed.count - before
    }

    private mutating func feedBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        let count = min(bytes.count, remaining)
        noteBody(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        remaining -= count
        if remaining == 0 { state = state == .fixed ? .done : .chunkEnd }
        return count
    }

    /// One byte of the chunked coding's own lines.
    private mutating func feedLine(_ byte: UInt8) -> Int {
        switch (state, byte) {
        case (.chunkEnd, 0x0a):
            state = .chunkSize
            remaining = 0
        case (.chunkSize, 0x0a):
            state = remaining == 0 ? .trailer : .chunkData
            lineIsEmpty = true
        case (.chunkSize, 0x30...0x39): remaining = remaining << 4 | Int(byte - 0x30)
        case (.chunkSize, 0x61...0x66), (.chunkSize, 0x41...0x46):
            remaining = remaining << 4 | Int((byte | 0x20) - 0x61 + 10)
        case (.trailer, 0x0a):
            if lineIsEmpty { state = .done }
            lineIsEmpty = true
        case (.trailer, 0x0d): break
        case (.trailer, _): lineIsEmpty = false
        default: break
        }
        return 1
    }

    private mutating func noteBody(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        bodyBytes += bytes.count
        countEvents(base, bytes.count)
        let wanted = Self.done.count
        if bytes.count >= wanted {
            memcpy(tail, base + (bytes.count - wanted), wanted)
            tailCount = wanted
        } else {
            let kept = min(tailCount, wanted - bytes.count)
            memmove(tail, tail + (tailCount - kept), kept)
            memcpy(tail + kept, base, bytes.count)
            tailCount = kept + bytes.count
        }
    }

    /// Counts the empty lines, by a search for newlines: bodies without any cost next to nothing.
    private mutating func countEvents(_ base: UnsafeRawPointer, _ count: Int) {
        let end = base + count
        var from = base
        while from < end, let feed = memchr(from, 0x0a, end - from) {
            if lastWasNewline && feed == from {
                events += 1
                lastWasNewline = false
            } else {
                lastWasNewline = true
            }
            from = UnsafeRawPointer(feed) + 1
        }
        if from < end { lastWasNewline = false }
    }
}

/// Where the text first occurs, as an offset.
func firstMatch(of text: StaticString, in bytes: UnsafeRawBufferPointer) -> Int? {
    guard let base = bytes.baseAddress else { return nil }
    let length = text.utf8CodeUnitCount
    let end = base + bytes.count - length + 1
    var from = base
    while from < end, let hit = memchr(from, Int32(text.utf8Start[0]), end - from) {
        if memcmp(hit, text.utf8Start, length) == 0 { return UnsafeRawPointer(hit) - base }
        from = UnsafeRawPointer(hit) + 1
    }
    return nil
}
