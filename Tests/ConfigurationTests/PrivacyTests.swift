import Configuration
import Privacy
import Testing

/// Keys with names, rules on content, expressions.
@Suite struct PrivacySettingsTests {
    @Test func `a file gives keys names, rules conditions and expressions words`() throws {
        let settings = try load(
            """
            secret: env:SECRET
            keys:
              clientKeys:
                - {name: acme, key: env:ACME}
                - env:OTHER
                - name: beta
                  key: file:/beta
            telemetry:
              userID: hashed
            content:
              mode: redacted
              otlpMode: hashed
              rules:
                - {tenant: acme, mode: off}
                - {path: "/v1/*", model: gpt-4*, mode: full}
              patterns:
                - {name: employee, match: "EMP-[0-9]{4,6}"}
              redactAddresses: true
            """,
            environment: ["SECRET": "s3", "ACME": "a,b", "OTHER": "c"], files: ["/beta": "d\n"]
        ).settings
        #expect(settings.secret?.reveal() == "s3")
        #expect(settings.keys.clientKeys.map(\.name) == ["acme", "acme", nil, "beta"])
        #expect(settings.keys.clientKeys.map { $0.key.reveal() } == ["a", "b", "c", "d"])
        #expect(settings.telemetry.userID == .hashed)
        #expect(settings.content.mode == .redacted)
        #expect(settings.content.otlpMode == .hashed)
        #expect(settings.content.consoleMode == .full)
        #expect(
            settings.content.rules == [
                ContentRule(tenant: "acme", form: .off),
                ContentRule(path: "/v1/*", model: "gpt-4*", form: .full),
            ])
        #expect(
            settings.content.patterns
                == [RedactionPattern(name: "employee", expression: "EMP-[0-9]{4,6}")])
        #expect(settings.content.redactAddresses)
        for (_, value) in settings.summary { #expect(!value.contains("s3")) }
    }

    @Test func `variables hold rules with semicolons between them`() throws {
        let settings = try load(
            environment: [
                "MARTLET_CONTENT_RULES": "tenant=acme mode=hashed; path=/v1/embeddings mode=off",
                "MARTLET_CONTENT_PATTERNS": "name=pair match=a b,{2,3}; name=x match=y",
                "MARTLET_SECRET": "s", "MARTLET_CONTENT_MODE": "hashed",
            ]
        ).settings
        #expect(
            settings.content.rules == [
                ContentRule(tenant: "acme", form: .hashed),
                ContentRule(path: "/v1/embeddings", form: .off),
            ])
        #expect(
            settings.content.patterns == [
                RedactionPattern(name: "pair", expression: "a b,{2,3}"),
                RedactionPattern(name: "x", expression: "y"),
            ])
        #expect(settings.secret?.reveal() == "s")
        #expect(settings.content.mode == .hashed)
    }

    @Test(
        "what cannot be a rule, a pattern or a key is said with its line",
        arguments: [
            ("content:\n  rules: [{tenant: acme}]", "2", "needs `mode`"),
            ("content:\n  rules: [{mode: hidden}]", "2", "not one of off, hashed"),
            ("content:\n  rules:\n    - {tennant: a, mode: off}", "3", "no member `tennant`"),
            ("content:\n  rules: [{path: v1, mode: off}]", "2", "does not begin with /"),
            ("content:\n  rules: [{tenant: a b, mode: off}]", "2", "has the name"),
            ("content:\n  rules: [{tenant: a, tenant: b, mode: off}]", "2", "second time"),
            ("content:\n  rules: [{tenant: [a], mode: off}]", "2", "takes a value"),
            ("content:\n  patterns: [{name: x, match: \"(\"}]", "2", "no regular expression"),
            ("content:\n  patterns: [{name: x, match: \"(a)\\\\1\"}]", "2", "refers back"),
            ("content:\n  patterns: [{name: x, match: a*}]", "2", "empty text"),
            ("content:\n  mode: some", "2", "not one of off, hashed, redacted, full"),
            ("keys:\n  clientKeys: [{name: a, key: plain-secret}]", "2", "is a secret"),
            ("keys:\n  clientKeys: [{key: env:X}]", "2", "needs `name`"),
            ("secret: plain-secret", "1", "is a secret"),
            ("listener:\n  address: {tenant: a}", "2", "takes a value"),
        ])
    func refuses(_ file: String, _ line: String, _ reason: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try load(file) }
        let text = try #require(error?.description)
        #expect(text.contains(":\(line):"))
        #expect(text.contains(reason), "\(text)")
        #expect(!text.contains("plain-secret"))
    }
}
