import Bytes
import JSON
import Testing

@Suite struct SpliceTests {
    /// `source` without its member `key`.
    private func removing(_ key: StaticString, from source: String) throws -> String {
        try scanned(source) { document in
            var output = ByteBuffer()
            var splice = JSONSplice()
            if let member = document.member(key, of: document.root) {
                splice.remove(document.removalRange(of: member), of: document.bytes, into: &output)
            }
            splice.finish(document.bytes, into: &output)
            return text(of: output)
        }
    }

    @Test(arguments: [
        (#"{"x":1,"a":2}"#, #"{"a":2}"#), (#"{"a":1,"x":2}"#, #"{"a":1}"#),
        (#"{"a":1,"x":2,"b":3}"#, #"{"a":1,"b":3}"#), (#"{"x":1}"#, "{}"),
        (#"{ "x" : 1 }"#, "{  }"),
        (#"{ "a" : 1 , "x" : [ 2 , 3 ] }"#, #"{ "a" : 1  }"#), (#"{"a":1}"#, #"{"a":1}"#),
        (#"{ "x" : {"x":1} , "b" : 3 }"#, #"{ "b" : 3 }"#), (#"{"a":{"x":1}}"#, #"{"a":{"x":1}}"#),
    ]) func `a member is taken out with one comma`(source: String, expected: String) throws {
        let result = try removing("x", from: source)
        #expect(result == expected)
        #expect(refusal(of: result) == nil)
    }

    @Test(
        arguments: [
            ("a", "b", #"{"c":3}"#), ("b", "c", #"{"a":1}"#), ("a", "c", "{}"),
            ("b", "b", #"{"a":1,"c":3}"#),
        ] as [(StaticStringBox, StaticStringBox, String)])
    func `a run of members is taken out at once`(
        first: StaticStringBox, last: StaticStringBox, expected: String
    ) throws {
        let result = try scanned(#"{"a":1,"b":2,"c":3}"#) { document in
            var output = ByteBuffer()
            var splice = JSONSplice()
            if let from = document.member(first.value, of: document.root),
                let through = document.member(last.value, of: document.root)
            {
                splice.remove(
                    document.removalRange(from: from, through: through), of: document.bytes,
                    into: &output)
            }
            splice.finish(document.bytes, into: &output)
            return text(of: output)
        }
        #expect(result == expected)
    }

    @Test(arguments: [
        (
            #"{"model":"m","n":1}"#,
            #"{"stream_options":{"include_usage":true},"model":"other","n":1}"#
        ),
        (
            #" { "n" : 1 , "model" : "\u006d" } "#,
            #" {"stream_options":{"include_usage":true}, "n" : 1 , "model" : "other" } "#
        ),
    ]) func `an insertion and a replacement leave all other bytes as they were`(
        source: String, expected: String
    ) throws {
        let result = try scanned(source) { document in
            var output = ByteBuffer()
            var splice = JSONSplice()
            let option: StaticString = #""stream_options":{"include_usage":true},"#
            let model: StaticString = "\"other\""
            splice.insert(
                option.bytes, at: document.insertionOffset(of: document.root), of: document.bytes,
                into: &output)
            if let value = document.value("model", of: document.root) {
                splice.replace(
                    document.range(of: value), of: document.bytes, with: model.bytes, into: &output)
            }
            splice.finish(document.bytes, into: &output)
            return text(of: output)
        }
        #expect(result == expected)
    }

    @Test func `overlapping removals take out what either covers`() {
        let source = Array("0123456789".utf8)
        var output = ByteBuffer()
        var splice = JSONSplice()
        splice.remove(2..<5, of: source.span, into: &output)
        splice.remove(4..<7, of: source.span, into: &output)
        splice.remove(5..<6, of: source.span, into: &output)
        splice.finish(source.span, into: &output)
        #expect(text(of: output) == "01789")
    }

    @Test func `without edits a copy is made`() {
        let source = Array("[ 1 ]".utf8)
        var output = ByteBuffer()
        var splice = JSONSplice()
        splice.finish(source.span, into: &output)
        #expect(text(of: output) == "[ 1 ]")
    }
}

/// A literal as a test's argument.
struct StaticStringBox: Sendable, ExpressibleByStringLiteral {
    let value: StaticString

    init(stringLiteral value: StaticString) { self.value = value }
}
