import Networking

extension ListenAddress {
    /// Bytes of a path that fit `sockaddr_un`, its NUL not counted.
    private static let pathBytesMax = 107

    /// Reads an address as it is configured, or nil.
    package init?(configured text: String) {
        guard let address = try? ListenAddress(parsing: text) else { return nil }
        self = address
    }

    /// Reads `host:port`, `[address]:port` or `unix:/path`.
    init(parsing text: String) throws(ValueProblem) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard path.hasPrefix("/"), !path.contains("\0") else {
                throw ValueProblem("is \(quoted(text)); the path after unix: begins with a slash")
            }
            guard path.utf8.count <= Self.pathBytesMax else {
                throw ValueProblem(
                    "has a path of \(path.utf8.count) bytes; "
                        + "the system allows \(Self.pathBytesMax)")
            }
            self = .unix(path: path)
            return
        }
        if URLParts.isIPv6(text[...]) {
            throw ValueProblem("is \(quoted(text)); an IPv6 address is written [::1]:8787")
        }
        if text.hasPrefix(":") || text.hasPrefix("*:") {
            let port = text.drop { $0 == "*" }
            throw ValueProblem(
                "is \(quoted(text)), which lacks a host",
                suggestion: "0.0.0.0\(port) or [::]\(port)")
        }
        guard let (host, port) = URLParts.hostAndPort(text[...]), let port else {
            throw ValueProblem(
                "is \(quoted(text)), not host:port, [address]:port or unix:/path")
        }
        self = .tcp(host: host, port: port)
    }
}
