import Bytes
import Foundation
import GatewayTesting
import HTTPClient
import Networking
import Testing

/// Requests as they are on the wire.
@Suite struct RequestTests {
    private func sent(
        _ method: HTTPTransfer.Method, _ path: String = "/x?y=1", body: HTTPTransfer.Body = .none,
        content: String = "", _ prepare: @escaping @Sendable (HTTPTransfer) -> Void = { _ in }
    ) async throws -> String {
        let upstream = try FaultyUpstream([.readRequest, .send(ok("")), .again])
        let url = upstream.url(path)
        let authority = "\(upstream.address)"
        try await TestLoop.shared.run { loop in
            let client = CurlClient(loop: loop)
            let recorder = Recorder()
            var pieces = content.split(separator: "|").map { String($0) }
            recorder.onWantsBody = { transfer in
                guard !pieces.isEmpty else { return transfer.finishBody() }
                transfer.send(pieces.removeFirst().utf8.span)
            }
            let transfer = client.transfer(method, url)
            prepare(transfer)
            if body == .buffered { transfer.body.append(string: content) }
            transfer.start(body: body, timeouts: HTTPTimeouts(), observer: recorder)
            await recorder.wait()
            #expect(recorder.error == nil)
            transfer.release()
        }
        return try #require(upstream.requests.first)
            .replacingOccurrences(of: authority, with: "HOST")
            .replacingOccurrences(of: "\r\n", with: "\n")
    }

    @Test func `a request has a line, its host, the fields that were added and nothing else`()
        async throws
    {
        let text = try await sent(.get) { transfer in
            transfer.addHeader("a", "1".utf8.span)
            transfer.addHeader("Empty".utf8.span, "".utf8.span)
        }
        #expect(text == "GET /x?y=1 HTTP/1.1\nHost: HOST\na: 1\nEmpty:\n\n")
    }

    @Test(
        "a body is framed by its length, or chunked where that is not known",
        arguments: [
            (.post, .none, "", "POST /x?y=1 HTTP/1.1\nHost: HOST\nContent-Length: 0\n\n"),
            (
                .post, .buffered, "abc",
                "POST /x?y=1 HTTP/1.1\nHost: HOST\nContent-Length: 3\n\nabc"
            ),
            (.other("DELETE"), .none, "", "DELETE /x?y=1 HTTP/1.1\nHost: HOST\n\n"),
            (
                .other("PUT"), .streamed(length: 4), "ab|cd",
                "PUT /x?y=1 HTTP/1.1\nHost: HOST\nContent-Length: 4\n\nabcd"
            ),
            (
                .post, .streamed(length: 0), "",
                "POST /x?y=1 HTTP/1.1\nHost: HOST\nContent-Length: 0\n\n"
            ),
            (
                .post, .streamed(length: nil), "abcdefghijk|l",
                "POST /x?y=1 HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\n\n"
                    + "b\nabcdefghijk\n1\nl\n0\n\n"
            ),
            (
                .post, .streamed(length: nil), "",
                "POST /x?y=1 HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\n\n0\n\n"
            ),
        ] as [(HTTPTransfer.Method, HTTPTransfer.Body, String, String)])
    func framesBodies(
        _ method: HTTPTransfer.Method, _ body: HTTPTransfer.Body, _ content: String,
        _ expected: String
    ) async throws {
        #expect(try await sent(method, body: body, content: content) == expected)
    }

    @Test(
        "a URL is sent as path and query",
        arguments: [
            ("", "/"), ("?q", "/?q"), ("/a b", nil), ("/a#b", "/a"), ("#b", "/"),
            ("/%7e/../x", "/%7e/../x"), ("/a\r\nX: 1", nil), ("/a\u{7F}", nil), ("/é", "/é"),
        ] as [(String, String?)])
    func splitsURLs(_ path: String, _ target: String?) async throws {
        guard let target else {
            let outcome = try await TestLoop.shared.run { loop in
                await CurlClient(loop: loop).call(.get, "http://127.0.0.1:9" + path)
            }
            return #expect(outcome.kind == .invalidRequest)
        }
        #expect(try await sent(.get, path) == "GET \(target) HTTP/1.1\nHost: HOST\n\n")
    }

    @Test(
        "what is no proper URL is refused without a connection",
        arguments: [
            "", "http://", "http:///x", "ftp://a/", "a", "http://user@127.0.0.1:9/",
            "http://127.0.0.1:99999/", "http://a b/", "http://a:b/", "file:///etc/passwd",
        ])
    func refusesURLs(_ url: String) async throws {
        let outcome = try await TestLoop.shared.run { loop in
            await CurlClient(loop: loop).call(.get, url)
        }
        #expect(outcome.calls == ["invalidRequest"])
    }

    @Test func `a header that could begin another line, or speaks of framing, is not added`()
        async throws
    {
        let text = try await sent(.post, body: .buffered, content: "ab") { transfer in
            #expect(!transfer.add("a", "1\r\nb: 2"))
            #expect(!transfer.add("a", "1\n"))
            #expect(!transfer.add("a", "\u{0}"))
            #expect(!transfer.add("a\r\nb", "1"))
            #expect(!transfer.add("a:", "1"))
            #expect(!transfer.add("", "1"))
            #expect(!transfer.add("Content-Length", "99"))
            #expect(!transfer.add("transfer-encoding", "chunked"))
            #expect(!transfer.add("HOST", "elsewhere"))
            #expect(transfer.add("b", "é"))
        }
        #expect(
            text == "POST /x?y=1 HTTP/1.1\nHost: HOST\nb: é\nContent-Length: 2\n\nab")
    }

    @Test(
        "a streamed body that is not as long as was said ends the transfer",
        arguments: [["abc"], ["abcde"], ["ab", "cde"], []])
    func enforcesLength(_ pieces: [String]) async throws {
        let upstream = try FaultyUpstream([.readHead, .readToEnd])
        let url = upstream.url()
        let outcome = try await TestLoop.shared.run { loop in
            let recorder = Recorder()
            var rest = pieces
            recorder.onWantsBody = { transfer in
                guard !rest.isEmpty else { return transfer.finishBody() }
                transfer.send(rest.removeFirst().utf8.span)
            }
            return await CurlClient(loop: loop).call(
                .post, url, body: .streamed(length: 4), recorder: recorder)
        }
        #expect(outcome.calls == ["connected", "wants", "invalidRequest"])
        #expect(upstream.waitForPeersToClose())
    }

    @Test func `a body of 8 MB leaves as the server takes it`() async throws {
        let upstream = try FaultyUpstream([.readRequest, .send(ok("")), .again])
        let url = upstream.url()
        let pattern = FaultyUpstream.pattern(8_000_000)
        let piece = FaultyUpstream.pattern(26 * 4000)
        let outcomes = try await TestLoop.shared.run { loop in
            let client = CurlClient(loop: loop)
            let first = await client.call(
                .post, url, body: .buffered, content: String(decoding: pattern, as: UTF8.self))
            let recorder = Recorder()
            var left = pattern.count
            var unsentMax = 0
            recorder.onWantsBody = { transfer in
                guard left > 0 else { return transfer.finishBody() }
                let count = min(left, piece.count)
                left -= count
                transfer.send(piece.span.extracting(0..<count))
                unsentMax = max(unsentMax, transfer.unsentBytes)
            }
            let second = await client.call(
                .post, url, body: .streamed(length: pattern.count), recorder: recorder)
            #expect(unsentMax <= piece.count)
            return [first, second]
        }
        #expect(outcomes.map(\.status) == [200, 200])
        #expect(outcomes.map(\.isOnNewConnection) == [true, false])
        for request in upstream.requests {
            #expect(Array(request.utf8.suffix(pattern.count)) == pattern)
        }
    }
}
