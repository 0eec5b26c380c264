import Bytes
import Testing
import W3CTraceContext

/// The state after these headers.
private func state(_ headers: String...) -> TraceState {
    var state = TraceState()
    for header in headers { state.add(header.utf8.span) }
    return state
}

private func text(_ state: TraceState) -> String { String(decoding: state.bytes) }

private func repeated(_ character: Character, _ count: Int) -> String {
    String(repeating: character, count: count)
}

private func members(_ count: Int) -> String {
    (0..<count).map { "k\($0)=v" }.joined(separator: ",")
}

@Suite struct TraceStateTests {
    @Test(arguments: [
        ("foo=1", "foo=1"), ("foo=1,bar=2", "foo=1,bar=2"),
        ("foo=1 , \t bar=2, baz=3", "foo=1,bar=2,baz=3"), (" foo=1\t", "foo=1"),
        // Empty members.
        ("foo=1,", "foo=1"), (",foo=1", "foo=1"), ("foo=1,,,bar=2", "foo=1,bar=2"),
        ("foo=1, \t ,bar=2", "foo=1,bar=2"), ("", ""), (",", ""), (" , ", ""),
        // Duplicates are passed on.
        ("foo=1,foo=1", "foo=1,foo=1"), ("foo=1,foo=2", "foo=1,foo=2"),
        // Keys.
        ("0a=1", "0a=1"), ("a-_*/@b=1", "a-_*/@b=1"), ("tenant@system=1", "tenant@system=1"),
        ("t@v@w=1", "t@v@w=1"), ("a@=1", "a@=1"),
        // Values.
        ("foo=", "foo="), ("foo=  b", "foo=  b"), ("foo=a b", "foo=a b"),
        ("foo=!\"#$%&'()*+-./:;<>?@[\\]^_`{|}~", "foo=!\"#$%&'()*+-./:;<>?@[\\]^_`{|}~"),
    ])
    func `a valid tracestate is taken`(_ header: String, _ sentOn: String) {
        let state = state(header)
        #expect(text(state) == sentOn)
        #expect(!state.isDiscarded)
    }

    @Test(arguments: [
        "foo", "=1", "foo=1=2", "foo =1", "foo=1,bar", "foo=1,=2", "FOO=1", "fOo=1", "@foo=1",
        "_foo=1", "-foo=1", "*foo=1", "/foo=1", "foo.bar=1", "foo@bar!=1", "fo\u{e9}=1",
        "foo=\u{e9}", "foo=a\tb", "foo=a\u{7F}", "foo=\0", "foo 1", "foo=1;bar=2=",
        "foo=1,b\"r=2",
    ])
    func `one bad member discards all`(_ header: String) {
        let first = state(header)
        #expect(first.isEmpty)
        #expect(first.isDiscarded)
        #expect(text(state("a=1", header, "b=2")).isEmpty)
    }

    @Test func `several headers are joined in order`() {
        #expect(text(state("foo=1,bar=2", "rojo=1", "", "congo=2")) == "foo=1,bar=2,rojo=1,congo=2")
    }

    @Test func `there may be 32 members and no more`() {
        #expect(state(members(32)).count == 32)
        #expect(state(members(33)).isDiscarded)
        #expect(state(members(16), members(16)).count == 32)
        #expect(state(members(16), members(17)).isEmpty)
        #expect(state(members(32) + ",,").count == 32)
    }

    @Test func `a key and a value may have 256 characters and no more`() {
        #expect(state("\(repeated("k", 256))=1").count == 1)
        #expect(state("\(repeated("k", 257))=1").isDiscarded)
        #expect(state("k=\(repeated("v", 256))").count == 1)
        #expect(state("k=\(repeated("v", 257))").isDiscarded)
    }

    @Test func `nothing is dropped up to 512 characters`() {
        let exact = "a=\(repeated("1", 253)),b=\(repeated("2", 254))"
        #expect(exact.count == 512)
        var first = state(exact)
        first.shorten()
        #expect(text(first) == exact)
        var second = state(exact + "2")
        second.shorten()
        #expect(text(second) == "a=\(repeated("1", 253))")
        #expect(second.count == 1)
    }

    @Test func `long members go first, then the last`() {
        let long = "b=\(repeated("x", 127))"
        let other = "a=\(repeated("x", 126))"
        #expect(long.count == 129 && other.count == 128)
        var first = state("\(long),\(other),c=3,d=4")
        first.shorten(to: 140)
        #expect(text(first) == "\(other),c=3,d=4")
        first.shorten(to: 135)
        #expect(text(first) == "\(other),c=3")
        first.shorten(to: 3)
        #expect(text(first).isEmpty)
        #expect(first.count == 0)
        var second = state("c=3,\(long),d=4,\(long)")
        second.shorten(to: 140)
        #expect(text(second) == "c=3,\(long),d=4")
        #expect(second.count == 3)
    }

    @Test func `our own member goes to the front`() {
        var state = state("foo=1,ot=x,bar=2")
        #expect(state.value(of: "ot") == "x")
        #expect(state.value(of: "o") == nil)
        let done = state.prepend("ot", "th:8".utf8.span)
        #expect(done)
        #expect(text(state) == "ot=th:8,foo=1,bar=2")
        #expect(state.count == 3)
        let refused = state.prepend("ot", "a,b".utf8.span)
        #expect(!refused)
        let blank = state.prepend("ot", "a ".utf8.span)
        #expect(!blank)
        #expect(text(state) == "ot=th:8,foo=1,bar=2")
    }

    @Test func `the right-most member gives way to our own`() {
        var state = state(members(32))
        state.prepend("ot", "x".utf8.span)
        #expect(state.count == 32)
        #expect(text(state) == "ot=x," + members(31))
    }
}
