import Bytes
import Telemetry
import Testing

/// Attributes are written once, by hand: compared here with a writer that knows no short cuts.
@Suite struct AttributeWireTests {
    private enum Value {
        case string(String)
        case bool(Bool)
        case int(Int)
        case double(Double)
        case strings([String])
    }

    private func varint(_ value: UInt64) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80] + varint(value >> 7)
    }

    private func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        [number << 3 | 2] + varint(UInt64(bytes.count)) + bytes
    }

    /// `Span.attributes`.
    private func plain(_ key: String, _ value: Value) -> [UInt8] {
        let any: [UInt8] =
            switch value {
            case .string(let text): field(1, Array(text.utf8))
            case .bool(let bool): [0x10, bool ? 1 : 0]
            case .int(let int): [0x18] + varint(UInt64(bitPattern: Int64(int)))
            case .double(let double):
                [0x21] + (0..<8).map { UInt8(truncatingIfNeeded: double.bitPattern >> ($0 * 8)) }
            case .strings(let texts):
                field(5, texts.flatMap { field(1, field(1, Array($0.utf8))) })
            }
        return field(9, field(1, Array(key.utf8)) + field(2, any))
    }

    private func wire(_ span: SpanRecord, content: Bool = true) -> [UInt8] {
        var buffer = ByteBuffer()
        span.appendAttributes(includingContent: content, to: &buffer)
        return buffer.withBytes { span in span.indices.map { span[$0] } }
    }

    @Test(arguments: [
        0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, 268_435_455, 268_435_456, Int.max,
        -1, Int.min,
    ])
    func `a whole number of any size is as protocol buffers write it`(value: Int) {
        let span = recorder().span("s")
        span.set(GenAIAttributes.requestSeed, value)
        #expect(wire(span) == plain("gen_ai.request.seed", .int(value)))
        #expect(span.attribute("gen_ai.request.seed") == .int(value))
    }

    @Test(arguments: [
        0, 1, 60, 70, 80, 90, 95, 96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108,
        109, 110, 115, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128, 129, 130, 16_360,
        16_370, 16_384, 65_536,
    ])
    func `a text of any length is as protocol buffers write it`(count: Int) {
        let text = String(repeating: "x", count: count)
        for key in ["k", "metadata.team", String(repeating: "k", count: 128)] {
            let span = recorder().span("s")
            span.set(dynamicKey: key.utf8.span, text.utf8.span)
            span.set(dynamicKey: "z".utf8.span, "end".utf8.span)
            #expect(wire(span) == plain(key, .string(text)) + plain("z", .string("end")))
            #expect(span.attribute(key) == .string(text))
        }
    }

    @Test func `attributes of all types follow one another in the order they were set`() {
        let span = recorder().span("name")
        let long = String(repeating: "ü", count: 200)
        span.set(GenAIAttributes.requestModel, "gpt-4o" as StaticString)
        span.set(GenAIAttributes.requestTemperature, 0.7)
        span.set(GenAIAttributes.requestStream, true)
        span.set(GenAIAttributes.responseFinishReasons, ["stop", "", long])
        span.set(GenAIAttributes.requestStopSequences, [])
        span.set(GenAIAttributes.responseID, long)
        let wanted =
            plain("gen_ai.request.model", .string("gpt-4o"))
            + plain("gen_ai.request.temperature", .double(0.7))
            + plain("gen_ai.request.stream", .bool(true))
            + plain("gen_ai.response.finish_reasons", .strings(["stop", "", long]))
            + plain("gen_ai.request.stop_sequences", .strings([]))
            + plain("gen_ai.response.id", .string(long))
        #expect(wire(span) == wanted)
        span.setName("another, longer name".utf8.span)
        #expect(wire(span) == wanted)
        #expect(span.nameText == "another, longer name")
    }

    @Test func `an earlier value is gone from the wire, whatever its type`() {
        let span = recorder().span("s")
        span.set(dynamicKey: "gen_ai.request.seed".utf8.span, "caller's".utf8.span)
        span.set(GenAIAttributes.responseID, "kept")
        span.setContent(GenAIAttributes.inputMessages, json: "[1]".utf8.span)
        span.set(GenAIAttributes.requestSeed, 7)
        span.set(dynamicKey: "gen_ai.input.messages".utf8.span, "caller's".utf8.span)
        span.setContent(GenAIAttributes.inputMessages, json: "[2]".utf8.span)
        span.set(dynamicKey: "gen_ai.response.finish_reasons".utf8.span, "x".utf8.span)
        span.append(GenAIAttributes.responseFinishReasons, "stop".utf8.span)
        span.append(GenAIAttributes.responseFinishReasons, "length".utf8.span)
        let wanted =
            plain("gen_ai.response.id", .string("kept")) + plain("gen_ai.request.seed", .int(7))
            + plain("gen_ai.response.finish_reasons", .strings(["stop", "length"]))
        #expect(wire(span, content: false) == wanted)
        #expect(wire(span) == wanted + plain("gen_ai.input.messages", .string("[2]")))
        #expect(span.attributeCount == 4)
        #expect(span.hasContent)
    }

    @Test func `the last of many values wins for each of many keys`() {
        let span = recorder().span("s")
        for round in 0..<3 {
            for index in 0..<100 {
                span.set(
                    dynamicKey: "metadata.key.\(index)".utf8.span,
                    String(repeating: "v", count: index * round).utf8.span)
            }
        }
        let wanted = (0..<100).flatMap {
            plain("metadata.key.\($0)", .string(String(repeating: "v", count: $0 * 2)))
        }
        #expect(wire(span) == wanted)
        #expect(span.attributeCount == 100)
    }

    @Test func `a text that is no UTF-8 or too long is repaired and cut`() {
        var limits = SpanLimits()
        limits.valueBytesMax = 6
        limits.valueCharactersMax = 5
        let span = recorder(limits: limits).span("s")
        span.set(GenAIAttributes.responseID, ([0x61, 0xFF] as [UInt8]).span)
        span.set(GenAIAttributes.responseModel, "äöü x")
        span.set(GenAIAttributes.requestModel, "abcdef" as StaticString)
        span.append(GenAIAttributes.responseFinishReasons, "abcdef".utf8.span)
        span.append(GenAIAttributes.responseFinishReasons, ([0xFF] as [UInt8]).span)
        let wanted =
            plain("gen_ai.response.id", .string("a\u{FFFD}"))
            + plain("gen_ai.response.model", .string("äöü"))
            + plain("gen_ai.request.model", .string("abcde"))
            + plain("gen_ai.response.finish_reasons", .strings(["abcde", "\u{FFFD}"]))
        #expect(wire(span) == wanted)
    }
}
