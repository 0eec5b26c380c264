import Bytes
import Foundation
import OTLP
import Telemetry
import Testing

/// The JSON of an encoded request; nil where it is refused.
func transcoded(_ bytes: [UInt8], _ signal: Signal = .traces) -> String? {
    var output = ByteBuffer()
    guard JSONTranscoder.transcode(bytes.span, of: signal, into: &output) else { return nil }
    return String(decoding: output.bytes)
}

@Suite struct JSONTranscoderTests {
    private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Fixtures")

    private func object(_ json: Data) throws -> NSDictionary? {
        try JSONSerialization.jsonObject(with: json) as? NSDictionary
    }

    /// The fixtures are OpenTelemetry's own encodings of requests in which every field is set:
    /// Tests/Conformance/otlp_fixtures.py.
    @Test(arguments: Signal.allCases)
    func `every field of every message is as OpenTelemetry's own classes write it`(
        signal: Signal
    ) throws {
        let file = Self.fixtures.appending(path: String(describing: signal.label))
        let encoded = [UInt8](try Data(contentsOf: file.appendingPathExtension("pb")))
        let wanted = try object(Data(contentsOf: file.appendingPathExtension("json")))
        let text = try #require(transcoded(encoded, signal))
        let found = try object(Data(text.utf8))
        #expect(found == wanted)
        #expect(wanted?.count == 1)
        // Numbers and strings of digits are not the same.
        #expect(!text.contains("UnixNano\":1") && !text.contains("\"kind\":\""))
    }

    @Test func `the encoder's own spans are read back`() throws {
        let recorder = recorder(tracestate: "a=1")
        let span = recorder.span("a \"name\"", .client, id: 0xAB, parent: .remote(.init(9)!))
        span.set(GenAIAttributes.requestSeed, -3)
        span.set(GenAIAttributes.requestTemperature, 0.5)
        span.set(GenAIAttributes.responseFinishReasons, ["stop"])
        var body = ByteBuffer()
        let encoder = TraceEncoder(resource: ExportResource(attributes: [], version: "1"))
        let items = encodedSpans(recorder.finish(at: 2_000))
        #expect(encoder.encode(items[...], content: .full, bytesMax: .max, into: &body) == 1)
        let text = try #require(transcoded(body.withBytes { b in b.indices.map { b[$0] } }))
        for part in [
            #""traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00000000000000ab""#,
            #""traceState":"a=1","parentSpanId":"0000000000000009","name":"a \"name\"","kind":3"#,
            #""startTimeUnixNano":"1000","endTimeUnixNano":"2000""#,
            #"{"key":"gen_ai.request.seed","value":{"intValue":"-3"}}"#,
            #"{"key":"gen_ai.request.temperature","value":{"doubleValue":0.5}}"#,
            #"{"arrayValue":{"values":[{"stringValue":"stop"}]}}"#,
            #""flags":769"#, #""schemaUrl":"https://opentelemetry.io/schemas/1.40.0""#,
        ] {
            #expect(text.contains(part), "\(part)")
        }
    }

    /// `{ 1: { 2: { 2: span } } }`
    private func request(_ write: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var writer = ProtobufWriter(into: ByteBuffer())
        let outer = writer.open(1)
        let inner = writer.open(2)
        let span = writer.open(2)
        write(&writer)
        writer.close(span)
        writer.close(inner)
        writer.close(outer)
        return writer.buffer.withBytes { bytes in bytes.indices.map { bytes[$0] } }
    }

    private func span(_ json: String) -> String {
        #"{"resourceSpans":[{"scopeSpans":[{"spans":["# + json + "]}]}]}"
    }

    @Test func `what is repeated is one list, wherever it stands in the message`() {
        let bytes = request { writer in
            for name in ["a", "b"] {
                let event = writer.open(11)
                writer.field(2, string: name)
                writer.close(event)
                writer.field(10, varint: 3)
            }
        }
        #expect(
            transcoded(bytes)
                == span(#"{"events":[{"name":"a"},{"name":"b"}],"droppedAttributesCount":3}"#))
    }

    @Test func `of a field that can stand once the last one counts, and unknown ones are left out`()
    {
        let bytes = request { writer in
            writer.field(5, string: "first")
            writer.field(99, string: "unknown")
            writer.field(5, string: "last")
        }
        #expect(transcoded(bytes) == span(#"{"name":"last"}"#))
    }

    @Test func `what is not UTF-8 is replaced`() {
        let bytes = request { $0.field(5, bytes: ([0x61, 0xFF, 0x62] as [UInt8]).span) }
        #expect(transcoded(bytes) == span("{\"name\":\"a\u{FFFD}b\"}"))
    }

    @Test func `a request without anything is an empty object`() {
        #expect(transcoded([]) == "{}")
    }

    @Test(
        arguments: [
            [0x0A], [0x0A, 0x05, 0x0A], [0xFF], [0x08, 0x01], [0x0A, 0x02, 0x0A, 0x7F],
            [0x0B, 0x0C], [0x0D, 0x00],
        ] as [[UInt8]])
    func `nonsense is refused`(bytes: [UInt8]) {
        #expect(transcoded(bytes) == nil)
    }

    @Test func `messages inside each other without end are refused`() {
        // A list in a list, over and over: the value of an attribute.
        var value: [UInt8] = []
        for _ in 0..<JSONTranscoder.depthMax {
            for tag: UInt8 in [0x0A, 0x2A] {
                var writer = ProtobufWriter(into: ByteBuffer())
                writer.field(Int(tag >> 3), bytes: value.span)
                value = writer.buffer.withBytes { bytes in bytes.indices.map { bytes[$0] } }
            }
        }
        let bytes = request { writer in
            let attribute = writer.open(9)
            writer.field(2, bytes: value.span)
            writer.close(attribute)
        }
        #expect(transcoded(bytes) == nil)
    }
}

@Suite struct Base64Tests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy"),
        ("\u{FF}\u{FF}>?", "w7/Dvz4/"),
    ])
    func `bytes are encoded and decoded, also without padding`(plain: String, encoded: String) {
        #expect(text { Base64.encode(plain.utf8.span, into: &$0) } == encoded)
        #expect(Base64.decode(encoded.utf8.span) == Array(plain.utf8))
        let bare = encoded.filter { $0 != "=" }
        #expect(Base64.decode(bare.utf8.span) == Array(plain.utf8))
    }

    @Test(arguments: ["Z", "Zg===", "Zm9v!", "Z m8", "Zm9vY"])
    func `anything else is not decoded`(text: String) {
        #expect(Base64.decode(text.utf8.span) == nil)
    }
}
