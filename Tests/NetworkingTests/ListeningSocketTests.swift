import Bytes
import Foundation
import GatewayTesting
import Glibc
import Networking
import Testing

@Suite(.timeLimit(.minutes(5)), .ownThread) struct ListeningSocketTests {
    private static func temporaryPath() -> String {
        FileManager.default.temporaryDirectory
            .appendingPathComponent("m-\(UInt32.random(in: 0...UInt32.max)).socket").path
    }

    private static func close(_ descriptors: [Int32]) {
        for descriptor in descriptors { Glibc.close(descriptor) }
    }

    @Test(arguments: ["127.0.0.1", "::1", "localhost"])
    func `workers share a port that the system chose`(host: String) throws {
        let socket = try ListeningSocket(
            binding: .tcp(host: host, port: 0), workers: 3, backlog: 16)
        #expect(socket.descriptors.count == 3)
        guard case .tcp(_, let port) = socket.address else {
            Issue.record("no TCP address")
            return
        }
        #expect(port != 0)
        Self.close(socket.descriptors)
    }

    @Test func `a taken port is refused although it could be shared`() throws {
        let first = try ListeningSocket(
            binding: .tcp(host: "127.0.0.1", port: 0), workers: 2, backlog: 16)
        let error = #expect(throws: SocketError.self) {
            let second = try ListeningSocket(binding: first.address, workers: 1, backlog: 16)
            Self.close(second.descriptors)
        }
        #expect(error?.number == EADDRINUSE)
        #expect(error?.description == "cannot listen on \(first.address): address already in use")
        Self.close(first.descriptors)
        let again = try ListeningSocket(binding: first.address, workers: 1, backlog: 16)
        Self.close(again.descriptors)
    }

    @Test func `an address that cannot be had is an error with its name`() {
        let error = #expect(throws: SocketError.self) {
            _ = try ListeningSocket(
                binding: .tcp(host: "no-such-host.invalid", port: 1), workers: 1, backlog: 1)
        }
        #expect(error?.description.hasPrefix("cannot listen on no-such-host.invalid:1: ") == true)
    }

    @Test func `a socket file nobody listens on is replaced, others are not`() throws {
        let path = Self.temporaryPath()
        defer { unlink(path) }
        let first = try ListeningSocket(binding: .unix(path: path), workers: 2, backlog: 16)
        #expect(first.descriptors.count == 2)
        let taken = #expect(throws: SocketError.self) {
            _ = try ListeningSocket(binding: .unix(path: path), workers: 1, backlog: 16)
        }
        #expect(taken?.number == EADDRINUSE)
        Self.close(first.descriptors)
        let second = try ListeningSocket(binding: .unix(path: path), workers: 1, backlog: 16)
        Self.close(second.descriptors)
        unlink(path)
        try Data("kept".utf8).write(to: URL(fileURLWithPath: path))
        #expect(throws: SocketError.self) {
            _ = try ListeningSocket(binding: .unix(path: path), workers: 1, backlog: 16)
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "kept")
    }

    @Test func `a path that does not fit is refused`() {
        let error = #expect(throws: SocketError.self) {
            _ = try ListeningSocket(
                binding: .unix(path: "/" + String(repeating: "x", count: 200)), workers: 1,
                backlog: 1)
        }
        #expect(error?.reason == "the path is too long")
    }

    @Test func `loopback is told by its text`() {
        #expect(ListenAddress.tcp(host: "127.1.2.3", port: 1).isLoopback)
        #expect(ListenAddress.tcp(host: "::1", port: 1).isLoopback)
        #expect(!ListenAddress.tcp(host: "0.0.0.0", port: 1).isLoopback)
        #expect(!ListenAddress.tcp(host: "127.example.com", port: 1).isLoopback)
    }
}
