import Bytes
import OTLP
import Telemetry
import Testing
import W3CTraceContext

@Suite struct TraceEncoderTests {
    let encoder = TraceEncoder(
        resource: ExportResource(
            attributes: [("service.name", "shop"), ("telemetry.sdk.name", "other")],
            version: "1.2.3"))

    private func encode(
        _ trace: FinishedTrace, content: ContentMode = .full, bytesMax: Int = 1 << 20
    ) -> (body: [UInt8], count: Int) {
        var buffer = ByteBuffer()
        let count = encoder.encode(
            encodedSpans(trace)[...], content: content, bytesMax: bytesMax, into: &buffer)
        return (buffer.withBytes { span in span.indices.map { span[$0] } }, count)
    }

    private func value(_ span: WireMessage, _ key: String) -> WireMessage? {
        span.messages(9).first { $0.string(1) == key }?.message(2)
    }

    @Test func `the envelope names the resource, the scope and the schema once`() throws {
        let (body, count) = encode(trace(spans: 3))
        #expect(count == 3)
        let resourceSpans = try #require(WireMessage(body)?.message(1))
        let resource = try #require(resourceSpans.message(1))
        let attributes = resource.messages(1).map {
            "\($0.string(1) ?? "?")=\($0.message(2)?.string(1) ?? "?")"
        }
        #expect(
            attributes == [
                "service.name=shop", "telemetry.sdk.name=martlet",
                "telemetry.sdk.language=swift", "telemetry.sdk.version=1.2.3",
            ])
        #expect(resourceSpans.string(3) == "https://opentelemetry.io/schemas/1.40.0")
        let scopeSpans = try #require(resourceSpans.message(2))
        #expect(scopeSpans.message(1)?.string(1) == "martlet")
        #expect(scopeSpans.message(1)?.string(2) == "1.2.3")
        #expect(scopeSpans.string(3) == "https://opentelemetry.io/schemas/1.40.0")
        #expect(scopeSpans.messages(2).map { $0.string(5) } == ["span 1", "span 2", "span 3"])
    }

    @Test func `a span's own fields have the numbers and types of the protocol`() throws {
        let recorder = recorder(
            trace: 0x0102_0304_0506_0708, flags: [.sampled, .random], tracestate: "a=1,b=2")
        let span = recorder.span(
            "POST /v1", .server, id: 0x1112_1314_1516_1718,
            parent: .remote(SpanID(0x2122_2324_2526_2728)!), at: 1_000)
        span.setError(message: "it broke".utf8.span)
        span.end(at: 0x0102_0304_0506_0708)
        let wire = try #require(decodedSpans(encode(recorder.finish(at: 1)).body).first)
        #expect(wire.only(1) == .bytes([0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6] + (1...8)))
        #expect(wire.only(2) == .bytes(Array(0x11...0x18)))
        #expect(wire.string(3) == "a=1,b=2")
        #expect(wire.only(4) == .bytes(Array(0x21...0x28)))
        #expect(wire.string(5) == "POST /v1")
        #expect(wire.only(6) == .varint(2))
        #expect(wire.only(7) == .fixed64(1_000))
        #expect(wire.only(8) == .fixed64(0x0102_0304_0506_0708))
        #expect(wire.message(15)?.string(2) == "it broke")
        #expect(wire.message(15)?.only(3) == .varint(2))
        #expect(wire.only(16) == .fixed32(0x303))
    }

    @Test func `what has its default value is left out`() throws {
        let recorder = recorder()
        _ = recorder.span("a", .client)
        let wire = try #require(decodedSpans(encode(recorder.finish(at: 2_000)).body).first)
        #expect(wire.numbers() == [1, 2, 5, 6, 7, 8, 16])
        #expect(wire.only(16) == .fixed32(0x101))
    }

    @Test func `a local parent is named and not remote`() throws {
        let recorder = recorder()
        let parent = recorder.span("a", id: 5)
        _ = recorder.span("b", id: 6, parent: .local(parent.context.spanID))
        let wire = decodedSpans(encode(recorder.finish(at: 2_000)).body)
        #expect(wire[1].only(4) == .bytes([0, 0, 0, 0, 0, 0, 0, 5]))
        #expect(wire[1].only(16) == .fixed32(0x101))
    }

    @Test func `values are written even when they are zero or empty`() throws {
        let recorder = recorder()
        let span = recorder.span("a")
        span.set(GenAIAttributes.requestSeed, 0)
        span.set(GenAIAttributes.usageInputTokens, -1)
        span.set(GenAIAttributes.requestTemperature, 0.0)
        span.set(GenAIAttributes.requestTopP, 0.25)
        span.set(GenAIAttributes.requestStream, false)
        span.set(GenAIAttributes.responseID, "")
        span.set(GenAIAttributes.responseFinishReasons, ["stop", ""])
        span.set(GenAIAttributes.requestStopSequences, [])
        let wire = try #require(decodedSpans(encode(recorder.finish(at: 2_000)).body).first)
        #expect(value(wire, "gen_ai.request.seed")?.only(3) == .varint(0))
        #expect(value(wire, "gen_ai.usage.input_tokens")?.only(3) == .varint(.max))
        #expect(value(wire, "gen_ai.request.temperature")?.only(4) == .fixed64(0))
        #expect(value(wire, "gen_ai.request.top_p")?.only(4) == .fixed64((0.25).bitPattern))
        #expect(value(wire, "gen_ai.request.stream")?.only(2) == .varint(0))
        #expect(value(wire, "gen_ai.response.id")?.string(1) == "")
        let reasons = value(wire, "gen_ai.response.finish_reasons")?.message(5)
        #expect(reasons?.messages(1).map { $0.string(1) } == ["stop", ""])
        let stops = try #require(value(wire, "gen_ai.request.stop_sequences"))
        #expect(stops.only(5) == .bytes([]))
    }

    @Test func `events, links and dropped counts are written`() throws {
        var limits = SpanLimits()
        limits.attributeCountMax = 1
        limits.eventCountMax = 1
        limits.linkCountMax = 1
        let recorder = recorder(limits: limits)
        let span = recorder.span("a")
        for _ in 0..<2 {
            span.addEvent("first token", at: 77) {
                $0.set("k".utf8.span, int: 1)
                $0.set("l".utf8.span, int: 2)
            }
            let context = SpanContext(traceID: traceID(9), spanID: SpanID(8)!, flags: .sampled)
            span.addLink(SpanLink(context: context, isRemote: true))
            span.set(dynamicKey: "metadata.\(span.attributeCount)".utf8.span, "v".utf8.span)
        }
        let wire = try #require(decodedSpans(encode(recorder.finish(at: 2_000)).body).first)
        #expect(wire.only(10) == .varint(1))
        #expect(wire.only(12) == .varint(1))
        #expect(wire.only(14) == .varint(1))
        let event = try #require(wire.message(11))
        #expect(event.only(1) == .fixed64(77))
        #expect(event.string(2) == "first token")
        #expect(event.messages(3).count == 1)
        #expect(event.only(4) == .varint(1))
        let link = try #require(wire.message(13))
        #expect(link.only(2) == .bytes([0, 0, 0, 0, 0, 0, 0, 8]))
        #expect(link.only(6) == .fixed32(0x301))
    }

    @Test(
        arguments: [
            (.full, 10_005), (.none, nil), (.shortened(bytesMax: 2_000), 1_049),
        ] as [(ContentMode, Int?)])
    func `content is sent, cut or left out`(mode: ContentMode, bytes: Int?) throws {
        let recorder = recorder()
        let span = recorder.span("a")
        let json = "[\"" + String(repeating: "x", count: 9_994) + "\",\"tail\"]"
        span.setContent(GenAIAttributes.inputMessages, json: json.utf8.span)
        let body = encode(recorder.finish(at: 2_000), content: mode).body
        let wire = try #require(decodedSpans(body).first)
        let sent = value(wire, "gen_ai.input.messages")?.string(1)
        #expect(sent.map(\.utf8.count) == bytes)
        if let sent { #expect(sent.hasSuffix("\",\"tail\"]")) }
    }

    @Test func `only spans that fit are encoded, and never half of one`() {
        let trace = trace(spans: 5, content: 1_000)
        let whole = encode(trace).body.count
        #expect(encode(trace, bytesMax: whole + 64).count == 5)
        for limit in stride(from: 0, through: whole, by: 97) {
            let (body, count) = encode(trace, bytesMax: limit)
            #expect(body.count <= limit)
            #expect(decodedSpans(body).count == count)
            #expect(count < 5)
        }
    }

    @Test(arguments: [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])
    func `the length of a message of any size is right`(count: Int) {
        var writer = ProtobufWriter(into: ByteBuffer())
        let outer = writer.open(1)
        let inner = writer.open(2)
        for index in 0..<count { writer.buffer.append(UInt8(truncatingIfNeeded: index)) }
        writer.close(inner)
        writer.field(3, varint: 300)
        writer.close(outer)
        let bytes = writer.buffer.withBytes { span in span.indices.map { span[$0] } }
        let message = WireMessage(bytes)?.message(1)
        let wanted = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        #expect(message?.only(2) == .bytes(wanted))
        #expect(message?.only(3) == .varint(300))
    }
}

@Suite struct PartialSuccessTests {
    private func response(rejected: UInt64?, message: String?) -> [UInt8] {
        var writer = ProtobufWriter(into: ByteBuffer())
        let partial = writer.open(1)
        if let rejected { writer.field(1, varint: rejected) }
        if let message { writer.field(2, string: message) }
        writer.close(partial)
        return writer.buffer.withBytes { span in span.indices.map { span[$0] } }
    }

    private func read(_ bytes: [UInt8]) -> PartialSuccess? {
        PartialSuccess(response: bytes.span)
    }

    @Test func `rejected spans and the message are read`() throws {
        let both = try #require(read(response(rejected: 300, message: "no")))
        #expect(both.rejectedItems == 300)
        #expect(both.message == "no")
        let warning = read(response(rejected: nil, message: "careful"))
        #expect(warning?.rejectedItems == 0)
        let long = String(repeating: "x", count: 1_000)
        let cut = read(response(rejected: nil, message: long))
        #expect(cut?.message.count == 256)
    }

    @Test func `an empty answer, and one that says nothing, are full successes`() {
        #expect(read([UInt8]()) == nil)
        #expect(read(response(rejected: nil, message: nil)) == nil)
        #expect(read(response(rejected: 0, message: nil)) == nil)
    }

    @Test func `a negative count is none`() {
        let bytes = response(rejected: .max, message: "x")
        #expect(read(bytes)?.rejectedItems == 0)
    }

    @Test(
        arguments: [
            Array("<html>".utf8), [0x0A],
            [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
            [0x0A, 0x05, 0x08], [0xFF], [UInt8](repeating: 0xFF, count: 11), [0x0B, 0x0C],
            [0x0A, 0x03, 0x12, 0x7F, 0x61],
        ] as [[UInt8]])
    func `nonsense is not read as anything`(bytes: [UInt8]) {
        #expect(read(bytes) == nil)
    }
}
