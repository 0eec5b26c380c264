import Networking

/// Where a Redis is and who we are there, as a URL says it.
///
///     redis://[[user]:password@]host[:6379][/database]
///     unix:///path/of/the.socket[?db=1]                     also redis+unix://
///     redis-sentinel://[[user]:password@]host[:26379],…/service[/database]
///     redis-cluster://[[user]:password@]host[:6379],…
///
/// `rediss`, `rediss-sentinel` and `rediss-cluster` are the same through TLS. User, password, path
/// and service may be percent-encoded; an IPv6 address stands in brackets. Whatever prints it
/// shows no password.
package struct RedisURL: Sendable, Equatable {
    /// What the hosts are.
    package enum Target: Sendable, Equatable {
        /// One server. It may turn out to be a cluster's.
        case server(ListenAddress)
        /// Sentinels, which know the master of a service.
        case sentinels([ListenAddress], service: String)
        /// Some nodes of a cluster, which know the others.
        case cluster([ListenAddress])
    }

    /// What the hosts are.
    package let target: Target
    /// Connections are encrypted and the servers' certificates checked.
    package let isTLS: Bool
    /// For AUTH with an ACL; nil: the default user.
    package let user: String?
    /// For AUTH. Never shown.
    package let password: String?
    /// For SELECT; 0 is not asked for.
    package let database: Int

    /// Parses `text`. The error says what is wrong and repeats nothing of the text.
    package init(_ text: String) throws(RedisURLError) {
        var parser = RedisURLParser()
        try parser.parse(text)
        target = parser.target
        isTLS = parser.isTLS
        user = parser.user
        password = parser.password
        database = parser.database
    }
}

extension RedisURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The URL without user and password.
    package var description: String {
        let secure = isTLS ? "s" : ""
        let path = database == 0 ? "" : "/\(database)"
        switch target {
        case .server(.unix(let file)):
            return "unix://\(file)" + (database == 0 ? "" : "?db=\(database)")
        case .server(let address):
            return "redis\(secure)://\(address)\(path)"
        case .sentinels(let addresses, let service):
            return "redis\(secure)-sentinel://\(Self.list(addresses))/\(service)\(path)"
        case .cluster(let addresses):
            return "redis\(secure)-cluster://\(Self.list(addresses))"
        }
    }

    package var debugDescription: String { description }
    /// Reflection and `dump` see what `description` shows.
    package var customMirror: Mirror { Mirror(self, children: ["url": description]) }

    private static func list(_ addresses: [ListenAddress]) -> String {
        addresses.map(\.description).joined(separator: ",")
    }
}

/// A text is no URL of a Redis.
package struct RedisURLError: Error, Equatable, CustomStringConvertible {
    /// A sentence's end: "the port is not a number from 1 to 65535".
    package let reason: String

    package var description: String { "not a Redis URL: \(reason)" }

    init(_ reason: String) {
        self.reason = reason
    }
}
