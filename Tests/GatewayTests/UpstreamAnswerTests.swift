import Foundation
import GatewayTesting
import Testing

/// Rows C5 to C15: answers that are wrong, odd, large, or not for the client as they are.
@Suite struct UpstreamAnswerTests {
    @Test(
        "an answer that is no proper HTTP is 502 and its connection not used again",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "2\r\n{}\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 2\r\n\r\n{}",
            "HTTP/1.1 20x OK\r\nContent-Length: 2\r\n\r\n{}",
            "HTTP/9.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
            "HTTP/1.1 99 No\r\nContent-Length: 2\r\n\r\n{}",
            "<html>no head at all</html>",
            "SSH-2.0-OpenSSH\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
            String(repeating: "HTTP/1.1 102 Processing\r\n\r\n", count: 20) + Wire.answer(),
            "HTTP/1.1 200 OK\r\n"
                + (0..<10_000).map { "X-\($0): 1\r\n" }.joined() + "Content-Length: 2\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nX: " + String(repeating: "h", count: 1 << 20)
                + "\r\nContent-Length: 2\r\n\r\n{}",
        ])
    func refusesAnswers(_ answer: String) throws {
        let upstream = try FaultyUpstream(
            [.readRequest, .send(answer), .wait(milliseconds: 5)],
            [.readRequest, .send(Wire.answer()), .again])
        let gateway = try TestGateway(upstream)
        let client = try gateway.connect()
        client.send(Wire.chat())
        let response = client.response()
        try gateway.trace().expectError(
            response, 502, "upstream_protocol_error", attempts: ["upstream_protocol_error"])
        #expect(response?.text.contains("html") == false)
        client.send(Wire.chat())
        #expect(client.response()?.status == 200)
        #expect(upstream.connections == 2)
    }

    @Test(
        "a body that is framed wrongly is cut",
        arguments: ["zz\r\n{}\r\n", "2\r\n{}}}\r\n0\r\n\r\n", "-2\r\n{}\r\n"])
    func cutsBadChunks(_ body: String) throws {
        let upstream = try FaultyUpstream(
            [
                .readRequest,
                .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body),
                .wait(milliseconds: 5),
            ], [.readRequest, .send(Wire.answer()), .again])
        let gateway = try TestGateway(upstream)
        let client = try gateway.connect()
        client.send(Wire.chat())
        let (text, ending) = client.receiveAll()
        #expect(ending != .timedOut)
        #expect(!text.hasSuffix("0\r\n\r\n"))
        let trace = try gateway.trace()
        trace.expectShape(attempts: 1, operations: 1)
        #expect(trace.attempts[0].errorType != nil)
        #expect(try gateway.answer(to: Wire.chat())?.status == 200)
        #expect(upstream.connections == 2)
    }

    @Test func `bytes behind an answer are dropped with their connection`() throws {
        let upstream = try FaultyUpstream(
            [
                .readRequest,
                .send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" + Wire.answer("evil")),
                .readToEnd,
            ], [.readRequest, .send(Wire.answer("good")), .again])
        let gateway = try TestGateway(upstream)
        #expect(try gateway.answer(to: Wire.chat())?.text == "{}")
        #expect(try gateway.answer(to: Wire.chat())?.text == "good")
    }

    @Test func `a few interim answers are skipped`() throws {
        let upstream = try FaultyUpstream.answering(
            "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 102 P\r\n\r\n"
                + Wire.answer())
        let gateway = try TestGateway(upstream)
        let response = try gateway.answer(to: Wire.chat())
        #expect(response?.status == 200)
        #expect(response?.header("link") == nil)
    }

    @Test(
        "an upstream's own refusal goes to the client untouched",
        arguments: [
            ("429 Too Many Requests", "429"), ("500 Internal Server Error", "500"),
            ("503 Service Unavailable", "503"), ("401 Unauthorized", "401"), ("418 Tea", "418"),
        ])
    func relaysErrors(_ status: String, _ code: String) throws {
        let body = #"{"error":{"message":"Slow","type":"tokens","code":"rate_limit_exceeded"}}"#
        let fields = [
            "Retry-After: Fri, 31 Dec 2999 23:59:59 GMT", "x-should-retry: true",
            "x-ratelimit-remaining-requests: 0", "x-request-id: req_upstream",
        ]
        let upstream = try FaultyUpstream.answering(Wire.answer(body, status: status, fields))
        let gateway = try TestGateway(upstream)
        let response = try gateway.answer(to: Wire.chat())
        #expect(response?.status == Int(code))
        #expect(response?.text == body)
        #expect(response?.header("retry-after") == "Fri, 31 Dec 2999 23:59:59 GMT")
        #expect(response?.header("x-should-retry") == "true")
        #expect(response?.header("x-ratelimit-remaining-requests") == "0")
        #expect(response?.header("x-request-id") == "req_upstream")
        #expect(response?.header("x-martlet-error") == nil)
        let trace = try gateway.trace()
        trace.expectShape(attempts: 1, operations: 1)
        #expect(trace.attempts[0].errorType == code)
        #expect(trace.attempts[0].status == .error)
        #expect(trace.operations[0].status == .error)
        #expect(
            trace.operations[0].errorType == "rate_limit_exceeded"
                || trace.operations[0].errorType == code)
        #expect(trace.server.status == (code.hasPrefix("5") ? .error : .unset))
        #expect(upstream.requests.count == 1)
    }

    @Test func `a redirect is passed through and never followed`() throws {
        let target = try FaultyUpstream.good()
        let upstream = try FaultyUpstream.answering(
            Wire.answer("moved", status: "307 T", ["Location: \(target.url("/v1/x"))"]))
        let gateway = try TestGateway(upstream)
        let response = try gateway.answer(to: Wire.chat())
        #expect(response?.status == 307)
        #expect(response?.header("location") == target.url("/v1/x"))
        #expect(target.connections == 0)
        try gateway.trace().expectShape(attempts: 1, operations: 1)
    }

    @Test(
        "an answer that is no JSON passes through, and no usage is claimed",
        arguments: ["<html>maintenance</html>", "{", "", "null", "[1]"])
    func relaysOddAnswers(_ body: String) throws {
        let upstream = try FaultyUpstream.answering(
            Wire.answer(body, ["Content-Type: text/html"]))
        let gateway = try TestGateway(upstream, content: true)
        let response = try gateway.answer(to: Wire.chat())
        #expect(response?.status == 200)
        #expect(response?.text == body)
        #expect(response?.header("content-type") == "text/html")
        let trace = try gateway.trace()
        trace.expectShape(attempts: 1, operations: 1)
        #expect(trace.operations[0]["gen_ai.usage.input_tokens"] == nil)
    }

    @Test(
        "counts of tokens whose sum is no number end nothing", arguments: [true, false])
    func keepsHugeCounts(_ isStream: Bool) throws {
        let most = "9223372036854775807"
        let usage =
            #""usage":{"prompt_tokens":\#(most),"completion_tokens":\#(most),"#
            + #""total_tokens":\#(most),"prompt_tokens_details":{"cached_tokens":\#(most)},"#
            + #""completion_tokens_details":{"reasoning_tokens":\#(most)}}"#
        let answer =
            isStream
            ? Wire.streamHead
                + Wire.chunk(Wire.event("Hi") + "data: {\(usage)}\n\n" + Wire.doneEvent)
                + Wire.lastChunk
            : Wire.answer("{\(usage)}")
        let upstream = try FaultyUpstream.answering(answer)
        let gateway = try TestGateway(upstream, ["telemetry.legacyTokenNames": "true"])
        let call = Wire.chat(isStream ? Wire.streamBody : Wire.chatBody)
        #expect(try gateway.answer(to: call)?.status == 200)
        let operation = try #require(try gateway.trace().operations.first)
        #expect(operation["gen_ai.usage.input_tokens"] == most)
        #expect(operation["gen_ai.usage.prompt_tokens"] == most)
        #expect(operation["gen_ai.usage.total_tokens"] == nil)
        #expect(try gateway.answer(to: call)?.status == 200)
    }

    @Test(
        "an encoded answer passes through untouched, though identity was asked for",
        arguments: ["gzip", "br", "zstd"])
    func relaysEncodedAnswers(_ coding: String) throws {
        let bytes = "\u{1F}\u{0}not really compressed"
        let upstream = try FaultyUpstream.answering(
            Wire.answer(bytes, ["Content-Encoding: \(coding)"]))
        let gateway = try TestGateway(upstream)
        let response = try gateway.answer(to: Wire.chat(["Accept-Encoding: gzip, br"]))
        #expect(response?.text == bytes)
        #expect(response?.header("content-encoding") == coding)
        #expect(upstream.requests.first?.lowercased().contains("accept-encoding: identity") == true)
    }

    @Test func `what belongs to one hop or speaks for the host stays behind, both ways`() throws {
        let upstream = try FaultyUpstream.answering(
            Wire.answer(
                [
                    "Connection: keep-alive, X-Hop", "X-Hop: 1", "Keep-Alive: timeout=5",
                    "Proxy-Authenticate: Basic", "Set-Cookie: a=b", "Server: cloudflare",
                    "Alt-Svc: h3=\":443\"", "Strict-Transport-Security: max-age=1",
                    "x-martlet-cache: hit", "X-Kept: yes", "openai-version: 2020-10-01",
                ]))
        let gateway = try TestGateway(upstream)
        let response = try gateway.answer(
            to: Wire.chat([
                "Connection: X-Mine", "X-Mine: 1", "Keep-Alive: 5", "TE: trailers",
                "Proxy-Authorization: Basic secret", "Cookie: session=1", "x-martlet-x: 1",
                "x-portkey-config: 1", "baggage: a=b", "OpenAI-Organization: org", "X-Kept: yes",
                "Upgrade: h2c",
            ]))
        for name in [
            "x-hop", "keep-alive", "proxy-authenticate", "set-cookie", "server", "alt-svc",
            "strict-transport-security",
        ] {
            #expect(response?.header(name) == nil, "\(name)")
        }
        #expect(response?.header("x-kept") == "yes")
        #expect(response?.header("openai-version") == "2020-10-01")
        #expect(response?.headers.filter { $0.name == "x-martlet-cache" }.map(\.value) == ["off"])
        let request = try #require(upstream.requests.first).lowercased()
        for name in [
            "x-mine", "keep-alive", "te", "proxy-authorization", "cookie", "x-martlet-x",
            "x-portkey-config", "baggage", "upgrade", "expect",
        ] {
            #expect(!request.contains("\r\n\(name):"), "\(name)")
        }
        #expect(request.contains("\r\nx-kept: yes\r\n"))
        #expect(request.contains("\r\nopenai-organization: org\r\n"))
    }

    @Test func `an answer that comes before the upload's end is relayed and the upload stopped`()
        throws
    {
        let upstream = try FaultyUpstream([
            .readHead, .send(Wire.answer("too big", status: "413 No", ["Connection: close"])),
            .readToEnd,
        ])
        let gateway = try TestGateway(upstream)
        let client = try gateway.connect()
        client.send(Wire.head("POST /v1/files HTTP/1.1", ["Content-Length: 100000000"]))
        client.send([UInt8](repeating: 0x20, count: 100_000))
        let response = client.response()
        #expect(response?.status == 413)
        #expect(response?.text == "too big")
        let trace = try gateway.trace()
        trace.expectShape(attempts: 1, operations: 0)
        #expect(trace.attempts[0].errorType == "413")
        #expect(upstream.waitForPeersToClose())
    }

    @Test func `an upload of 40 MB streams through whole`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        let client = try gateway.connect()
        let size = 40_000_000
        client.send(Wire.head("POST /v1/files HTTP/1.1", ["Content-Length: \(size)"]))
        client.send(FaultyUpstream.pattern(size))
        #expect(client.response(within: 30_000)?.status == 200)
        let request = try #require(upstream.requests.first)
        #expect(request.utf8.suffix(size).elementsEqual(FaultyUpstream.pattern(size)))
    }

    @Test(
        "an answer over the configured size is refused or cut",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n",
        ])
    func limitsAnswers(_ head: String) throws {
        let upstream = try FaultyUpstream([
            .readRequest, .send(head), .sendBytes(2000), .readToEnd,
        ])
        let gateway = try TestGateway(
            upstream, ["limits.responseBytesMax": "1024", "timeouts.streamIdle": "700ms"])
        let client = try gateway.connect()
        client.send(Wire.chat())
        if head.contains("Content-Length") {
            let response = client.response()
            try gateway.trace().expectError(
                response, 502, "upstream_protocol_error", attempts: ["upstream_protocol_error"])
        } else {
            let text = client.receiveAll().text
            let trace = try gateway.trace()
            trace.expectShape(attempts: 1, operations: 1)
            #expect(trace.attempts[0].errorType == "upstream_protocol_error")
            #expect(!text.hasSuffix(Wire.lastChunk))
            #expect(text.utf8.count < 2000)
        }
    }
}
