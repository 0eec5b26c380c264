import JSON
import Testing

struct Refusal: Sendable {
    let text: String
    let code: JSONError.Code
    let offset: Int

    init(_ text: String, _ code: JSONError.Code, _ offset: Int) {
        self.text = text
        self.code = code
        self.offset = offset
    }
}

struct RawRefusal: Sendable {
    let bytes: [UInt8]
    let code: JSONError.Code
    let offset: Int

    init(_ bytes: [UInt8], _ code: JSONError.Code, _ offset: Int) {
        self.bytes = bytes
        self.code = code
        self.offset = offset
    }
}

@Suite struct GrammarTests {
    @Test(arguments: [
        "{}", "[]", " [ ] ", "\t{\r\n}\n", "0", "-0", "-1", "1.5", "1e5", "1E+5", "1.25e-7",
        "[1,2,3]", "[[],{},[[]]]", "true", "false", "null", "\"\"", "\"a\"", " \"a\" ",
        #"{"a":1}"#, #"{"":0}"#, #"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}"#,
        #"["\"\\\/\b\f\n\r\t\u0041\uD83D\uDE00"]"#, #"["\u0000"]"#, #"["\\\\"]"#, #"["\\"]"#,
        "[\"\u{7F}\u{80}\u{2028}\u{FFFF}\u{10FFFF}\"]", "[1 ,2 , 3 ]", "{\"a\" : 1 }",
        #"{"a":{"b":1,"b":2}}"#, #"[{"b":1,"b":2}]"#, "[\"a\",\n\"b\"\n]", "[true\n]",
        #"{"aaaaaaaa":1,"aaaaaaab":2,"aaaaaaa":3}"#,
        "123456789012345678901234567890", "[\"//\"]", "[\"[{,:}]\"]",
    ]) func `a document of RFC 8259 is accepted`(text: String) {
        #expect(refusal(of: text) == nil)
    }

    /// What RFC 8259 leaves to the implementation, and passes here unchanged.
    @Test(arguments: [
        "1e999", "-1e999", "1e-999", "[0.4e0066999999999999999999999999999999999999999999]",
        #"["\uD800"]"#, #"["\uDC00\uD800"]"#, #"["\uD800\n"]"#, #"{"\uD800":1}"#,
        "[\"\u{FEFF}\"]",
    ]) func `a document that parsers differ about is accepted`(text: String) {
        #expect(refusal(of: text) == nil)
    }

    @Test(arguments: [
        Refusal("", .empty, 0), Refusal("  \n", .empty, 3), Refusal("[", .unexpectedEnd, 1),
        Refusal("{", .unexpectedEnd, 1), Refusal("[1", .unexpectedEnd, 2),
        Refusal("[1,", .unexpectedEnd, 3), Refusal("{\"a\"", .unexpectedEnd, 4),
        Refusal("{\"a\":", .unexpectedEnd, 5), Refusal("{\"a\":1", .unexpectedEnd, 6),
        Refusal("{\"a\":1,", .unexpectedEnd, 7), Refusal("[[1]", .unexpectedEnd, 4),
        Refusal("]", .unexpectedToken, 0), Refusal("}", .unexpectedToken, 0),
        Refusal(",", .unexpectedToken, 0), Refusal(":", .unexpectedToken, 0),
        Refusal("[1,]", .unexpectedToken, 3), Refusal("[,1]", .unexpectedToken, 1),
        Refusal("[1,,2]", .unexpectedToken, 3), Refusal("[1 2]", .unexpectedToken, 3),
        Refusal("[1:2]", .unexpectedToken, 2), Refusal("[1}", .unexpectedToken, 2),
        Refusal("{]", .unexpectedToken, 1), Refusal("{1:2}", .unexpectedToken, 1),
        Refusal("{\"a\":1]", .unexpectedToken, 6), Refusal("{\"a\" 1}", .unexpectedToken, 5),
        Refusal("{\"a\":1,}", .unexpectedToken, 7), Refusal("{,}", .unexpectedToken, 1),
        Refusal("{\"a\":1 \"b\":2}", .unexpectedToken, 7), Refusal("{\"a\"}", .unexpectedToken, 4),
        Refusal("{\"a\"::1}", .unexpectedToken, 5), Refusal("{a:1}", .unexpectedToken, 1),
        Refusal("[\"a\"\"b\"]", .unexpectedToken, 4), Refusal("[\"a\"b]", .unexpectedToken, 4),
        Refusal("[1 \u{0C}]", .unexpectedToken, 3), Refusal("[1\u{1A}2]", .unexpectedToken, 2),
        Refusal("{}{}", .trailingBytes, 2), Refusal("[] x", .trailingBytes, 3),
        Refusal("1 2", .trailingBytes, 2), Refusal("[]]", .trailingBytes, 2),
        Refusal("{},", .trailingBytes, 2), Refusal("\"a\"\"b\"", .trailingBytes, 3),
        Refusal("[]//", .trailingBytes, 2), Refusal("{}\u{0}", .trailingBytes, 2),
        Refusal("tru", .invalidLiteral, 0), Refusal("True", .invalidLiteral, 0),
        Refusal("truex", .invalidLiteral, 0), Refusal("[nul]", .invalidLiteral, 1),
        Refusal("[true\"a\"]", .invalidLiteral, 1), Refusal("[falsee]", .invalidLiteral, 1),
        Refusal("NaN", .invalidLiteral, 0), Refusal("[Infinity]", .invalidLiteral, 1),
        Refusal("['a']", .invalidLiteral, 1), Refusal("[+1]", .invalidLiteral, 1),
        Refusal("[.5]", .invalidLiteral, 1), Refusal("[\\n]", .invalidLiteral, 1),
        Refusal("[\\\"a\\\"]", .invalidLiteral, 1), Refusal("\u{0}", .invalidLiteral, 0),
        Refusal("[é]", .invalidLiteral, 1), Refusal("[\u{A0}]", .invalidLiteral, 1),
        Refusal("/**/{}", .invalidLiteral, 0), Refusal("[1,\u{FEFF}2]", .invalidLiteral, 3),
        Refusal("01", .invalidNumber, 0), Refusal("[-]", .invalidNumber, 1),
        Refusal("[-01]", .invalidNumber, 1), Refusal("[1.]", .invalidNumber, 1),
        Refusal("[1.e1]", .invalidNumber, 1), Refusal("[1e]", .invalidNumber, 1),
        Refusal("[1e+]", .invalidNumber, 1), Refusal("[1.5.5]", .invalidNumber, 1),
        Refusal("[0x10]", .invalidNumber, 1), Refusal("[1_0]", .invalidNumber, 1),
        Refusal("[--1]", .invalidNumber, 1), Refusal("[1a]", .invalidNumber, 1),
        Refusal("[1\"a\"]", .invalidNumber, 1), Refusal("[-Infinity]", .invalidNumber, 1),
        Refusal("[1\u{0}]", .invalidNumber, 1), Refusal("1\\", .invalidNumber, 0),
        Refusal("\"", .unclosedString, 0), Refusal("[\"abc", .unclosedString, 1),
        Refusal("[\"a\\\"]", .unclosedString, 1), Refusal("{\"a\":\"b}", .unclosedString, 5),
        Refusal("[\"a\nb\"]", .controlCharacter, 3), Refusal("[\"\t\"]", .controlCharacter, 2),
        Refusal("[\"\u{0}\"]", .controlCharacter, 2), Refusal("[\"\u{1F}\"]", .controlCharacter, 2),
        Refusal("[\"\\x\"]", .invalidEscape, 2), Refusal("[\"\\u12\"]", .invalidEscape, 2),
        Refusal("[\"\\u\"]", .invalidEscape, 2), Refusal("[\"\\u123\"]", .invalidEscape, 2),
        Refusal("[\"\\u12G4\"]", .invalidEscape, 2), Refusal("[\"\\U0041\"]", .invalidEscape, 2),
        Refusal("[\"ab\\n\\'\"]", .invalidEscape, 6), Refusal("{\"\\a\":1}", .invalidEscape, 2),
        Refusal("[\"\\\u{E9}\"]", .invalidEscape, 2), Refusal("\"\\u000\"", .invalidEscape, 1),
        Refusal("\u{FEFF}{}", .byteOrderMark, 0), Refusal("\u{FEFF}", .byteOrderMark, 0),
    ]) func `a document outside RFC 8259 is refused at its first wrong byte`(refused: Refusal) {
        #expect(
            refusal(of: refused.text)
                == JSONError(code: refused.code, offset: refused.offset))
    }

    @Test(arguments: [
        RawRefusal([0x22, 0xFF, 0x22], .invalidUTF8, 1),
        RawRefusal([0x22, 0x61, 0xC3, 0x22], .invalidUTF8, 2),
        RawRefusal([0x22, 0xC0, 0x80, 0x22], .invalidUTF8, 1),
        RawRefusal([0x22, 0xED, 0xA0, 0x80, 0x22], .invalidUTF8, 1),
        RawRefusal([0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], .invalidUTF8, 1),
        RawRefusal([0x22, 0xE0, 0x80, 0x80, 0x22], .invalidUTF8, 1),
        RawRefusal([0x22, 0x80, 0x22], .invalidUTF8, 1),
        RawRefusal([0x22, 0xE2, 0x82], .invalidUTF8, 1),
        RawRefusal([0x7B, 0x7D, 0xFF], .invalidUTF8, 2),
        RawRefusal([0xFF, 0xFE, 0x7B, 0x00, 0x7D, 0x00], .invalidUTF8, 0),
        RawRefusal([0xFE, 0xFF, 0x00, 0x7B, 0x00, 0x7D], .invalidUTF8, 0),
        RawRefusal([0x7B, 0x00, 0x7D, 0x00], .unexpectedToken, 1),
        RawRefusal([0x00, 0x7B, 0x00, 0x7D], .invalidLiteral, 0),
    ]) func `bytes that are not UTF-8 are refused, UTF-16 included`(refused: RawRefusal) {
        #expect(
            refusal(of: refused.bytes)
                == JSONError(code: refused.code, offset: refused.offset))
    }

    @Test(arguments: [1, 2, 128]) func `nesting is allowed up to the limit`(limit: Int) {
        let open = String(repeating: "[", count: limit)
        let close = String(repeating: "]", count: limit)
        #expect(refusal(of: open + close, depthMax: limit) == nil)
        #expect(
            refusal(of: "[" + open + close + "]", depthMax: limit)
                == JSONError(code: .tooDeep, offset: limit))
        let objects = String(repeating: "{\"a\":", count: limit)
        #expect(
            refusal(of: objects + "{", depthMax: limit)
                == JSONError(code: .tooDeep, offset: limit * 5))
    }

    @Test func `a hundred thousand brackets are refused, not followed`() {
        #expect(refusal(of: String(repeating: "[", count: 100_000))?.code == .tooDeep)
    }

    /// Each case moves through all offsets of two vectors, so that none straddles unseen.
    @Test(arguments: [
        Refusal("\"\\q\"", .invalidEscape, 1), Refusal("\"\\u00g0\"", .invalidEscape, 1),
        Refusal("\"\n\"", .controlCharacter, 1), Refusal("tru", .invalidLiteral, 0),
        Refusal("\"\\\\\\\\\\\\\\x\"", .invalidEscape, 7),
    ]) func `a fault is found at any distance from the start`(refused: Refusal) {
        for distance in 0..<140 {
            let padding = String(repeating: " ", count: distance)
            let long = "\"" + String(repeating: "x", count: distance) + "\\n\""
            #expect(
                refusal(of: "[" + padding + refused.text + "]")
                    == JSONError(code: refused.code, offset: refused.offset + 1 + distance))
            #expect(
                refusal(of: "[" + long + "," + refused.text + "]")
                    == JSONError(code: refused.code, offset: refused.offset + 6 + distance))
        }
    }

    @Test func `every reason is a clause of its own`() {
        let reasons = (1...15).compactMap { JSONError.Code(rawValue: $0) }
            .map { JSONError(code: $0, offset: 0).reason.description }
        #expect(Set(reasons).count == 15)
    }
}
