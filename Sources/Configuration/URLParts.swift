/// A URL of the form `scheme://[userinfo@]host[:port][/path][?query][#fragment]`, cut up.
///
/// RFC 3986, the host limited to names, IPv4 and bracketed IPv6 addresses.
struct URLParts: Equatable {
    /// Lower case.
    let scheme: String
    /// Without its `@`.
    let userInfo: String?
    /// Lower case, without brackets.
    let host: String
    let port: UInt16?
    /// Empty, or begins with a slash.
    var path: String
    /// Without its `?`.
    var query: String?
    /// Without its `#`.
    let fragment: String?

    /// nil: not such a URL.
    init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x5C }),
            let schemeEnd = text.firstRange(of: "://")
        else { return nil }
        scheme = text[..<schemeEnd.lowerBound].lowercased()
        guard scheme.first?.isLetter == true,
            scheme.allSatisfy({ $0.isLetter || $0.isNumber || "+-.".contains($0) })
        else { return nil }
        var rest = text[schemeEnd.upperBound...]
        fragment = rest.cut(from: "#")
        query = rest.cut(from: "?")
        path = rest.cut(from: "/").map { "/" + $0 } ?? ""
        if let at = rest.lastIndex(of: "@") {
            userInfo = String(rest[..<at])
            rest = rest[rest.index(after: at)...]
        } else {
            userInfo = nil
        }
        guard let (host, port) = Self.hostAndPort(rest) else { return nil }
        self.host = host.lowercased()
        self.port = port
    }

    /// The same server, without path and query.
    var withoutPath: URLParts {
        var parts = self
        parts.path = ""
        parts.query = nil
        return parts
    }

    /// `host`, `host:port`, `[address]` or `[address]:port`; nil: not a host, or no such port.
    static func hostAndPort(_ text: Substring) -> (host: String, port: UInt16?)? {
        var host = text
        var port: UInt16?
        if let colon = text.lastIndex(of: ":"), text.last != "]" {
            let digits = text[text.index(after: colon)...]
            guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let number = UInt16(digits)
            else { return nil }
            port = number
            host = text[..<colon]
        }
        if host.first == "[", host.last == "]" {
            let address = host.dropFirst().dropLast()
            return isIPv6(address) ? (String(address), port) : nil
        }
        return isNameOrIPv4(host) ? (String(host), port) : nil
    }

    /// RFC 4291 section 2.2; an IPv4 tail is allowed, a zone is not.
    static func isIPv6(_ text: Substring) -> Bool {
        let halves = text.split(separator: "::", maxSplits: 2, omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return false }
        var groups = 0
        for (index, half) in halves.enumerated() where !half.isEmpty {
            var parts = half.split(separator: ":", omittingEmptySubsequences: false)
            if index == halves.count - 1, let last = parts.last, last.contains(".") {
                guard isIPv4(last) else { return false }
                parts.removeLast()
                groups += 2
            }
            guard parts.allSatisfy({ (1...4).contains($0.count) && $0.allSatisfy(\.isHexDigit) })
            else { return false }
            groups += parts.count
        }
        return halves.count == 2 ? groups < 8 : groups == 8
    }

    private static func isIPv4(_ text: Substring) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil && $0.first != "+" }
    }

    private static func isNameOrIPv4(_ text: Substring) -> Bool {
        guard !text.isEmpty, text.utf8.count <= 253 else { return false }
        if text.allSatisfy({ $0 == "." || $0.isNumber }) { return isIPv4(text) }
        // A dot at the end is the root.
        let name = text.last == "." ? text.dropLast() : text
        return name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy {
            (1...63).contains($0.utf8.count) && $0.utf8.allSatisfy(isNameByte) && $0.first != "-"
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
        default: false
        }
    }
}

extension Substring {
    /// What follows the first `mark`; it and the mark are taken off.
    fileprivate mutating func cut(from mark: Character) -> String? {
        guard let index = firstIndex(of: mark) else { return nil }
        defer { self = self[..<index] }
        return String(self[self.index(after: index)...])
    }
}
