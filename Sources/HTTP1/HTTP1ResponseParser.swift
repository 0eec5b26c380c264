import Bytes

/// A strict HTTP/1.1 response parser without input or output of its own (RFC 9112).
///
/// Use: `begin` when a request is sent; `parseHead` until it answers, again after an interim head
/// (1xx); then `parseBody` until it is complete. After an error only close. The result does not
/// depend on how the bytes were cut into pieces.
package struct HTTP1ResponseParser: ~Copyable {
    /// How the end of the body is known (RFC 9112 section 6.3).
    package enum Framing: Sendable, Equatable {
        /// There is no body.
        case none
        /// The body's size in bytes, above zero.
        case length(Int)
        /// The body is chunked.
        case chunked
        /// The body ends with the connection.
        case untilClose
    }

    /// Bytes of one head, line ends and the empty line counted.
    package let headBytesMax: Int
    /// Interim answers that are skipped before one is refused.
    package let interimHeadsMax: Int

    /// The last head's status code; 0 before one is complete.
    package private(set) var status = 0
    /// 0 for HTTP/1.0, 1 for HTTP/1.1 and a later 1.x.
    package private(set) var minorVersion = 1
    /// The last head's field lines, as offsets into its bytes.
    package private(set) var fields: [HTTPField] = []
    /// How the end of the body is known.
    package private(set) var framing = Framing.none
    /// The server allows another request on this connection.
    package private(set) var keepsAlive = true

    private var answersHead = false
    private var interimHeads = 0
    private var progress = HeadProgress()
    private var body = BodyProgress()
    /// Nobody reads extensions, and a stream has no end to its chunks: only each is limited.
    private let bodyLimits: HTTP1Limits

    /// A parser for the answers on one connection after another.
    package init(headBytesMax: Int, interimHeadsMax: Int) {
        self.headBytesMax = headBytesMax
        self.interimHeadsMax = interimHeadsMax
        var limits = HTTP1Limits()
        limits.chunkExtensionBytesTotalMax = .max
        bodyLimits = limits
    }

    /// Makes ready for the answer to a request; one to HEAD has no body.
    package mutating func begin(answersHead: Bool) {
        self.answersHead = answersHead
        interimHeads = 0
        framing = .none
        body = BodyProgress()
        beginHead()
    }

    private mutating func beginHead() {
        status = 0
        minorVersion = 1
        keepsAlive = true
        progress = HeadProgress()
        // An answer with thousands of fields leaves no memory behind.
        fields.removeAll(keepingCapacity: fields.capacity <= 128)
    }

    /// The head that `parseHead` answered is an interim one: drop it and parse the next.
    package var isInterim: Bool { status < 200 }

    /// Looks for a head at the front of `bytes`, the unconsumed bytes of a connection.
    ///
    /// Answers its length once it is complete; nil where more bytes are needed: call again with
    /// the same bytes and more behind them. What was seen is not scanned again.
    package mutating func parseHead(_ bytes: Span<UInt8>) throws(HTTP1ResponseError) -> Int? {
        if progress.phase == .complete { beginHead() }
        while let lineFeed = bytes.firstIndex(of: ASCII.lineFeed, from: progress.scanned) {
            let start = progress.lineStart
            progress.scanned = lineFeed + 1
            guard lineFeed < headBytesMax else { throw HTTP1ResponseError(.headTooLarge) }
            guard lineFeed > start, bytes[lineFeed - 1] == ASCII.carriageReturn else {
                let isFirst = progress.phase == .start
                throw HTTP1ResponseError(isFirst ? .invalidStatusLine : .bareLineFeed)
            }
            let line = start..<lineFeed - 1
            progress.lineStart = lineFeed + 1
            if progress.phase == .start {
                try parseStatusLine(bytes.extracting(line))
                progress.phase = .fields
            } else if line.isEmpty {
                progress.phase = .complete
                progress.length = lineFeed + 1
                try finishHead()
                return lineFeed + 1
            } else {
                try parseField(bytes, line)
            }
        }
        progress.scanned = bytes.count
        guard bytes.count < headBytesMax else { throw HTTP1ResponseError(.headTooLarge) }
        if progress.phase == .start { try checkBeginning(bytes) }
        return nil
    }

    /// What is no HTTP at all is refused before a line of it is complete.
    private func checkBeginning(_ bytes: Span<UInt8>) throws(HTTP1ResponseError) {
        let name: StaticString = "HTTP/1."
        let count = min(bytes.count, 7)
        guard bytes.extracting(0..<count).equals(name.bytes.extracting(0..<count)) else {
            throw HTTP1ResponseError(.invalidStatusLine)
        }
    }

    /// `HTTP/1.x SP 3DIGIT [SP reason]` (RFC 9112 section 4); the space before a reason that is
    /// empty may be missing.
    private mutating func parseStatusLine(_ line: Span<UInt8>) throws(HTTP1ResponseError) {
        guard line.count >= 12, line.starts(with: "HTTP/1."), line[7] &- 0x30 < 10,
            line[8] == ASCII.space, line.count == 12 || line[12] == ASCII.space,
            let code = line.extracting(9..<12).decimal, code >= 100,
            line.firstControl(in: 12..<line.count) == nil
        else { throw HTTP1ResponseError(.invalidStatusLine) }
        status = code
        minorVersion = line[7] == UInt8(ascii: "0") ? 0 : 1
    }

    /// `field-name ":" OWS field-value OWS` (RFC 9112 section 5).
    private mutating func parseField(
        _ bytes: Span<UInt8>, _ line: Range<Int>
    ) throws(HTTP1ResponseError) {
        let first = bytes[line.lowerBound]
        guard first != ASCII.space, first != ASCII.tab else {
            throw HTTP1ResponseError(.foldedField)
        }
        let colon = bytes.endOfToken(from: line.lowerBound)
        guard colon > line.lowerBound, colon < line.upperBound,
            bytes[colon] == UInt8(ascii: ":")
        else { throw HTTP1ResponseError(.invalidFieldName) }
        var start = colon + 1
        var end = line.upperBound
        while start < end, bytes[start] == ASCII.space || bytes[start] == ASCII.tab { start += 1 }
        while end > start, bytes[end - 1] == ASCII.space || bytes[end - 1] == ASCII.tab { end -= 1 }
        guard bytes.firstControl(in: start..<end) == nil else {
            throw HTTP1ResponseError(.invalidFieldValue)
        }
        let name = line.lowerBound..<colon
        let known = FieldName.recognise(bytes.extracting(name))
        fields.append(HTTPField(name: name, value: start..<end, known: known))
        try interpret(known, bytes.extracting(start..<end))
    }

    /// Takes note of the fields that say how the answer ends or what becomes of the connection.
    private mutating func interpret(
        _ name: FieldName, _ value: Span<UInt8>
    ) throws(HTTP1ResponseError) {
        switch name {
        case .contentLength:
            guard progress.contentLength == nil else { throw HTTP1ResponseError(.ambiguousLength) }
            guard let length = value.decimal else { throw HTTP1ResponseError(.invalidLength) }
            progress.contentLength = length
        case .transferEncoding:
            // Any other coding, and a second one, is not asked for and not understood.
            guard value.equalsIgnoringCase("chunked") else {
                throw HTTP1ResponseError(.invalidLength)
            }
            progress.chunkedCodings += 1
        case .connection:
            var options = FieldList(value)
            while let option = options.next() {
                if option.equalsIgnoringCase("close") { progress.closes = true }
                if option.equalsIgnoringCase("keep-alive") { progress.keepsAlive = true }
            }
        default: break
        }
    }

    /// Judges the head as a whole: RFC 9112 section 6.3. What has two lengths is refused whatever
    /// the RFC would make of it: another hop may read it differently.
    private mutating func finishHead() throws(HTTP1ResponseError) {
        let codings = progress.chunkedCodings
        guard codings + (progress.contentLength == nil ? 0 : 1) <= 1 else {
            throw HTTP1ResponseError(.ambiguousLength)
        }
        // RFC 9112 section 6.1.
        guard codings == 0 || minorVersion > 0 else { throw HTTP1ResponseError(.ambiguousLength) }
        guard status >= 200 else {
            guard status != 101 else { throw HTTP1ResponseError(.switchesProtocols) }
            interimHeads += 1
            guard interimHeads <= interimHeadsMax else {
                throw HTTP1ResponseError(.tooManyInterimHeads)
            }
            return
        }
        keepsAlive = !progress.closes && (minorVersion > 0 || progress.keepsAlive)
        if answersHead || status == 204 || status == 304 {
            framing = .none
        } else if codings > 0 {
            framing = .chunked
            body.begin(.chunked)
        } else if let length = progress.contentLength {
            framing = length > 0 ? .length(length) : .none
            body.begin(length > 0 ? .length(length) : .none)
        } else {
            framing = .untilClose
            keepsAlive = false
        }
    }

    /// One step through the body, whose unconsumed bytes are at the front of `bytes`.
    ///
    /// A step that consumed nothing and is not complete needs more bytes. An answer without a body
    /// is complete at the first step, also with no bytes; one that ends with its connection never
    /// is. Trailers are checked and dropped.
    package mutating func parseBody(_ bytes: Span<UInt8>) throws(HTTP1ResponseError) -> BodyStep {
        switch framing {
        case .none: return BodyStep(consumed: 0, data: 0..<0, isComplete: true)
        case .untilClose:
            return BodyStep(consumed: bytes.count, data: 0..<bytes.count, isComplete: false)
        case .length, .chunked: break
        }
        do {
            return try body.step(bytes, bodyLimits)
        } catch {
            throw HTTP1ResponseError(.invalidBody)
        }
    }
}
