import Bytes

/// Where in a request's body the parser is: the framing of a chunked body is read a byte at a time
/// (RFC 9112 section 7.1). A read that throws changes nothing.
struct BodyProgress {
    enum Phase: UInt8 {
        case unstarted
        case length
        /// Before the first digit of a size, after it, in white space behind it.
        case chunkSizeStart, chunkSize, chunkSizeBlank
        case extensionStart, chunkExtension
        case chunkSizeLineFeed
        case chunkData
        case chunkEnd, chunkEndLineFeed
        case trailerStart, trailerName, trailerValue, trailerLineFeed
        case lastLineFeed
        case complete
    }

    var phase = Phase.unstarted
    /// Bytes the body may have.
    var bytesMax = Int.max
    /// Bytes of body announced so far.
    private var announced = 0
    /// Bytes read so far, framing counted.
    private var offset = 0
    /// Data still to come in this chunk or body.
    private var remaining = 0
    private var sizeDigits = 0
    private var extensionBytes = 0
    private var extensionBytesTotal = 0
    private var trailerBytes = 0

    mutating func begin(_ framing: RequestHead.Framing) {
        switch framing {
        case .none: phase = .complete
        case .length(let length):
            remaining = length
            phase = .length
        case .chunked: phase = .chunkSizeStart
        }
    }

    /// Takes up to `count` bytes of data; goes to `next` after the last.
    mutating func takeData(upTo count: Int, then next: Phase) -> Int {
        let taken = min(remaining, count)
        remaining -= taken
        offset += taken
        if remaining == 0 { phase = next }
        return taken
    }

    /// Reads one byte that is not data.
    mutating func read(_ byte: UInt8, _ limits: HTTP1Limits) throws(HTTP1ParseError) {
        switch phase {
        case .chunkSizeStart, .chunkSize, .chunkSizeBlank: try readSize(byte, limits)
        case .extensionStart, .chunkExtension: try readExtension(byte, limits)
        case .chunkSizeLineFeed:
            try expect(ASCII.lineFeed, byte, .bareCarriageReturn)
            try beginChunk()
        case .chunkEnd:
            try expect(ASCII.carriageReturn, byte, .invalidChunkEnd)
            phase = .chunkEndLineFeed
        case .chunkEndLineFeed:
            try expect(ASCII.lineFeed, byte, .invalidChunkEnd)
            phase = .chunkSizeStart
        case .trailerStart, .trailerName, .trailerValue, .trailerLineFeed, .lastLineFeed:
            try readTrailer(byte, limits)
        case .unstarted, .length, .chunkData, .complete:
            preconditionFailure("no framing is read here")
        }
        offset += 1
    }

    private func failure(_ cause: HTTP1ParseError.Cause) -> HTTP1ParseError {
        HTTP1ParseError(cause, at: offset)
    }

    private func expect(
        _ wanted: UInt8, _ byte: UInt8, _ cause: HTTP1ParseError.Cause
    ) throws(HTTP1ParseError) {
        guard byte == wanted else { throw failure(cause) }
    }

    /// `1*HEXDIG`, at most 16 of them. White space may stand before an extension only.
    private mutating func readSize(
        _ byte: UInt8, _ limits: HTTP1Limits
    ) throws(HTTP1ParseError) {
        if phase != .chunkSizeBlank, let digit = ASCII.hexValue(byte) {
            guard sizeDigits < 16, remaining <= Int.max >> 4 else {
                throw failure(.invalidChunkSize)
            }
            remaining = remaining << 4 | Int(digit)
            sizeDigits += 1
            phase = .chunkSize
            return
        }
        guard phase != .chunkSizeStart else { throw failure(.invalidChunkSize) }
        switch byte {
        case ASCII.carriageReturn where phase == .chunkSize: phase = .chunkSizeLineFeed
        case ASCII.space, ASCII.tab:
            try countExtensionByte(limits)
            phase = .chunkSizeBlank
        case UInt8(ascii: ";"):
            try countExtensionByte(limits)
            phase = .extensionStart
        case ASCII.lineFeed: throw failure(.bareLineFeed)
        default: throw failure(.invalidChunkSize)
        }
    }

    /// Extensions are ignored but for their first name and their bytes (RFC 9112 section 7.1.1).
    private mutating func readExtension(
        _ byte: UInt8, _ limits: HTTP1Limits
    ) throws(HTTP1ParseError) {
        if byte == ASCII.carriageReturn, phase == .chunkExtension {
            phase = .chunkSizeLineFeed
            return
        }
        guard byte != ASCII.lineFeed else { throw failure(.bareLineFeed) }
        guard HTTPSyntax.isFieldValueByte(byte) else { throw failure(.invalidChunkExtension) }
        let isBlank = byte == ASCII.space || byte == ASCII.tab
        if phase == .extensionStart, !isBlank {
            guard HTTPSyntax.isTokenByte(byte) else { throw failure(.invalidChunkExtension) }
        }
        try countExtensionByte(limits)
        if !isBlank { phase = .chunkExtension }
    }

    private mutating func countExtensionByte(_ limits: HTTP1Limits) throws(HTTP1ParseError) {
        guard extensionBytes < limits.chunkExtensionBytesMax,
            extensionBytesTotal < limits.chunkExtensionBytesTotalMax
        else { throw failure(.chunkExtensionTooLong) }
        extensionBytes += 1
        extensionBytesTotal += 1
    }

    private mutating func beginChunk() throws(HTTP1ParseError) {
        guard remaining <= bytesMax - announced else { throw failure(.bodyTooLarge) }
        announced += remaining
        sizeDigits = 0
        extensionBytes = 0
        phase = remaining == 0 ? .trailerStart : .chunkData
    }

    /// `*( field-line CRLF ) CRLF`; the fields are checked and forgotten (RFC 9112 section 7.1.2).
    private mutating func readTrailer(
        _ byte: UInt8, _ limits: HTTP1Limits
    ) throws(HTTP1ParseError) {
        guard trailerBytes < limits.trailerBytesMax else { throw failure(.trailersTooLarge) }
        switch phase {
        case .trailerStart where byte == ASCII.carriageReturn: phase = .lastLineFeed
        case .trailerStart:
            guard HTTPSyntax.isTokenByte(byte) else { throw failure(.invalidTrailer) }
            phase = .trailerName
        case .trailerName where byte == UInt8(ascii: ":"): phase = .trailerValue
        case .trailerName:
            guard HTTPSyntax.isTokenByte(byte) else { throw failure(.invalidTrailer) }
        case .trailerValue where byte == ASCII.carriageReturn: phase = .trailerLineFeed
        case .trailerValue:
            guard HTTPSyntax.isFieldValueByte(byte) else { throw failure(.invalidTrailer) }
        case .trailerLineFeed:
            try expect(ASCII.lineFeed, byte, .invalidTrailer)
            phase = .trailerStart
        default:
            try expect(ASCII.lineFeed, byte, .invalidTrailer)
            phase = .complete
        }
        trailerBytes += 1
    }
}
