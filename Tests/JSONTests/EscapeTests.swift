import JSON
import Testing

/// Escapes are judged for 64 bytes at a time: each test moves them through all places of two
/// such blocks.
@Suite struct EscapeTests {
    /// RFC 8259 section 7: what may stand behind a backslash.
    @Test func `a byte behind a backslash is taken where the grammar has it`() {
        for byte in UInt8(0x20)..<0x80 where byte != UInt8(ascii: "\"") && byte != 0x5C {
            let isKnown = "/bfnrt".utf8.contains(byte)
            for distance in [0, 40, 59, 60, 61, 62, 63, 125] {
                let padding = [UInt8](repeating: 0x61, count: distance)
                let found = refusal(of: [0x22] + padding + [0x5C, byte, 0x22])
                #expect(
                    found
                        == (isKnown
                            ? nil : JSONError(code: .invalidEscape, offset: distance + 1)))
            }
        }
    }

    @Test(arguments: [
        #"\u0041"#, #"\uD83D\uDE00"#, #"\""#, #"\\"#, #"\\\\u"#, #"\\x"#, #"\\\""#, #"\"\"\""#,
        #"\n\\u\n"#, #"\u00e9\u00E9"#,
    ]) func `an escape is valid at every distance, and the string known to have one`(
        text: String
    ) throws {
        for distance in 0..<140 {
            let plain = String(repeating: "x", count: distance)
            let document = #"[""# + plain + #"",""# + text + #"",""# + plain + #""]"#
            let found = try scanned(document) { document in
                var elements = document.elements(of: document.root)
                var found: [Bool] = []
                while let element = elements.next() { found.append(document.hasEscapes(element)) }
                return found
            }
            #expect(found == [false, true, false])
        }
    }

    @Test(arguments: [#"\u"#, #"\u1"#, #"\u12"#, #"\u123"#, #"\u12g4"#, #"\u\u0041"#, #"\u 123"#])
    func `an unfinished number is refused at every distance`(text: String) {
        for distance in 0..<140 {
            let plain = String(repeating: "x", count: distance)
            let code = JSONError(code: .invalidEscape, offset: distance + 1)
            #expect(refusal(of: "\"" + plain + text + "\"") == code)
        }
    }

    @Test func `a run of backslashes escapes the quote behind it or not`() {
        for distance in [0, 1, 30, 62, 63, 64, 120] {
            for length in 0..<140 {
                let run = String(repeating: "\\", count: length)
                let text = "\"" + String(repeating: "x", count: distance) + run + "\""
                let refused = refusal(of: text)
                #expect(refused?.code == (length % 2 == 0 ? nil : .unclosedString))
                // With a second quote the string is closed where the first is escaped.
                #expect((refusal(of: text + "\"") == nil) == (length % 2 == 1))
            }
        }
    }

    @Test func `the first fault counts, be it an escape or not`() {
        #expect(refusal(of: #"["\x", tru]"#) == JSONError(code: .invalidEscape, offset: 2))
        #expect(refusal(of: #"[tru, "\x"]"#) == JSONError(code: .invalidLiteral, offset: 1))
        #expect(refusal(of: #"["\n", tru, "\n"]"#) == JSONError(code: .invalidLiteral, offset: 7))
    }
}
