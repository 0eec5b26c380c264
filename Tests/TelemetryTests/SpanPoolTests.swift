import Bytes
import Telemetry
import Testing
import W3CTraceContext

/// Spans that are used again for other requests.
@Suite struct SpanPoolTests {
    private let tracer = Tracer(sampler: .default, limits: SpanLimits(), queues: [queue()])

    private func makeRecorder() throws -> TraceRecorder {
        let recorder = tracer.recorder(traceID: traceID(7), flags: .sampled, tracestate: Span())
        return try #require(recorder)
    }

    /// Sets everything that spans can have on two of them and answers their addresses.
    private func fill(_ recorder: TraceRecorder) -> Set<ObjectIdentifier> {
        let first = recorder.span("first", id: 1)
        let second = recorder.span("second", .client, id: 2, parent: .local(SpanID(1)!))
        first.set(HTTPAttributes.requestMethod, "POST")
        first.set(HTTPAttributes.route, String(repeating: "r", count: 9000))
        second.setContent(GenAIAttributes.inputMessages, json: "[1]".utf8.span)
        second.setContent(GenAIAttributes.inputMessages, json: "[2]".utf8.span, form: .hashed)
        second.addEvent("event", at: 5)
        second.addLink(SpanLink(context: first.context, isRemote: true))
        second.setError(message: "broken")
        return [ObjectIdentifier(first), ObjectIdentifier(second)]
    }

    /// Records a request, which is dropped when this returns.
    private func recordFull() throws -> Set<ObjectIdentifier> {
        let recorder = try makeRecorder()
        let spans = fill(recorder)
        _ = recorder.finish(at: 2_000)
        return spans
    }

    @Test func `a span that is used again has nothing of the one before`() throws {
        let used = try recordFull()
        let recorder = try makeRecorder()
        let spans = [recorder.span("new", id: 3), recorder.span("newer", id: 4)]
        #expect(Set(spans.map { ObjectIdentifier($0) }) == used)
        for (span, name) in zip(spans, ["new", "newer"]) {
            #expect(span.isLive)
            #expect(span.nameText == name)
            #expect(span.parent == .none)
            #expect(span.kind == .internal)
            #expect(span.attributes.isEmpty && span.attributeCount == 0)
            #expect(!span.hasContent)
            #expect(span.status == .unset && span.messageText == "")
            #expect(span.events.isEmpty && span.links.isEmpty)
            span.set(HTTPAttributes.requestMethod, "GET")
            #expect(span.attribute("http.request.method") == .string("GET"))
        }
        #expect(recorder.finish(at: 9).spanCount == 2)
    }

    @Test func `a span that somebody holds is not used again`() throws {
        let recorder = try makeRecorder()
        let held = recorder.span("held")
        _ = recorder.finish(at: 2_000)
        _ = consume recorder
        let next = try makeRecorder().span("next")
        #expect(next !== held)
        #expect(held.nameText == "held")
    }

    @Test func `a request with more spans than the one before gets new ones`() throws {
        let used = try recordFull()
        let recorder = try makeRecorder()
        let spans = (1...5).map { recorder.span("span", id: $0) }
        #expect(Set(spans.map { ObjectIdentifier($0) }).count == 5)
        #expect(used.isSubset(of: spans.map { ObjectIdentifier($0) }))
        #expect(recorder.finish(at: 9).spanCount == 5)
    }
}
