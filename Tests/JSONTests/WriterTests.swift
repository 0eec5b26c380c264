import Bytes
import Foundation
import JSON
import Testing

@Suite struct WriterTests {
    @Test(arguments: [
        ("", ""), ("plain", "plain"), ("a\"b\\c/d", #"a\"b\\c/d"#),
        (
            "\u{0}\u{1}\u{8}\t\n\u{B}\u{C}\r\u{1F} \u{7F}",
            #"\u0000\u0001\b\t\n\u000b\f\r\u001f "# + "\u{7F}"
        ),
        ("äöü😀€", "äöü😀€"), ("\u{2028}", "\u{2028}"),
        ("fifteen chars..\"sixteen chars...\n", #"fifteen chars..\"sixteen chars...\n"#),
    ]) func `text is escaped as JSON wants it and no more`(text: String, expected: String) {
        var buffer = ByteBuffer()
        let wasCut = buffer.append(jsonString: text)
        #expect(!wasCut)
        #expect(JSONTests.text(of: buffer) == "\"" + expected + "\"")
    }

    @Test(
        arguments: [
            [0xFF], [0x61, 0xC3], [0xC3, 0x28], [0xE2, 0x82], [0xE2, 0x28, 0xA1],
            [0xF0, 0x9F, 0x98],
            [0xED, 0xA0, 0x80], [0xC0, 0x80], [0x80, 0x80], [0xF4, 0x90, 0x80, 0x80],
            [0x61, 0xFE, 0x62],
        ] as [[UInt8]])
    func `what is not UTF-8 becomes U+FFFD as the standard library decodes it`(bytes: [UInt8]) {
        var buffer = ByteBuffer()
        buffer.append(jsonEscaped: bytes.span)
        #expect(JSONTests.text(of: buffer) == String(decoding: bytes, as: UTF8.self))
        buffer.removeAll()
        // Moved through a vector's width.
        for distance in 0..<40 {
            let long = [UInt8](repeating: 0x78, count: distance) + bytes + [0x22]
            buffer.removeAll()
            buffer.append(jsonEscaped: long.span)
            let expected = String(decoding: long.dropLast(), as: UTF8.self) + "\\\""
            #expect(JSONTests.text(of: buffer) == expected)
        }
    }

    @Test(arguments: [
        ("abc", 3, "abc", false), ("abc", 2, "ab", true), ("abc", 0, "", true), ("", 0, "", false),
        ("aé", 2, "a", true), ("aé", 3, "aé", false), ("€", 2, "", true), ("€", 1, "", true),
        ("a😀b", 4, "a", true), ("a😀b", 5, "a😀", true), ("\n\n", 1, "\\n", true),
        ("abc", -1, "", true),
    ]) func `a limit cuts between characters`(
        text: String, limit: Int, expected: String, isCut: Bool
    ) {
        var buffer = ByteBuffer()
        let wasCut = buffer.append(jsonEscaped: text.utf8.span, limit: limit)
        #expect(wasCut == isCut)
        #expect(JSONTests.text(of: buffer) == expected)
    }

    @Test(
        arguments: [
            (0, "0"), (-0.0, "-0"), (1, "1"), (0.1, "0.1"), (1e22, "1e+22"),
            (.leastNonzeroMagnitude, "5e-324"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
            (0.30000000000000004, "0.30000000000000004"),
            (.infinity, "null"), (-.infinity, "null"), (.nan, "null"), (123456.75, "123456.75"),
        ] as [(Double, String)])
    func `a double is written in its shortest form`(value: Double, expected: String) {
        var buffer = ByteBuffer()
        buffer.append(jsonNumber: value)
        #expect(JSONTests.text(of: buffer) == expected)
    }

    @Test func `doubles read back as they were written`() throws {
        var generator = SplitMix(state: 7)
        for _ in 0..<5000 {
            let value = Double(bitPattern: generator.next())
            guard value.isFinite else { continue }
            var buffer = ByteBuffer()
            buffer.append(jsonNumber: value)
            try scanned(JSONTests.text(of: buffer)) { document in
                #expect(document.double(document.root)?.bitPattern == value.bitPattern)
            }
        }
    }

    @Test func `booleans are written`() {
        var buffer = ByteBuffer()
        buffer.append(jsonBool: true)
        buffer.append(jsonBool: false)
        #expect(JSONTests.text(of: buffer) == "truefalse")
    }

    @Test func `any bytes, escaped and scanned, are their text again`() throws {
        var generator = SplitMix(state: 11)
        for _ in 0..<2000 {
            let count = Int.random(in: 0..<80, using: &generator)
            let ascii = Bool.random(using: &generator)
            let bytes = (0..<count).map { _ in
                UInt8.random(in: ascii ? 0...127 : 0...255, using: &generator)
            }
            var buffer = ByteBuffer()
            buffer.append(jsonString: bytes.span)
            try scanned(JSONTests.text(of: buffer)) { document in
                #expect(document.text(document.root) == String(decoding: bytes, as: UTF8.self))
            }
        }
    }
}
