import Bytes
import Foundation
import GatewayTesting
import HTTPClient
import Networking
import Testing

/// Transfers that succeed, in what order and on which connection.
@Suite(.timeLimit(.minutes(5)), .ownThread) struct TransferTests {
    @Test func `a request arrives as it was written, and the answer as it came`() async throws {
        let server = try FaultyUpstream([
            .readRequest,
            .send("HTTP/1.1 201 Created\r\nX-A:  b \r\nX-A: c\r\nContent-Length: 2\r\n\r\nok"),
            .readToEnd,
        ])
        let outcome = try await withClient { client, loop in
            await client.exchange(
                loop, .post, server.url("/v1/x?y=z"),
                headers: [("X-Case", "Kept; as, is"), ("X-Empty", ""), ("Content-Type", "a/b")],
                body: .buffered, text: "hello")
        }
        #expect(outcome.error == nil)
        #expect(outcome.status == 201 && outcome.text == "ok")
        #expect(outcome.headers.map(\.name) == ["x-a", "x-a", "content-length"])
        #expect(outcome.headers.map(\.value) == ["b", "c", "2"])
        #expect(outcome.isOnNewConnection && outcome.peer == "127.0.0.1")
        #expect(outcome.finishes == 1 && outcome.heads == 1 && outcome.connects == 1)
        let lines = try #require(server.requests.first).components(separatedBy: "\r\n")
        #expect(lines.first == "POST /v1/x?y=z HTTP/1.1")
        #expect(
            Set(lines[1...].dropLast(2).map { $0.trimmingCharacters(in: .whitespaces) }) == [
                "Host: \(server.address)", "X-Case: Kept; as, is", "X-Empty:",
                "Content-Type: a/b", "Content-Length: 5",
            ])
        #expect(lines.last == "hello")
    }

    @Test func `requests one after the other use one connection`() async throws {
        let server = try FaultyUpstream([.readRequest, .send(okay), .again])
        let outcomes = try await withClient { client, loop in
            var outcomes: [Exchange.Outcome] = []
            for index in 0..<5 {
                let method: HTTPTransfer.Method = index == 2 ? .other("DELETE") : .post
                outcomes.append(
                    await client.exchange(
                        loop, method, server.url(), body: index == 2 ? .none : .buffered,
                        text: "\(index)"))
            }
            return outcomes
        }
        #expect(outcomes.allSatisfy { $0.error == nil && $0.text == "ok" })
        #expect(outcomes.map(\.isOnNewConnection) == [true, false, false, false, false])
        #expect(server.connections == 1)
        let methods = server.requests.map { $0.prefix { $0 != " " } }
        #expect(methods == ["POST", "POST", "DELETE", "POST", "POST"])
        let bodies = server.requests.map { $0.components(separatedBy: "\r\n\r\n").last }
        #expect(bodies == ["0", "1", "", "3", "4"])
    }

    @Test func `requests at the same time use connections of their own`() async throws {
        let server = try FaultyUpstream([.readRequest, .waitForGate, .send(okay), .again])
        try await withClient { client, loop in
            let exchanges = (0..<8).map { _ in Exchange(client, loop: loop) }
            for exchange in exchanges { exchange.start(.get, server.url()) }
            try await loop.wait(for: "all requests") { server.requests.count == 8 }
            server.open()
            for exchange in exchanges { #expect(await exchange.finish().text == "ok") }
        }
        #expect(server.connections == 8)
    }

    @Test(arguments: [
        HTTPTransfer.Method.get, .head, .post, .other("PUT"), .other("PATCH"), .other("DELETE"),
    ])
    func `a method goes out without a body, and once more on the same handle`(
        method: HTTPTransfer.Method
    ) async throws {
        let server = try FaultyUpstream([
            .readHead,
            .send("HTTP/1.1 200 OK\r\nContent-Length: \(method == .head ? 9 : 0)\r\n\r\n"),
            .again,
        ])
        let outcomes = try await withClient { client, loop in
            let first = await client.exchange(loop, method, server.url())
            let second = await client.exchange(loop, method, server.url())
            guard method != .head else { return [first, second] }
            let third = await client.exchange(loop, .get, server.url())
            return [first, second, third]
        }
        #expect(outcomes.allSatisfy { $0.error == nil })
        let name =
            switch method {
            case .get: "GET"
            case .head: "HEAD"
            case .post: "POST"
            case .other(let name): name
            }
        #expect(server.requests.prefix(2).allSatisfy { $0.hasPrefix("\(name) / HTTP/1.1\r\n") })
        if method != .head { #expect(server.requests[2].hasPrefix("GET / HTTP/1.1\r\n")) }
        #expect(!server.requests.contains { $0.contains("Expect") || $0.contains("Accept") })
    }

    @Test(arguments: [HTTPTransfer.Method.get, .other("DELETE"), .other("PUT")])
    func `any method may have a body`(method: HTTPTransfer.Method) async throws {
        let server = try FaultyUpstream([.readRequest, .send(okay), .again])
        try await withClient { client, loop in
            let outcome = await client.exchange(
                loop, method, server.url(), body: .buffered, text: "body")
            #expect(outcome.error == nil)
            #expect(await client.exchange(loop, .post, server.url()).error == nil)
        }
        let name = if case .other(let name) = method { name } else { "GET" }
        #expect(server.requests[0].hasPrefix("\(name) / HTTP/1.1\r\n"))
        #expect(server.requests[0].hasSuffix("\r\n\r\nbody"))
        #expect(server.requests[1].hasPrefix("POST / "))
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nok\r\n0\r\nT: t\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok",
        "HTTP/1.0 200 OK\r\n\r\nok",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + okay,
        "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok",
    ])
    func `an answer is read however it is framed`(answer: String) async throws {
        let server = try FaultyUpstream([.readRequest, .send(answer)])
        let outcome = try await withClient { client, loop in
            await client.exchange(loop, .get, server.url())
        }
        #expect(outcome.error == nil)
        #expect(outcome.status == 200 && outcome.text == "ok" && outcome.heads == 1)
        #expect(!outcome.headers.contains { $0.name == "link" || $0.name == "t" })
    }

    @Test func `HEAD has no body, whatever its length says`() async throws {
        let server = try FaultyUpstream([
            .readRequest, .send("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"), .again,
        ])
        try await withClient { client, loop in
            let head = await client.exchange(loop, .head, server.url())
            #expect(head.error == nil && head.body.isEmpty)
            #expect(await !client.exchange(loop, .head, server.url()).isOnNewConnection)
        }
    }

    @Test(arguments: [204, 304, 301, 404, 429, 503])
    func `any status is an answer`(status: Int) async throws {
        let server = try FaultyUpstream([
            .readRequest,
            .send(
                "HTTP/1.1 \(status) X\r\nLocation: http://127.0.0.1:1/\r\n"
                    + (status == 204 || status == 304 ? "\r\n" : "Content-Length: 2\r\n\r\nno")),
            .readToEnd,
        ])
        let outcome = try await withClient { client, loop in
            await client.exchange(loop, .post, server.url(), body: .buffered, text: "x")
        }
        #expect(outcome.error == nil && outcome.status == status)
        #expect(server.connections == 1)
    }

    @Test func `headers that could end their line are left out`() async throws {
        let server = try FaultyUpstream([.readRequest, .send(okay), .again])
        try await withClient { client, loop in
            let exchange = Exchange(client, loop: loop)
            let bad = ["a\r\nEvil: 1", "a\nEvil: 1", "a\rEvil: 1", "a\0b", "\r\n\r\nGET /evil"]
            for value in bad {
                let asValue = exchange.transfer.addHeader("X-A".utf8.span, value.utf8.span)
                let asName = exchange.transfer.addHeader(value.utf8.span, "b".utf8.span)
                #expect(!asValue && !asName)
            }
            exchange.start(.get, server.url(), headers: [("X-Good", "1")] + bad.map { ("X-B", $0) })
            #expect(await exchange.finish().error == nil)
        }
        let request = try #require(server.requests.first)
        #expect(request.contains("X-Good: 1"))
        #expect(!request.contains("Evil") && !request.contains("X-A") && !request.contains("X-B"))
    }

    @Test func `a value that looks like curl's own notation is sent as it is`() async throws {
        let server = try FaultyUpstream([.readRequest, .send(okay), .again])
        try await withClient { client, loop in
            _ = await client.exchange(
                loop, .get, server.url(),
                headers: [("X-One", ";"), ("X-Two", "@file"), ("User-Agent", "martlet")])
        }
        let request = try #require(server.requests.first)
        #expect(request.contains("X-One: ;\r\n"))
        #expect(request.contains("X-Two: @file\r\n"))
        #expect(request.contains("User-Agent: martlet\r\n"))
    }

    @Test func `a whole exchange in one call`() async throws {
        let sink = try OTLPSink([.init(202, headers: ["Retry-After: 3"], body: Array("fine".utf8))])
        try await withClient { client, loop in
            var body = ByteBuffer()
            body.append("spans")
            let request = BufferedRequest(
                url: sink.url("/v1/traces"), headers: [("Content-Type", "application/x-protobuf")],
                body: body)
            let response = try await client.send(request, timeout: 5000, responseBytesMax: 100)
                .get()
            #expect(response.status == 202 && response.header("retry-after") == "3")
            #expect(String(decoding: response.body, as: UTF8.self) == "fine" && !response.isCut)
        }
        let delivery = try #require(sink.deliveries.wait(for: 1).first)
        #expect(delivery.path == "/v1/traces")
        #expect(delivery.headers["content-type"] == "application/x-protobuf")
        #expect(delivery.body == Array("spans".utf8))
    }

    @Test func `a body that is lent is the same afterwards, for another try`() async throws {
        let sink = try OTLPSink([.init(503)])
        try await withClient { client, loop in
            var body = ByteBuffer()
            body.append("spans")
            for status in [503, 200] {
                let answer = try await client.send(
                    url: sink.url("/v1/traces"), headers: [], body: &body, timeout: 5000,
                    responseBytesMax: 100
                ).get()
                #expect(answer.status == status)
                let isSame = body.bytes.equals("spans")
                #expect(isSame)
            }
        }
        #expect(
            sink.deliveries.wait(for: 2).map(\.body) == [Array("spans".utf8), Array("spans".utf8)])
    }

    @Test func `a whole answer is cut at its limit`() async throws {
        let sink = try OTLPSink([.init(200, body: FaultyUpstream.pattern(1 << 20))])
        try await withClient { client, loop in
            var body = ByteBuffer()
            body.append("x")
            let request = BufferedRequest(url: sink.url("/"), headers: [], body: body)
            let response = try await client.send(request, timeout: 5000, responseBytesMax: 1000)
                .get()
            #expect(response.body == FaultyUpstream.pattern(1000) && response.isCut)
            var empty = ByteBuffer()
            empty.append("y")
            let again = BufferedRequest(url: sink.url("/"), headers: [], body: empty)
            #expect(
                try await client.send(again, timeout: 5000, responseBytesMax: 0).get().status
                    == 200)
        }
    }
}
