import Bytes
import Foundation
import Privacy
import Testing

/// The stricter forms of content attributes.
@Suite struct ContentFilterTests {
    private static let secret = "a secret of the installation"

    static func filtered(
        _ json: String, _ form: ContentForm, secret: String = Self.secret,
        patterns: [RedactionPattern] = []
    ) -> String? {
        let filter = ContentFilter(
            secret: secret.utf8.span,
            redactor: Redactor(rules: Redaction.Rules(), patterns: patterns))
        var buffer = ByteBuffer()
        guard filter.append(json.utf8.span, as: form, to: &buffer) else { return nil }
        return String(decoding: buffer.bytes)
    }

    private static func parsed(_ json: String?) throws -> [[String: Any]] {
        let text = try #require(json)
        return try #require(
            try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
    }

    private static let messages = #"""
        [{"role":"user","name":"Ann","parts":[{"type":"text","content":"to ann@x.org"},
        {"type":"uri","modality":"image","uri":"https://u:p@h/a.png"},
        {"type":"blob","modality":"image","mime_type":"image/png","content":"","size":3,
        "sha256":"9f86d081884c7d659a2feaa0c55ad0159f86d081884c7d659a2feaa0c55ad015"}]},
        {"role":"assistant","parts":[{"type":"tool_call","id":"call_a1B2c3D4e5F6g7H8i9J0k1L2",
        "name":"get_weather","arguments":{"mail":"ann@x.org","n":[4111111111111111,1,true,null]}},
        {"type":"server_tool_call","name":"web","server_tool_call":{"type":"web_search_call"}},
        {"type":"tool_call","name":"f","arguments":"not json ann@x.org"}],
        "finish_reason":"tool_call"},
        {"role":"tool","parts":[{"type":"tool_call_response","id":"call_a1B2c3D4e5F6g7H8i9J0k1L2",
        "response":{"sk-abcdefgh12":"v"}}]}]
        """#

    @Test func `hashed keeps the structure and nothing of the texts`() throws {
        let text = try #require(Self.filtered(Self.messages, .hashed))
        for secret in ["ann", "Ann", "x.org", "4111", "call_a1", "sk-", "u:p", "9f86d0"] {
            #expect(!text.contains(secret), "\(secret)")
        }
        let found = try Self.parsed(text)
        #expect(found.map { $0["role"] as? String } == ["user", "assistant", "tool"])
        #expect(found[1]["finish_reason"] as? String == "tool_call")
        let user = try #require(found[0]["parts"] as? [[String: Any]])
        #expect(user.map { $0["type"] as? String } == ["text", "uri", "blob"])
        let content = try #require(user[0]["content"] as? String)
        #expect(content.hasPrefix("hmac-sha256:"))
        #expect(content.hasSuffix(":12"))
        #expect(content.utf8.count == 12 + 64 + 3)
        #expect(user[2]["content"] as? String == "")
        #expect(user[2]["mime_type"] as? String == "image/png")
        #expect(user[2]["size"] as? Int == 3)
        let calls = try #require(found[1]["parts"] as? [[String: Any]])
        #expect(calls[0]["name"] as? String == "get_weather")
        #expect((calls[0]["arguments"] as? String)?.hasPrefix("hmac-sha256:") == true)
        let tool = try #require(calls[1]["server_tool_call"] as? [String: Any])
        #expect(tool["type"] as? String == "web_search_call")
        let results = try #require(found[2]["parts"] as? [[String: Any]])
        #expect(results[0]["id"] as? String == calls[0]["id"] as? String)
        #expect(results[0]["id"] != nil)
    }

    @Test func `equal texts have equal hashes under one secret, and others under another`() {
        let one = #"[{"type":"text","content":"Hello"}]"#
        let escaped = #"[{"type":"text","content":"\u0048ello"}]"#
        let other = #"[{"type":"text","content":"Hallo"}]"#
        let hash = Self.filtered(one, .hashed)
        #expect(hash == Self.filtered(escaped, .hashed))
        #expect(hash != Self.filtered(other, .hashed))
        #expect(hash != Self.filtered(one, .hashed, secret: "another"))
    }

    @Test(
        "words that callers choose are hashed where they are not the conventions' own",
        arguments: [
            #"[{"role":"my secret role","parts":[]}]"#,
            #"[{"role":"secret","parts":[]}]"#,
            #"[{"type":"My secret type"}]"#,
            #"[{"type":"function","name":"has a secret in it"}]"#,
            #"[{"type":"function","name":"sk-secret0123456789"}]"#,
            #"[{"type":"function","name":"f","description":"secret"}]"#,
            #"[{"type":"function","name":"f","parameters":{"secret":1}}]"#,
            #"[{"type":"blob","modality":"image","mime_type":"x; secret","content":""}]"#,
            #"[{"type":"text","content":"a","new_member":"secret"}]"#,
            #"[{"type":"text","content":"a","new_member":["secret"]}]"#,
            #"["secret"]"#, #"[["secret"]]"#,
        ])
    func hashesUnknown(_ json: String) throws {
        let text = try #require(Self.filtered(json, .hashed))
        #expect(!text.contains("secret"))
        #expect(text.contains("hmac-sha256:"))
        _ = try JSONSerialization.jsonObject(with: Data(text.utf8))
    }

    @Test(
        "bare numbers are content as well: an age or an account is one",
        arguments: [
            "[4111111111111111]", #"["a",[-17.25e3]]"#, "4111111111111111",
            #"[{"type":"text","content":4111111111111111}]"#,
            #"[{"role":"user","parts":[4111111111111111]}]"#,
        ])
    func hashesNumbers(_ json: String) throws {
        let text = try #require(Self.filtered(json, .hashed))
        for number in ["4111", "17.25"] { #expect(!text.contains(number)) }
        let once = try #require(text.range(of: "\"hmac-sha256:"))
        #expect(!text[once.upperBound...].contains("\"hmac-sha256:") || json.contains("\"a\""))
        _ = try JSONSerialization.jsonObject(
            with: Data(text.utf8), options: .fragmentsAllowed)
    }

    @Test func `redacted keeps texts and takes out what it finds, also in names and numbers`()
        throws
    {
        let text = try #require(Self.filtered(Self.messages, .redacted))
        for secret in ["ann@", "411111", "sk-abc", "u:p@"] { #expect(!text.contains(secret)) }
        let found = try Self.parsed(text)
        let user = try #require(found[0]["parts"] as? [[String: Any]])
        #expect(user[0]["content"] as? String == "to <email>")
        #expect(user[1]["uri"] as? String == "https://<credentials>@h/a.png")
        let digest = user[2]["sha256"] as? String
        #expect(digest?.hasPrefix("9f86d0") == true)
        let calls = try #require(found[1]["parts"] as? [[String: Any]])
        #expect(calls[0]["id"] as? String == "call_a1B2c3D4e5F6g7H8i9J0k1L2")
        let arguments = try #require(calls[0]["arguments"] as? [String: Any])
        #expect(arguments["mail"] as? String == "<email>")
        let numbers = try #require(arguments["n"] as? [Any])
        #expect(numbers[0] as? String == "<card>")
        #expect(numbers[1] as? Int == 1)
        #expect(calls[2]["arguments"] as? String == "not json <email>")
        let results = try #require(found[2]["parts"] as? [[String: Any]])
        #expect((results[0]["response"] as? [String: Any])?["<key>"] as? String == "v")
    }

    @Test(
        "escapes hide nothing, in JSON or in JSON inside a string",
        arguments: [
            (#"[{"content":"ann\u0040x.org"}]"#, #"[{"content":"<email>"}]"#),
            (#"[{"content":"\"ann@x.org\"\n"}]"#, #"[{"content":"\"<email>\"\n"}]"#),
            (
                #"[{"response":"{\"m\":\"ann\\u0040x.org\"}"}]"#,
                #"[{"response":"{\"m\":\"<email>\"}"}]"#
            ),
            (
                #"[{"response":"{\"m\":\"a\\nann@x.org\"}"}]"#,
                #"[{"response":"{\"m\":\"a\\n<email>\"}"}]"#
            ),
            (#"[{"content":"sk\u002dabcdefgh12"}]"#, #"[{"content":"<key>"}]"#),
            (#"[{"content":"plain \u00e9 \/"}]"#, #"[{"content":"plain é /"}]"#),
        ])
    func seesThroughEscapes(_ json: String, _ expected: String) {
        #expect(Self.filtered(json, .redacted) == expected)
    }

    @Test(
        "the end of a text that was cut goes as far as it may be half of something",
        arguments: [
            (#"[{"type":"text","content":"see ann@exam","truncated":true,"size":9}]"#, "see"),
            (#"[{"type":"text","content":"card 4111 1111 11","truncated":true}]"#, "card"),
            (#"[{"type":"text","content":"a sk-abcdefg","truncated":true}]"#, "a"),
            (#"[{"type":"text","content":"ends here.","truncated":false}]"#, "ends here."),
        ])
    func dropsHalves(_ json: String, _ expected: String) throws {
        let found = try Self.parsed(Self.filtered(json, .redacted))
        #expect(found[0]["content"] as? String == expected)
        #expect(found[0]["type"] as? String == "text")
    }

    @Test func `a stream that was cut counts as cut in each of its parts`() throws {
        let json =
            #"[{"role":"assistant","parts":[{"type":"text","content":"to ann@ex"}],"#
            + #""truncated":true}]"#
        let found = try Self.parsed(Self.filtered(json, .redacted))
        let parts = try #require(found[0]["parts"] as? [[String: Any]])
        #expect(parts[0]["content"] as? String == "to")
    }

    @Test func `expressions of the configuration are replaced by their names`() {
        let patterns = [
            RedactionPattern(name: "employee", expression: "EMP-[0-9]{4,6}"),
            RedactionPattern(name: "project", expression: "(blue|red) (moon|sun)"),
        ]
        #expect(patterns.allSatisfy { $0.problem == nil })
        #expect(
            Self.filtered(
                #"[{"content":"EMP-12345 of blue moon, ann@x.org EMP-1"}]"#, .redacted,
                patterns: patterns)
                == #"[{"content":"<employee> of <project>, <email> EMP-1"}]"#)
    }

    @Test func `an expression finds its matches all over a long text`() throws {
        let pattern = RedactionPattern(name: "x", expression: "EMP-[0-9]{6}")
        let unit = String(repeating: "word ", count: 37) + "EMP-123456 "
        let text = String(repeating: unit, count: 700)
        let json = #"[{"content":""# + text + #""}]"#
        let found = try #require(Self.filtered(json, .redacted, patterns: [pattern]))
        #expect(!found.contains("EMP-"))
        #expect(found.components(separatedBy: "<x>").count == 701)
    }

    @Test(
        "expressions that cannot be used are refused with a reason",
        arguments: ["(", "[a", "a{2,1}", "", "x*", "(a)\\1", String(repeating: "a", count: 513)])
    func refusesExpressions(_ expression: String) {
        #expect(RedactionPattern(name: "n", expression: expression).problem != nil)
    }

    @Test(
        "what is no JSON is not recorded in a stricter form",
        arguments: ["", "[", "[{\"content\":\"a}]", "nope"])
    func failsClosed(_ json: String) {
        #expect(Self.filtered(json, .hashed) == nil)
        #expect(Self.filtered(json, .redacted) == nil)
    }

    @Test func `off is nothing and full is all`() {
        #expect(Self.filtered(Self.messages, .off) == nil)
        #expect(Self.filtered(Self.messages, .full) == Self.messages)
    }
}

/// Which forms a call's content is recorded in.
@Suite struct ContentPolicyTests {
    private static func forms(_ forms: ContentForm...) -> ContentForms {
        var set = ContentForms()
        for form in forms { set.insert(form) }
        return set
    }

    @Test func `the stricter of rule and exporter counts, for each exporter`() {
        let policy = ContentPolicy(
            exporters: Self.forms(.full, .redacted), standard: .full,
            rules: [
                ContentRule(tenant: "acme", form: .hashed),
                ContentRule(path: "/v1/embeddings", form: .off),
                ContentRule(model: "gpt-4*", form: .redacted),
                ContentRule(tenant: "beta", path: "/v1/*", model: "*mini", form: .full),
            ])
        func found(_ tenant: String?, _ path: String, _ model: String) -> ContentForms {
            policy.forms(tenant: tenant, path: path.utf8.span, model: model.utf8.span)
        }
        #expect(found(nil, "/v1/responses", "o1") == Self.forms(.full, .redacted))
        #expect(found("acme", "/v1/embeddings", "o1") == Self.forms(.hashed))
        #expect(found("beta", "/v1/embeddings", "o1") == [])
        #expect(found(nil, "/v1/responses", "gpt-4o") == Self.forms(.redacted))
        #expect(found("beta", "/v1/responses", "o1-mini") == Self.forms(.full, .redacted))
        #expect(policy.captures)
    }

    @Test func `nothing is captured where nobody wants it or every rule says off`() {
        let rules = [ContentRule(tenant: "acme", form: .off)]
        #expect(!ContentPolicy(exporters: [], standard: .full, rules: []).captures)
        #expect(!ContentPolicy(exporters: Self.forms(.full), standard: .off, rules: rules).captures)
        #expect(
            ContentPolicy(
                exporters: Self.forms(.full), standard: .off,
                rules: [ContentRule(tenant: "acme", form: .hashed)]
            ).captures)
    }

    @Test(
        "a star stands for any text",
        arguments: [
            ("*", "", true), ("*", "abc", true), ("a*c", "abbc", true), ("a*c", "abb", false),
            ("a*b*c", "aXbYbZc", true), ("gpt-4*", "gpt-4o", true), ("gpt-4*", "gpt-3", false),
            ("", "", true), ("", "a", false), ("abc", "abc", true), ("**", "x", true),
            ("a*", "ba", false),
        ])
    func matchesPatterns(_ pattern: String, _ text: String, _ expected: Bool) {
        let rule = ContentRule(model: pattern, form: .off)
        let policy = ContentPolicy(
            exporters: Self.forms(.full), standard: .full, rules: [rule, ContentRule(form: .full)])
        let forms = policy.forms(tenant: nil, path: "".utf8.span, model: text.utf8.span)
        #expect((forms == []) == expected)
    }
}
