/// Where a listener is bound.
package enum ListenAddress: Sendable, Hashable {
    /// `host` is an address without brackets, or a name. Port 0: any free one.
    case tcp(host: String, port: UInt16)
    /// A socket in the file system; `path` is absolute and fits `sockaddr_un` (107 bytes).
    case unix(path: String)

    /// Only processes of this machine can reach it.
    package var isLoopback: Bool {
        switch self {
        case .unix: true
        case .tcp(let host, _):
            host == "::1" || host.lowercased() == "localhost" || isLoopbackIPv4(host)
        }
    }

    private func isLoopbackIPv4(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}

extension ListenAddress {
    /// Bytes of a path that fit `sockaddr_un`, its NUL not counted.
    private static let pathBytesMax = 107

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

extension ListenAddress: CustomStringConvertible {
    /// As the configuration writes it: `127.0.0.1:8787`, `[::1]:8787`, `unix:/path`.
    package var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
