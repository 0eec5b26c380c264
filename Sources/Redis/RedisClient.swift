import Bytes
import Networking

/// Hears when a server becomes unavailable and when it is available again: once each.
package protocol RedisObserver: AnyObject {
    /// On the loop. `error` says why it is not available; nil: it is again.
    func redisChanged(_ server: ListenAddress, error: RedisError?)
}

/// A worker's client of Redis: one connection to each server it needs, pipelined. Confined to its
/// loop.
///
/// Nothing is connected before the first command, and no command takes longer than its budget: a
/// server that is down or slow is left alone after the first ones, until a connection that is
/// tried in the background stands.
package final class RedisClient {
    package let settings: RedisSettings
    let loop: EventLoop
    private weak var observer: (any RedisObserver)?
    private(set) var isClosed = false
    /// The server, or the master that the sentinels name; nil for a cluster.
    private var single: RedisNode?

    /// Throws where the certificates' files are not good. The observer is not held.
    package init(
        loop: EventLoop, settings: RedisSettings, observer: (any RedisObserver)? = nil
    ) throws(RedisError) {
        self.loop = loop
        self.settings = settings
        self.observer = observer
        switch settings.url.target {
        case .server(let address): single = makeNode(address)
        case .sentinels(let addresses, _): single = makeNode(addresses[0])
        case .cluster: break
        }
    }

    deinit {
        precondition(isClosed, "leak of an open client of Redis")
    }

    /// Sends `command` and waits for its answer, for `budget` milliseconds (nil: the settings')
    /// in all. An error reply is thrown.
    package func send(
        _ command: consuming RedisCommand, budget: UInt64? = nil
    ) async throws(RedisError) -> RedisReply {
        let due = RedisRequest.now + max(1, budget ?? settings.budget)
        let request = RedisRequest(command, due: due)
        guard let single else { throw RedisError(.down, reason: "no server is known") }
        let reply = try await single.call(request)
        if let error = reply.error { throw error }
        return reply
    }

    /// The server that answers commands about `key`, as far as known.
    package func server(of key: Span<UInt8>) -> ListenAddress? { single?.server }

    /// A command would be tried: the breaker is closed.
    package var isAvailable: Bool { single?.isAvailable ?? false }

    /// Ends all connections; commands that wait fail. To be called once the client is no longer
    /// needed; may be called twice.
    package func close() {
        isClosed = true
        single?.stop()
    }

    private func makeNode(_ name: ListenAddress) -> RedisNode {
        let url = settings.url
        let greeting = RedisGreeting(
            user: url.user, password: url.password, database: url.database,
            clientName: settings.clientName)
        return RedisNode(
            loop: loop, settings: settings, name: name, greeting: greeting, owner: self)
    }
}

extension RedisClient: RedisNodeOwner {
    func locate(_ node: RedisNode) async throws(RedisError) -> ListenAddress { node.name }

    func makeTLS(for address: ListenAddress) throws(RedisError) -> RedisTLS? { nil }

    func nodeChanged(_ node: RedisNode, error: RedisError?) {
        guard !isClosed else { return }
        observer?.redisChanged(node.server, error: error)
    }
}
