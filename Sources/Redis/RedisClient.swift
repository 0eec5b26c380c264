import Bytes
import Networking

/// Hears when a server becomes unavailable and when it is available again: once each.
package protocol RedisObserver: AnyObject {
    /// On the loop. `error` says why it is not available; nil: it is again.
    func redisChanged(_ server: ListenAddress, error: RedisError?)
}

/// A worker's client of Redis: one connection to each server it needs, pipelined. Confined to its
/// loop.
package final class RedisClient {
    package let settings: RedisSettings
    private let loop: EventLoop

    /// Nothing is connected before the first command. Throws where the certificates' files are
    /// not good.
    package init(
        loop: EventLoop, settings: RedisSettings, observer: (any RedisObserver)? = nil
    ) throws(RedisError) {
        self.loop = loop
        self.settings = settings
    }

    /// Sends `command` and waits for its answer, for `budget` milliseconds (nil: the settings')
    /// in all. An error reply is thrown.
    package func send(
        _ command: consuming RedisCommand, budget: UInt64? = nil
    ) async throws(RedisError) -> RedisReply {
        throw RedisError(.down, reason: "no connection could be made")
    }

    /// The server that answers commands about `key`, as far as known.
    package func server(of key: Span<UInt8>) -> ListenAddress? { nil }

    /// The breaker is closed: a command would be tried.
    package var isAvailable: Bool { false }

    /// Ends all connections; commands that wait fail. May be called twice.
    package func close() {}
}
