import Bytes
import JSON
import OTLP
import Testing

/// JSON taken apart into OTLP's `AnyValue`.
@Suite struct AnyValueTests {
    private func value(_ json: String) throws -> WireMessage {
        var scanner = JSONScanner(depthMax: 4096)
        var writer = ProtobufWriter(into: ByteBuffer())
        writer.appendValue(json: json.utf8.span, scanner: &scanner)
        let bytes = writer.buffer.withBytes { span in span.indices.map { span[$0] } }
        return try #require(WireMessage(bytes))
    }

    @Test(arguments: [
        ("null", "null"), ("true", "true"), ("false", "false"), ("0", "0"), ("-7", "-7"),
        ("9223372036854775807", "9223372036854775807"), ("1.0", "1.0f"), ("1e2", "100.0f"),
        ("-0.5", "-0.5f"), ("9223372036854775808", "9.223372036854776e+18f"), ("1e999", "1e999"),
        (#""a\n\u00e9\ud83d\ude00""#, "a\né😀"), (#""\ud800""#, "\u{FFFD}"), (#""""#, ""),
        ("[]", "[]"), ("{}", "{}"), ("[1,[2],{}]", "[1,[2],{}]"),
        (#"{"a":{"b":[null,false]},"c\"":"d"}"#, #"{a:{b:[null,false]},c":d}"#),
    ])
    func `values keep their types`(json: String, expected: String) throws {
        #expect(WireMessage.text(try value(json)) == expected)
    }

    @Test(arguments: ["", "{", "[1,]", "nul", "{\"a\":1,\"a\":2}", "\"\u{7}\""])
    func `what is no JSON is kept as text`(text: String) throws {
        #expect(try value(text).string(1) == text)
    }

    @Test func `messages of a conversation keep their shape`() throws {
        let json = #"""
            [{"role":"user","parts":[{"type":"text","content":"hi"}]},
             {"role":"assistant","parts":[{"type":"tool_call","id":"c","name":"f",
              "arguments":{"n":1.5,"list":[]}}],"finish_reason":"tool_call"}]
            """#
        #expect(
            WireMessage.text(try value(json))
                == "[{role:user,parts:[{type:text,content:hi}]},{role:assistant,parts:[{type:"
                + "tool_call,id:c,name:f,arguments:{n:1.5f,list:[]}}],finish_reason:tool_call}]")
    }

    @Test(arguments: [24, 25, 26, 120, 2_000])
    func `what lies deeper than decoders go stays text`(depth: Int) throws {
        let json = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        var current = try value(json)
        var levels = 0
        while let list = current.message(5) {
            levels += 1
            guard let next = list.message(1) else { break }
            current = next
        }
        #expect(levels == min(depth, ProtobufWriter.structureDepthMax))
        if depth > ProtobufWriter.structureDepthMax {
            let left = depth - ProtobufWriter.structureDepthMax
            #expect(
                current.string(1)
                    == String(repeating: "[", count: left) + String(repeating: "]", count: left))
        }
    }

    @Test func `long lists and texts have right lengths`() throws {
        let text = String(repeating: "y", count: 70_000)
        let json =
            "["
            + (0..<500).map { "{\"k\($0)\":\"\(text.prefix($0 * 40))\"}" }
            .joined(separator: ",") + "]"
        let list = try #require(try value(json).message(5)).messages(1)
        #expect(list.count == 500)
        for (index, element) in list.enumerated() {
            let pair = element.message(6)?.message(1)
            #expect(pair?.string(1) == "k\(index)")
            #expect(pair?.message(2)?.string(1)?.count == index * 40)
        }
    }
}
