import Bytes
import Caching
import OpenAIAPI
import Testing

@Suite struct CacheScopeTests {
    static let body = Array(#"{"model":"gpt-4o","messages":[{"role":"user"}]}"#.utf8)

    /// Each is another call.
    static let scopes: [Scope] = [
        Scope(), Scope(path: "/chat/completions"), Scope(query: ""), Scope(query: "a=b"),
        Scope(path: "/v1/chat/completionsa", query: "=b"),
        Scope(upstream: "https://api.openai.com"), Scope(upstreamModel: "gpt-4o-2024"),
        Scope(organization: "org"), Scope(project: "org"), Scope(beta: "org"),
        Scope(organization: ""), Scope(project: ""), Scope(beta: ""),
        Scope(organization: "o", project: "rg"), Scope(organization: "or", project: "g"),
        Scope(namespace: "org"), Scope(credential: "sk-two"), Scope(credential: "sk-on"),
        Scope(credential: "sk-one", isShared: true),
    ]

    @Test func `everything of a scope changes the key`() throws {
        let keys = try Self.scopes.map { try #require(try key(Self.body, .chatCompletions, $0)) }
        #expect(Set(keys).count == keys.count)
        #expect(Set(keys.map(storeKey)).count == keys.count)
    }

    @Test func `endpoints do not share keys`() throws {
        let body = #"{"model":"m","store":false,"input":"x"}"#
        let endpoints: [Endpoint] = [.chatCompletions, .completions, .embeddings, .responses]
        let keys = try endpoints.map { try #require(try key(body, $0)) }
        #expect(Set(keys).count == 4)
        #expect(try key(body, .models) == nil)
        #expect(try key(body, .other) == nil)
    }

    @Test func `two tenants never share a key`() throws {
        var dice = Dice(4)
        var maker = TreeMaker(dice: Dice(5))
        let secret = Array("secret".utf8)
        var keys = CacheKeyMaker(secret: secret.span)
        for _ in 0..<1000 {
            let body = maker.body().source(&dice, list: "messages")
            let number = dice.next()
            let one = Scope(credential: "sk-\(number)")
            let other = Scope(credential: "sk-\(number ^ 1 << UInt64(dice.number(below: 64)))")
            let first = try #require(try key(body, .chatCompletions, one, maker: &keys))
            let second = try #require(try key(body, .chatCompletions, other, maker: &keys))
            #expect(first != second)
            #expect(first.tenant != second.tenant)
            #expect(try key(body, .chatCompletions, one, maker: &keys) == first)
        }
    }

    @Test(arguments: [nil, ""] as [String?]) func `a caller without a credential is not cached`(
        credential: String?
    ) throws {
        #expect(try key(Self.body, .chatCompletions, Scope(credential: credential)) == nil)
        let shared = try key(
            Self.body, .chatCompletions, Scope(credential: credential, isShared: true))
        let other = try key(
            Self.body, .chatCompletions, Scope(credential: "sk-other", isShared: true))
        #expect(shared != nil && shared == other)
        #expect(shared?.tenant == 0)
    }

    @Test func `an empty namespace is none`() throws {
        let none = try #require(try key(Self.body))
        let empty = try #require(try key(Self.body, .chatCompletions, Scope(namespace: "")))
        #expect(none == empty)
        #expect(empty.namespace == nil)
    }

    @Test func `the secret keys the tenant and the namespace`() throws {
        let scope = Scope(namespace: "team")
        let one = try #require(try key(Self.body, .chatCompletions, scope, secret: "one"))
        let two = try #require(try key(Self.body, .chatCompletions, scope, secret: "two"))
        #expect(one.tenant != two.tenant)
        #expect(one.namespace != two.namespace)
        #expect(one.model == two.model)
        #expect(one != two)
    }

    @Test func `a store key shows its parts and nothing of the caller`() throws {
        let scope = Scope(credential: "sk-private", namespace: "team")
        let found = storeKey(try #require(try key(Self.body, .chatCompletions, scope)))
        #expect(
            found.wholeMatch(of: /martlet:1:[0-9a-f]{16}:[0-9a-f]{8}:[0-9a-f]{8}:[0-9a-f]{64}/)
                != nil)
        let plain = storeKey(try #require(try key(Self.body)))
        #expect(plain.wholeMatch(of: /martlet:1:[0-9a-f]{16}:-:[0-9a-f]{8}:[0-9a-f]{64}/) != nil)
        #expect(found.utf8.count == CacheKey.storeKeyBytesMax)
        let shared = try #require(try key(Self.body, .chatCompletions, Scope(isShared: true)))
        #expect(storeKey(shared).hasPrefix("martlet:1:0000000000000000:-:"))
    }

    @Test func `a short name is the digest's first half`() throws {
        let found = try #require(try key(Self.body))
        var buffer = ByteBuffer()
        found.appendShortName(to: &buffer)
        let name = String(decoding: buffer.bytes)
        #expect(name.count == 32)
        #expect(storeKey(found).split(separator: ":")[5].hasPrefix(name))
    }
}

@Suite struct CacheSelectorTests {
    private func selector(
        credential: String? = nil, namespace: String? = nil, model: String? = nil
    ) -> CacheSelector {
        let secret = Array("secret".utf8)
        let credential = credential.map { Array($0.utf8) }
        let namespace = namespace.map { Array($0.utf8) }
        let model = model.map { Array($0.utf8) }
        return CacheSelector(
            credential: credential?.span, namespace: namespace?.span, model: model?.span,
            secret: secret.span)
    }

    @Test func `a selector takes what agrees in every given part`() throws {
        let body = Array(#"{"model":"gpt-\u0034o","messages":[]}"#.utf8)
        let scope = Scope(credential: "sk-one", namespace: "team")
        let found = try #require(try key(body, .chatCompletions, scope))
        let matching = [
            CacheSelector(), selector(credential: "sk-one"), selector(namespace: "team"),
            selector(model: "gpt-4o"),
            selector(credential: "sk-one", namespace: "team", model: "gpt-4o"),
        ]
        for selector in matching {
            #expect(selector.matches(found))
            let glob = pattern(selector).replacing("*", with: ".*")
            #expect(try storeKey(found).wholeMatch(of: Regex(glob)) != nil)
        }
        let others = [
            selector(credential: "sk-two"), selector(namespace: "team2"), selector(model: "gpt-4"),
            selector(credential: "sk-one", namespace: "team", model: "gpt-4"),
        ]
        for selector in others {
            #expect(!selector.matches(found))
            let glob = pattern(selector).replacing("*", with: ".*")
            #expect(try storeKey(found).wholeMatch(of: Regex(glob)) == nil)
        }
        let plain = try #require(try key(body))
        #expect(!selector(namespace: "team").matches(plain))
    }

    @Test func `a tenant is also named by the digits that keys show`() throws {
        let found = try #require(try key(CacheScopeTests.body))
        let digits = Array(storeKey(found).split(separator: ":")[2].utf8)
        var selector = CacheSelector()
        let isSet = selector.setTenant(digits: digits.span)
        #expect(isSet)
        #expect(selector.tenant == found.tenant)
        for bad in ["", "12", "00000000000000000", "000000000000000g"] {
            let digits = Array(bad.utf8)
            let isSet = selector.setTenant(digits: digits.span)
            #expect(!isSet)
        }
        #expect(selector.tenant == found.tenant)
    }
}

@Suite struct ResponseStateTests {
    static let head = #"{"model":"m","input":"x","#

    @Test(arguments: [
        #""store":false}"#, #""store":false,"conversation":null}"#,
        #""store":false,"previous_response_id":null,"background":null}"#,
        #""store":false,"background":false,"tools":null}"#, #""store":false,"tools":[]}"#,
        #""store":false,"tools":[{"type":"function","name":"f"},{"name":"g","type":"custom"}]}"#,
        #""\u0073tore":false,"prompt":{"id":"p","version":"2"}}"#,
    ]) func `a response without state is cached`(rest: String) throws {
        #expect(try key(Self.head + rest, .responses) != nil)
    }

    @Test(arguments: [
        #""n":1}"#, #""store":true}"#, #""store":null}"#, #""store":0}"#, #""store":"false"}"#,
        #""store":false,"conversation":"c"}"#, #""store":false,"conversation":{"id":"c"}}"#,
        #""store":false,"previous_response_id":"r"}"#, #""store":false,"background":true}"#,
        #""store":false,"background":1}"#, #""store":false,"tools":{}}"#,
        #""store":false,"tools":[{"type":"web_search"}]}"#, #""store":false,"tools":[{}]}"#,
        #""store":false,"tools":["function"]}"#,
        #""store":false,"tools":[{"type":"function"},{"type":"mcp"}]}"#,
        #""store":false,"tools":[{"type":"function","type":"code_interpreter"}]}"#,
        #""store":false,"tools":[{"type":"code_interpreter","type":"function"}]}"#,
        #""store":false,"prompt":{"id":"p"}}"#,
    ]) func `a response with state is not cached`(rest: String) throws {
        #expect(try key(Self.head + rest, .responses) == nil)
    }
}
