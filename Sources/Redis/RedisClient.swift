import Bytes
import Crypto
import Networking

/// Hears when a server becomes unavailable and when it is available again: once each.
package protocol RedisObserver: AnyObject {
    /// On the loop. `error` says why it is not available; nil: it is again, or is no part of the
    /// cluster any more.
    func redisChanged(_ server: ListenAddress, error: RedisError?)
}

/// A worker's client of Redis: one connection to each server it needs, pipelined. Confined to its
/// loop.
///
/// Nothing is connected before the first command, and no command takes longer than its budget: a
/// server that is down or slow is left alone after the first ones, until a connection that is
/// tried in the background stands.
package final class RedisClient {
    /// What it was made with.
    package let settings: RedisSettings
    let loop: EventLoop
    private let tls: TLSContext?
    private weak var observer: (any RedisObserver)?
    private var isClosed = false
    /// The server, or the master that the sentinels name; nil for a cluster.
    private var single: RedisNode?
    private var sentinels: SentinelDirectory?
    private var cluster: RedisCluster?

    /// Throws where the certificates' files are not good. The observer is not held.
    package init(
        loop: EventLoop, settings: RedisSettings, observer: (any RedisObserver)? = nil
    ) throws(RedisError) {
        self.loop = loop
        self.settings = settings
        self.observer = observer
        do throws(TLSError) {
            tls =
                settings.url.isTLS
                ? try TLSContext(caFile: settings.caFile, certificate: settings.certificate) : nil
        } catch {
            // Nothing is open yet.
            isClosed = true
            throw RedisError(error)
        }
        switch settings.url.target {
        case .server(let address): single = makeNode(address)
        case .sentinels(let addresses, let service):
            sentinels = SentinelDirectory(
                loop: loop, settings: settings, sentinels: addresses, service: service)
            single = makeNode(addresses[0])
        case .cluster(let addresses): cluster = makeCluster(addresses)
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
        guard !isClosed else { throw RedisError(.down, reason: "the client was closed") }
        if let single {
            let reply = try await single.call(request)
            guard let error = reply.error else { return reply }
            guard let redirection = Redirection(reply, from: single), sentinels == nil else {
                throw error
            }
            becomeCluster(single)
            return try await send(request, following: redirection)
        }
        return try await send(request, following: nil)
    }

    /// Begins to connect, in the background, so that the first command need not.
    package func prepare() {
        guard !isClosed else { return }
        single?.prepare()
        cluster?.learn()
    }

    /// The server that answers commands about `key`, as far as known.
    package func server(of key: Span<UInt8>) -> ListenAddress? {
        if let single { return single.server }
        return (cluster?.node(of: HashSlot.of(key)) ?? cluster?.anyNode())?.server
    }

    /// A command would be tried: the breaker is closed, in a cluster that of some node.
    package var isAvailable: Bool {
        if let single { return single.isAvailable }
        let known = cluster?.known ?? []
        return known.isEmpty || known.contains(where: \.isAvailable)
    }

    /// Ends all connections; commands that wait fail. To be called once the client is no longer
    /// needed; may be called twice.
    package func close() {
        isClosed = true
        single?.stop()
        cluster?.stop()
    }

    // MARK: Clusters

    /// What answered MOVED is a node of a cluster, whatever its URL says.
    private func becomeCluster(_ node: RedisNode) {
        guard cluster == nil else { return }
        let cluster = makeCluster([node.name])
        cluster.adopt(node)
        self.cluster = cluster
        single = nil
    }

    /// Follows what nodes say about the command's slot, within its budget.
    private func send(
        _ request: RedisRequest, following first: Redirection?
    ) async throws(RedisError) -> RedisReply {
        guard let cluster else { throw RedisError(.down, reason: "no server is known") }
        var tried: [RedisNode] = []
        let slot = request.command.slot
        var isAsking = false
        var next = first.map { follow($0, &isAsking) } ?? cluster.node(of: slot)
        let isKnown = next != nil
        for _ in 0...settings.redirectsMax {
            guard let node = next ?? cluster.anyNode(except: tried) else { break }
            tried.append(node)
            let reply: RedisReply
            do throws(RedisError) {
                reply = try await node.call(request, isAsking: isAsking)
            } catch {
                cluster.learn()
                // Of several that might know, another one may answer.
                guard !isKnown, error.kind == .down || error.kind == .open else { throw error }
                next = nil
                continue
            }
            guard let error = reply.error else { return reply }
            guard let redirection = Redirection(reply, from: node) else { throw error }
            next = follow(redirection, &isAsking)
        }
        throw RedisError(.moved, reason: "the slot's node could not be found")
    }

    private func follow(_ redirection: Redirection, _ isAsking: inout Bool) -> RedisNode? {
        isAsking = redirection.isAsk
        return redirection.isAsk
            ? cluster?.node(at: redirection.address)
            : cluster?.moved(redirection.slot, to: redirection.address)
    }

    private func makeCluster(_ seeds: [ListenAddress]) -> RedisCluster {
        RedisCluster(
            loop: loop, settings: settings, seeds: seeds,
            make: { [unowned self] in makeNode($0) },
            removed: { [unowned self] node in
                let wasAvailable = node.isAvailable
                node.stop()
                if !wasAvailable { nodeChanged(node, error: nil) }
            })
    }

    private func makeNode(_ name: ListenAddress) -> RedisNode {
        let url = settings.url
        var greeting = RedisGreeting(user: url.user, password: url.password)
        greeting.database = url.database
        greeting.clientName = settings.clientName
        greeting.expectsMaster = sentinels != nil
        return RedisNode(
            loop: loop, settings: settings, name: name, greeting: greeting, owner: self)
    }

    // MARK: Servers, one by one

    /// Every server that has keys of its own: one, or the masters of a cluster.
    package func shards() async throws(RedisError) -> [RedisShard] {
        if let single { return [RedisShard(node: single)] }
        guard let cluster, !isClosed else { return [] }
        try await cluster.fetch()
        return cluster.masters.map { RedisShard(node: $0) }
    }
}

/// One server of those a client knows. To be used soon: a cluster changes.
package struct RedisShard {
    let node: RedisNode

    /// Where it is, as far as known.
    package var server: ListenAddress { node.server }
}

extension RedisCommand {
    /// The slot of its key; of those without, any.
    var slot: Int { key.map { HashSlot.of(bytes.extracting($0)) } ?? 0 }
}

extension RedisClient: RedisNodeOwner {
    func locate(_ node: RedisNode) async throws(RedisError) -> ListenAddress {
        guard let sentinels else { return node.name }
        return try await sentinels.master { [self] address throws(RedisError) in
            try makeTLS(for: address)
        }
    }

    func makeTLS(for address: ListenAddress) throws(RedisError) -> RedisTLS? {
        guard let tls else { return nil }
        return try RedisTLS(tls, server: address)
    }

    func nodeChanged(_ node: RedisNode, error: RedisError?) {
        guard !isClosed else { return }
        observer?.redisChanged(node.server, error: error)
    }
}
