import Foundation
import GatewayTesting
import Networking
import Redis
import Testing

/// Certificates of a CA that is made for the test, by the `openssl` command.
@Suite(.timeLimit(.minutes(5)), .ownThread) struct TLSTests {
    @Test func `a server whose certificate the CA has signed is worked with`() async throws {
        let files = try Certificates(names: "DNS:localhost,IP:127.0.0.1")
        let server = try RedisServer(certificates: files.server + ["--tls-auth-clients", "no"])
        let value = String(decoding: FaultyUpstream.pattern(1_000_000), as: UTF8.self)
        for host in ["localhost", "127.0.0.1"] {
            let url = "rediss://\(host):\(server.port)/1"
            let change: @Sendable (inout RedisSettings) -> Void = {
                $0.caFile = files.path("ca.pem")
            }
            try await withClient(url, change) { client, _, loop in
                try await client.set("k", value)
                let isSame = try await client.get("k") == value
                #expect(isSame)
                var done = 0
                for number in 0..<200 {
                    loop.spawn {
                        try? await client.set("k\(number)", "v\(number)")
                        if (try? await client.get("k\(number)")) == "v\(number)" { done += 1 }
                    }
                }
                try await loop.wait(for: "all answers") { done == 200 }
            }
        }
    }

    @Test func `a server stopped under TLS is given up and found again`() async throws {
        let files = try Certificates(names: "DNS:localhost")
        let server = try RedisServer(certificates: files.server + ["--tls-auth-clients", "no"])
        let change: @Sendable (inout RedisSettings) -> Void = { $0.caFile = files.path("ca.pem") }
        try await withClient("rediss://localhost:\(server.port)", change) {
            client, changes, loop in
            try await client.expect("k", nil)
            server.stop()
            while await client.failure() != .open {}
            try server.restart()
            try await client.waitUntilAnswered(loop)
            #expect(changes.list == [.down, nil])
        }
    }

    @Test func `another name, an unknown CA and a server without TLS are refused`() async throws {
        let files = try Certificates(names: "DNS:other.example,IP:127.0.0.2")
        let server = try RedisServer(certificates: files.server + ["--tls-auth-clients", "no"])
        for (host, caFile) in [
            ("localhost", files.path("ca.pem")), ("127.0.0.1", files.path("ca.pem")),
            ("localhost", nil),
        ] {
            let url = "rediss://\(host):\(server.port)"
            let change: @Sendable (inout RedisSettings) -> Void = { $0.caFile = caFile }
            try await withClient(url, change) { client, changes, _ in
                #expect(await client.failure() == .tls)
                #expect(await client.failure() == .open)
                #expect(changes.list == [.tls])
            }
        }
        let plain = try FaultyUpstream([.send("-ERR what is that?\r\n"), .readToEnd])
        try await withClient("rediss://\(plain.address)") { client, _, _ in
            #expect(await client.failure() == .tls)
        }
        plain.stopListening()
    }

    @Test func `a server that wants a certificate of ours gets it`() async throws {
        let files = try Certificates(names: "DNS:localhost")
        let server = try RedisServer(certificates: files.server)
        let url = "rediss://localhost:\(server.port)"
        let chain = files.path("cert.pem")
        let key = files.path("key.pem")
        let caFile = files.path("ca.pem")
        let both: @Sendable (inout RedisSettings) -> Void = {
            $0.caFile = caFile
            $0.certificate = (chain, key)
        }
        try await withClient(url, both) { client, _, _ in try await client.set("k", "v") }
        let change: @Sendable (inout RedisSettings) -> Void = { $0.caFile = caFile }
        try await withClient(url, change) { client, _, _ in
            let kind = await client.failure()
            #expect(kind == .down || kind == .tls)
        }
    }

    @Test func `files that are none are told when the client is made`() async throws {
        let files = try Certificates(names: "DNS:localhost")
        let changes: [@Sendable (inout RedisSettings) -> Void] = [
            { $0.caFile = "/no/such/file" }, { $0.caFile = files.path("key.pem") },
            { $0.certificate = ("/no/such/file", files.path("key.pem")) },
            { $0.certificate = (files.path("cert.pem"), files.path("ca.key")) },
        ]
        for change in changes {
            let error = await #expect(throws: RedisError.self) {
                try await withClient("rediss://localhost", change) { _, _, _ in }
            }
            #expect(error?.kind == .tls)
        }
    }
}

/// A CA and a certificate of it, in files.
private final class Certificates: Sendable {
    private let directory: URL

    init(names: String) throws {
        directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("redis-tls-\(UInt64.random(in: 0...UInt64.max))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        try Self.openssl(
            ["req", "-x509", "-days", "2", "-subj", "/CN=Test CA", "-keyout", path("ca.key")]
                + ["-out", path("ca.pem")] + key)
        try Self.openssl(
            ["req", "-new", "-subj", "/CN=server", "-keyout", path("key.pem")]
                + ["-out", path("request.pem")] + key)
        try "subjectAltName=\(names)".write(
            toFile: path("names"), atomically: true, encoding: .utf8)
        try Self.openssl([
            "x509", "-req", "-days", "2", "-in", path("request.pem"), "-CA", path("ca.pem"),
            "-CAkey", path("ca.key"), "-CAcreateserial", "-extfile", path("names"),
            "-out", path("cert.pem"),
        ])
    }

    deinit {
        try? FileManager.default.removeItem(at: directory)
    }

    func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

    /// redis-server's options.
    var server: [String] {
        [
            "--tls-cert-file", path("cert.pem"), "--tls-key-file", path("key.pem"),
            "--tls-ca-cert-file", path("ca.pem"),
        ]
    }

    private static func openssl(_ arguments: [String]) throws {
        let status = try Tool.run("/usr/bin/openssl", arguments).status
        guard status == 0 else { throw TimedOut("openssl \(arguments[0])") }
    }
}
