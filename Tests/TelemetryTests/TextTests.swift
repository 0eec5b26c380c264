import Bytes
import Foundation
import Telemetry
import Testing

@Suite struct TextTests {
    @Test(
        arguments: [
            ([0x61, 0xFF, 0x62], "a\u{FFFD}b"),
            ([0xE2, 0x82], "\u{FFFD}"),
            ([0xED, 0xA0, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}"),
            (Array("grün".utf8), "grün"),
            ([], ""),
        ] as [([UInt8], String)])
    func `what is not UTF-8 becomes the replacement character`(bytes: [UInt8], wanted: String) {
        let result = text {
            Text.append(bytes.span, charactersMax: .max, bytesMax: .max, to: &$0)
        }
        #expect(result == wanted)
    }

    @Test(arguments: [
        ("grün", 3, 99, "grü"), ("grün", 99, 3, "gr"), ("grün", 99, 4, "grü"),
        ("😀😀", 1, 99, "😀"), ("😀😀", 99, 7, "😀"), ("abc", 3, 3, "abc"), ("abc", 0, 99, ""),
    ])
    func `text is cut between characters`(
        input: String, characters: Int, bytes: Int, wanted: String
    ) {
        let result = text {
            Text.append(input.utf8.span, charactersMax: characters, bytesMax: bytes, to: &$0)
        }
        #expect(result == wanted)
    }

    @Test func `repairing does not pass the limits`() {
        let bad = [UInt8](repeating: 0xFF, count: 100)
        let result = text { Text.append(bad.span, charactersMax: 50, bytesMax: 20, to: &$0) }
        #expect(result.utf8.count <= 20)
        #expect(result.unicodeScalars.allSatisfy { $0 == "\u{FFFD}" })
    }

    @Test(arguments: [
        "[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"LONG\"}]}]",
        "[\"LONG\\n\\u00e9\\ud83d\\ude00 LONG \\\"quoted\\\" \\\\\",1,null,{\"k\":\"LONG\"}]",
        "[\"é😀LONGé😀\",\"\"]",
    ])
    func `shortened content is valid JSON within the limit`(template: String) throws {
        let long = String(repeating: "ab\\ud83d\\ude00é😀\\\\\\\"", count: 300)
        let json = template.replacingOccurrences(of: "LONG", with: long)
        for limit in [400, 700, 1_500, 4_500, 7_000] {
            var buffer = ByteBuffer()
            let fits = ContentTruncation.shorten(json.utf8.span, bytesMax: limit, into: &buffer)
            #expect(fits)
            #expect(buffer.count <= limit)
            let result = String(decoding: buffer.bytes)
            #expect(result.contains("...[truncated]"))
            _ = try JSONSerialization.jsonObject(with: Data(result.utf8))
            // A lone surrogate would come back as U+FFFD.
            #expect(!result.contains("\u{FFFD}"))
        }
    }

    @Test func `content within the limit is kept byte for byte`() {
        let json = "[\"short\", {\"a\" : 1}]"
        let result = text {
            #expect(ContentTruncation.shorten(json.utf8.span, bytesMax: 100, into: &$0))
        }
        #expect(result == json)
    }

    @Test(arguments: ["[\"abc", "\"", "[\"a\\", "[\"\\ud83d", "{", ""])
    func `broken documents are no danger`(json: String) {
        for limit in 0...20 {
            var buffer = ByteBuffer()
            _ = ContentTruncation.shorten(json.utf8.span, bytesMax: limit, into: &buffer)
            #expect(buffer.count <= limit)
        }
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_826_554_123, "2000-02-29T12:15:54.123Z"),
            (1_763_638_496_007, "2025-11-20T11:34:56.007Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] as [(UInt64, String)])
    func `time stamps are UTC`(milliseconds: UInt64, wanted: String) {
        #expect(text { Timestamp.append(milliseconds * 1_000_000, to: &$0) } == wanted)
    }
}
