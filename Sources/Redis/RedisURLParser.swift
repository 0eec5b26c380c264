import Bytes
import Networking

/// Takes a `RedisURL` apart.
struct RedisURLParser {
    /// What `sockaddr_un` holds, in bytes.
    private static let socketPathBytesMax = 107
    private static let hostsMax = 64
    private static let databaseMax = 1_000_000

    private(set) var target = RedisURL.Target.server(.tcp(host: "127.0.0.1", port: 6379))
    private(set) var isTLS = false
    private(set) var user: String?
    private(set) var password: String?
    private(set) var database = 0

    private enum Kind {
        case server, unix, sentinel, cluster
    }

    mutating func parse(_ text: String) throws(RedisURLError) {
        guard let end = text.firstRange(of: "://") else {
            throw RedisURLError("it begins with no scheme such as redis://")
        }
        let kind = try kind(ofScheme: text[..<end.lowerBound].lowercased())
        var rest = text[end.upperBound...]
        guard !rest.contains("#") else {
            throw RedisURLError("a # is written as %23, as a URL has no fragment here")
        }
        var query: Substring = ""
        if let mark = rest.firstIndex(of: "?") {
            query = rest[rest.index(after: mark)...]
            rest = rest[..<mark]
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var authority = rest[..<slash]
        if let at = authority.lastIndex(of: "@") {
            try takeCredentials(authority[..<at])
            authority = authority[authority.index(after: at)...]
        }
        let path = rest[slash...]
        switch kind {
        case .unix: try takeSocket(host: authority, path: path)
        case .server: try takeServer(authority, path)
        case .sentinel: try takeSentinels(authority, path)
        case .cluster: try takeCluster(authority, path)
        }
        try takeQuery(query, kind)
    }

    private mutating func kind(ofScheme scheme: String) throws(RedisURLError) -> Kind {
        isTLS = scheme.hasPrefix("rediss")
        switch scheme {
        case "redis", "rediss": return .server
        case "unix", "redis+unix": return .unix
        case "redis-sentinel", "rediss-sentinel": return .sentinel
        case "redis-cluster", "rediss-cluster": return .cluster
        default:
            throw RedisURLError(
                "its scheme is none of redis, rediss, unix, redis+unix, redis-sentinel, "
                    + "rediss-sentinel, redis-cluster and rediss-cluster")
        }
    }

    private mutating func takeCredentials(_ text: Substring) throws(RedisURLError) {
        guard let colon = text.firstIndex(of: ":") else {
            throw RedisURLError("a password is written as :password@ or user:password@")
        }
        let name = try Self.decoded(text[..<colon], "the user")
        let secret = try Self.decoded(text[text.index(after: colon)...], "the password")
        guard !secret.isEmpty else { throw RedisURLError("the password is empty") }
        user = name.isEmpty ? nil : name
        password = secret
    }

    private mutating func takeServer(
        _ authority: Substring, _ path: Substring
    ) throws(RedisURLError) {
        guard !authority.contains(",") else {
            throw RedisURLError(
                "several hosts are those of redis-sentinel:// or redis-cluster://")
        }
        target = .server(try Self.address(authority, port: 6379))
        if path.count > 1 { database = try Self.database(path.dropFirst()) }
    }

    private mutating func takeSocket(host: Substring, path: Substring) throws(RedisURLError) {
        guard host.isEmpty else {
            throw RedisURLError("a socket's path is absolute: unix:///path")
        }
        let file = try Self.decoded(path, "the path")
        guard file.utf8.count > 1 else { throw RedisURLError("the socket's path is missing") }
        guard file.utf8.count <= Self.socketPathBytesMax else {
            throw RedisURLError(
                "the socket's path is longer than \(Self.socketPathBytesMax) bytes")
        }
        target = .server(.unix(path: file))
    }

    private mutating func takeSentinels(
        _ authority: Substring, _ path: Substring
    ) throws(RedisURLError) {
        let hosts = try Self.addresses(authority, port: 26379)
        let parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        guard let first = parts.first, !first.isEmpty, parts.count <= 2 else {
            throw RedisURLError("behind the sentinels stands /service or /service/database")
        }
        target = .sentinels(hosts, service: try Self.decoded(first, "the service"))
        if parts.count == 2, !parts[1].isEmpty { database = try Self.database(parts[1]) }
    }

    private mutating func takeCluster(
        _ authority: Substring, _ path: Substring
    ) throws(RedisURLError) {
        target = .cluster(try Self.addresses(authority, port: 6379))
        guard path.isEmpty || path == "/" || path == "/0" else {
            throw RedisURLError("a cluster has no database but 0")
        }
    }

    private mutating func takeQuery(_ query: Substring, _ kind: Kind) throws(RedisURLError) {
        for parameter in query.split(separator: "&") {
            guard parameter.hasPrefix("db="), kind != .cluster else {
                throw RedisURLError("it has a parameter other than db")
            }
            database = try Self.database(parameter.dropFirst(3))
        }
    }

    // MARK: Parts

    private static func database(_ text: Substring) throws(RedisURLError) -> Int {
        guard let number = text.utf8.span.decimal, number <= databaseMax else {
            throw RedisURLError("the database is not a number from 0 to \(databaseMax)")
        }
        return number
    }

    private static func addresses(
        _ text: Substring, port: UInt16
    ) throws(RedisURLError) -> [ListenAddress] {
        var list: [ListenAddress] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            list.append(try address(part, port: port))
        }
        guard list.count <= hostsMax else { throw RedisURLError("it has over \(hostsMax) hosts") }
        return list
    }

    private static func address(
        _ text: Substring, port standard: UInt16
    ) throws(RedisURLError) -> ListenAddress {
        var host = text
        var port = standard
        let bracket = text.lastIndex(of: "]")
        let colon = text.lastIndex(of: ":")
        if let colon, bracket.map({ $0 < colon }) ?? true {
            host = text[..<colon]
            let digits = text[text.index(after: colon)...].utf8
            guard let number = digits.span.decimal, let value = UInt16(exactly: number), value > 0
            else { throw RedisURLError("the port is not a number from 1 to 65535") }
            port = value
        }
        if host.hasPrefix("[") {
            guard host.hasSuffix("]"), host.contains(":") else {
                throw RedisURLError("the IPv6 address is not closed by a bracket")
            }
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw RedisURLError("an IPv6 address stands in brackets: [::1]:6379")
        }
        let name = try decoded(host, "the host")
        guard !name.isEmpty else { throw RedisURLError("a host is missing") }
        guard name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), name.utf8.count <= 255 else {
            throw RedisURLError("the host holds characters that no host's name has")
        }
        return .tcp(host: name, port: port)
    }

    private static func decoded(
        _ text: Substring, _ what: String
    ) throws(RedisURLError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(ASCII.hexValue),
                let low = rest.popFirst().flatMap(ASCII.hexValue)
            else { throw RedisURLError("\(what) has a % without two hexadecimal digits") }
            bytes.append(high << 4 | low)
        }
        guard !bytes.contains(0), let result = String(validating: bytes, as: UTF8.self) else {
            throw RedisURLError("\(what) is not text in UTF-8 once its % are decoded")
        }
        return result
    }
}
