/// Where a listener is bound.
package enum ListenAddress: Sendable, Hashable {
    /// `host` is an address without brackets, or a name. Port 0: any free one.
    case tcp(host: String, port: UInt16)
    /// A socket in the file system; `path` fits `sockaddr_un` (107 bytes).
    case unix(path: String)

    /// Only processes of this machine can reach it, as far as its text tells.
    package var isLoopback: Bool {
        switch self {
        case .unix: true
        case .tcp(let host, _):
            host == "::1" || host.lowercased() == "localhost" || Self.isLoopbackIPv4(host)
        }
    }

    private static func isLoopbackIPv4(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}

extension ListenAddress: CustomStringConvertible {
    /// As it is configured: `127.0.0.1:8787`, `[::1]:8787`, `unix:/path`.
    package var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
