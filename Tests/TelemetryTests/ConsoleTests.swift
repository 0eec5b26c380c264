import Bytes
import Telemetry
import Testing
import W3CTraceContext

@Suite struct ConsoleTests {
    private func request(content: Bool = false) -> FinishedTrace {
        let recorder = recorder()
        let server = recorder.span(
            "POST /v1/chat/completions", .server, id: 1,
            parent: .remote(SpanID(0x00f0_67aa_0ba9_02b7)!), at: 1_000_000)
        server.set(HTTPAttributes.responseStatusCode, 200)
        let chat = recorder.span(
            "chat gpt-4o", .client, id: 2, parent: .local(SpanID(1)!), at: 1_500_000)
        chat.set(GenAIAttributes.responseFinishReasons, ["stop", "length"])
        chat.set(GenAIAttributes.requestTemperature, 0.5)
        chat.setContent(GenAIAttributes.inputMessages, json: "[\"secret\"]".utf8.span)
        let first = recorder.span(
            "POST", .client, id: 3, parent: .local(SpanID(2)!), at: 1_600_000)
        first.setError(message: "no\u{1B}[2J route".utf8.span)
        first.end(at: 1_700_000)
        let second = recorder.span(
            "POST", .client, id: 4, parent: .local(SpanID(2)!), at: 1_800_000)
        second.set(URLAttributes.full, "https://host/\u{1B}[31m")
        second.addEvent("first byte", at: 1_900_000) {
            $0.set("error.type".utf8.span, utf8: "slow".utf8.span)
        }
        let other = SpanContext(traceID: traceID(9), spanID: SpanID(7)!, flags: .sampled)
        second.addLink(SpanLink(context: other, isRemote: true))
        second.end(at: 2_000_000)
        return recorder.finish(at: 3_234_567)
    }

    private func tree(_ traces: [FinishedTrace], _ options: ConsoleOptions) -> String {
        var tree = SpanTree(traces, options: options)
        return text { tree.append(to: &$0) }
    }

    @Test func `a trace is a tree with durations, status and attributes`() {
        let wanted = """
            trace 4bf92f3577b34da6a3ce929d0e0e4736  4 spans
            └─ POST /v1/chat/completions  SERVER  2.234 ms  parent 00f067aa0ba902b7
               │    http.response.status_code = 200
               └─ chat gpt-4o  CLIENT  1.734 ms
                  │    gen_ai.response.finish_reasons = [stop, length]
                  │    gen_ai.request.temperature = 0.5
                  ├─ POST  CLIENT  0.100 ms  ERROR no\\x1B[2J route
                  └─ POST  CLIENT  0.200 ms
                          url.full = https://host/\\x1B[31m
                          event first byte after 0.100 ms
                            error.type = slow
                          link to 4bf92f3577b34da60000000000000009 0000000000000007


            """
        #expect(tree([request()], ConsoleOptions()) == wanted)
    }

    @Test func `content is printed where that is wanted`() {
        var options = ConsoleOptions()
        options.includesContent = true
        #expect(tree([request()], options).contains("gen_ai.input.messages = [\"secret\"]"))
        #expect(!tree([request()], ConsoleOptions()).contains("secret"))
    }

    @Test func `long values are cut`() {
        let recorder = recorder()
        recorder.span("a").set(URLAttributes.path, String(repeating: "x", count: 500))
        let printed = tree([recorder.finish(at: 5_000)], ConsoleOptions())
        #expect(printed.contains(String(repeating: "x", count: 160) + "...\n"))
    }

    @Test(arguments: [true, false])
    func `short attributes share lines of so many columns`(isColoured: Bool) {
        let recorder = recorder()
        let span = recorder.span("a")
        span.set(HTTPAttributes.requestMethod, "GET")
        span.set(URLAttributes.path, "/ü")
        span.set(URLAttributes.query, String(repeating: "x", count: 40))
        span.set(HTTPAttributes.responseStatusCode, 200)
        var options = ConsoleOptions()
        options.columns = 52
        options.isColoured = isColoured
        var printed = tree([recorder.finish(at: 5_000)], options)
        for code in ["\u{1B}[0m", "\u{1B}[1m", "\u{1B}[2m", "\u{1B}[36m"] {
            printed = printed.replacing(code, with: "")
        }
        let lines = printed.split(separator: "\n").dropFirst(2).map(String.init)
        #expect(
            lines == [
                "        http.request.method = GET   url.path = /ü",
                "        url.query = \(String(repeating: "x", count: 40))",
                "        http.response.status_code = 200",
            ])
    }

    @Test func `colours are only the printer's own`() {
        var options = ConsoleOptions()
        options.isColoured = true
        let printed = tree([request()], options)
        #expect(printed.contains("\u{1B}[1mchat gpt-4o\u{1B}[0m"))
        #expect(!printed.contains("\u{1B}[31m"))
        #expect(!printed.contains("\u{1B}[2J"))
        #expect(!tree([request()], ConsoleOptions()).contains("\u{1B}"))
    }

    @Test func `parents in a circle end`() {
        let recorder = recorder()
        _ = recorder.span("a", id: 1, parent: .remote(SpanID(2)!))
        _ = recorder.span("b", id: 2, parent: .remote(SpanID(1)!))
        _ = recorder.span("c", id: 3)
        #expect(tree([recorder.finish(at: 5_000)], ConsoleOptions()).contains("c  INTERNAL"))
        let circle = TelemetryTests.recorder()
        _ = circle.span("a", id: 1, parent: .remote(SpanID(1)!))
        #expect(tree([circle.finish(at: 5_000)], ConsoleOptions()).contains("1 span"))
    }

    @Test func `spans nested without end are printed to a bounded depth`() throws {
        let recorder = recorder()
        let depth: UInt64 = 20_000
        _ = recorder.span("s1", id: 1)
        for id in 2...depth {
            _ = recorder.span("s\(id)", id: id, parent: .local(SpanID(id - 1)!))
        }
        let printed = tree([recorder.finish(at: 5_000)], ConsoleOptions())
        let lines = printed.split(separator: "\n").dropFirst()
        #expect(lines.count == depth)
        #expect(lines.last?.contains("s20000  INTERNAL") == true)
        let indents = lines.map { $0.prefix { $0 == " " || $0 == "│" }.count }
        #expect(indents.max() == 3 * SpanForest.depthMax)
        #expect(Array(indents.prefix(4)) == [0, 3, 6, 9])
    }

    @Test func `requests of one trace that come together are one tree`() async {
        let queue = queue()
        let sink = LineSink()
        let schedule = ManualSchedule()
        let exporter = ConsoleExporter(
            queue: queue, options: ConsoleOptions(), schedule: schedule
        ) { sink.write($0) }
        queue.submit(trace(spans: 1, id: 1))
        queue.submit(trace(spans: 2, id: 2))
        queue.submit(trace(spans: 3, id: 1))
        queue.close(deadline: .max)
        await exporter.run()
        #expect(sink.all.count == 2)
        #expect(sink.all[0].contains("4 spans"))
        #expect(sink.all[1].contains("2 spans"))
        #expect(queue.counters.exported == 6)
        #expect(queue.counters.pending == 0)
    }
}
