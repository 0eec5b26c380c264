/// How a client of Redis behaves. All times are in milliseconds.
package struct RedisSettings: Sendable {
    /// Where, and as whom.
    package var url: RedisURL
    /// What a command may take in all, connecting included, where `send` is told nothing else:
    /// the most that a sick Redis costs a request.
    package var budget: UInt64 = 50
    /// What a connection may take to become ready, in the background: name, TCP, TLS, AUTH.
    package var connectTimeout: UInt64 = 1000
    /// Bytes of one reply. A longer one closes the connection. 1 MiB is the default limit of an
    /// entry; what stands around it is small.
    package var replyBytesMax = 2 << 20
    /// Commands that wait on one connection; more fail at once.
    package var commandsMax = 1024
    /// Bytes that wait to be sent on one connection; over it commands fail at once.
    package var outputBytesMax = 64 << 20
    /// For CLIENT SETNAME; nil: not sent. A server that refuses it is used all the same.
    package var clientName: String? = "martlet"
    /// PEM file of the authorities that are trusted; nil: the system's.
    package var caFile: String?
    /// PEM files of a client certificate, with its chain, and of its key.
    package var certificate: (chain: String, key: String)?
    /// User and password at the sentinels, which have their own.
    package var sentinelUser: String?
    /// See `sentinelUser`. Never shown.
    package var sentinelPassword: String?
    /// Failures in a row that open the breaker; a command that timed out opens it alone.
    package var failuresMax = 3
    /// The first wait for a probe while the breaker is open; it doubles up to `backoffMax`.
    package var backoffMin: UInt64 = 100
    /// See `backoffMin`: after a restart, hits resume within this and `connectTimeout`.
    package var backoffMax: UInt64 = 1000
    /// Answers of a cluster that send a command on to another node, before it fails.
    package var redirectsMax = 5

    /// Defaults for `url`.
    package init(url: RedisURL) {
        self.url = url
    }
}

extension RedisSettings: CustomStringConvertible, CustomReflectable {
    package var description: String { "Redis at \(url)" }
    /// Without children, as two of them are passwords.
    package var customMirror: Mirror { Mirror(self, children: ["url": url.description]) }
}
