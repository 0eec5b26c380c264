import Bytes
import Foundation
import GatewayTesting
import Networking
import Redis
import Testing

@Suite(.timeLimit(.minutes(5)), .ownThread) struct SentinelTests {
    /// A sentinel that decides alone, soon.
    private func sentinel(of master: RedisServer) throws -> RedisServer {
        try RedisServer(
            ["--sentinel"],
            configuration: """
                sentinel monitor the-service 127.0.0.1 \(master.port) 1
                sentinel down-after-milliseconds the-service 300
                sentinel failover-timeout the-service 5000

                """)
    }

    @Test func `the master is found, and the next one after it has died`() async throws {
        let master = try RedisServer()
        let replica = try RedisServer(["--replicaof", "127.0.0.1", "\(master.port)"])
        let sentinel = try sentinel(of: master)
        // One that is not there comes first.
        let dead = try RedisServer.freePort()
        let url =
            "redis-sentinel://127.0.0.1:\(dead),127.0.0.1:\(sentinel.port)/the-service"
        let change: @Sendable (inout RedisSettings) -> Void = { $0.connectTimeout = 5000 }
        try await withClient(url, change) { client, changes, loop in
            try await client.set("k", "v")
            #expect(client.server(of: "k".utf8.span) == master.address)
            try await poll(loop, "the sentinel to know the replica") {
                try sentinel.cli("sentinel", "replicas", "the-service").contains("\(replica.port)")
                    && sentinel.cli("sentinel", "replicas", "the-service")
                        .contains("master-link-status\nok")
            }
            master.stop()
            try await poll(loop, "the next master", seconds: 100) {
                do {
                    try await client.set("k", "w")
                    return true
                } catch {
                    return false
                }
            }
            #expect(client.server(of: "k".utf8.span) == replica.address)
            try await client.expect("k", "w")
            #expect(changes.list.last == .some(nil) && changes.list.count.isMultiple(of: 2))
        }
    }

    @Test func `a service nobody knows, and sentinels that are not there`() async throws {
        let master = try RedisServer()
        let sentinel = try sentinel(of: master)
        try await withClient("redis-sentinel://127.0.0.1:\(sentinel.port)/other") {
            client, _, _ in
            #expect(await client.failure() == .down)
        }
        let port = try RedisServer.freePort()
        try await withClient("redis-sentinel://127.0.0.1:\(port)/the-service") {
            client, changes, _ in
            for _ in 0..<3 { #expect(await client.failure() == .down) }
            #expect(await client.failure() == .open)
            #expect(changes.list == [.down])
        }
    }

    @Test func `a replica that a sentinel takes for the master is not worked with`() async throws {
        let master = try RedisServer()
        let replica = try RedisServer(["--replicaof", "127.0.0.1", "\(master.port)"])
        let liar = try FaultyRedis { command in
            guard command[0] == "SENTINEL" else { return .nothing }
            let port = "\(replica.port)"
            return .send("*2\r\n$9\r\n127.0.0.1\r\n$\(port.count)\r\n\(port)\r\n")
        }
        try await withClient("redis-sentinel://\(liar.address)/the-service") { client, _, _ in
            #expect(await client.failure() == .readOnly)
        }
        liar.stopListening()
    }
}

/// Looks every few milliseconds whether `condition` holds.
private func poll(
    _ loop: EventLoop, _ what: String, seconds: UInt64 = 60,
    _ condition: () async throws -> Bool
) async throws {
    let end = Clock.monotonic + seconds * 1_000_000_000
    while !(try await condition()) {
        guard Clock.monotonic < end else { throw TimedOut(what) }
        await loop.sleep(milliseconds: 20)
    }
}

@Suite(.timeLimit(.minutes(5)), .ownThread) struct ClusterTests {
    /// Three masters without replicas.
    private func makeCluster() throws -> [RedisServer] {
        let nodes = try (0..<3).map { _ in
            try RedisServer([
                "--cluster-enabled", "yes", "--cluster-node-timeout", "30000",
                "--cluster-require-full-coverage", "no",
            ])
        }
        let slots = [(0, 5460), (5461, 10922), (10923, 16383)]
        for (node, range) in zip(nodes, slots) {
            #expect(try node.cli("cluster", "addslotsrange", "\(range.0)", "\(range.1)") == "OK")
            #expect(try nodes[0].cli("cluster", "meet", "127.0.0.1", "\(node.port)") == "OK")
        }
        let end = Date(timeIntervalSinceNow: 60)
        while try !nodes.allSatisfy({
            let info = try $0.cli("cluster", "info")
            return info.contains("cluster_state:ok") && info.contains("cluster_slots_ok:16384")
        }) {
            guard Date() < end else { throw TimedOut("the cluster") }
            usleep(20_000)
        }
        return nodes
    }

    @Test(arguments: [true, false])
    func `each key goes to its node, also where the URL names but one server`(
        isNamed: Bool
    ) async throws {
        let nodes = try makeCluster()
        let dead = try RedisServer.freePort()
        let url =
            isNamed
            ? "redis-cluster://127.0.0.1:\(dead),127.0.0.1:\(nodes[1].port)" : nodes[2].url
        try await withClient(url) { client, _, loop in
            for number in 0..<200 { try await client.set("k\(number)", "v\(number)") }
            for number in 0..<200 { try await client.expect("k\(number)", "v\(number)") }
            let sizes = try nodes.map { Int(try $0.cli("dbsize")) ?? 0 }
            #expect(sizes.reduce(0, +) == 200 && sizes.allSatisfy { $0 > 20 })
            let found = Set((0..<200).compactMap { client.server(of: "k\($0)".utf8.span) })
            #expect(found == Set(nodes.map(\.address)))
            // The keys of one tag are in one slot.
            for number in 0..<5 { try await client.set("{tag}\(number)", "x") }
            let servers = Set((0..<5).map { client.server(of: "{tag}\($0)".utf8.span) })
            #expect(servers.count == 1)
            var removed = 0
            for shard in try await client.shards() {
                var cursor = "0"
                repeat {
                    removed += try await client.removeKeys(
                        matching: "k*", of: shard, cursor: &cursor, budget: 20_000)
                } while cursor != "0"
            }
            #expect(removed == 200)
            try await client.expect("k1", nil)
            try await client.expect("{tag}1", "x")
        }
    }

    @Test func `a slot on its way is asked about where it goes, then found there`() async throws {
        let nodes = try makeCluster()
        let key = "{moving}1"
        let slot = HashSlot.of(key.utf8.span)
        let from = slot <= 5460 ? 0 : slot <= 10922 ? 1 : 2
        let to = (from + 1) % 3
        let ids = try nodes.map { try $0.cli("cluster", "myid") }
        try await withClient("redis-cluster://\(nodes[0].address)") { client, _, _ in
            try await client.set("{moving}stays", "here")
            #expect(
                try nodes[to].cli("cluster", "setslot", "\(slot)", "importing", ids[from]) == "OK")
            #expect(
                try nodes[from].cli("cluster", "setslot", "\(slot)", "migrating", ids[to]) == "OK")
            // It is not there, so the old node says ASK.
            try await client.set(key, "new")
            try await client.expect(key, "new")
            try await client.expect("{moving}stays", "here")
            #expect(client.server(of: key.utf8.span) == nodes[from].address)
            try nodes[from].cli("del", "{moving}stays")
            for node in [to, from, 3 - to - from] {
                #expect(
                    try nodes[node].cli("cluster", "setslot", "\(slot)", "node", ids[to]) == "OK")
            }
            try await client.expect(key, "new")
            #expect(client.server(of: key.utf8.span) == nodes[to].address)
        }
    }

    @Test func `a node that dies takes its own slots only`() async throws {
        let nodes = try makeCluster()
        try await withClient("redis-cluster://\(nodes[0].address)") { client, changes, loop in
            for number in 0..<50 { try await client.set("k\(number)", "v") }
            let lost = (0..<50).filter {
                client.server(of: "k\($0)".utf8.span) == nodes[1].address
            }
            #expect(!lost.isEmpty && lost.count < 50)
            nodes[1].stop()
            for _ in 0..<5 {
                for number in 0..<50 {
                    let kind = await client.failure("k\(number)")
                    if lost.contains(number) {
                        #expect(kind == .down || kind == .open)
                    } else {
                        #expect(kind == nil)
                    }
                }
            }
            #expect(changes.list == [.down] && client.isAvailable)
            try nodes[1].restart()
            try await client.waitUntilAnswered(loop, "k\(lost[0])")
            #expect(changes.list == [.down, nil])
        }
    }
}
