import Telemetry
import Testing
import W3CTraceContext

/// What the debug pages are made of.
@Suite struct DebugTests {
    private func ring(_ change: (inout TraceRing.Limits) -> Void = { _ in }) -> TraceRing {
        var limits = TraceRing.Limits()
        change(&limits)
        return TraceRing(limits: limits, content: .off)
    }

    @Test func `the ring keeps the newest traces`() {
        let ring = ring { $0.tracesMax = 3 }
        #expect(ring.newest(10).isEmpty)
        for id in 1...5 { ring.add(trace(spans: 1, id: UInt64(id))) }
        #expect(ring.newest(10).map(\.traceID.low) == [5, 4, 3])
        #expect(ring.newest(2).map(\.traceID.low) == [5, 4])
        #expect(ring.newest(-1).isEmpty)
        #expect(ring.requests(of: traceID(2)).isEmpty)
        #expect(ring.requests(of: traceID(4)).count == 1)
    }

    @Test func `the ring keeps no more bytes than it may`() {
        let small = trace(spans: 1).byteCount
        let ring = ring { $0.bytesMax = 4 * small }
        for id in 1...4 { ring.add(trace(spans: 1, id: UInt64(id))) }
        #expect(ring.size == (4, 4 * small))
        ring.add(trace(spans: 2, id: 5))
        #expect(ring.size.bytes <= 4 * small)
        #expect(ring.newest(10).first?.traceID.low == 5)
        #expect(ring.size.traces < 5)
        let before = ring.size
        ring.add(trace(spans: 1, id: 6, content: 5 * small))
        #expect(ring.size == before)
    }

    @Test func `the ring lets go of what it does not keep`() {
        let ring = ring { $0.tracesMax = 2 }
        weak var first: SpanRecord?
        autoreleased {
            let trace = trace(spans: 1)
            first = trace.firstSpan
            ring.add(trace)
        }
        #expect(first != nil)
        for _ in 0..<2 { ring.add(trace(spans: 1)) }
        #expect(first == nil)
    }

    private func autoreleased(_ body: () -> Void) { body() }

    @Test func `several requests of one trace are found in their order`() {
        let ring = ring()
        for spans in 1...3 { ring.add(trace(spans: spans, id: 9)) }
        #expect(ring.requests(of: traceID(9)).map(\.spanCount) == [1, 2, 3])
    }

    @Test func `a forest has children behind their parents, in order of start`() {
        let recorder = recorder()
        _ = recorder.span("root", id: 1, at: 10)
        _ = recorder.span("late", id: 4, parent: .local(SpanID(1)!), at: 40)
        _ = recorder.span("early", id: 2, parent: .local(SpanID(1)!), at: 20)
        _ = recorder.span("leaf", id: 3, parent: .local(SpanID(2)!), at: 50)
        _ = recorder.span("other", id: 5, parent: .remote(SpanID(99)!), at: 5)
        let forest = SpanForest([recorder.finish(at: 60)], spansMax: 10)
        #expect(forest.nodes.map(\.span.nameText) == ["other", "root", "early", "leaf", "late"])
        #expect(forest.nodes.map(\.depth) == [0, 0, 1, 2, 1])
        #expect(!forest.isCut)
    }

    @Test func `parents in a circle, deep nesting and many spans end`() {
        let circle = recorder()
        _ = circle.span("a", id: 1, parent: .local(SpanID(2)!), at: 1)
        _ = circle.span("b", id: 2, parent: .local(SpanID(1)!), at: 2)
        let all = SpanForest([circle.finish(at: 3)], spansMax: 10)
        #expect(Set(all.nodes.map(\.span.nameText)) == ["a", "b"])
        #expect(all.nodes.count == 2)

        let forest = SpanForest([Self.nest(depth: 5000)], spansMax: 4000)
        #expect(forest.nodes.count == 4000)
        #expect(forest.isCut)
        #expect(forest.nodes.map(\.depth).max() == SpanForest.depthMax)
        #expect(zip(forest.nodes, forest.nodes.dropFirst()).allSatisfy { $1.depth <= $0.depth + 1 })
    }

    /// Each span below the one before.
    private static func nest(depth: Int) -> FinishedTrace {
        let recorder = recorder()
        _ = recorder.span("root", id: 1)
        for id in 2...depth {
            _ = recorder.span("s", id: UInt64(id), parent: .local(SpanID(UInt64(id - 1))!))
        }
        return recorder.finish(at: 9_000)
    }

    @Test func `a summary has the request's facts, tokens of all operations together`() {
        let recorder = recorder()
        let server = recorder.span("POST /v1/chat/completions", .server, id: 1, at: 1_000)
        server.set(HTTPAttributes.responseStatusCode, 502)
        let first = recorder.span("chat a", .client, id: 2, parent: .local(SpanID(1)!))
        first.set(GenAIAttributes.requestModel, "a")
        first.set(GenAIAttributes.usageInputTokens, 5)
        first.set(GeneralAttributes.errorType, "429")
        first.setError()
        let second = recorder.span("chat b", .client, id: 3, parent: .local(SpanID(1)!))
        second.set(GenAIAttributes.requestModel, "b")
        second.set(GenAIAttributes.usageInputTokens, 7)
        second.set(GenAIAttributes.usageOutputTokens, 1)
        second.set(HTTPAttributes.responseStatusCode, 200)
        let summary = TraceSummary(recorder.finish(at: 3_500))
        #expect(summary.name == "POST /v1/chat/completions")
        #expect(summary.duration == 2_500)
        #expect(summary.status == 502)
        #expect(summary.isError)
        #expect(summary.errorType == "429")
        #expect(summary.model == "a")
        #expect(summary.inputTokens == 12)
        #expect(summary.outputTokens == 1)
        #expect(summary.spanCount == 3)
    }

    @Test func `content is read only where it is wanted`() {
        let recorder = recorder()
        let span = recorder.span("s")
        span.set(GenAIAttributes.requestModel, "m")
        span.setContent(GenAIAttributes.inputMessages, json: "[1]".utf8.span)
        for isWanted in [true, false] {
            let types = span.withAttributes(includingContent: isWanted) { bytes in
                var offset = 0
                var types: [AttributeType] = []
                while let entry = AttributeEntry.next(in: bytes, at: &offset) {
                    types.append(entry.type)
                }
                return types
            }
            #expect(types == (isWanted ? [.string, .content] : [.string]))
        }
    }
}
