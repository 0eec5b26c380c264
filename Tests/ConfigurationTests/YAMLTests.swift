import Testing
import YAML

struct YAMLTests {
    private func parse(_ text: String, limits: YAMLLimits = YAMLLimits()) throws -> YAMLNode? {
        try YAMLNode.parse(Array(text.utf8), limits: limits)
    }

    private func refusal(_ bytes: [UInt8], limits: YAMLLimits = YAMLLimits()) -> String? {
        do {
            _ = try YAMLNode.parse(bytes, limits: limits)
            return nil
        } catch {
            return "\(error.position.line):\(error.position.column): \(error.reason)"
        }
    }

    @Test func `a tree knows each node's line and column`() throws {
        let root = try #require(try parse("a:\n  b: 'x'\n  c: [1, two]\n"))
        guard case .mapping(let entries) = root.content,
            case .mapping(let inner) = entries[0].value.content,
            case .sequence(let items) = inner[1].value.content
        else {
            Issue.record("not the tree that was written")
            return
        }
        #expect(entries[0].keyPosition == YAMLPosition(line: 1, column: 1))
        #expect(inner[0].value.content == .scalar("x", isPlain: false))
        #expect(inner[0].value.position == YAMLPosition(line: 2, column: 6))
        #expect(inner[1].keyPosition == YAMLPosition(line: 3, column: 3))
        #expect(
            items.map(\.content) == [.scalar("1", isPlain: true), .scalar("two", isPlain: true)])
        #expect(items[1].position == YAMLPosition(line: 3, column: 10))
    }

    @Test func `columns count characters, not bytes`() throws {
        let root = try #require(try parse("{ä: 1, b: 2}"))
        guard case .mapping(let entries) = root.content else { return }
        #expect(entries[1].keyPosition == YAMLPosition(line: 1, column: 8))
    }

    @Test(arguments: ["", "\n\n", "# only a comment\n", "\u{FEFF}# with a byte-order mark\n"])
    func `a text without a document is nothing`(text: String) throws {
        #expect(try parse(text) == nil)
    }

    @Test(arguments: ["a:", "a: ~", "a: null", "a: Null", "a: NULL"])
    func `a missing value and a written null are the same`(text: String) throws {
        guard case .mapping(let entries) = try #require(try parse(text)).content else { return }
        #expect(entries[0].value.isNull)
    }

    @Test(arguments: ["a: 'null'", "a: \"\"", "a: !!str", "a: 0", "a: nil"])
    func `a quoted or tagged null is text`(text: String) throws {
        guard case .mapping(let entries) = try #require(try parse(text)).content else { return }
        #expect(!entries[0].value.isNull)
    }

    @Test func `an explicit tag is kept`() throws {
        guard case .mapping(let entries) = try #require(try parse("a: !secret x")).content else {
            return
        }
        #expect(entries[0].value.tag == "!secret")
    }

    @Test func `repeated keys are kept for the reader to judge`() throws {
        guard case .mapping(let entries) = try #require(try parse("a: 1\na: 2")).content else {
            return
        }
        #expect(entries.map(\.key) == ["a", "a"])
    }

    @Test(arguments: [
        (
            "a: &x 1\n",
            "1:4: an anchor (`&`); anchors are not used here, repeat the value"
        ),
        (
            "a: &x {}\n",
            "1:4: an anchor (`&`); anchors are not used here, repeat the value"
        ),
        ("a: *x\n", "1:4: an alias (`*`); aliases are not used here, repeat the value"),
        (
            "a:\n  <<: {b: 1}\n",
            "2:3: a merge key (`<<`); merging is not used here, repeat the values"
        ),
        ("a: 1\n---\nb: 2\n", "2:1: a second document begins here; there can be one only"),
        ("%YAML 1.1\n---\na: 1\n", "1:1: has directives (%YAML, %TAG); they are not used here"),
        ("[a]: 1\n", "1:1: a key must be a plain word"),
        ("a:\n\tb: 1\n", "2:1: a tab; indentation is made of spaces"),
        (
            "a: [1, 2\n",
            "2:1: did not find expected ',' or ']' while parsing a flow sequence "
                + "that begins in line 1"
        ),
        ("a: b: c\n", "1:5: mapping values are not allowed in this context"),
        (
            "a: \"x\n",
            "2:1: found unexpected end of stream while scanning a quoted scalar "
                + "that begins in line 1"
        ),
        ("a: 1\nb: \u{1}\n", "2:4: control characters are not allowed"),
    ])
    func `what is refused is said with its place`(text: String, expected: String) {
        #expect(refusal(Array(text.utf8)) == expected)
    }

    @Test func `bytes that are not UTF-8 are refused at their place`() {
        let bytes = Array("a: 1\nb: ".utf8) + [0xC3, 0x28]
        #expect(refusal(bytes) == "2:5: invalid trailing UTF-8 octet")
    }

    @Test func `UTF-16 is not guessed`() {
        #expect(refusal([0xFF, 0xFE, 0x61, 0x00]) == "1:1: invalid leading UTF-8 octet")
    }

    @Test func `nesting has a limit`() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array(
                (String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        #expect(refusal(nested(32)) == nil)
        #expect(refusal(nested(33)) == "1:33: nested deeper than 32 levels")
        #expect(refusal(nested(50_000))?.hasSuffix("nested deeper than 32 levels") == true)
    }

    @Test func `size and number of values have limits`() {
        var limits = YAMLLimits()
        limits.bytesMax = 8
        #expect(refusal(Array("a: 12345".utf8), limits: limits) == nil)
        #expect(
            refusal(Array("a: 123456".utf8), limits: limits)
                == "1:1: the file has 9 bytes; 8 are allowed")
        limits.nodesMax = 3
        #expect(refusal(Array("a: 1".utf8), limits: limits) == nil)
        #expect(refusal(Array("[1,2,3]".utf8), limits: limits) == "1:6: more than 3 values")
    }
}
