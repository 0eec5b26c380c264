import Bytes
import Networking

/// The nodes of a cluster and which slots they have, as far as learnt. Confined to its loop.
///
/// Nothing is learnt ahead: a node that does not have a slot says which does (MOVED), and then,
/// or when a node fails, another one is asked for the whole map in the background.
final class RedisCluster {
    /// The map is not asked for more often, in milliseconds.
    private static let learningInterval: UInt64 = 500
    /// A cluster has at most a thousand nodes (Redis cluster specification).
    private static let nodesMax = 1024

    private let loop: EventLoop
    private let settings: RedisSettings
    private let seeds: [ListenAddress]
    private let make: (ListenAddress) -> RedisNode
    private let removed: (RedisNode) -> Void
    private var nodes: [ListenAddress: RedisNode] = [:]
    private var slots: ContiguousArray<RedisNode?> = []
    private var isLearning = false
    private var learntAt: UInt64 = 0

    /// `make` makes a node; `removed` is told of one that is not needed any more.
    init(
        loop: EventLoop, settings: RedisSettings, seeds: [ListenAddress],
        make: @escaping (ListenAddress) -> RedisNode, removed: @escaping (RedisNode) -> Void
    ) {
        self.loop = loop
        self.settings = settings
        self.seeds = seeds
        self.make = make
        self.removed = removed
        slots = ContiguousArray(repeating: nil, count: HashSlot.count)
    }

    /// A node that is there already.
    func adopt(_ node: RedisNode) {
        nodes[node.name] = node
    }

    /// Every node that is known.
    var known: [RedisNode] { Array(nodes.values) }

    /// The nodes that have slots.
    var masters: [RedisNode] {
        var seen: Set<ObjectIdentifier> = []
        return slots.compactMap { $0 }.filter { seen.insert(ObjectIdentifier($0)).inserted }
    }

    /// The node of `slot`; nil while it is unknown.
    func node(of slot: Int) -> RedisNode? { slots[slot] }

    /// A node to ask about a slot that is unknown, but none of `tried`: one that is connected
    /// before others, one that is available before others.
    func anyNode(except tried: [RedisNode] = []) -> RedisNode? {
        func isNew(_ node: RedisNode) -> Bool { !tried.contains { $0 === node } }
        let candidates = nodes.values.filter(isNew)
        if let ready = candidates.first(where: { $0.connection?.isReady ?? false }) { return ready }
        for seed in seeds {
            guard let node = node(at: seed), isNew(node), node.isAvailable else { continue }
            return node
        }
        return candidates.first(where: \.isAvailable) ?? candidates.first
    }

    /// The node at `address`, made where it is new; nil where there are too many.
    func node(at address: ListenAddress) -> RedisNode? {
        if let node = nodes[address] { return node }
        guard nodes.count < Self.nodesMax else { return nil }
        let node = make(address)
        nodes[address] = node
        return node
    }

    /// A node said that `slot` is at `address`.
    func moved(_ slot: Int, to address: ListenAddress) -> RedisNode? {
        guard let node = node(at: address) else { return nil }
        slots[slot] = node
        learn()
        return node
    }

    /// Ends all connections.
    func stop() {
        for node in nodes.values { node.stop() }
    }

    // MARK: The map

    /// Asks for the map in the background, unless that was done a moment ago.
    func learn() {
        let now = RedisRequest.now
        guard !isLearning, now >= learntAt + Self.learningInterval else { return }
        isLearning = true
        loop.spawn { [self] in
            _ = try? await fetch()
            isLearning = false
        }
    }

    /// Asks one node after the other for the map, until one answers.
    func fetch() async throws(RedisError) {
        var tried: [RedisNode] = []
        var failure = RedisError(.down, reason: "no node of the cluster answers")
        defer { learntAt = RedisRequest.now }
        while tried.count < 8, let node = anyNode(except: tried) {
            tried.append(node)
            do throws(RedisError) {
                let request = RedisRequest(
                    RedisCommand("CLUSTER", texts: ["SLOTS"]),
                    due: RedisRequest.now + settings.connectTimeout)
                let reply = try await node.call(request)
                if let error = reply.error { throw error }
                if apply(reply, from: node) { return }
                failure = RedisError(.moved, reason: "the cluster has no slots")
            } catch {
                failure = error
            }
        }
        throw failure
    }

    /// CLUSTER SLOTS answers `[first, last, [host, port, ...], replica...]` for each range.
    private func apply(_ reply: borrowing RedisReply, from asked: RedisNode) -> Bool {
        var map = ContiguousArray<RedisNode?>(repeating: nil, count: HashSlot.count)
        var used: Set<ListenAddress> = []
        var ranges = reply.elements
        while let range = ranges.next(in: reply) {
            var parts = reply.elements(of: range)
            guard let first = parts.next(in: reply), let last = parts.next(in: reply),
                let master = parts.next(in: reply)
            else { return false }
            var names = reply.elements(of: master)
            guard let host = names.next(in: reply), let port = names.next(in: reply),
                let number = UInt16(exactly: reply.number(of: port))
            else { return false }
            let slots = (first: reply.number(of: first), last: reply.number(of: last))
            guard slots.first >= 0, slots.first <= slots.last, slots.last < HashSlot.count else {
                return false
            }
            let address = Self.address(reply.text(of: host), number, of: asked)
            guard let node = node(at: address) else { return false }
            used.insert(address)
            for slot in slots.first...slots.last { map[slot] = node }
        }
        guard !used.isEmpty else { return false }
        slots = map
        for (address, node) in nodes where !used.contains(address) && node !== asked {
            nodes[address] = nil
            removed(node)
        }
        return true
    }

    /// A node that does not know its own name says none: then it is the one that was asked.
    static func address(_ host: String, _ port: UInt16, of asked: RedisNode) -> ListenAddress {
        guard host.isEmpty || host == "?", case .tcp(let known, _) = asked.server else {
            return .tcp(host: host, port: port)
        }
        return .tcp(host: known, port: port)
    }
}

/// What a node of a cluster answers about a slot that it does not have.
struct Redirection {
    let slot: Int
    let address: ListenAddress
    /// Only this once, behind ASKING, as the slot is on its way.
    let isAsk: Bool

    /// From `MOVED 3999 127.0.0.1:6381` or `ASK ...`; nil for any other answer.
    init?(_ reply: borrowing RedisReply, from asked: RedisNode) {
        guard reply.kind == .error else { return nil }
        let words = String(decoding: reply.bytes).split(separator: " ")
        guard words.count >= 3, words[0] == "MOVED" || words[0] == "ASK",
            let slot = Int(words[1]), (0..<HashSlot.count).contains(slot),
            let colon = words[2].lastIndex(of: ":"),
            let port = UInt16(words[2][words[2].index(after: colon)...])
        else { return nil }
        self.slot = slot
        isAsk = words[0] == "ASK"
        address = RedisCluster.address(String(words[2][..<colon]), port, of: asked)
    }
}
