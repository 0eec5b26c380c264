import Bytes

extension HTTP1RequestParser {
    /// The four forms of a request target (RFC 9112 section 3.2).
    mutating func parseTarget(_ bytes: Span<UInt8>) throws(HTTP1ParseError) {
        let target = head.target
        if head.method == .connect {
            guard HTTPSyntax.isAuthority(bytes.extracting(target), withPort: true) else {
                throw HTTP1ParseError(.invalidTarget, at: target.lowerBound)
            }
            head.path = target
            progress.targetAuthority = target
            return
        }
        switch bytes[target.lowerBound] {
        case UInt8(ascii: "/"):
            splitPath(bytes, from: target.lowerBound)
        case UInt8(ascii: "*") where target.count == 1 && head.method == .options:
            head.path = target
        default:
            try parseAbsoluteForm(bytes)
        }
    }

    /// `http://authority/path?query`. The authority wins over Host (RFC 9112 section 3.2.2); user
    /// information in it is refused (RFC 9110 section 4.2.4).
    private mutating func parseAbsoluteForm(_ bytes: Span<UInt8>) throws(HTTP1ParseError) {
        let target = head.target
        let whole = bytes.extracting(target)
        let schemeLength: Int
        if whole.count > 7, whole.extracting(0..<7).equalsIgnoringCase("http://") {
            schemeLength = 7
        } else if whole.count > 8, whole.extracting(0..<8).equalsIgnoringCase("https://") {
            schemeLength = 8
        } else {
            throw HTTP1ParseError(.invalidTarget, at: target.lowerBound)
        }
        let start = target.lowerBound + schemeLength
        var end = start
        scan: while end < target.upperBound {
            switch bytes[end] {
            case UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"): break scan
            default: end += 1
            }
        }
        guard HTTPSyntax.isAuthority(bytes.extracting(start..<end)) else {
            throw HTTP1ParseError(.invalidHost, at: start)
        }
        progress.targetAuthority = start..<end
        splitPath(bytes, from: end)
    }

    private mutating func splitPath(_ bytes: Span<UInt8>, from start: Int) {
        let end = head.target.upperBound
        var position = start
        var conforms = true
        while position < end, bytes[position] != UInt8(ascii: "?") {
            if !isPathByte(bytes, position, end) { conforms = false }
            position += 1
        }
        head.path = start..<position
        if position < end {
            head.query = position + 1..<end
            if let hash = bytes.firstIndex(of: UInt8(ascii: "#"), from: position), hash < end {
                conforms = false
            }
        }
        head.targetIsConforming = conforms
    }

    /// `pchar` or "/" (RFC 3986 section 3.3).
    private func isPathByte(_ bytes: Span<UInt8>, _ position: Int, _ end: Int) -> Bool {
        let byte = bytes[position]
        if byte == UInt8(ascii: "%") {
            return position + 2 < end && ASCII.hexValue(bytes[position + 1]) != nil
                && ASCII.hexValue(bytes[position + 2]) != nil
        }
        return HTTPSyntax.isPathByte(byte)
    }
}
