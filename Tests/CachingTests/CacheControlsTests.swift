import Bytes
import Caching
import JSON
import Testing

@Suite struct CacheControlsTests {
    private func header(_ value: String) -> CacheControls {
        let value = Array(value.utf8)
        var controls = CacheControls()
        controls.read(cacheControl: value.span)
        return controls
    }

    /// What is left of a body after `cache` is taken out.
    private func read(
        _ body: String, into controls: inout CacheControls
    ) throws -> String {
        let bytes = Array(body.utf8)
        var scanner = JSONScanner()
        try scanner.scan(bytes.span)
        try controls.read(scanner.document(bytes.span))
        guard let range = controls.bodyMember else { return body }
        var splice = JSONSplice()
        var rest = ByteBuffer()
        splice.remove(range, of: bytes.span, into: &rest)
        splice.finish(bytes.span, into: &rest)
        try scanner.scan(rest.bytes)
        return String(decoding: rest.bytes)
    }

    private func body(_ cache: String) throws -> CacheControls {
        var controls = CacheControls()
        _ = try read(#"{"model":"m","cache":\#(cache)}"#, into: &controls)
        return controls
    }

    @Test(
        arguments: [
            ("", CacheControls.Lookup.allowed, true, nil), ("no-cache", .refresh, true, nil),
            (" No-Cache ", .refresh, true, nil), ("no-store", .bypass, false, nil),
            ("no-cache, no-store", .bypass, false, nil), ("max-age=60", .allowed, true, 60),
            ("MAX-AGE = \"60\"", .allowed, true, 60), ("max-age=60,max-age=5", .allowed, true, 5),
            ("max-age=0", .refresh, true, 0), ("max-age=x", .refresh, true, 0),
            ("max-age", .refresh, true, 0), ("max-age=-1", .refresh, true, 0),
            ("max-age=99999999999999999999999", .allowed, true, 2_147_483_647),
            ("max-stale=9, x=\"no-store, no-cache\", only-if-cached", .allowed, true, nil),
            ("x=\"a\\\", no-store", .allowed, true, nil), (",, ,no-cache,", .refresh, true, nil),
            ("no-cached, no-storefront, max-ages=1", .allowed, true, nil),
        ] as [(String, CacheControls.Lookup, Bool, UInt32?)])
    func `directives of Cache-Control are read`(
        value: String, lookup: CacheControls.Lookup, stores: Bool, maxAge: UInt32?
    ) {
        let controls = header(value)
        #expect(controls.lookup == lookup && controls.stores == stores)
        #expect(controls.maxAge == maxAge && controls.ttl == 3600 && !controls.isClamped)
    }

    @Test func `an answer may be as old as was asked for`() {
        let controls = header("max-age=5")
        #expect(controls.accepts(age: 0) && controls.accepts(age: 5999))
        #expect(!controls.accepts(age: 6000))
        #expect(header("").accepts(age: .max))
    }

    @Test func `Portkey's fields are read`() throws {
        let yes = Array(" True".utf8)
        let no = Array("1".utf8)
        var controls = CacheControls()
        controls.read(forceRefresh: no.span)
        #expect(controls == CacheControls())
        controls.read(forceRefresh: yes.span)
        #expect(controls.lookup == .refresh && controls.stores)
        for (word, lookup) in [
            ("simple", CacheControls.Lookup.allowed), ("semantic", .allowed), ("new", .allowed),
            ("Off", .bypass),
        ] {
            let word = Array(word.utf8)
            var controls = CacheControls()
            controls.read(mode: word.span)
            #expect(controls.lookup == lookup && controls.stores == (lookup == .allowed))
        }
        let name = Array(" team a ".utf8)
        try controls.read(namespace: name.span)
        #expect(controls.namespace == Array("team a".utf8))
        let long = [UInt8](repeating: 0x61, count: CacheControls.namespaceBytesMax + 1)
        #expect(throws: CacheControlError.headerNamespaceTooLong) {
            try controls.read(namespace: long.span)
        }
    }

    @Test func `LiteLLM's member is read`() throws {
        #expect(try body("{}").lookup == .allowed)
        #expect(try body("null").lookup == .allowed)
        let noCache = try body(#"{"no-cache":true}"#)
        #expect(noCache.lookup == .refresh && noCache.stores)
        let noStore = try body(#"{"no-store":true}"#)
        #expect(noStore.lookup == .allowed && !noStore.stores)
        for both in [#"{"no-store":true,"no-cache":true}"#, #"{"no-cache":true,"no-store":true}"#] {
            let neither = try body(both)
            #expect(neither.lookup == .bypass && !neither.stores)
        }
        let off = try body(
            #"{"no-cache":false,"no-store":null,"ttl":null,"namespace":null,"use-cache":1}"#)
        #expect(off.lookup == .allowed && off.stores && off.ttl == 3600 && off.namespace.isEmpty)
        #expect(try body(#"{"s-maxage":60.9}"#).maxAge == 60)
        #expect(try body(#"{"s-max-age":0}"#).lookup == .refresh)
        #expect(try body(#"{"namespace":"\u00e9\"x"}"#).namespace == Array("é\"x".utf8))
    }

    @Test(
        arguments: [
            ("1", 1, false), ("300", 300, false), ("60.5", 60, false),
            ("2592000", 2_592_000, false),
            ("0", 1, true), ("-5", 1, true), ("0.5", 1, true), ("2592001", 2_592_000, true),
            ("1e300", 2_592_000, true),
        ] as [(String, UInt32, Bool)]) func `a time to live is clamped`(
            source: String, ttl: UInt32, isClamped: Bool
        ) throws
    {
        let controls = try body(#"{"ttl":\#(source)}"#)
        #expect(controls.ttl == ttl && controls.isClamped == isClamped)
    }

    @Test(arguments: [(0, 1), (-1, 1), (60, 60), (Int.max, 2_592_000)] as [(Int, UInt32)])
    func `the configured time is clamped too`(configured: Int, ttl: UInt32) {
        let controls = CacheControls(ttl: configured)
        #expect(controls.ttl == ttl && !controls.isClamped)
    }

    @Test(arguments: [
        ("true", CacheControlError.notAnObject), ("[]", .notAnObject), ("\"x\"", .notAnObject),
        (#"{"no-cache":"true"}"#, .noCacheNotABoolean), (#"{"no-store":1}"#, .noStoreNotABoolean),
        (#"{"ttl":"60"}"#, .ttlNotANumber), (#"{"s-maxage":true}"#, .maxAgeNotANumber),
        (#"{"s-maxage":-1}"#, .maxAgeNotANumber), (#"{"namespace":5}"#, .namespaceNotAString),
        (#"{"namespace":"\#(String(repeating: "x", count: 257))"}"#, .namespaceTooLong),
    ]) func `a wrong type is said`(cache: String, expected: CacheControlError) throws {
        #expect(throws: expected) { try body(cache) }
        #expect(expected.param.map { "\($0)".hasPrefix("cache") } == true)
        #expect("\(expected.message)".hasSuffix("."))
    }

    @Test(
        arguments: [
            (#"{"cache":{"ttl":5},"model":"m"}"#, #"{"model":"m"}"#),
            (#"{"model":"m" , "\u0063ache" : {} }"#, #"{"model":"m"  }"#),
            (#"{"model":"m","cache":null,"n":1}"#, #"{"model":"m","n":1}"#),
            (#"{"model":"m","messages":[{"cache":{"ttl":5}}]}"#, nil),
        ] as [(String, String?)]) func `the member is taken out of the body`(
            body: String, rest: String?
        ) throws
    {
        var controls = CacheControls()
        #expect(try read(body, into: &controls) == rest ?? body)
        #expect((controls.bodyMember == nil) == (rest == nil))
    }

    @Test func `of two namespaces the body's counts`() throws {
        let name = Array("header".utf8)
        var controls = CacheControls()
        try controls.read(namespace: name.span)
        _ = try read(#"{"cache":{"namespace":"body"}}"#, into: &controls)
        #expect(controls.namespace == Array("body".utf8))
        try controls.read(namespace: name.span)
        #expect(controls.namespace == Array("body".utf8))
    }
}
