import Bytes
import Foundation
import GatewayTesting
import Networking
import Redis
import Testing

@Suite(.timeLimit(.minutes(5)), .ownThread) struct FaultTests {
    @Test func `down at the start, then there: failures at once, then answers`() async throws {
        let server = try RedisServer()
        server.stop()
        try await withClient(server.url) { client, changes, loop in
            for _ in 0..<3 { #expect(await client.failure() == .down) }
            #expect(await client.failure() == .open)
            #expect(changes.list == [.down] && !client.isAvailable)
            try server.restart()
            try await client.waitUntilAnswered(loop)
            #expect(changes.list == [.down, nil] && client.isAvailable)
        }
    }

    @Test func `killed under load and restarted: answers resume, right ones`() async throws {
        let server = try RedisServer()
        try await withClient(server.url) { client, changes, loop in
            try await client.set("k", "one")
            server.stop()
            var failures: Set<RedisError.Kind> = []
            for _ in 0..<50 {
                if let kind = await client.failure() { failures.insert(kind) }
                await loop.sleep(milliseconds: 1)
            }
            #expect(failures.contains(.open) && failures.isSubset(of: [.open, .down]))
            try server.restart()
            try await client.waitUntilAnswered(loop)
            try await client.expect("k", nil)
            #expect(changes.list == [.down, nil])
        }
    }

    @Test func `a stopped server costs one budget, then nothing, until it goes on`() async throws {
        let server = try RedisServer()
        let change: @Sendable (inout RedisSettings) -> Void = { $0.connectTimeout = 3000 }
        try await withClient(server.url, change) { client, changes, loop in
            try await client.set("k", "v")
            server.pause()
            let start = Clock.monotonic
            #expect(await client.failure(budget: 50) == .timeout)
            #expect(Clock.monotonic - start >= 49_000_000)
            for _ in 0..<1000 { #expect(await client.failure(budget: 50) == .open) }
            #expect(changes.list == [.timeout])
            server.resume()
            try await client.waitUntilAnswered(loop)
            try await client.expect("k", "v")
            #expect(changes.list == [.timeout, nil])
        }
    }

    @Test func `the budget is for connecting too`() async throws {
        let (address, fillers) = try FullListener.make()
        try await withClient("redis://\(address)") { client, changes, _ in
            #expect(await client.failure(budget: 30) == .timeout)
            #expect(await client.failure(budget: 30) == .open)
            #expect(changes.list == [.timeout])
        }
        _ = fillers
    }

    @Test func `a command that comes while the connection is made does not make it end`()
        async throws
    {
        let gate = Journal<Bool>()
        let peer = try FaultyRedis { command in
            if command[0] == "PING" { _ = gate.wait(for: 1) }
            return command[0] == "GET" ? .send("$1\r\nv\r\n") : .nothing
        }
        try await withClient(peer.url) { client, changes, loop in
            #expect(await client.failure(budget: 20) == .timeout)
            #expect(changes.list == [.timeout])
            gate.append(true)
            try await loop.wait(for: "the connection") { changes.list == [.timeout, nil] }
            try await client.expect("k", "v")
        }
        peer.stopListening()
        #expect(peer.commands.entries.count { $0[0] == "PING" } == 1)
    }

    @Test func `no reply ever reaches another request, with a slow server`() async throws {
        let peer = try FaultyRedis { command in
            guard command[0] == "GET" else { return .nothing }
            let value = "v:" + command[1]
            return .sendLate(
                "$\(value.utf8.count)\r\n\(value)\r\n",
                milliseconds: UInt32.random(in: 0...20) == 0 ? 30 : 0)
        }
        try await interleave(url: peer.url, value: { "v:" + $0 })
        peer.stopListening()
    }

    @Test func `no reply ever reaches another request, with a real server that is stopped`()
        async throws
    {
        let server = try RedisServer()
        try await withClient(server.url) { client, _, _ in
            for number in 0..<100 { try await client.set("k\(number)", "v:k\(number)") }
        }
        let isOver = Journal<Bool>()
        Thread.detachNewThread {
            while isOver.entries.isEmpty {
                server.pause()
                usleep(30_000)
                server.resume()
                usleep(30_000)
            }
            isOver.append(true)
        }
        try await interleave(url: server.url, value: { "v:" + $0 })
        isOver.append(true)
        _ = isOver.wait(for: 2)
    }

    /// At least 1,000 requests of 20 tasks with short budgets, until some were answered and some
    /// were not.
    private func interleave(
        url: String, value: @escaping @Sendable (String) -> String
    ) async throws {
        let change: @Sendable (inout RedisSettings) -> Void = {
            $0.backoffMin = 1
            $0.backoffMax = 5
        }
        try await withClient(url, change) { client, _, loop in
            var answered = 0
            var timedOut = 0
            var sent = 0
            var wrong: [String] = []
            var running = 20
            for task in 0..<20 {
                loop.spawn {
                    var round = 0
                    while sent < 1000 || answered < 100 || timedOut < 10 {
                        let key = "k\((task * 7 + round) % 100)"
                        round += 1
                        do {
                            sent += 1
                            let found = try await client.get(key, budget: .random(in: 2...25))
                            answered += 1
                            if found != value(key) { wrong.append("\(key): \(found ?? "nil")") }
                        } catch let error as RedisError {
                            if error.kind == .timeout { timedOut += 1 }
                            // What is refused at once is no request.
                            if error.kind == .open || error.kind == .down {
                                sent -= 1
                                await loop.sleep(milliseconds: 1)
                            }
                        } catch {
                            wrong.append("\(error)")
                        }
                        if wrong.count > 10 { break }
                    }
                    running -= 1
                }
            }
            try await loop.wait(for: "the requests", within: 120_000) { running == 0 }
            #expect(wrong.isEmpty)
            #expect(answered >= 100 && timedOut >= 10)
        }
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let answer: FaultyRedis.Answer
        let kind: RedisError.Kind

        init(_ name: String, _ kind: RedisError.Kind, _ answer: FaultyRedis.Answer) {
            testDescription = name
            self.answer = answer
            self.kind = kind
        }

        /// An answer that is one line.
        init(_ text: String, _ kind: RedisError.Kind) {
            self.init(text, kind, .send(text + "\r\n"))
        }
    }

    @Test(arguments: [
        Bad("the beginning of a value", .timeout, .send("$1000\r\nabc")),
        Bad("the beginning of a value, then the end", .down, .sendAndClose("$10\r\nabc")),
        Bad("the end", .down, .sendAndClose("")), Bad("nothing", .timeout, .nothing),
        Bad(
            "a value over the limit", .tooLarge,
            .send("$9999\r\n" + String(repeating: "x", count: 9999))),
        Bad("HTTP/1.1 400 Bad Request", .malformed), Bad("%2", .malformed),
        Bad("*999999999", .tooLarge), Bad("-LOADING Redis is loading", .loading),
        Bad("-NOAUTH Authentication required.", .auth),
        Bad("-MASTERDOWN Link with MASTER is down", .down),
        Bad("-CLUSTERDOWN Hash slot not served", .moved),
        Bad("-TRYAGAIN Multiple keys request", .moved), Bad("-MOVED 99999 x", .moved),
        Bad("-", .other),
    ])
    func `a bad answer is an error of its kind`(_ bad: Bad) async throws {
        let kind = bad.kind
        let peer = try FaultyRedis { command in
            switch command {
            case ["GET", "bad"]: bad.answer
            case ["GET", "good"]: .sendInPieces("$1\r\nv\r\n")
            default: .nothing
            }
        }
        let change: @Sendable (inout RedisSettings) -> Void = {
            $0.replyBytesMax = 5000
            $0.backoffMin = 1
        }
        try await withClient(peer.url, change) { client, _, loop in
            try await client.expect("good", "v")
            let budget: UInt64? = kind == .timeout ? 50 : nil
            #expect(await client.failure("bad", budget: budget) == kind)
            try await client.waitUntilAnswered(loop, "good")
        }
        peer.stopListening()
    }

    @Test func `an answer that nobody asked for ends the connection`() async throws {
        let peer = try FaultyRedis { command in
            command[0] == "GET" ? .send("$1\r\na\r\n$1\r\nb\r\n") : .nothing
        }
        try await withClient(peer.url) { client, _, loop in
            // Both come at once, in one piece.
            for _ in 0..<2 {
                try await client.expect("k", "a")
            }
        }
        peer.stopListening()
        #expect(peer.commands.entries.count { $0[0] == "PING" } == 2)
    }

    @Test func `a server that is loading is left alone until it has loaded`() async throws {
        let isLoaded = Journal<Bool>()
        let peer = try FaultyRedis { command in
            if isLoaded.entries.isEmpty { return .send("-LOADING in memory\r\n") }
            return command[0] == "GET" ? .send("$1\r\nv\r\n") : .nothing
        }
        try await withClient(peer.url) { client, changes, loop in
            #expect(await client.failure() == .loading)
            #expect(await client.failure() == .open)
            await loop.sleep(milliseconds: 300)
            #expect(changes.list == [.loading])
            isLoaded.append(true)
            try await client.waitUntilAnswered(loop)
            #expect(changes.list == [.loading, nil])
        }
        peer.stopListening()
    }

    @Test func `a replica reads and does not write, until it is a master`() async throws {
        let master = try RedisServer()
        let replica = try RedisServer(["--replicaof", "127.0.0.1", "\(master.port)"])
        // While it loads what the master has, it answers nothing.
        let end = Date(timeIntervalSinceNow: 60)
        while try !replica.cli("info", "replication").contains("master_link_status:up") {
            guard Date() < end else { throw TimedOut("the replica") }
            usleep(5000)
        }
        try await withClient(replica.url) { client, changes, loop in
            try await client.expect("k", nil)
            for _ in 0..<5 {
                let error = await #expect(throws: RedisError.self) {
                    try await client.set("k", "v")
                }
                #expect(error?.kind == .readOnly)
                try await client.expect("k", nil)
            }
            #expect(changes.list.filter { $0 == .readOnly }.isEmpty)
            try replica.cli("replicaof", "no", "one")
            try await client.set("k", "v")
            try await client.expect("k", "v")
        }
    }

    @Test func `a full server is read from all the same`() async throws {
        let server = try RedisServer()
        try server.cli("set", "k", "v")
        try server.cli("config", "set", "maxmemory-policy", "noeviction")
        try server.cli("config", "set", "maxmemory", "1mb")
        try await withClient(server.url) { client, changes, _ in
            let value = String(repeating: "x", count: 600_000)
            for _ in 0..<10 {
                let error = await #expect(throws: RedisError.self) {
                    for number in 0..<3 { try await client.set("k\(number)", value) }
                }
                #expect(error?.kind == .outOfMemory && error?.code == "OOM")
                try await client.expect("k", "v")
            }
            #expect(changes.list.isEmpty)
        }
    }

    @Test func `too many commands fail at once, and the others are answered`() async throws {
        let server = try RedisServer()
        let change: @Sendable (inout RedisSettings) -> Void = { $0.commandsMax = 10 }
        try await withClient(server.url, change) { client, changes, loop in
            var kinds: [RedisError.Kind?] = []
            for _ in 0..<30 { loop.spawn { kinds.append(await client.failure()) } }
            try await loop.wait(for: "all of them") { kinds.count == 30 }
            #expect(kinds.count { $0 == .overloaded } == 20)
            #expect(kinds.count { $0 == nil } == 10 && changes.list.isEmpty)
        }
    }

    @Test func `closing fails whoever waits, and what comes after`() async throws {
        let server = try RedisServer()
        try await withClient(server.url) { client, changes, loop in
            try await client.set("k", "v")
            server.pause()
            var kind: RedisError.Kind??
            loop.spawn { kind = .some(await client.failure()) }
            await loop.sleep(milliseconds: 5)
            client.close()
            client.close()
            try await loop.wait(for: "the waiter") { kind != nil }
            #expect(kind == .down)
            #expect(await client.failure() == .down)
            #expect(changes.list.isEmpty)
        }
        server.resume()
    }
}
