import Bytes
import Telemetry
import Testing
import W3CTraceContext

@Suite struct SpanRecordTests {
    @Test func `each type of attribute reads back as it was set`() {
        let span = recorder().span("s")
        span.set(GenAIAttributes.requestModel, "gpt-4o")
        span.set(GenAIAttributes.requestSeed, 0)
        span.set(GenAIAttributes.requestTemperature, 0.0)
        span.set(GenAIAttributes.requestStream, false)
        span.set(GenAIAttributes.usageInputTokens, -3)
        span.set(GenAIAttributes.responseFinishReasons, ["stop", ""])
        span.set(GenAIAttributes.requestStopSequences, [])
        span.set(dynamicKey: "metadata.team".utf8.span, "blue".utf8.span)
        span.setContent(GenAIAttributes.inputMessages, json: "[]".utf8.span)
        #expect(span.attribute("gen_ai.request.model") == .string("gpt-4o"))
        #expect(span.attribute("gen_ai.request.seed") == .int(0))
        #expect(span.attribute("gen_ai.request.temperature") == .double(0))
        #expect(span.attribute("gen_ai.request.stream") == .bool(false))
        #expect(span.attribute("gen_ai.usage.input_tokens") == .int(-3))
        #expect(span.attribute("gen_ai.response.finish_reasons") == .strings(["stop", ""]))
        #expect(span.attribute("gen_ai.request.stop_sequences") == .strings([]))
        #expect(span.attribute("metadata.team") == .string("blue"))
        #expect(span.attribute("gen_ai.input.messages") == .content("[]"))
        #expect(span.attributeCount == 9)
    }

    @Test func `the last value set for a key wins, whatever its length`() {
        let span = recorder().span("s")
        span.set(GenAIAttributes.responseID, "first")
        span.set(HTTPAttributes.responseStatusCode, 503)
        span.set(GenAIAttributes.responseID, "the second one")
        span.set(HTTPAttributes.responseStatusCode, 200)
        span.set(MartletAttributes.stream, true)
        span.set(MartletAttributes.stream, false)
        #expect(span.attributes.count == 3)
        #expect(span.attribute("gen_ai.response.id") == .string("the second one"))
        #expect(span.attribute("http.response.status_code") == .int(200))
        #expect(span.attribute("martlet.stream") == .bool(false))
    }

    @Test func `setting a number again and again takes no more room`() {
        let span = recorder().span("s")
        span.set(MartletAttributes.streamChunkCount, 999)
        let before = span.byteCount
        for count in 1...1000 { span.set(MartletAttributes.streamChunkCount, count) }
        #expect(span.byteCount == before)
        #expect(span.attribute("martlet.stream.chunk.count") == .int(1000))
    }

    @Test func `elements are added to an array also after other attributes were set`() {
        let span = recorder().span("s")
        span.append(GenAIAttributes.responseFinishReasons, "stop".utf8.span)
        span.set(GenAIAttributes.responseID, "x")
        span.append(GenAIAttributes.responseFinishReasons, "length".utf8.span)
        #expect(span.attribute("gen_ai.response.finish_reasons") == .strings(["stop", "length"]))
        #expect(span.attribute("gen_ai.response.id") == .string("x"))
        #expect(span.attributes.count == 2)
    }

    @Test func `attributes over the limit are dropped and counted, known keys still change`() {
        let span = recorder().span("s")
        for index in 0..<130 {
            span.set(dynamicKey: "metadata.\(index)".utf8.span, "v".utf8.span)
        }
        span.set(dynamicKey: "metadata.5".utf8.span, "changed".utf8.span)
        #expect(span.attributeCount == 128)
        #expect(span.droppedAttributesCount == 2)
        #expect(span.attribute("metadata.5") == .string("changed"))
        #expect(span.attribute("metadata.128") == nil)
    }

    @Test(arguments: [[], [UInt8](repeating: 0x61, count: 256), [0x61, 0xFF]])
    func `an impossible name is dropped and counted`(name: [UInt8]) {
        let span = recorder().span("s")
        span.set(dynamicKey: name.span, "v".utf8.span)
        #expect(span.attributeCount == 0)
        #expect(span.droppedAttributesCount == 1)
    }

    @Test func `names are cut at 256 characters and hold no control characters`() {
        let span = recorder().span("POST \u{1B}[31m\n\u{9B}x")
        #expect(span.nameText == "POST \\x1B[31m\\n\\x9Bx")
        span.setName(String(repeating: "\u{E9}", count: 300).utf8.span)
        #expect(span.nameText == String(repeating: "\u{E9}", count: 256))
        span.setName(String(repeating: "\n", count: 300).utf8.span)
        #expect(span.nameText == String(repeating: "\\n", count: 128))
    }

    @Test func `an error has a status and a bounded message, a success none`() {
        let span = recorder().span("s")
        #expect(span.status == .unset)
        span.setError(message: String(repeating: "x", count: 300).utf8.span)
        #expect(span.status == .error)
        #expect(span.messageText.count == 256)
        span.setError()
        #expect(span.messageText.isEmpty)
    }

    @Test func `an ended span does not change any more`() {
        let span = recorder().span("s", at: 1_000)
        span.end(at: 3_000)
        span.end(at: 9_000)
        span.set(GenAIAttributes.responseID, "late")
        span.setName("late".utf8.span)
        span.setError()
        span.addEvent("late", at: 1)
        #expect(span.endTime == 3_000)
        #expect(span.attributes.isEmpty)
        #expect(span.nameText == "s")
        #expect(span.status == .unset)
        #expect(span.events.isEmpty)
    }

    @Test func `a clock that went back makes no span of negative length`() {
        let span = recorder().span("s", at: 1_000)
        span.end(at: 500)
        #expect(span.endTime == 1_000)
    }

    @Test func `events and links over the limit are dropped and counted`() {
        var limits = SpanLimits()
        limits.eventCountMax = 1
        limits.linkCountMax = 1
        let span = recorder(limits: limits).span("s")
        for time in 1...3 as ClosedRange<UInt64> {
            span.addEvent("first byte", at: time) {
                $0.set("martlet.n".utf8.span, int: Int(time))
            }
            span.addLink(SpanLink(context: span.context, isRemote: false))
        }
        #expect(span.events.count == 1)
        #expect(span.droppedEventsCount == 2)
        #expect(span.links.count == 1)
        #expect(span.droppedLinksCount == 2)
    }

    @Test func `finishing a trace ends what is still live and keeps the order of start`() {
        let recorder = recorder()
        let first = recorder.span("a", id: 1)
        let second = recorder.span("b", id: 2, parent: .local(first.context.spanID))
        second.end(at: 1_500)
        let trace = recorder.finish(at: 2_000)
        #expect(trace.spanCount == 2)
        #expect(trace.firstSpan === first)
        #expect(first.next === second)
        #expect(second.next == nil)
        #expect(first.endTime == 2_000)
        #expect(second.endTime == 1_500)
        #expect(trace.byteCount > 0)
    }

    @Test func `content over its limit is shortened and stays JSON`() {
        var limits = SpanLimits()
        limits.contentBytesMax = 2_000
        let span = recorder(limits: limits).span("s")
        let json = "[{\"content\":\"" + String(repeating: "x", count: 50_000) + "\"}]"
        span.setContent(GenAIAttributes.inputMessages, json: json.utf8.span)
        guard case .content(let kept) = span.attribute("gen_ai.input.messages") else {
            Issue.record("no content was kept")
            return
        }
        #expect(kept.utf8.count <= 2_000)
        #expect(kept.hasSuffix("x...[truncated]\"}]"))
    }

    @Test func `content that cannot be shortened is dropped and counted`() {
        var limits = SpanLimits()
        limits.contentBytesMax = 10
        let span = recorder(limits: limits).span("s")
        span.setContent(GenAIAttributes.inputMessages, json: "[1,2,3,4,5,6,7,8]".utf8.span)
        #expect(span.attributeCount == 0)
        #expect(span.droppedAttributesCount == 1)
        #expect(span.attributes.isEmpty)
    }

    @Test func `the tracer records only sampled traces that somebody exports`() {
        let on = Tracer(sampler: .default, limits: SpanLimits(), queues: [queue()])
        let off = Tracer(sampler: .default, limits: SpanLimits(), queues: [])
        let none = "".utf8.span
        #expect(on.recorder(traceID: traceID(1), flags: .sampled, tracestate: none) != nil)
        #expect(on.recorder(traceID: traceID(1), flags: [], tracestate: none) == nil)
        #expect(off.recorder(traceID: traceID(1), flags: .sampled, tracestate: none) == nil)
    }
}
