import Configuration
import Networking
import Testing

struct SecretTests {
    private let canary = "sk-canary-0123456789"

    @Test func `a secret is not shown by anything that prints`() throws {
        let settings = try load(
            environment: [
                "OPENAI_API_KEY": canary, "MARTLET_API_KEYS": "\(canary)1,\(canary)2",
                "MARTLET_UPSTREAM_PROXY": "http://u:\(canary)@proxy:3128",
            ]
        ).settings
        var dumped = ""
        dump(settings, to: &dumped)
        let shown = [
            "\(settings)", String(describing: settings), String(reflecting: settings), dumped,
            "\(settings.keys.clientKeys)", "\(Secret(canary))", "\(settings.summary)",
            String(reflecting: Secret(canary)), "\(String(describing: settings.upstream.apiKey))",
        ]
        for text in shown { #expect(!text.contains(canary)) }
        #expect("\(Secret(canary))" == "<redacted>")
        #expect(Mirror(reflecting: Secret(canary)).children.isEmpty)
        #expect(settings.upstream.apiKey?.reveal() == canary)
        #expect(settings.keys.clientKeys.map { $0.key.reveal() } == ["\(canary)1", "\(canary)2"])
    }

    @Test(arguments: [
        ("sk-1", "sk-1"), ("sk-1\n", "sk-1"), ("sk-1\r\n", "sk-1"),
    ])
    func `a secret's file loses one newline`(content: String, expected: String) throws {
        let settings = try load(
            "upstream: {apiKey: 'file:/key'}", files: ["/key": content]
        ).settings
        #expect(settings.upstream.apiKey?.reveal() == expected)
    }

    @Test(arguments: ["", "\n", "sk-1\n\n", "sk 1", "sk-1\r\nx", "sk-\u{e9}", "sk-1\u{0}"])
    func `a secret's file that cannot be a header's value is an error`(content: String) {
        let found = problems("upstream: {apiKey: 'file:/key'}", files: ["/key": content])
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("test.yaml:1:20: `upstream.apiKey` finds ") == true)
        #expect(found.first?.contains("sk") == false)
    }

    @Test(arguments: [
        ("k1,k2", ["k1", "k2"]), (" k1 , k2 ,", ["k1", "k2"]), ("k1,k1", ["k1"]),
        ("file:/keys", ["f1", "f2", "f,3"]), ("env:OTHER", ["e1", "e2"]),
    ])
    func `client keys come as a comma list, or one a line of a file`(
        text: String, expected: [String]
    ) throws {
        let settings = try load(
            environment: ["MARTLET_API_KEYS": text, "OTHER": "e1,e2"],
            files: ["/keys": "f1\r\n\n f2 \nf,3\n"]
        ).settings
        #expect(settings.keys.clientKeys.map { $0.key.reveal() } == expected)
    }

    @Test(arguments: ["file:/empty", "file:/missing", "env:MISSING", ",", "a b"])
    func `no client key where some were meant is an error, not an open door`(text: String) {
        let found = problems(
            environment: ["MARTLET_API_KEYS": text], files: ["/empty": "\n \n"])
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("MARTLET_API_KEYS: `keys.clientKeys` ") == true)
    }

    @Test func `the provider's key is OPENAI_API_KEY unless something else is said`() throws {
        let environment = ["OPENAI_API_KEY": "sk-env", "OTHER": "sk-other"]
        #expect(try load(environment: environment).settings.upstream.apiKey == Secret("sk-env"))
        let other = try load("upstream: {apiKey: 'env:OTHER'}", environment: environment).settings
        #expect(other.upstream.apiKey == Secret("sk-other"))
        let none = try load("upstream: {apiKey: none}", environment: environment).settings
        #expect(none.upstream.apiKey == nil)
    }

    @Test(arguments: [
        ("127.0.0.1:8787", true), ("127.9.9.9:1", true), ("[::1]:8787", true),
        ("localhost:8787", true), ("unix:/run/m.sock", true), ("0.0.0.0:8787", false),
        ("[::]:8787", false), ("10.0.0.1:8787", false), ("gateway.example:8787", false),
    ])
    func `a provider's key on an open listener wants client keys`(
        address: String, isLoopback: Bool
    ) throws {
        var environment = ["MARTLET_LISTEN": address, "OPENAI_API_KEY": canary]
        let found = problems(environment: environment)
        #expect(found.isEmpty == isLoopback)
        if !isLoopback {
            #expect(found.count == 1)
            #expect(
                found.first?.hasPrefix("MARTLET_LISTEN: `listener.address` \(address) ") == true)
            #expect(found.first?.contains("MARTLET_API_KEYS") == true)
        }
        environment["MARTLET_API_KEYS"] = "file:/missing"
        #expect(problems(environment: environment).count == 1)
        environment["MARTLET_API_KEYS"] = "k1"
        #expect(problems(environment: environment).isEmpty)
        environment["MARTLET_API_KEYS"] = nil
        environment["OPENAI_API_KEY"] = nil
        #expect(problems(environment: environment).isEmpty)
    }
}
