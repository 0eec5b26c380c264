import Bytes
import Testing
import W3CTraceContext

private func baggage(_ headers: String...) -> Baggage {
    var baggage = Baggage()
    for header in headers { baggage.add(header.utf8.span) }
    return baggage
}

private func text(_ baggage: Baggage) -> String {
    var buffer = ByteBuffer()
    buffer.append(baggage)
    return String(decoding: buffer.bytes)
}

private func described(_ baggage: Baggage) -> [String] {
    baggage.members.map { "\($0.key)|\($0.value)|\($0.properties)" }
}

@Suite struct BaggageTests {
    @Test(arguments: [
        ("SomeKey=SomeValue", ["SomeKey|SomeValue|"]),
        ("a=1,b=2", ["a|1|", "b|2|"]),
        (" a \t=\t 1 , b = 2 ", ["a|1|", "b|2|"]),
        ("a=1;p1;p2=v , b=2", ["a|1|p1;p2=v", "b|2|"]),
        ("a = 1 ; p = q ; r", ["a|1|p = q ; r"]),
        ("a=b=c", ["a|b=c|"]),
        ("a=", ["a||"]),
        ("a=1+2", ["a|1+2|"]),
        ("a=%20%C3%A9%2C", ["a| \u{e9},|"]),
        ("a=%c3%a9", ["a|\u{e9}|"]),
        ("a=%FF", ["a|\u{FFFD}|"]),
        ("a=%0D%0Ab", ["a|\r\nb|"]),
        ("a=!#$&'()*+-./:<=>?@[]^_`{|}~", ["a|!#$&'()*+-./:<=>?@[]^_`{|}~|"]),
        ("!#$%&'*+-.^_`|~=1", ["!#$%&'*+-.^_`|~|1|"]),
        ("Key=1,key=2", ["Key|1|", "key|2|"]),
        // The last wins where the key came first.
        ("a=1,b=2,a=3;p", ["a|3|p", "b|2|"]),
        // Empty members.
        ("", []), (",", []), ("a=1,,b=2,", ["a|1|", "b|2|"]),
    ])
    func `members are read`(_ header: String, _ members: [String]) {
        let baggage = baggage(header)
        #expect(described(baggage) == members)
        #expect(baggage.droppedCount == 0)
    }

    @Test(arguments: [
        "x", "=1", " =1", "k y=1", "k(=1", "k\u{e9}=1", "x=a b", "x=\"a\"", "x=a\\b", "x=\u{e9}",
        "x=%", "x=%4", "x=%zz", "x=%4g", "x=1\u{7F}", "x=1\r\ny: 2", "x=\0", "x=1;\"p\"", "x=1;p\\",
        ";p=1",
    ])
    func `a malformed member is skipped and the others stay`(_ member: String) {
        let baggage = baggage("a=1,\(member),b=2")
        #expect(described(baggage) == ["a|1|", "b|2|"])
        #expect(baggage.droppedCount == 1)
    }

    @Test func `several headers are combined`() {
        #expect(described(baggage("a=1,b=2", "c=3", "a=4")) == ["a|4|", "b|2|", "c|3|"])
    }

    @Test(arguments: [
        ("a=1, b = 2 ;p = 1", "a=1,b=2;p = 1"), ("a=%20%2c%25%3B", "a=%20%2C%25%3B"),
        ("a=%C3%A9", "a=%C3%A9"), ("a=%41", "a=A"), ("a=%0D%0A", "a=%0D%0A"), ("", ""),
        ("a=%FF", "a=%EF%BF%BD"),
    ])
    func `what is sent on is encoded again`(_ header: String, _ sentOn: String) {
        #expect(text(baggage(header)) == sentOn)
    }

    @Test func `64 members are kept and no more`() {
        let all = (0..<1000).map { "k\($0)=v" }
        let full = baggage(all.joined(separator: ","))
        #expect(full.members.count == 64)
        #expect(full.droppedCount == 936)
        #expect(text(full) == all.prefix(64).joined(separator: ","))
        #expect(baggage(all.prefix(64).joined(separator: ","), "k0=w").value(of: "k0") == "w")
    }

    @Test func `8192 bytes are kept and no more, in whole members`() {
        let half = String(repeating: "v", count: 4093)
        let exact = "a=\(half),b=\(half)v"
        #expect(exact.utf8.count == 8192)
        #expect(text(baggage(exact)) == exact)
        #expect(text(baggage(exact + "v")) == "a=\(half)")
        #expect(text(baggage(exact + "v,c=1")) == "a=\(half),c=1")
        #expect(baggage("a=\(String(repeating: "v", count: 9000))").isEmpty)
    }

    @Test func `what grows by encoding stays below the limit on sending`() {
        // 3 bytes each as they came, 9 as U+FFFD is sent.
        let grown = "a=" + String(repeating: "%FF", count: 2000)
        let result = text(baggage("b=1," + grown + ",c=2"))
        #expect(result == "b=1,c=2")
    }

    @Test func `a value can be set`() {
        var baggage = baggage("a=1")
        let set = baggage.set("user.id", "J\u{fc}rg, 7")
        #expect(set)
        #expect(text(baggage) == "a=1,user.id=J%C3%BCrg%2C%207")
        #expect(baggage.value(of: "user.id") == "J\u{fc}rg, 7")
        #expect(baggage.value(of: "none") == nil)
        let refused = baggage.set("a b", "1")
        #expect(!refused)
        let tooLong = baggage.set("c", String(repeating: " ", count: 3000))
        #expect(!tooLong)
        #expect(baggage.members.count == 2)
    }
}
