import Bytes
import Privacy
import Testing

/// What is taken out of texts, and what stays.
@Suite struct RedactionTests {
    static func redacted(
        _ text: String, _ rules: Redaction.Rules = Redaction.Rules()
    ) -> String {
        var buffer = ByteBuffer()
        Redaction.append(text.utf8.span, rules, to: &buffer)
        return String(decoding: buffer.bytes)
    }

    @Test(
        "personal data and credentials become words for them",
        arguments: [
            ("write to jane.doe+x@mail.example.org.", "write to <email>."),
            ("a@b.co", "<email>"), ("<jane@example.com>", "<<email>>"),
            ("jürgen@müller.de!", "<email>!"), ("mailto:a.b%40example.com?x", "mailto:<email>?x"),
            ("x@y.com,z@w.org", "<email>,<email>"),
            ("card 4111 1111 1111 1111 exp 12/27", "card <card> exp 12/27"),
            ("5500-0000-0000-0004", "<card>"), ("378282246310005.", "<card>."),
            ("4222222222222", "<card>"), ("6011000990139424 123", "<card> 123"),
            ("IBAN DE89 3704 0044 0532 0130 00 please", "IBAN <iban> please"),
            ("gb29nwbk60161331926819", "<iban>"), ("(FR1420041010050500013M02606)", "(<iban>)"),
            ("call +49 151 23456789 now", "call <phone> now"), ("+1 (415) 555-2671", "<phone>"),
            ("(415) 555-2671", "<phone>"), ("415-555-2671", "<phone>"),
            ("1-800-555-0199", "<phone>"), ("0049 30 1234567", "<phone>"),
            ("030 1234567", "<phone>"), ("0151/23456789", "<phone>"),
            ("06 12 34 56 78", "<phone>"), ("tel:+33612345678", "tel:<phone>"),
            ("key sk-abcdefgh12", "key <key>"), ("sk-proj-AbC_d-12345678", "<key>"),
            ("x=AKIAIOSFODNN7EXAMPLE;", "x=<key>;"),
            ("ghp_abcdefghijklmnop1234", "<key>"), ("github_pat_11ABCDEFG0123456789", "<key>"),
            ("xoxb-123456789012-abcdef", "<key>"),
            ("AIzaSyA1234567890abcdefghijklmnopqrstu", "<key>"),
            ("hf_abcdefghijklmnopqr", "<key>"), ("glpat-abcdefghij0123456789", "<key>"),
            ("Authorization: Bearer abcdef0123456", "Authorization: Bearer <token>"),
            ("Basic dXNlcjpwYXNzd29yZDEyMw==", "Basic <token>"),
            ("t eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl.", "t <token>."),
            (
                "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
            ),
            ("9f86d081884c7d659a2feaa0c55ad015", "<token>"),
            ("q=5kX9vB2mQ7wE4rT8yU1i&", "q=<token>&"),
            ("postgres://bob:hunter2@db/x", "postgres://<credentials>@db/x"),
            ("https://u:p%40ss@h.org/", "https://<credentials>@h.org/"),
            (
                "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIx\n-----END RSA PRIVATE KEY-----\nb",
                "a\n<key>\nb"
            ),
            ("-----BEGIN PRIVATE KEY-----\ncut off here", "<key>"),
            (#"{\"mail\":\"x\nbob@example.com\"}"#, #"{\"mail\":\"x\n<email>\"}"#),
            (#"a\nsk-abcdefgh12\n"#, #"a\n<key>\n"#), (#"a\n4111111111111111"#, #"a\n<card>"#),
        ])
    func finds(_ text: String, _ expected: String) {
        #expect(Self.redacted(text) == expected)
    }

    @Test(
        "what only looks alike stays",
        arguments: [
            "", "plain words, nothing else", "meet @ noon", "user@localhost", "a @b.com", "@handle",
            "version 1.2.3.4 at 10:20:30 on 2024-01-15T10:30:00Z", "4111 1111 1111 1112",
            "1700000000000", "0.4111111111111111", "order 12345678901234567890123",
            "DE00370400440532013000", "DE89", "12 + 34 = 46", "+1", "(2024)", "01.02.2024 10:20",
            "2024-01-15 2024-02-15", "100 200 300", "sk-", "task-force", "risk-averse people",
            "bearer of bad news", "basic income", "getUserAccountDetailsById2",
            "supercalifragilisticexpialidocious", "my_long_function_name_v2_test_case",
            "/usr/lib/x86_64-linux-gnu/libssl", "https://example.com/a/b/c/d?x=1",
            "http://host:8080/@x", "C++ and a-b_c", "日本語のテキスト", "100%", "%40", "eyJhbGci",
            "AKIA", "-----BEGIN CERTIFICATE-----", "::", "a::b", "ff::1", "127.0.0.1",
        ])
    func keeps(_ text: String) {
        #expect(Self.redacted(text) == text)
    }

    @Test(
        "IP addresses are taken out on request",
        arguments: [
            ("from 192.168.0.1:80", "from <ip>:80"), ("[2001:db8::8a2e:370:7334]", "[<ip>]"),
            ("::1", "<ip>"), ("1:2:3:4:5:6:7:8", "<ip>"), ("fe80::1 x", "<ip> x"),
            ("at 10:20:30", "at 10:20:30"), ("256.1.1.1", "256.1.1.1"),
            ("1.2.3", "1.2.3"), ("std::vector", "std::vector"),
        ])
    func findsAddresses(_ text: String, _ expected: String) {
        var rules = Redaction.Rules()
        rules.addresses = true
        #expect(Self.redacted(text, rules) == expected)
    }

    @Test(
        "messages of errors lose every long word with a digit",
        arguments: [
            ("Incorrect API key provided: sk-ab***yz.", "Incorrect API key provided: <key>."),
            ("no abcdefghijklmnopqrst1 here", "no <token> here"),
            ("abcdefghijklmnopqrstu stays", "abcdefghijklmnopqrstu stays"),
            ("model gpt-4o-mini not found", "model gpt-4o-mini not found"),
        ])
    func isStricterWithErrors(_ text: String, _ expected: String) {
        #expect(Self.redacted(text, .errors) == expected)
    }

    @Test func `attributes that are always recorded lose known credentials alone`() {
        let text = "a@b.co 9f86d081884c7d659a2feaa0c55ad015 sk-abcdefgh12"
        #expect(
            Self.redacted(text, .credentials) == "a@b.co 9f86d081884c7d659a2feaa0c55ad015 <key>")
    }

    @Test(
        "a web token is looked for no further than its first part may be long",
        arguments: [(21, true), (100, true), (509, true), (512, false), (5_000, false)])
    func boundsWebTokens(_ count: Int, _ isFound: Bool) {
        // Letters alone, so that no other rule takes them.
        let head = "eyJ" + String(repeating: "a", count: count)
        let text = "\(head).bcdefghijklmnopqrstuvwxyz.c"
        #expect(Self.redacted("t \(text) u", .credentials) == "t \(isFound ? "<token>" : text) u")
        // One behind it is found, and each of many is looked at anew.
        let unit = "\(head)-"
        let many = String(repeating: unit, count: 20) + " eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c"
        #expect(Self.redacted(many, .credentials).hasSuffix("- <token>"))
    }

    @Test(
        "texts made to be slow take time in proportion to their length",
        .timeLimit(.minutes(5)),
        arguments: [
            "a-", "1-", "@", "a@", "+1 ", "sk-", "eyJ", "1:", "(1", "-----BEGIN ", "a.", "\\n1",
            "DE89 ", "://a:", "%40", "0 ",
        ])
    func isLinear(_ unit: String) {
        let text = String(repeating: unit, count: (1 << 17) / unit.utf8.count)
        #expect(!Self.redacted(text).isEmpty)
    }
}
