import Bytes
import JSON
import Testing

@Suite struct ValueTests {
    @Test func `members come in their order with their values`() throws {
        let text = #" { "a" : 1 , "b" : [ true , null ] , "c" : { } , "d" : "x" } "#
        let seen = try scanned(text) { document in
            var seen: [String] = []
            var members = document.members(of: document.root)
            while let member = members.next() {
                seen.append(
                    String(decoding: document.rawString(member.key)) + "="
                        + String(decoding: document.source(of: member.value)))
            }
            return seen
        }
        #expect(seen == ["a=1", "b=[ true , null ]", "c={ }", "d=\"x\""])
    }

    @Test func `elements come in their order, nested ones skipped`() throws {
        let seen = try scanned(#"[1,[2,[3]],{"a":[4]},"5",false]"#) { document in
            var seen: [String] = []
            var elements = document.elements(of: document.root)
            while let element = elements.next() {
                seen.append(
                    "\(document.kind(of: element)) "
                        + String(decoding: document.source(of: element)))
            }
            return seen
        }
        #expect(
            seen == [
                "number 1", "array [2,[3]]", #"object {"a":[4]}"#, "string \"5\"", "false false",
            ])
    }

    @Test(arguments: ["[]", "{}", "1", "\"a\"", "[{}]", "null"])
    func `what is no filled container has no members or elements`(text: String) throws {
        try scanned(text) { document in
            var members = document.members(of: document.root)
            #expect(members.next() == nil)
            #expect(members.next() == nil)
            #expect(document.value("a", of: document.root) == nil)
            var elements = document.elements(of: document.root)
            #expect((elements.next() != nil) == (text == "[{}]"))
            #expect(elements.next() == nil)
            #expect(document.isEmpty(document.root) == (text != "[{}]"))
        }
    }

    @Test func `a key is found by its text, however it is written`() throws {
        try scanned(#"{"mode":1,"m\u006fdel":2,"models":3,"x":{"model":4}}"#) { document in
            let value = document.value("model", of: document.root)
            #expect(value.flatMap { document.integer($0) } == 2)
            #expect(document.value("mod", of: document.root) == nil)
            let inner = document.value("x", of: document.root)
            #expect(inner.flatMap { document.value("model", of: $0) } != value)
        }
    }

    @Test(
        arguments: [
            (#"{"a":"b"}"#, "a\":"), (#"{"a":"b"}"#, "a\":\"b"), (#"{"a" :1}"#, "a\" "),
            (#"{"a":1}"#, ""), (#"{"a":1}"#, "ab"), (#"{"ab":1}"#, "a"),
            (#"{"\"":1}"#, #"\""#),
        ])
    func `a name is not another that goes on behind its quote`(text: String, name: String) throws {
        try scanned(text) { document in
            var members = document.members(of: document.root)
            let key = members.next()?.key
            #expect(key != nil)
            let isEqual = key.map { document.string($0, equals: name.utf8.span) }
            #expect(isEqual == false)
        }
    }

    @Test(
        arguments: [
            ("0", 0), ("-0", 0), ("7", 7), ("-12", -12), ("9223372036854775807", Int.max),
            ("-9223372036854775808", Int.min), ("9223372036854775808", nil),
            ("-9223372036854775809", nil), ("123456789012345678901", nil), ("1.0", nil),
            ("1e2", nil), ("\"1\"", nil), ("true", nil), ("[1]", nil), (" 42 ", 42),
        ] as [(String, Int?)])
    func `an integer is exact or none`(text: String, expected: Int?) throws {
        try scanned(text) { document in #expect(document.integer(document.root) == expected) }
    }

    @Test(arguments: [
        "0", "-0", "0.1", "1e22", "1e23", "123456789012345680000", "5e-324",
        "2.2250738585072011e-308",
        "1.7976931348623157e308", "9007199254740993", "0.3", "3.141592653589793238462643383279",
        "-1E+2", "100000000000000000000000000000000000000000000e-40",
    ]) func `a double is the nearest one`(text: String) throws {
        try scanned(text) { document in
            #expect(document.double(document.root)?.bitPattern == Double(text)?.bitPattern)
        }
    }

    @Test(
        arguments: [
            ("1e999", nil), ("-1e309", nil), ("1e99999999999999999999", nil), ("1e-999", 0),
            ("0.0000e999", 0), ("0.00001e-400", 0), ("1e-99999999999999999999", 0),
            ("\"1\"", nil), ("null", nil),
        ] as [(String, Double?)])
    func `a magnitude that no double holds is none or zero`(text: String, expected: Double?) throws
    {
        try scanned(text) { document in #expect(document.double(document.root) == expected) }
    }

    @Test func `a number of a thousand digits before a negative exponent is finite`() throws {
        let text = "1" + String(repeating: "0", count: 1000) + "e-1000"
        try scanned(text) { document in #expect(document.double(document.root) == 1) }
        let large = "1" + String(repeating: "0", count: 1000) + "e-1"
        try scanned(large) { document in #expect(document.double(document.root) == nil) }
    }

    @Test(arguments: [
        (#""""#, ""), (#""plain""#, "plain"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
        (#""\u0041\u00e9\u20AC""#, "Aé€"), (#""\uD83D\uDE00!""#, "😀!"),
        (#""\ud83d""#, "\u{FFFD}"), (#""\uDE00x""#, "\u{FFFD}x"),
        (#""\ud83d\u0041""#, "\u{FFFD}A"), (#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"),
        (#""\ud83d\n""#, "\u{FFFD}\n"), (#""\u0000a""#, "\u{0}a"), (#""\\u0041""#, "\\u0041"),
        (#""\uDBFF\uDFFF""#, "\u{10FFFF}"), ("\"äöü\"", "äöü"), (#""ends\\""#, "ends\\"),
    ]) func `a string is decoded, a lone surrogate to U+FFFD`(source: String, text: String) throws {
        try scanned(source) { document in
            #expect(document.text(document.root) == text)
            #expect(document.hasEscapes(document.root) == source.contains("\\"))
            let isText = document.string(document.root, equals: text.utf8.span)
            #expect(isText)
            let isLonger = document.string(document.root, equals: (text + "x").utf8.span)
            #expect(!isLonger)
            var buffer = ByteBuffer()
            buffer.append("> ")
            let isAppended = document.appendString(document.root, to: &buffer)
            #expect(isAppended)
            #expect(JSONTests.text(of: buffer) == "> " + text)
            let contents = document.contents(of: document.root)
            #expect(contents == 1..<source.utf8.count - 1)
        }
    }

    @Test func `what is no string has no text`() throws {
        try scanned("[1]") { document in
            var buffer = ByteBuffer()
            let isAppended = document.appendString(document.root, to: &buffer)
            #expect(!isAppended)
            #expect(buffer.count == 0)
            #expect(document.text(document.root) == nil)
            #expect(document.contents(of: document.root) == nil)
            let isEmptyText = document.string(document.root, equals: "")
            #expect(!isEmptyText)
            #expect(document.bool(document.root) == nil)
        }
    }

    @Test func `booleans are themselves`() throws {
        try scanned("[true,false]") { document in
            var elements = document.elements(of: document.root)
            #expect(elements.next().flatMap { document.bool($0) } == true)
            #expect(elements.next().flatMap { document.bool($0) } == false)
        }
    }

    @Test func `a scanner is reused after a refusal and after giving memory back`() throws {
        var scanner = JSONScanner()
        let large = Array(("[" + String(repeating: "1,", count: 200_000) + "1]").utf8)
        let small = Array(#"{"a":"b"}"#.utf8)
        let broken = Array("[1,".utf8)
        for _ in 0..<3 {
            try scanner.scan(large.span)
            #expect(elementCount(scanner.document(large.span)) == 200_001)
            #expect(throws: JSONError(code: .unexpectedEnd, offset: 3)) {
                try scanner.scan(broken.span)
            }
            scanner.shrink(toCapacity: 1024)
            try scanner.scan(small.span)
            #expect(textOfA(scanner.document(small.span)) == "b")
        }
    }

    private func elementCount(_ document: borrowing JSONDocument) -> Int {
        var count = 0
        var elements = document.elements(of: document.root)
        while elements.next() != nil { count += 1 }
        return count
    }

    private func textOfA(_ document: borrowing JSONDocument) -> String? {
        document.value("a", of: document.root).flatMap { document.text($0) }
    }

    @Test func `a part of a receive buffer is scanned in place`() throws {
        var buffer = ByteBuffer()
        buffer.append("data: {\"a\":1}\n\ndata: {\"a\":22}\n\n")
        var scanner = JSONScanner()
        try scanner.scan(buffer.bytes.extracting(6..<13))
        let document = scanner.document(buffer.bytes.extracting(6..<13))
        let number = document.value("a", of: document.root).flatMap { document.integer($0) }
        #expect(number == 1)
    }
}
