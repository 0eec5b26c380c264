import Bytes
import Foundation
import GatewayTesting
import HTTPClient
import Networking
import Testing

/// Back-pressure both ways, and cancellation.
@Suite(.timeLimit(.minutes(5)), .ownThread) struct FlowTests {
    static let bytes = 4 << 20

    static func script(chunked: Bool) -> [FaultyUpstream.Step] {
        chunked
            ? [
                .readRequest, .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
                .send(String(bytes, radix: 16) + "\r\n"), .sendBytes(bytes), .send("\r\n0\r\n\r\n"),
                .readToEnd,
            ]
            : [
                .readRequest, .send("HTTP/1.1 200 OK\r\nContent-Length: \(bytes)\r\n\r\n"),
                .sendBytes(bytes), .readToEnd,
            ]
    }

    @Test(arguments: [true, false])
    func `a slow consumer gets every byte, in order`(chunked: Bool) async throws {
        let server = try FaultyUpstream(Self.script(chunked: chunked))
        try await withClient { client, loop in
            let exchange = Exchange(client, loop: loop)
            var pauses = 0
            var calls = 0
            exchange.takes = { _ in
                calls += 1
                guard calls % 3 == 0 else { return true }
                pauses += 1
                // Resumes from a task, and every other time from within the callback.
                if pauses % 2 == 0 {
                    loop.spawn {
                        await loop.sleep(milliseconds: 1)
                        exchange.transfer.resume()
                    }
                } else {
                    loop.spawn { exchange.transfer.resume() }
                }
                return false
            }
            exchange.start(.get, server.url())
            let outcome = await exchange.finish()
            #expect(outcome.error == nil)
            #expect(pauses > 10)
            // A comparison in the expectation would print the difference, for minutes.
            let isWhole = outcome.body == FaultyUpstream.pattern(Self.bytes)
            #expect(isWhole)
        }
    }

    @Test func `a paused transfer is not idle, holds the server up, and goes on`() async throws {
        let server = try FaultyUpstream(Self.script(chunked: false))
        try await withClient { client, loop in
            let exchange = Exchange(client, loop: loop)
            var isPaused = true
            exchange.takes = { _ in !isPaused }
            exchange.start(.get, server.url(), timeouts: HTTPTimeouts(idle: 2000))
            await loop.sleep(milliseconds: 4000)
            #expect(exchange.outcome.finishes == 0 && exchange.outcome.body.isEmpty)
            isPaused = false
            exchange.transfer.resume()
            exchange.transfer.resume()
            let outcome = await exchange.finish()
            #expect(outcome.error == nil)
            // A comparison in the expectation would print the difference, for minutes.
            let isWhole = outcome.body == FaultyUpstream.pattern(Self.bytes)
            #expect(isWhole)
        }
    }

    @Test func `the total time runs on while paused`() async throws {
        let server = try FaultyUpstream(Self.script(chunked: false))
        try await withClient { client, loop in
            let exchange = Exchange(client, loop: loop)
            exchange.takes = { _ in false }
            exchange.start(.get, server.url(), timeouts: HTTPTimeouts(total: 200))
            #expect(await exchange.finish().error?.kind == .totalTimeout)
        }
        #expect(server.waitForPeersToClose())
    }

    @Test(arguments: ["connected", "head", "body"])
    func `cancelled from within a callback`(moment: String) async throws {
        let server = try FaultyUpstream(Self.script(chunked: true))
        try await withClient { client, loop in
            let exchange = Exchange(client, loop: loop)
            exchange.at = { if $0 == moment { $1.cancel() } }
            exchange.start(.get, server.url())
            let outcome = await exchange.finish()
            #expect(outcome.error?.kind == .cancelled)
            #expect(outcome.finishes == 1)
            #expect(outcome.body.count < Self.bytes)
        }
        #expect(server.waitForPeersToClose())
    }

    @Test(arguments: ["start", "request", "head", "paused"])
    func `cancelled from outside`(moment: String) async throws {
        let server = try FaultyUpstream(
            [.readRequest, .waitForGate]
                + Self.script(chunked: true).dropFirst())
        try await withClient { client, loop in
            let exchange = Exchange(client, loop: loop)
            if moment == "paused" { exchange.takes = { _ in false } }
            exchange.start(.get, server.url())
            switch moment {
            case "start": break
            case "request":
                try await exchange.wait(for: "the request") { server.requests.count == 1 }
            default:
                server.open()
                try await exchange.wait(for: "the head") { exchange.outcome.heads == 1 }
                await loop.sleep(milliseconds: 20)
            }
            exchange.transfer.cancel()
            #expect(exchange.outcome.finishes == (exchange.outcome.error == nil ? 1 : 1))
            exchange.transfer.cancel()
            let outcome = await exchange.finish()
            if moment == "start" || moment == "request" || moment == "paused" {
                #expect(outcome.error?.kind == .cancelled)
            }
            #expect(outcome.finishes == 1)
            server.open()
            // The handle serves the next one.
            let again = try FaultyUpstream([.readRequest, .send(okay), .readToEnd])
            #expect(await client.exchange(loop, .get, again.url()).text == "ok")
        }
        if moment != "start" { #expect(server.waitForPeersToClose()) }
    }

    @Test func `a transfer started when another ends is served`() async throws {
        let server = try FaultyUpstream([.readRequest, .send(okay), .again])
        try await withClient { client, loop in
            let first = Exchange(client, loop: loop)
            let second = Exchange(client, loop: loop)
            first.at = { moment, _ in
                if moment == "finished" { second.start(.get, server.url()) }
            }
            first.start(.get, server.url())
            #expect(await first.finish().text == "ok")
            #expect(await second.finish().text == "ok")
        }
    }

    @Test(arguments: [true, false])
    func `a streamed body is fed as it is taken`(hasLength: Bool) async throws {
        let server = try FaultyUpstream([
            .readHead, .waitForGate, .readToEnd,
        ])
        let pieces = 400
        let piece = [UInt8](repeating: UInt8(ascii: "p"), count: 64 << 10)
        try await withClient { client, loop in
            let exchange = Exchange(client, loop: loop)
            exchange.start(
                .post, server.url(),
                body: .streamed(length: hasLength ? pieces * piece.count : nil))
            var sent = 0
            while sent < pieces, exchange.transfer.unsentBytes <= 256 << 10 {
                exchange.transfer.send(piece.span)
                sent += 1
                await loop.sleep(milliseconds: 1)
            }
            // The server does not read: the rest stays here, to be seen by the one who sends.
            #expect(sent < pieces)
            #expect(exchange.transfer.unsentBytes > 256 << 10)
            exchange.transfer.cancel()
            _ = await exchange.finish()
        }
        server.open()
    }

    @Test func `the time for an answer begins with the end of an upload`() async throws {
        let server = try FaultyUpstream([.readRequest, .send(okay)])
        try await withClient { client, loop in
            let exchange = Exchange(client, loop: loop)
            exchange.start(
                .post, server.url(), body: .streamed(length: 8),
                timeouts: HTTPTimeouts(firstByte: 2000))
            for _ in 0..<8 {
                await loop.sleep(milliseconds: 400)
                exchange.transfer.send("x".utf8.span)
            }
            let outcome = await exchange.finish()
            #expect(outcome.error == nil && outcome.text == "ok")
        }
    }

    @Test(arguments: ["PUT", "PATCH"])
    func `a request whose method stands for a body says that it has none`(
        method: String
    ) async throws {
        let server = try FaultyUpstream([.readRequest, .send(okay)])
        try await withClient { client, loop in
            #expect(await client.exchange(loop, .other(method), server.url()).error == nil)
        }
        #expect(server.requests.first?.contains("\r\nContent-Length: 0\r\n") == true)
    }

    @Test(arguments: [true, false])
    func `a streamed body arrives whole`(hasLength: Bool) async throws {
        let server = try FaultyUpstream([.readRequest, .send(okay), .again])
        try await withClient { client, loop in
            for round in 0..<2 {
                let exchange = Exchange(client, loop: loop)
                exchange.start(
                    .post, server.url(), body: .streamed(length: hasLength ? 40 : nil))
                for index in 0..<10 {
                    try await exchange.wait(for: "wanting") { exchange.wants > 0 }
                    exchange.transfer.send("\(round)\(index)xy".utf8.span)
                    await loop.sleep(milliseconds: index % 2 == 0 ? 1 : 0)
                }
                exchange.transfer.finishBody()
                let outcome = await exchange.finish()
                #expect(outcome.error == nil && outcome.text == "ok")
            }
            // The handle is an ordinary one again.
            #expect(
                await client.exchange(loop, .post, server.url(), body: .buffered, text: "z").text
                    == "ok")
        }
        #expect(server.connections == 1)
        for (round, request) in server.requests.prefix(2).enumerated() {
            let expected = (0..<10).map { "\(round)\($0)xy" }.joined()
            #expect(request.hasPrefix("POST / HTTP/1.1\r\n"))
            #expect(!request.contains("Expect"))
            if hasLength {
                #expect(request.hasSuffix("\r\n\r\n" + expected))
            } else {
                #expect(request.contains("Transfer-Encoding: chunked"))
                let body = request.components(separatedBy: "\r\n\r\n").dropFirst().first ?? ""
                let lines = body.components(separatedBy: "\r\n")
                let data = stride(from: 1, to: lines.count, by: 2).map { lines[$0] }
                #expect(data.joined() == expected)
            }
        }
        #expect(server.requests.last?.hasSuffix("\r\n\r\nz") == true)
    }

    @Test func `an answer before the body was sent ends the upload`() async throws {
        let server = try FaultyUpstream(
            [
                .readHead,
                .send("HTTP/1.1 413 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"),
                .readToEnd,
            ],
            [.readRequest, .send(okay), .readToEnd])
        try await withClient { client, loop in
            let exchange = Exchange(client, loop: loop)
            exchange.start(.post, server.url(), body: .streamed(length: 1 << 20))
            exchange.transfer.send("begun".utf8.span)
            try await exchange.wait(for: "the answer") { exchange.outcome.body.count == 2 }
            #expect(exchange.outcome.status == 413)
            if exchange.outcome.finishes == 0 { exchange.transfer.cancel() }
            _ = await exchange.finish()
            #expect(await client.exchange(loop, .get, server.url()).text == "ok")
        }
    }

    @Test func `a thousand transfers leave nothing behind`() async throws {
        let server = try FaultyUpstream([.readRequest, .send(okay), .again])
        try await withClient { client, loop in
            for index in 0..<1000 {
                let exchange = Exchange(client, loop: loop)
                if index % 10 == 3 { exchange.at = { if $0 == "body" { $1.cancel() } } }
                exchange.start(.post, server.url(), body: .buffered, text: "x")
                if index % 10 == 7 { exchange.transfer.cancel() }
                _ = await exchange.finish()
            }
            #expect(loop.deadlines.count <= 4)
            // What was cancelled is closed; what ended well serves the next one.
            try await loop.wait(for: "closed connections") {
                let entries = server.journal.entries
                let closed = entries.count { $0 == .peerClosed }
                return entries.count { $0 == .connected } - closed <= 1
            }
        }
    }
}
