import Bytes
import Compression
import OTLP
import Telemetry
import Testing

private let second: UInt64 = 1_000_000_000

/// A queue, a scripted receiver and virtual time around one exporter.
private final class Bench {
    let schedule = ManualSchedule()
    let transport: ScriptedTransport
    let queue: SpanQueue
    let lines = LineSink()
    let exporter: BatchingExporter<TraceEncoder>

    var counters: ExportCounters { queue.counters }

    init(
        script: [TransportOutcome] = [], limits: (inout QueueLimits) -> Void = { _ in },
        options change: (inout ExporterOptions) -> Void = { _ in }
    ) {
        transport = ScriptedTransport(schedule, script: script)
        var options = ExporterOptions()
        change(&options)
        queue = spanQueue(content: options.includesContent ? options.contentForm : .off, limits)
        exporter = BatchingExporter(
            queue: queue.encoded, options: options,
            encoder: TraceEncoder(resource: ExportResource(attributes: [], version: "0")),
            transport: transport,
            schedule: schedule, log: quietLog(lines))
    }

    /// Lets the exporter finish with what is queued.
    func finish(within seconds: UInt64 = 1_000) async {
        queue.close(deadline: schedule.now + seconds * second)
        await exporter.run()
        #expect(counters.pending == 0)
        #expect(balances(counters))
    }

    func names(_ request: Int) -> [String?] {
        decodedSpans(transport.sent[request].body).map { $0.string(5) }
    }
}

private func status(_ status: Int, retryAfter: String? = nil) -> TransportOutcome {
    .response(ExportResponse(status: status, retryAfter: retryAfter))
}

@Suite struct BatchingExporterTests {
    @Test func `spans are sent in batches of at most the limit, a request's split over two`() async
    {
        let bench = Bench(options: { $0.batchItemsMax = 4 })
        for id in 1...3 as ClosedRange<UInt64> { bench.queue.submit(trace(spans: 3, id: id)) }
        await bench.finish()
        #expect(bench.transport.sent.map { decodedSpans($0.body).count }.reduce(0, +) == 9)
        // No request for the one span that was over.
        #expect(bench.transport.sent.map { decodedSpans($0.body).count } == [4, 4, 1])
        #expect(bench.counters.exported == 9)
    }

    @Test func `a small batch leaves when its delay is over`() async {
        let bench = Bench(limits: { $0.batchItems = 512 })
        bench.queue.submit(trace(spans: 1))
        let start = bench.schedule.now
        bench.schedule.onWait = { number in
            // The first wait is the delay, the second is for something to do.
            if number == 1 { bench.queue.close(deadline: .max) }
        }
        await bench.exporter.run()
        #expect(bench.schedule.waits == [5 * second, nil])
        #expect(bench.transport.sent.map(\.at) == [start + 5 * second])
        #expect(bench.counters.exported == 1)
    }

    @Test func `a full batch leaves at once`() async {
        let bench = Bench(options: { $0.batchItemsMax = 4 })
        for _ in 0..<2 { bench.queue.submit(trace(spans: 2)) }
        bench.schedule.onWait = { _ in bench.queue.close(deadline: .max) }
        await bench.exporter.run()
        #expect(bench.schedule.waits == [nil])
        #expect(bench.transport.sent.count == 1)
    }

    @Test func `a flush sends what is there`() async {
        let bench = Bench()
        bench.queue.submit(trace(spans: 1))
        bench.queue.flush()
        bench.schedule.onWait = { _ in bench.queue.close(deadline: .max) }
        await bench.exporter.run()
        #expect(bench.schedule.waits == [nil])
        #expect(bench.counters.exported == 1)
    }

    @Test func `batches stay below the limit of bytes`() async {
        let bench = Bench(options: {
            $0.includesContent = true
            $0.batchBytesMax = 50_000
        })
        bench.queue.submit(trace(spans: 10, content: 10_000))
        await bench.finish()
        #expect(bench.transport.sent.allSatisfy { $0.body.count <= 50_000 })
        #expect(bench.transport.sent.count == 3)
        #expect(bench.counters.exported == 10)
    }

    @Test func `a single span over the limit is sent with its content cut`() async {
        let bench = Bench(options: {
            $0.includesContent = true
            $0.batchBytesMax = 100_000
        })
        bench.queue.submit(trace(spans: 1, content: 900_000))
        await bench.finish()
        #expect(bench.counters.exported == 1)
        #expect(bench.transport.sent.count == 1)
        let body = String(decoding: bench.transport.sent[0].body, as: UTF8.self)
        #expect(body.contains("...[truncated]\"]"))
        #expect((10_000...100_000).contains(body.utf8.count))
    }

    @Test func `content is left out where the exporter does not include it`() async {
        let bench = Bench()
        bench.queue.submit(trace(spans: 1, content: 900_000))
        await bench.finish()
        #expect(bench.transport.sent[0].body.count < 1_000)
    }

    @Test func `a body is compressed where that is wanted`() async throws {
        let bench = Bench(options: { $0.isGzip = true })
        bench.queue.submit(trace(spans: 5))
        await bench.finish()
        let sent = try #require(bench.transport.sent.first)
        #expect(sent.isGzip)
        var plain = ByteBuffer()
        try Gzip.decompress(sent.body.span, into: &plain, limit: 1 << 20)
        let body = plain.withBytes { span in span.indices.map { span[$0] } }
        #expect(decodedSpans(body).count == 5)
    }

    @Test func `a retried batch is the same, and later ones wait for it`() async {
        let bench = Bench(
            script: [.failed(reason: "refused"), status(503, retryAfter: "3"), status(200)],
            options: { $0.batchItemsMax = 2 })
        bench.queue.submit(trace(spans: 2, id: 1))
        bench.queue.submit(trace(spans: 1, id: 2))
        let start = bench.schedule.now
        await bench.finish()
        let sent = bench.transport.sent
        #expect(sent.count == 4)
        #expect(sent[0].body == sent[1].body)
        #expect(sent[1].body == sent[2].body)
        #expect(sent.map { ($0.at - start) / second } == [0, 1, 4, 4])
        #expect(bench.counters.exported == 3)
        #expect(bench.counters.traffic.requests == 4)
        #expect(bench.counters.traffic.retries == 2)
    }

    @Test func `a receiver that is away costs the batch after its timeout, and says so once`() async
    {
        let bench = Bench(options: { $0.batchItemsMax = 2 })
        bench.transport.decide = { _ in .failed(reason: "connection refused") }
        for _ in 0..<3 { bench.queue.submit(trace(spans: 2)) }
        await bench.finish()
        #expect(bench.counters.lost(.retriesExhausted) == 6)
        #expect(bench.schedule.now < 100 * second)
        #expect(bench.lines.all.count { $0.contains("cannot be reached") } == 2)
        #expect(bench.lines.all.contains { $0.contains("suppressed=0") })
    }

    @Test(arguments: [400, 401, 403, 404, 415, 422, 500, 307])
    func `a refused batch is dropped, counted and not repeated`(code: Int) async {
        let bench = Bench(script: [status(code)])
        bench.queue.submit(trace(spans: 3))
        await bench.finish()
        #expect(bench.transport.sent.count == 1)
        let isKey = code == 401 || code == 403
        #expect(bench.counters.lost(isKey ? .unauthorized : .refused) == 3)
        #expect(bench.counters.lost == 3)
        #expect(bench.lines.all.contains { $0.contains("status=\(code)") })
    }

    @Test func `a receiver that refuses batch after batch is told of once a minute`() async {
        let bench = Bench(options: { $0.batchItemsMax = 1 })
        bench.transport.decide = { _ in status(401) }
        for _ in 0..<5 { bench.queue.submit(trace(spans: 1)) }
        await bench.finish()
        #expect(bench.counters.lost(.unauthorized) == 5)
        #expect(bench.lines.all.count { $0.contains("did not take a batch") } == 1)
    }

    @Test func `a web page with status 200 is no success`() async {
        let page = ExportResponse(
            status: 200, contentType: "Text/HTML; charset=utf-8", body: Array("<html>".utf8))
        let bench = Bench(script: [.response(page)])
        bench.queue.submit(trace(spans: 2))
        await bench.finish()
        #expect(bench.counters.lost(.refused) == 2)
        #expect(bench.counters.exported == 0)
    }

    @Test func `rejected spans of a taken batch are counted and not repeated`() async {
        let body: [UInt8] = [0x0A, 0x07, 0x08, 0x02, 0x12, 0x03] + Array("bad".utf8)
        let bench = Bench(script: [.response(ExportResponse(status: 200, body: body))])
        bench.queue.submit(trace(spans: 5))
        await bench.finish()
        #expect(bench.transport.sent.count == 1)
        #expect(bench.counters.exported == 3)
        #expect(bench.counters.lost(.rejected) == 2)
        #expect(bench.lines.all.contains { $0.contains("reason=bad") })
    }

    @Test func `more rejected spans than were sent are as many as were sent`() async {
        let body: [UInt8] = [0x0A, 0x03, 0x08, 0xFF, 0x7F]
        let bench = Bench(script: [.response(ExportResponse(status: 200, body: body))])
        bench.queue.submit(trace(spans: 5))
        await bench.finish()
        #expect(bench.counters.lost(.rejected) == 5)
    }

    @Test func `a batch that is too large is halved until it fits`() async {
        let bench = Bench()
        bench.transport.decide = { decodedSpans($0).count > 2 ? status(413) : status(200) }
        bench.queue.submit(trace(spans: 7))
        await bench.finish()
        #expect(bench.counters.exported == 7)
        let taken = bench.transport.sent.indices.map { bench.names($0) }.filter { $0.count <= 2 }
        #expect(taken.flatMap { $0 } == (1...7).map { "span \($0)" })
    }

    @Test func `a span that is too large loses its content, then itself`() async {
        let bench = Bench(options: { $0.includesContent = true })
        bench.transport.decide = { $0.count > 2_000 ? status(413) : status(200) }
        bench.queue.submit(trace(spans: 1, content: 100_000))
        await bench.finish()
        #expect(bench.counters.exported == 1)
        #expect(bench.transport.sent.count == 3)
        #expect((2_001...17_000).contains(bench.transport.sent[1].body.count))
        #expect(bench.transport.sent[2].body.count < 1_000)

        let hopeless = Bench(options: { $0.includesContent = true })
        hopeless.transport.decide = { _ in status(413) }
        hopeless.queue.submit(trace(spans: 2, content: 100))
        await hopeless.finish()
        #expect(hopeless.counters.lost(.tooLarge) == 2)
    }

    @Test func `while a batch is retried the queue fills, drops and counts`() async {
        let bench = Bench(
            script: [status(503, retryAfter: "20"), status(200)], limits: { $0.itemsMax = 4 })
        bench.queue.submit(trace(spans: 4, id: 1))
        bench.queue.flush()
        var isFilled = false
        bench.schedule.onWait = { _ in
            guard !isFilled else { return bench.queue.close(deadline: .max) }
            isFilled = true
            for _ in 0..<3 { bench.queue.submit(trace(spans: 2, id: 2)) }
        }
        await bench.exporter.run()
        #expect(bench.counters.lost(.queueFull) == 2)
        #expect(bench.counters.exported == 8)
        #expect(bench.counters.accepted == 10)
        #expect(balances(bench.counters))
    }

    @Test func `JSON is made of the encoded spans, and stays below the limit of bytes`() async {
        let bench = Bench(options: {
            $0.includesContent = true
            $0.batchBytesMax = 50_000
        })
        bench.transport.encoding = .json
        bench.queue.submit(trace(spans: 40, content: 4_000))
        await bench.finish()
        #expect(bench.counters.exported == 40)
        #expect(bench.transport.sent.count > 1)
        for sent in bench.transport.sent {
            #expect(sent.body.count <= 50_000)
            #expect(sent.body.starts(with: #"{"resourceSpans":["#.utf8))
        }
        let all = bench.transport.sent.map { String(decoding: $0.body, as: UTF8.self) }.joined()
        for number in 1...40 { #expect(all.contains("\"span \(number)\"")) }
    }

    @Test func `a span that only JSON makes too large is sent with its content cut`() async {
        let bench = Bench(options: {
            $0.includesContent = true
            $0.batchBytesMax = 150_000
        })
        bench.transport.encoding = .json
        let recorder = recorder()
        // Each quote is escaped once more, and again by the JSON of the request.
        let json = "[\"" + String(repeating: "\\\"", count: 60_000) + "\"]"
        recorder.span("a").setContent(GenAIAttributes.inputMessages, json: json.utf8.span)
        bench.queue.submit(recorder.finish(at: 2_000))
        await bench.finish()
        #expect(bench.counters.exported == 1)
        #expect(bench.transport.sent.allSatisfy { $0.body.count <= 150_000 })
    }

    @Test func `the closing deadline ends retries, and what is left is counted`() async {
        let bench = Bench(options: { $0.batchItemsMax = 2 })
        bench.transport.decide = { _ in status(503) }
        for _ in 0..<3 { bench.queue.submit(trace(spans: 2)) }
        let start = bench.schedule.now
        await bench.finish(within: 2)
        #expect(bench.schedule.now - start <= 2 * second)
        #expect(bench.counters.lost(.shutdown) == 6)
    }

    @Test func `a request near the closing deadline gets only the time that is left`() async {
        let bench = Bench()
        bench.queue.submit(trace(spans: 1))
        await bench.finish(within: 3)
        #expect(bench.transport.sent.map(\.timeout) == [3 * second])
    }
}
