import Bytes

extension HTTP1RequestParser {
    /// Looks for a request's head at the front of `bytes`, the unconsumed bytes of a connection.
    ///
    /// Answers the head's length once it is complete, `head` filled; nil where more bytes are
    /// needed: call again with the same bytes and more behind them. What was seen is not scanned
    /// again. Limits hold for an incomplete head too.
    package mutating func parseHead(_ bytes: Span<UInt8>) throws(HTTP1ParseError) -> Int? {
        if progress.phase == .complete { return progress.length }
        if progress.phase == .start {
            guard try begin(bytes) else { return nil }
        }
        while let lineFeed = bytes.firstIndex(of: ASCII.lineFeed, from: progress.scanned) {
            progress.scanned = lineFeed + 1
            if try parseLine(bytes, endingAt: lineFeed) { return progress.length }
            progress.lineStart = lineFeed + 1
        }
        progress.scanned = bytes.count
        try checkUnfinishedLine(bytes)
        return nil
    }

    /// Skips one empty line before the request line (RFC 9112 section 2.2) and looks at the first
    /// byte, so that what is no HTTP at all is refused at once. Answers whether it saw that byte.
    private mutating func begin(_ bytes: Span<UInt8>) throws(HTTP1ParseError) -> Bool {
        guard bytes.count > 0 else { return false }
        var first = 0
        if bytes[0] == ASCII.carriageReturn {
            guard bytes.count > 1 else { return false }
            guard bytes[1] == ASCII.lineFeed else {
                throw HTTP1ParseError(.bareCarriageReturn, at: 0)
            }
            guard bytes.count > 2 else { return false }
            first = 2
        }
        switch bytes[first] {
        // The first byte of a TLS record that holds a handshake (RFC 8446 section 5.1).
        case 0x16: throw HTTP1ParseError(.tlsHandshake, at: first)
        case ASCII.lineFeed: throw HTTP1ParseError(.bareLineFeed, at: first)
        case let byte where !HTTPSyntax.isTokenByte(byte):
            throw HTTP1ParseError(.invalidMethod, at: first)
        default: break
        }
        progress.phase = .requestLine
        progress.lineStart = first
        progress.scanned = first
        return true
    }

    /// Reads the line from `lineStart` to the line feed; answers whether it ended the head.
    ///
    /// Limits come first, so that an unfinished line that is too long is refused for the same
    /// reason as a finished one.
    private mutating func parseLine(
        _ bytes: Span<UInt8>, endingAt lineFeed: Int
    ) throws(HTTP1ParseError) -> Bool {
        let start = progress.lineStart
        let hasReturn = lineFeed > start && bytes[lineFeed - 1] == ASCII.carriageReturn
        let end = hasReturn ? lineFeed - 1 : lineFeed
        if progress.phase == .requestLine {
            guard end - start <= limits.requestLineBytesMax else {
                throw HTTP1ParseError(
                    .requestLineTooLong, at: start + limits.requestLineBytesMax)
            }
        } else {
            guard lineFeed + 1 - progress.fieldsStart <= limits.headerBytesMax else {
                throw HTTP1ParseError(
                    .headersTooLarge, at: progress.fieldsStart + limits.headerBytesMax)
            }
        }
        guard hasReturn else { throw HTTP1ParseError(.bareLineFeed, at: lineFeed) }
        if progress.phase == .requestLine {
            try parseRequestLine(bytes, start..<end)
            progress.fieldsStart = lineFeed + 1
            progress.phase = .fields
            return false
        }
        guard start < end else {
            try finishHead(at: start)
            progress.phase = .complete
            progress.length = lineFeed + 1
            return true
        }
        try parseField(bytes, start..<end)
        return false
    }

    private func checkUnfinishedLine(_ bytes: Span<UInt8>) throws(HTTP1ParseError) {
        let start = progress.lineStart
        switch progress.phase {
        case .requestLine:
            let last = bytes.count - 1
            let endsInReturn = last >= start && bytes[last] == ASCII.carriageReturn
            let length = bytes.count - start - (endsInReturn ? 1 : 0)
            guard length <= limits.requestLineBytesMax else {
                throw HTTP1ParseError(
                    .requestLineTooLong, at: start + limits.requestLineBytesMax)
            }
        case .fields:
            // A line feed is still to come: at the limit there is no room for it.
            guard bytes.count - progress.fieldsStart < limits.headerBytesMax else {
                throw HTTP1ParseError(
                    .headersTooLarge, at: progress.fieldsStart + limits.headerBytesMax)
            }
        case .start, .complete: break
        }
    }

    /// `method SP request-target SP HTTP-version` with single spaces (RFC 9112 section 3).
    private mutating func parseRequestLine(
        _ bytes: Span<UInt8>, _ line: Range<Int>
    ) throws(HTTP1ParseError) {
        var position = line.lowerBound
        while position < line.upperBound, HTTPSyntax.isTokenByte(bytes[position]) { position += 1 }
        guard position < line.upperBound else {
            throw HTTP1ParseError(.invalidRequestLine, at: position)
        }
        guard bytes[position] == ASCII.space else {
            throw HTTP1ParseError(.invalidMethod, at: position)
        }
        head.methodName = line.lowerBound..<position
        head.method = HTTPMethod.recognise(bytes.extracting(head.methodName))

        let target = position + 1
        position = target
        while position < line.upperBound, bytes[position] != ASCII.space {
            let byte = bytes[position]
            guard byte > ASCII.space, byte != 0x7F else {
                throw HTTP1ParseError(
                    byte == ASCII.carriageReturn ? .bareCarriageReturn : .invalidTarget,
                    at: position)
            }
            position += 1
        }
        guard position > target else { throw HTTP1ParseError(.invalidRequestLine, at: target) }
        head.target = target..<position
        guard position < line.upperBound else {
            throw HTTP1ParseError(.invalidVersion, at: position)
        }
        try parseVersion(bytes, position + 1..<line.upperBound)
        try parseTarget(bytes)
    }

    /// `HTTP/` and two digits (RFC 9112 section 2.3). A later 1.x is read as 1.1
    /// (RFC 9110 section 2.5); another major version is another protocol.
    private mutating func parseVersion(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(HTTP1ParseError) {
        let version = bytes.extracting(range)
        guard version.count == 8, version.starts(with: "HTTP/"),
            version[5] &- 0x30 < 10, version[6] == UInt8(ascii: "."), version[7] &- 0x30 < 10
        else { throw HTTP1ParseError(.invalidVersion, at: range.lowerBound) }
        guard version[5] == UInt8(ascii: "1") else {
            throw HTTP1ParseError(.unsupportedVersion, at: range.lowerBound)
        }
        head.minorVersion = version[7] == UInt8(ascii: "0") ? 0 : 1
    }
}
