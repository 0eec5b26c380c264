import Networking
import Redis

/// One command to a store outside of the process, as its CLIENT span tells of it (semconv
/// v1.40.0, database spans).
package struct StoreTrip: Sendable {
    /// `db.operation.name`.
    package let command: StaticString
    /// When it was sent and when it ended, in nanoseconds of `Clock.monotonic`.
    package let startedMonotonic, endedMonotonic: UInt64
    /// The same start in nanoseconds since 1970.
    package let startedAt: UInt64
    /// The server, as far as known.
    package let server: ListenAddress?
    /// The database's index, `db.namespace` once it is text.
    package let database: Int
    /// Why it has no answer; nil for one that has.
    package let error: RedisError?

    /// The end in nanoseconds since 1970.
    package var endedAt: UInt64 { startedAt &+ (endedMonotonic &- startedMonotonic) }

    /// `server.address`: a name or numeric address, or a socket's path.
    package var address: String? {
        switch server {
        case .tcp(let host, _): host
        case .unix(let path): path
        case nil: nil
        }
    }

    /// `server.port`; nil for a socket.
    package var port: Int? {
        if case .tcp(_, let port) = server { return Int(port) }
        return nil
    }

    /// `error.type`: the server's code (`WRONGTYPE`), or what went wrong otherwise (`timeout`).
    package var errorType: String? { error?.type }

    /// `db.response.status_code`: only where the server answered with an error.
    package var statusCode: String? {
        guard let code = error?.code, !code.isEmpty else { return nil }
        return code
    }
}
