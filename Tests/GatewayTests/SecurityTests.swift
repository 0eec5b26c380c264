import Foundation
import GatewayTesting
import Testing

/// Rows J: keys, secrets, and what must not leak or be let in.
@Suite struct SecurityTests {
    private static let keys = ["MARTLET_API_KEYS": "client-key-1,client-key-2"]

    @Test(
        "a key of the gateway opens it, in the spellings clients use",
        arguments: [
            "Authorization: Bearer client-key-1", "authorization: bearer client-key-2",
            "Authorization: BEARER   client-key-1", "api-key: client-key-2",
            "Authorization: Bearer client-key-1   ",
        ])
    func admits(_ field: String) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(
            upstream, ["upstream.apiKey": "provider-key"], environment: Self.keys)
        #expect(try gateway.answer(to: Wire.chat([field]))?.status == 200)
        let request = upstream.requests[0].lowercased()
        #expect(!request.contains("client-key"))
        #expect(request.contains("\r\nauthorization: bearer provider-key\r\n"))
    }

    @Test(
        "anything but one good key gets 401 and goes nowhere",
        arguments: [
            [], ["Authorization: Bearer"], ["Authorization: Bearer "], ["Authorization: "],
            ["Authorization: client-key-1"], ["Authorization: Basic client-key-1"],
            ["Authorization: Bearer client-key-12"], ["Authorization: Bearer client-key"],
            ["Authorization: Bearer CLIENT-KEY-1"], ["api-key: "], ["api-key: wrong"],
            ["Authorization: Bearer client-key-1", "Authorization: Bearer client-key-1"],
            ["Authorization: Bearer client-key-1", "api-key: client-key-1"],
            ["api-key: client-key-1", "api-key: client-key-2"],
            ["Authorization: Bearer client-key-1,client-key-2"],
            ["x-api-key: client-key-1"], ["Cookie: Authorization=client-key-1"],
        ])
    func refuses(_ fields: [String]) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(
            upstream, ["upstream.apiKey": "provider-key"], environment: Self.keys)
        let response = try gateway.answer(to: Wire.chat(fields))
        try gateway.trace().expectError(response, 401, "unauthorized")
        #expect(response?.header("www-authenticate") == "Bearer")
        #expect(response?.text.contains("key-1") == false)
        #expect(upstream.connections == 0)
    }

    @Test func `without keys a caller's own credentials pass through`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(
            upstream, ["upstream.apiKey": "provider-key"])
        _ = try gateway.answer(
            to: Wire.chat(["Authorization: Bearer own"]).replacingOccurrences(
                of: "gateway.test", with: "localhost"))
        #expect(upstream.requests[0].contains("\r\nAuthorization: Bearer own\r\n"))
        #expect(!upstream.requests[0].contains("provider-key"))
    }

    @Test(
        "a web page or another host name must not spend the process's key",
        arguments: [
            ("evil.test", nil), ("127.0.0.1.evil.test", nil), ("localhost.evil.test", nil),
            ("127.0.0.1:8787", "https://evil.test"), ("localhost", "null"),
            ("localhost", "http://localhost.evil.test"), ("127.evil.test", nil),
        ] as [(String, String?)])
    func refusesForeign(_ host: String, _ origin: String?) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream, ["upstream.apiKey": "provider-key"])
        let request = Wire.chat(origin.map { ["Origin: \($0)"] } ?? [])
            .replacingOccurrences(of: "gateway.test", with: host)
        let response = try gateway.answer(to: request)
        try gateway.trace().expectError(response, 403, "forbidden_origin")
        #expect(upstream.connections == 0)
    }

    @Test(
        "this machine's own names may spend the process's key",
        arguments: [
            ("localhost:8787", nil), ("127.0.0.1", "http://127.0.0.1:3000"), ("[::1]:80", nil),
            ("127.8.9.1", "http://localhost"),
        ] as [(String, String?)])
    func admitsOwn(_ host: String, _ origin: String?) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream, ["upstream.apiKey": "provider-key"])
        let request = Wire.chat(origin.map { ["Origin: \($0)"] } ?? [])
            .replacingOccurrences(of: "gateway.test", with: host)
        #expect(try gateway.answer(to: request)?.status == 200)
        #expect(upstream.requests[0].contains("provider-key"))
    }

    @Test(
        "a secret in any place is in no span, log, number or error while content is off",
        arguments: [200, 401, 502])
    func keepsSecrets(_ status: Int) throws {
        let canary = "sk-CANARY7F3A0123456789abcdef"
        let upstream =
            try status == 502
            ? FaultyUpstream([.readRequest])
            : FaultyUpstream.answering(
                Wire.answer(
                    #"{"error":{"message":"no \#(canary)"},"choices":[{"message":{"content":""#
                        + canary + #""}}]}"#, status: "\(status) X",
                    ["Set-Cookie: \(canary)", "X-Up: \(canary)"]))
        let gateway = try TestGateway(
            upstream, ["upstream.apiKey": canary], environment: ["MARTLET_API_KEYS": canary])
        let body = """
            {"model":"m","user":"\(canary)","messages":[{"role":"system","content":"\(canary)"},\
            {"role":"user","content":"\(canary)"}],"tools":[{"type":"function","function":\
            {"name":"f","description":"\(canary)"}}],"metadata":{"a":"\(canary)"},"x":"\(canary)"}
            """
        let names = ["api_key", "api-key", "apikey", "key", "access_token", "token", "sig"]
        let query = names.map { "\($0)=\(canary)" }.joined(separator: "&")
        let client = try gateway.connect()
        client.send(
            Wire.chat(
                body, path: "/v1/chat/completions?\(query)",
                [
                    "Authorization: Bearer \(canary)", "Cookie: s=\(canary)",
                    "Proxy-Authorization: \(canary)", "x-goog-api-key: \(canary)",
                    "x-api-key: \(canary)", "X-Custom: \(canary)", "baggage: token=\(canary)",
                    "x-portkey-api-key: \(canary)", "x-portkey-config: \(canary)",
                    "Referer: http://x/\(canary)", "Forwarded: for=\(canary)",
                ]))
        let response = client.response()
        #expect(response?.status == status)
        if status == 502 { #expect(response?.text.contains(canary) == false) }
        let trace = try gateway.trace()
        trace.expectShape(attempts: 1, operations: 1)
        #expect(!trace.allText.contains(canary))
        #expect(trace.allText.contains("REDACTED"))
        client.send(Wire.get("/metrics"))
        #expect(client.response()?.text.contains(canary) == false)
        client.send(Wire.chat("{\"\(canary)\"", ["Authorization: Bearer \(canary)"]))
        #expect(client.response()?.text.contains(canary) == false)
        client.send(Wire.get("/\(canary)", ["Authorization: Bearer \(canary)"]))
        #expect(client.response()?.text.contains(canary) == false)
        #expect(!gateway.log.text.contains(canary))
        #expect(gateway.log.text.contains("request ended"))
    }

    @Test(
        "what a client writes never makes a line of its own, upstream or in the log",
        arguments: [
            #"{"model":"m\r\nX-Evil: 1","messages":[]}"#,
            #"{"model":"m\u001b[31m\u0000","messages":[]}"#,
            #"{"model":"m","user":"a\nb","messages":[]}"#,
        ])
    func escapes(_ body: String) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        _ = try gateway.answer(
            to: Wire.chat(
                body, path: "/v1/chat/completions?a=%0d%0aX-Evil:%201",
                [
                    "User-Agent: a\u{1b}[31mb", "x-request-id: x\u{1b}y",
                    "api-key: k\u{1b}[31m", "x-custom: c\u{1b}[31m", "baggage: user.id=a%0d%0ab",
                    #"x-portkey-metadata: {"a":"b\r\nX-Evil: 1","_user":"u\u001b[31m\n"}"#,
                ]))
        _ = try gateway.answer(to: Wire.chat(body))
        let traces = gateway.traces(2)
        #expect(traces.count == 2)
        for trace in traces {
            for span in trace.spans {
                #expect(!span.name.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F })
            }
        }
        for request in upstream.requests {
            let head = request.components(separatedBy: "\r\n\r\n")[0]
            #expect(!head.contains("\r\nX-Evil"))
        }
        #expect(!gateway.log.text.contains("\u{1b}"))
        #expect(
            gateway.log.all.allSatisfy { line in
                ["request.start", "upstream.attempt", "request.end"].contains {
                    line.contains(" event=\($0) ")
                }
            })
    }

    @Test func `a caller's request id is not taken for the gateway's`() throws {
        let gateway = try TestGateway(try FaultyUpstream.good())
        let response = try gateway.answer(to: Wire.chat(["x-request-id: mine", "x-trace-id: t"]))
        #expect(response?.headers.filter { $0.name == "x-request-id" }.count == 1)
        #expect(response?.header("x-request-id")?.hasPrefix("req_") == true)
        #expect(response?.header("x-trace-id")?.count == 32)
    }

    @Test(
        "an upstream's fields that could split or forge a response stay behind",
        arguments: [
            "X-A: a\rX-Evil: 1", "X-Evil : 1", "X-\u{7f}Evil: 1", "x-trace-id: forged",
            "x-martlet-error: true", "x-portkey-cache-status: HIT", "Server-Timing: evil",
        ])
    func refusesForgedFields(_ field: String) throws {
        let upstream = try FaultyUpstream.answering(Wire.answer([field]))
        let gateway = try TestGateway(upstream)
        let response = try #require(try gateway.answer(to: Wire.chat()))
        #expect(response.header("x-evil") == nil)
        #expect(response.header("x-evil ") == nil)
        #expect(response.header("x-trace-id") == (try gateway.trace().id))
        #expect(response.headers.filter { $0.name == "x-trace-id" }.count == 1)
        #expect(!response.headers.contains { $0.value.contains("evil") || $0.value == "HIT" })
        if response.status == 200 { #expect(response.header("x-martlet-error") == nil) }
    }

    @Test func `a request cannot choose the upstream or switch its verification off`() throws {
        let other = try FaultyUpstream.good()
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        _ = try gateway.answer(
            to: Wire.chat(
                path: "/v1/chat/completions?base_url=\(other.url())",
                [
                    "x-upstream-url: \(other.url())", "x-portkey-custom-host: \(other.url())",
                    "x-martlet-upstream: \(other.url())", "X-Forwarded-Host: \(other.address)",
                    "Forwarded: host=\(other.address)",
                ]))
        #expect(upstream.requests.count == 1)
        #expect(other.connections == 0)
    }

    @Test func `an https upstream with a certificate nobody trusts is refused`() throws {
        let server = try TLSServer()
        let gateway = try TestGateway("https://localhost:\(server.port)/v1")
        let response = try gateway.answer(to: Wire.chat(["x-insecure: true"]))
        try gateway.trace().expectError(
            response, 502, "upstream_connect_error", attempts: ["upstream_tls_error"])
    }

    @Test(
        "the gateway's own pages say what they should, and allow no other origin",
        arguments: [("/healthz", "ok"), ("/readyz", "ready"), ("/metrics", "martlet_connections")])
    func servesPages(_ path: String, _ word: String) throws {
        let gateway = try TestGateway(try FaultyUpstream.good())
        let response = try gateway.answer(to: Wire.get(path, ["Origin: http://evil.test"]))
        #expect(response?.status == 200)
        #expect(response?.text.contains(word) == true)
        #expect(response?.header("access-control-allow-origin") == nil)
        #expect(gateway.hasNoFurtherTrace)
    }

    @Test func `models without number do not become labels`() throws {
        let gateway = try TestGateway(
            try FaultyUpstream.good(), ["telemetry.metricNamesMax": "10"])
        let client = try gateway.connect()
        for index in 0..<50 {
            client.send(Wire.chat(#"{"model":"m\#(index)","messages":[]}"#))
            #expect(client.response()?.status == 200)
        }
        let metrics = try Exposition(gateway)
        let models = metrics.values(of: "gen_ai_request_model")
        #expect(models == Set((0..<10).map { "m\($0)" } + ["other"]))
        #expect(
            metrics.value(
                "gen_ai_client_operation_duration_seconds_count",
                ["gen_ai_request_model": "other"]) == 40)
    }
}
