import Foundation
import GatewayTesting
import Testing

/// What leaves the process in each mode: words are sent through every place, and everything that
/// comes out is searched for them. Row J3.
@Suite struct CanaryTests {
    /// A mode, and how the run is exported.
    struct Case: Sendable, CustomTestStringConvertible {
        let mode: String
        let user: String
        let wire: String
        let isGzip: Bool
        let isStream: Bool

        var testDescription: String {
            "\(mode), user \(user), \(wire)\(isGzip ? " gzip" : "")\(isStream ? ", stream" : "")"
        }

        static let all = [
            Case(mode: "off", user: "off", wire: "http/protobuf", isGzip: false, isStream: false),
            Case(mode: "off", user: "hashed", wire: "http/json", isGzip: false, isStream: true),
            Case(
                mode: "hashed", user: "hashed", wire: "http/protobuf", isGzip: true, isStream: false
            ),
            Case(mode: "hashed", user: "off", wire: "http/json", isGzip: false, isStream: true),
            Case(mode: "redacted", user: "full", wire: "http/json", isGzip: true, isStream: false),
            Case(
                mode: "redacted", user: "hashed", wire: "http/protobuf", isGzip: false,
                isStream: true),
            Case(mode: "full", user: "full", wire: "http/json", isGzip: false, isStream: false),
            Case(mode: "full", user: "full", wire: "http/protobuf", isGzip: true, isStream: true),
        ]
    }

    private static func requests(_ test: Case) -> [String] {
        let path = "/v1/chat/completions?\(Canary.query)"
        return [
            Wire.chat(Canary.body(isStream: test.isStream), path: path, Canary.headers),
            Wire.get("/v1/files/x?\(Canary.query)", Canary.headers),
            // Refused, each in its way.
            Wire.chat("{\"CANARYnojson\"", Canary.headers),
            Wire.chat(["Authorization: Bearer CANARYwrong"]),
            Wire.get("/CANARYnowhere", Canary.headers.map { $0 }),
        ]
    }

    @Test("secrets are nowhere, and content is where its mode has it", arguments: Case.all)
    func keeps(_ test: Case) throws {
        let run = try CanaryRun(
            settings: ["content.mode": test.mode, "telemetry.userID": test.user],
            wire: test.wire, isGzip: test.isGzip,
            answer: Canary.answer(isStream: test.isStream), requests: Self.requests(test))
        let secrets =
            Canary.headers.flatMap(Self.canaries) + Canary.settings
            + Canary.upstream.flatMap(Self.canaries)
            + [
                "CANARYquery", "CANARYmeta", "CANARYunknown", "CANARYcachekey", "CANARYnojson",
                "CANARYwrong",
            ]
        for secret in secrets {
            #expect(run.places(holding: secret) == [], "\(secret)")
        }
        for text in Canary.personal {
            #expect(run.exported.contains(text) == (test.mode == "full"), "\(text)")
            if test.mode != "full" { #expect(run.places(holding: text) == [], "\(text)") }
        }
        let showsWords = test.mode == "full" || test.mode == "redacted"
        for word in Canary.words {
            #expect(run.exported.contains(word) == showsWords, "\(word)")
            if !showsWords { #expect(run.places(holding: word) == [], "\(word)") }
        }
        #expect(run.exported.contains(Canary.user) == (test.user == "full"))
        if test.user != "full" { #expect(run.places(holding: Canary.user) == []) }
        #expect(run.exported.contains("hmac-sha256:") == (test.mode == "hashed"))
        #expect(run.exported.contains("<email>") == (test.mode == "redacted"))
        // Prompts are in logs, numbers and error bodies in no mode.
        for place in ["log", "page /metrics", "page /readyz", "error body"] {
            let text = run.text(of: place)
            for word in Canary.words + Canary.personal {
                #expect(!text.contains(word), "\(word) in \(place)")
            }
        }
    }

    /// The words of a header field that begin with CANARY.
    private static func canaries(_ field: String) -> [String] {
        field.split { !$0.isLetter && !$0.isNumber }.map { String($0) }
            .filter { $0.hasPrefix("CANARY") }
    }

    @Test(
        "what an upstream says of an error is recorded without keys and personal data",
        arguments: ["redacted", "full"])
    func redactsErrors(_ mode: String) throws {
        let message =
            "Incorrect API key: sk-CANARYerror***7890, CANARYerror0123456789abcdef of "
            + "canary.mail@example.org at https://u:CANARYpassword@h/. Bearer CANARYbearer0001"
        let run = try CanaryRun(
            settings: ["content.mode": mode], wire: "http/json", isGzip: false,
            answer: Wire.answer(
                #"{"error":{"message":"\#(message)","type":"t","code":"invalid_api_key"}}"#,
                status: "401 Unauthorized", Canary.upstream),
            requests: [Wire.chat(["Authorization: Bearer CANARYauthorization"])])
        #expect(run.exported.contains("Incorrect API key: <key>"))
        for word in ["CANARYerror", "canary.mail", "CANARYpassword", "CANARYbearer"] {
            #expect(run.places(holding: word) == [], "\(word)")
        }
    }

    @Test(
        "an upstream's sentence is recorded where texts are, its code in any mode",
        arguments: [
            (["content.mode": "off"], false), (["content.mode": "hashed"], false),
            (["content.mode": "redacted"], true), (["content.mode": "full"], true),
            (["content.otlpMode": "hashed"], false), (["content.consoleMode": "off"], false),
        ], [true, false])
    func tiesErrorsToContent(
        _ mode: ([String: String], isShown: Bool), _ isStream: Bool
    ) throws {
        let error =
            #"{"error":{"message":"CANARYmessage of the prompt","type":"CANARYtype","#
            + #""param":"CANARYparam","code":"CANARYcode"}}"#
        let run = try CanaryRun(
            settings: mode.0, wire: "http/json", isGzip: false,
            answer: isStream
                ? Wire.streamHead + Wire.chunk("data: \(error)\n\n") + Wire.lastChunk
                : Wire.answer(error, status: "400 Bad Request"),
            requests: [
                Wire.chat(
                    isStream ? Wire.streamBody : Wire.chatBody,
                    ["Authorization: Bearer CANARYauthorization"])
            ])
        #expect(run.exported.contains("CANARYmessage of the prompt") == mode.isShown)
        if !mode.isShown { #expect(run.places(holding: "CANARYmessage") == []) }
        for place in ["log", "page /metrics", "page /readyz"] {
            #expect(!run.text(of: place).contains("CANARYmessage"))
        }
        #expect(run.places(holding: "CANARYparam") == [])
        #expect(run.text(of: "export otlp /v1/traces").contains("CANARYcode"))
        #expect(run.text(of: "page /metrics").contains("CANARYcode"))
    }

    @Test(
        "a code that is no plain word gives way to the type, and that to the status",
        arguments: [
            (#""sk-CANARYcode0123""#, #""CANARYtype""#, "CANARYtype"),
            (#""CANARYcode0123456789""#, #""a.b:c-d_1""#, "a.b:c-d_1"),
            (#""CANARYcode of 1""#, #""canary.code@example.org""#, "400"),
            (#""\#(String(repeating: "CANARYcode", count: 7))""#, "null", "400"),
            (#""CANARY\u0000code""#, #""CANARYcod\u00e9""#, "400"),
            ("[\"CANARYcode\"]", #""""#, "400"), ("40013", "null", "40013"),
        ])
    func reducesCodes(_ code: String, _ type: String, _ expected: String) throws {
        let upstream = try FaultyUpstream.answering(
            Wire.answer(
                #"{"error":{"message":"m","type":\#(type),"code":\#(code)}}"#,
                status: "400 Bad Request"))
        let gateway = try TestGateway(upstream)
        #expect(try gateway.answer(to: Wire.chat())?.status == 400)
        let trace = try gateway.trace()
        #expect(trace.operations.first?.errorType == expected)
        let page = try gateway.answer(to: Wire.get("/metrics"))?.text ?? ""
        #expect(page.contains(#"error_type="\#(expected)""#))
        #expect(!page.contains("CANARYcod"))
    }

    @Test func `an upstream that breaks tells nothing either`() throws {
        let run = try CanaryRun(
            settings: ["content.mode": "hashed", "telemetry.userID": "off"],
            wire: "http/protobuf", isGzip: false, answer: "CANARYgarbage\r\n\r\n",
            requests: [
                Wire.chat(Canary.body(isStream: false), Canary.headers)
            ])
        for word in Canary.words + Canary.personal + [Canary.user, "CANARYgarbage"] {
            #expect(run.places(holding: word) == [], "\(word)")
        }
        #expect(run.text(of: "error body").contains("gateway_error"))
    }

    @Test func `a caller sets neither the resource nor the headers of an export`() throws {
        // Row J16.
        let evil = #"{"service.name":"evil","telemetry.sdk.name":"evil\r\nx-evil: 1"}"#
        let run = try CanaryRun(
            settings: [:], wire: "http/json", isGzip: false, answer: Wire.answer(),
            requests: [
                Wire.chat(
                    #"{"model":"m","metadata":\#(evil),"resource":\#(evil),"messages":[]}"#,
                    path: "/v1/chat/completions?service.name=evil",
                    [
                        "Authorization: Bearer CANARYauthorization",
                        "baggage: service.name=evil,telemetry.sdk.name=evil",
                        "x-portkey-metadata: \(evil)", "x-otel-resource: service.name=evil",
                        "x-api-key: evil", "api-key-export: evil", "x-evil: evil",
                    ])
            ])
        #expect(!run.deliveries.isEmpty)
        for delivery in run.deliveries {
            #expect(!delivery.headers.contains { $0.key.contains("evil") })
            #expect(!delivery.headers.contains { $0.value.contains("evil") })
            #expect(
                delivery.headers["api-key"] == "CANARYexport"
                    || delivery.headers["authorization"] == "Bearer CANARYpush")
            guard delivery.headers["content-type"] == "application/json" else { continue }
            let body = try #require(
                JSONSerialization.jsonObject(with: Data(delivery.body)) as? [String: Any])
            let outer = try #require(body.values.first as? [[String: Any]])
            let resource = try #require(outer.first?["resource"])
            let text = String(
                decoding: try JSONSerialization.data(withJSONObject: resource), as: UTF8.self)
            #expect(text.contains("martlet"))
            #expect(!text.contains("evil"))
        }
    }

    @Test
    func `each exporter gets its own form of the same call, the debug page that of the console`()
        throws
    {
        let run = try CanaryRun(
            settings: [
                "content.experimentalMode": "full", "content.otlpMode": "hashed",
                "content.consoleMode": "redacted",
            ],
            wire: "http/protobuf", isGzip: false,
            answer: Canary.answer(isStream: false),
            requests: [
                Wire.chat(
                    Canary.body(isStream: false), ["Authorization: Bearer CANARYauthorization"])
            ])
        let pushed = run.text(of: "export push")
        #expect(pushed.contains("canary.mail@example.org"))
        #expect(!pushed.contains(#""content":"hmac-sha256"#))
        let sent = run.text(of: "export otlp")
        #expect(sent.contains("hmac-sha256"))
        #expect(!sent.contains("CANARYuser "))
        #expect(!sent.contains("canary.mail"))
        let page = run.text(of: "page /debug/traces/")
        #expect(page.contains("CANARYuser"))
        #expect(page.contains("email"))
        #expect(!page.contains("canary.mail"))
    }
}

/// Modes by tenant and route, and users.
@Suite struct ContentModeTests {
    private static let file = """
        secret: env:SECRET
        keys:
          clientKeys:
            - {name: acme, key: env:ACME}
            - {name: beta, key: env:BETA}
            - env:OTHER
        content:
          rules:
            - {tenant: acme, mode: hashed}
            - {tenant: beta, model: "gpt-4*", mode: redacted}
            - {tenant: beta, mode: off}
        """

    private static let environment = [
        "SECRET": "s", "ACME": "acme-key", "BETA": "beta-key", "OTHER": "other-key",
    ]

    private func content(
        _ key: String, model: String = "gpt-4o"
    ) throws -> (input: String?, alias: String?) {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(
            upstream.url("/v1"), environment: Self.environment, content: true, file: Self.file)
        let body =
            #"{"model":"\#(model)","messages":[{"role":"user","content":"hello a@b.org"}]}"#
        let response = try gateway.answer(to: Wire.chat(body, ["Authorization: Bearer \(key)"]))
        #expect(response?.status == 200)
        let trace = try gateway.trace()
        #expect(trace.operations.count == 1)
        return (
            trace.operations.first?["gen_ai.input.messages"], trace.server["martlet.key.alias"]
        )
    }

    @Test func `the first rule that covers a call decides, by tenant and by model`() throws {
        let acme = try content("acme-key")
        #expect(acme.alias == "acme")
        #expect(acme.input?.contains("hello") == false)
        #expect(acme.input?.contains(#""content":"hmac-sha256:"#) == true)
        #expect(acme.input?.contains(#""role":"user""#) == true)
        let beta = try content("beta-key")
        #expect(beta.alias == "beta")
        #expect(beta.input?.contains("hello <email>") == true)
        let none = try content("beta-key", model: "o1")
        #expect(none.input == nil)
        let other = try content("other-key")
        #expect(other.alias == nil)
        #expect(other.input?.contains("hello a@b.org") == true)
    }

    @Test func `equal prompts of two processes have equal hashes under one secret`() throws {
        let one = try content("acme-key")
        let other = try content("acme-key")
        #expect(one.input != nil)
        #expect(one.input == other.input)
    }

    @Test(
        "the user of the body, of baggage or of the metadata is on the spans as configured",
        arguments: [
            (#""user":"u1""#, [], "full", "u1"),
            (#""user":"u1","safety_identifier":"s1""#, [], "full", "s1"),
            (#""user":"u1""#, ["baggage: user.id=b1"], "full", "b1"),
            (#""user":"u1""#, [#"x-portkey-metadata: {"_user":"p1"}"#], "full", "p1"),
            (#""user":"u1""#, ["baggage: user.id=b1"], "off", nil),
            (#""user":7"#, [], "full", nil), (#""user":"""#, [], "full", nil),
            (#""user":"sk-secret0123""#, [], "full", "<key>"),
        ] as [(String, [String], String, String?)])
    func recordsUsers(
        _ member: String, _ fields: [String], _ form: String, _ expected: String?
    ) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream, ["telemetry.userID": form])
        _ = try gateway.answer(
            to: Wire.chat(#"{"model":"m",\#(member),"messages":[]}"#, fields))
        let trace = try gateway.trace()
        #expect(trace.operations[0]["user.id"] == expected)
        #expect(trace.server["user.id"] == expected)
    }

    @Test func `a hashed user is the same wherever the name came from, and not the name`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(
            upstream, ["telemetry.userID": "hashed"], environment: ["MARTLET_SECRET": "s"])
        for (member, fields) in [
            (#","user":"u1""#, []), ("", ["baggage: user.id=u1"]),
            ("", [#"x-portkey-metadata: {"_user":"u1"}"#]),
        ] as [(String, [String])] {
            _ = try gateway.answer(
                to: Wire.chat(#"{"model":"m"\#(member),"messages":[]}"#, fields))
        }
        let traces = gateway.traces(3)
        let ids = Set(traces.map { $0.operations[0]["user.id"] })
        #expect(traces.count == 3)
        #expect(ids.count == 1)
        let id = try #require(ids.first ?? nil)
        #expect(id.utf8.count == 64)
        #expect(id.allSatisfy { $0.isHexDigit })
    }
}
