import Foundation
import GatewayTesting
import Testing

/// `/debug/traces`: what it shows, and to whom.
@Suite struct DebugTests {
    /// A request for a page, as this machine's own clients make it.
    private static func get(
        _ path: String = "/debug/traces", host: String = "localhost", _ fields: [String] = []
    ) -> String {
        Wire.get(path, fields).replacingOccurrences(of: "gateway.test", with: host)
    }

    private func object(_ response: RawClient.Response?) throws -> [String: Any] {
        let response = try #require(response)
        #expect(response.status == 200)
        #expect(response.header("content-type") == "application/json")
        return try #require(
            JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
    }

    @Test func `the list shows the newest request first`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        _ = try gateway.answer(to: Wire.chat())
        _ = try gateway.answer(to: Wire.get("/v1/nothing", ["Upgrade: x", "Connection: upgrade"]))
        let traces = gateway.traces(2)
        let list = try object(gateway.answer(to: Self.get()))["traces"] as? [[String: Any]]
        #expect(list?.count == 2)
        #expect(list?.compactMap { $0["trace_id"] as? String } == traces.reversed().map(\.id))
        let chat = list?.last
        #expect(chat?["name"] as? String == "POST /v1/chat/completions")
        #expect(chat?["http_status"] as? Int == 200)
        #expect(chat?["status"] as? String == "ok")
        #expect(chat?["model"] as? String == "gpt-4o-2024-08-06")
        #expect(chat?["input_tokens"] as? Int == 9)
        #expect(chat?["output_tokens"] as? Int == 3)
        #expect(chat?["spans"] as? Int == 3)
        #expect((chat?["duration_ms"] as? Double ?? -1) >= 0)
        #expect(list?.first?["status"] as? String == "error")
        #expect(list?.first?["error_type"] as? String == "not_implemented")
        #expect(list?.first?["model"] is NSNull)
        // Looking leaves no trace.
        #expect(gateway.hasNoFurtherTrace)
    }

    @Test func `a trace is a tree with times and attributes`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        _ = try gateway.answer(to: Wire.chat())
        let trace = try gateway.trace()
        let page = try object(gateway.answer(to: Self.get("/debug/traces/\(trace.id)")))
        #expect(page["trace_id"] as? String == trace.id)
        #expect(page["truncated"] as? Bool == false)
        let roots = try #require(page["spans"] as? [[String: Any]])
        #expect(roots.count == 1)
        let server = roots[0]
        #expect(server["kind"] as? String == "SERVER")
        #expect(server["offset_ms"] as? Double == 0)
        #expect(server["parent_span_id"] is NSNull)
        let operation = try #require((server["children"] as? [[String: Any]])?.first)
        #expect(operation["name"] as? String == "chat gpt-4o")
        #expect(operation["parent_span_id"] as? String == trace.server.id)
        let attempt = try #require((operation["children"] as? [[String: Any]])?.first)
        #expect(attempt["span_id"] as? String == trace.attempts[0].id)
        #expect(attempt["children"] == nil)
        let attributes = try #require(operation["attributes"] as? [String: Any])
        #expect(attributes["gen_ai.usage.input_tokens"] as? Int == 9)
        #expect(attributes["gen_ai.response.finish_reasons"] as? [String] == ["stop"])
        #expect(attributes["gen_ai.response.model"] as? String == "gpt-4o-2024-08-06")
    }

    @Test func `requests of one caller's trace stand in one tree`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        let id = "4bf92f3577b34da6a3ce929d0e0e4736"
        for _ in 0..<2 {
            _ = try gateway.answer(
                to: Wire.chat(["traceparent: 00-\(id)-00f067aa0ba902b7-01"]))
        }
        #expect(gateway.traces(2).map(\.id) == [id, id])
        let page = try object(gateway.answer(to: Self.get("/debug/traces/\(id)")))
        let roots = page["spans"] as? [[String: Any]]
        #expect(roots?.count == 2)
        #expect(roots?.allSatisfy { $0["parent_span_id"] as? String == "00f067aa0ba902b7" } == true)
    }

    @Test(
        "a browser gets a page, a program JSON",
        arguments: [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("text/html", true), ("text/*, application/json;q=0.5", true),
            ("application/json;q=0.9, TEXT/HTML;q=0.91", true),
            ("*/*", false), ("", false), ("application/json", false),
            ("text/html, application/json", false), ("text/html;q=0", false),
            ("text/html;q=0.5, */*", false), ("text/html;q=x", false), ("text/plain", false),
        ])
    func negotiates(_ accept: String, _ isPage: Bool) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        let response = try gateway.answer(
            to: Self.get("/debug/traces", accept.isEmpty ? [] : ["Accept: \(accept)"]))
        #expect(response?.status == 200)
        #expect(
            response?.header("content-type")
                == (isPage ? "text/html; charset=utf-8" : "application/json"))
    }

    @Test func `a page runs nothing, loads nothing and is not kept`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        _ = try gateway.answer(to: Wire.chat())
        let trace = try gateway.trace()
        for path in ["/debug/traces", "/debug/traces/\(trace.id)"] {
            let response = try #require(
                try gateway.answer(to: Self.get(path, ["Accept: text/html"])))
            let policy = try #require(response.header("content-security-policy"))
            #expect(policy.hasPrefix("default-src 'none'; style-src 'sha256-"))
            #expect(policy.contains("frame-ancestors 'none'"))
            #expect(!policy.contains("unsafe"))
            #expect(response.header("cache-control") == "no-store")
            #expect(response.header("x-content-type-options") == "nosniff")
            #expect(response.header("referrer-policy") == "no-referrer")
            #expect(response.header("access-control-allow-origin") == nil)
            for word in ["<script", "<img", " src=", " style=", "javascript:", "href=\"http"] {
                #expect(!response.text.contains(word), "\(word)")
            }
            #expect(response.text.contains(trace.id))
        }
    }

    @Test func `the page's policy names its style`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        let response = try #require(
            try gateway.answer(to: Self.get("/debug/traces", ["Accept: text/html"])))
        let start = try #require(response.text.range(of: "<style>"))
        let end = try #require(response.text.range(of: "</style>"))
        let digest = try SystemDigest.base64(
            String(response.text[start.upperBound..<end.lowerBound]))
        #expect(response.header("content-security-policy")?.contains("'sha256-\(digest)'") == true)
    }

    @Test(
        "what came from outside is text on the page",
        arguments: [
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            (#"\" onload=x '"#, "&quot; onload=x &#39;"),
            (#"\u202e"#, "\\u{202e}"), ("a&amp;b", "a&amp;amp;b"),
        ])
    func escapes(_ model: String, _ wanted: String) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        _ = try gateway.answer(to: Wire.chat(#"{"model":"\#(model)","messages":[]}"#))
        let trace = try gateway.trace()
        let page = try gateway.answer(
            to: Self.get("/debug/traces/\(trace.id)", ["Accept: text/html"]))
        #expect(page?.text.contains(wanted) == true)
        #expect(page?.text.contains("<script>") == false)
        #expect(page?.text.unicodeScalars.contains("\u{1B}") == false)
    }

    @Test(
        "message content is shown only where it is captured", arguments: [true, false])
    func showsContent(_ isCaptured: Bool) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream, content: isCaptured)
        _ = try gateway.answer(
            to: Wire.chat(
                #"{"model":"m","messages":[{"role":"user","content":"the canary sings"}]}"#))
        let trace = try gateway.trace()
        for accept in ["text/html", "application/json"] {
            let page = try gateway.answer(
                to: Self.get("/debug/traces/\(trace.id)", ["Accept: \(accept)"]))
            #expect(page?.text.contains("the canary sings") == isCaptured)
            #expect(page?.text.contains("gen_ai.input.messages") == isCaptured)
        }
    }

    @Test(
        "without the admin key, nobody else sees the pages",
        arguments: [
            ("evil.test", []), ("localhost.evil.test", []),
            ("localhost", ["Origin: http://evil.test"]), ("localhost", ["Origin: null"]),
            ("localhost", ["X-Forwarded-For: 1.2.3.4"]), ("localhost", ["Forwarded: for=1.2.3.4"]),
            ("127.0.0.1", ["X-Real-IP: 1.2.3.4"]), ("127.0.0.1", ["Via: 1.1 proxy"]),
            ("evil.test", ["Authorization: Bearer "]), ("evil.test", ["Authorization: Bearer x"]),
        ] as [(String, [String])])
    func refuses(_ host: String, _ fields: [String]) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        let response = try gateway.answer(to: Self.get("/debug/traces", host: host, fields))
        try gateway.trace().expectError(response, 403, "forbidden")
        #expect(upstream.connections == 0)
    }

    @Test(
        "with the admin key, the pages open under any name and through a proxy",
        arguments: [
            ("Authorization: Bearer the-admin-key", 200), ("api-key: the-admin-key", 200),
            ("Authorization: Bearer the-admin-ke", 403),
            ("Authorization: Bearer THE-ADMIN-KEY", 403),
            ("Cookie: the-admin-key", 403),
        ])
    func opens(_ field: String, _ status: Int) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(
            upstream, environment: ["MARTLET_ADMIN_KEY": "the-admin-key"])
        let response = try gateway.answer(
            to: Self.get("/debug/traces", host: "evil.test", [field, "Via: 1.1 proxy"]))
        #expect(response?.status == status)
        #expect(response?.text.contains("the-admin-key") == false)
    }

    @Test func `a listener that others can reach needs the admin key`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream, ["listener.address": "0.0.0.0:0"])
        let client = try RawClient(.tcp(host: "127.0.0.1", port: gateway.port))
        client.send(Self.get())
        #expect(client.response()?.status == 403)
    }

    @Test func `switched off, the pages are not there`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream, ["debug.tracesMax": "off"])
        let response = try gateway.answer(to: Self.get())
        try gateway.trace().expectError(response, 404, "not_found")
    }

    @Test(
        "other paths and traces that are gone are not found",
        arguments: [
            "/debug/traces/4bf92f3577b34da6a3ce929d0e0e4736", "/debug/traces/x", "/debug/traces/",
            "/debug/tracesx", "/debug",
        ])
    func misses(_ path: String) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        let response = try gateway.answer(to: Self.get(path))
        try gateway.trace().expectError(response, 404, "not_found")
    }

    @Test(
        "a wrong admin key opens nothing on this machine either, none at all does",
        arguments: [
            ("Authorization: Bearer the-admin-key", 200), ("X-Nothing: 1", 200),
            ("Authorization: Bearer another-key", 403), ("api-key: another-key", 403),
            ("Authorization: Basic YTpi", 403), ("Authorization: Bearer", 403),
        ])
    func refusesWrongKeys(_ field: String, _ status: Int) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(
            upstream, environment: ["MARTLET_ADMIN_KEY": "the-admin-key"])
        #expect(try gateway.answer(to: Self.get("/debug/traces", [field]))?.status == status)
        // Where there is no admin key, there is no wrong one.
        let open = try TestGateway(upstream)
        #expect(try open.answer(to: Self.get("/debug/traces", [field]))?.status == 200)
    }

    @Test(
        "other methods are told which there are",
        arguments: ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        ["/debug/traces", "/debug/traces/4bf92f3577b34da6a3ce929d0e0e4736"])
    func refusesMethods(_ method: String, _ path: String) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        let request = Self.get(path).replacingOccurrences(of: "GET ", with: "\(method) ")
        let response = try gateway.answer(to: request)
        #expect(response?.header("allow") == "GET, HEAD")
        try gateway.trace().expectError(response, 405, "method_not_allowed")
        let far = Self.get(path, host: "evil.test").replacingOccurrences(
            of: "GET ", with: "\(method) ")
        #expect(try gateway.answer(to: far)?.status == 403)
        #expect(upstream.connections == 0)
    }

    @Test func `HEAD has the head of GET`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        let client = try gateway.connect()
        client.send(Self.get().replacingOccurrences(of: "GET ", with: "HEAD "))
        let head = client.response(hasBody: false)
        #expect(head?.status == 200)
        #expect(head?.header("content-length") == "14")
        client.send(Self.get())
        #expect(client.response()?.text == "{\"traces\":[]}\n")
    }

    @Test func `the oldest traces make room`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream, ["debug.tracesMax": "2"])
        let client = try gateway.connect()
        for _ in 0..<3 {
            client.send(Wire.chat())
            #expect(client.response()?.status == 200)
        }
        let ids = gateway.traces(3).map(\.id)
        let list = try object(gateway.answer(to: Self.get()))["traces"] as? [[String: Any]]
        #expect(list?.compactMap { $0["trace_id"] as? String } == [ids[2], ids[1]])
        let gone = try gateway.answer(to: Self.get("/debug/traces/\(ids[0])"))
        #expect(gone?.status == 404)
    }
}

/// SHA-256 by the system's own tool.
private enum SystemDigest {
    static func base64(_ text: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/sha256sum")
        let input = Pipe()
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
        try input.fileHandleForWriting.close()
        let hex = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile().prefix(64), as: UTF8.self)
        process.waitUntilExit()
        var bytes = Data()
        var rest = hex[...]
        while !rest.isEmpty {
            bytes.append(try #require(UInt8(rest.prefix(2), radix: 16)))
            rest = rest.dropFirst(2)
        }
        return bytes.base64EncodedString()
    }
}
