import Bytes
import GatewayTesting
import Networking
import Redis
import Testing

@Suite(.timeLimit(.minutes(5)), .ownThread) struct RedisClientTests {
    @Test func `what is set is got, byte by byte`() async throws {
        let server = try RedisServer()
        try await withClient(server.url) { client, changes, loop in
            try await client.expect("k", nil)
            try await client.set("k", "v")
            try await client.expect("k", "v")
            let all = [UInt8](0...255) + Array("\r\n$5\r\n*".utf8)
            _ = try await client.send(
                RedisCommand(setting: all.span, to: all.span, milliseconds: 60_000))
            var value = try await client.send(RedisCommand("GET", all.span)).takeBytes()
            let isSame = value.bytes.equals(all.span)
            #expect(isSame)
            value.removeAll()
            _ = try await client.send(RedisCommand("SET", "empty".utf8.span, "".utf8.span))
            try await client.expect("empty", "")
            try await client.expect("", nil)
            let left = try await client.send(RedisCommand("PTTL", "k".utf8.span))
            #expect(left.kind == .integer && (1...600_000).contains(left.number))
            #expect(changes.list.isEmpty && client.isAvailable)
        }
    }

    @Test func `a value of a megabyte goes both ways`() async throws {
        let server = try RedisServer()
        let value = String(decoding: FaultyUpstream.pattern(1_000_000), as: UTF8.self)
        try await withClient(server.url) { client, _, _ in
            for round in 0..<5 {
                try await client.set("k\(round)", value)
                let isSame = try await client.get("k\(round)") == value
                #expect(isSame)
            }
        }
    }

    @Test func `commands of many tasks go together and each gets its own answer`() async throws {
        let server = try RedisServer()
        try await withClient(server.url) { client, _, loop in
            var wrong = 0
            var done = 0
            for number in 0..<1000 {
                loop.spawn {
                    do {
                        try await client.set("k\(number)", "v\(number)")
                        if try await client.get("k\(number)") != "v\(number)" { wrong += 1 }
                    } catch {
                        wrong += 1
                    }
                    done += 1
                }
            }
            try await loop.wait(for: "all answers") { done == 1000 }
            #expect(wrong == 0)
        }
        #expect(try server.cli("info", "stats").contains("total_connections_received:2"))
    }

    @Test func `a socket in the file system, a database and a name`() async throws {
        let server = try RedisServer()
        try await withClient("unix://\(server.socketPath)?db=3") { client, _, _ in
            try await client.set("k", "three")
            #expect(client.server(of: "k".utf8.span) == .unix(path: server.socketPath))
            let list = try await client.send(RedisCommand("CLIENT", texts: ["LIST"]))
            #expect(String(decoding: list.bytes).contains("name=martlet"))
        }
        #expect(try server.cli("-n", "3", "get", "k") == "three")
        try await withClient(server.url + "/3") { client, _, _ in
            try await client.expect("k", "three")
        }
        try await withClient("redis://localhost:\(server.port)/3") { client, _, _ in
            try await client.expect("k", "three")
        }
    }

    @Test func `a password, a user and a password, and wrong ones`() async throws {
        let server = try RedisServer([
            "--requirepass", "open:sesame", "--user", "ann", "on", ">pw", "~*", "+@all",
        ])
        try await withClient("redis://:open%3Asesame@127.0.0.1:\(server.port)") { client, _, _ in
            try await client.set("k", "v")
        }
        try await withClient("redis://ann:pw@127.0.0.1:\(server.port)") { client, _, _ in
            try await client.expect("k", "v")
        }
        for credentials in ["", ":wrong@", "ann:wrong@", "bob:pw@"] {
            let url = "redis://\(credentials)127.0.0.1:\(server.port)"
            try await withClient(url) { client, changes, _ in
                #expect(await client.failure() == .auth)
                #expect(await client.failure() == .open)
                #expect(changes.list == [.auth] && !client.isAvailable)
            }
        }
    }

    @Test func `an error of the server has its kind and its code, and goes on`() async throws {
        let server = try RedisServer()
        try server.cli("rpush", "list", "a")
        try await withClient(server.url) { client, changes, _ in
            let wrong = await #expect(throws: RedisError.self) { try await client.get("list") }
            #expect(wrong?.kind == .wrongType && wrong?.code == "WRONGTYPE")
            let unknown = await #expect(throws: RedisError.self) {
                _ = try await client.send(RedisCommand("NOSUCH"))
            }
            #expect(unknown?.kind == .other && unknown?.code == "ERR")
            #expect(unknown.map { !"\($0)".contains("NOSUCH") } ?? false)
            for _ in 0..<20 { _ = await client.failure("list") }
            try await client.expect("k", nil)
            #expect(changes.list.isEmpty)
        }
    }

    @Test func `nothing is connected before the first command`() async throws {
        let server = try RedisServer()
        try await withClient(server.url) { client, _, loop in
            await loop.sleep(milliseconds: 20)
            let info = try server.cli("info", "clients")
            #expect(info.contains("connected_clients:1"))
            #expect(client.isAvailable)
            client.prepare()
            client.prepare()
            let end = Clock.monotonic + 30_000_000_000
            while try !server.cli("info", "clients").contains("connected_clients:2") {
                guard Clock.monotonic < end else { throw TimedOut("the connection") }
                await loop.sleep(milliseconds: 5)
            }
        }
    }
}
