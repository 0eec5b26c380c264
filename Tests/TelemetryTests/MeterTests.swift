import Bytes
import Synchronization
import Telemetry
import Testing
import W3CTraceContext

@Suite struct MeterTests {
    @Test(
        "an instrument has the name, unit, scope and buckets of the conventions",
        arguments: [
            ("gen_ai.client.operation.duration", "s", "martlet", operation),
            ("gen_ai.client.token.usage", "{token}", "martlet", tokens),
            ("gen_ai.client.operation.time_to_first_chunk", "s", "martlet", operation),
            ("gen_ai.client.operation.time_per_output_chunk", "s", "martlet", operation),
            ("gen_ai.server.request.duration", "s", "martlet.server", operation),
            ("gen_ai.server.time_to_first_token", "s", "martlet.server", firstToken),
            ("gen_ai.server.time_per_output_token", "s", "martlet.server", perToken),
            ("http.server.request.duration", "s", "martlet", http),
            ("http.client.request.duration", "s", "martlet", http),
        ])
    func keepsConventions(_ name: String, _ unit: String, _ scope: String, _ bounds: [Double])
        throws
    {
        let definition = try #require(
            Instrument.allCases.map(\.definition).first { $0.name == name })
        #expect(definition.unit == unit)
        #expect(String(describing: definition.scope.name) == scope)
        guard case .histogram(let buckets) = definition.kind else {
            Issue.record("no histogram")
            return
        }
        #expect(buckets.values == bounds)
    }

    private static let operation = [
        0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
    ]
    private static let tokens: [Double] = [
        1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1_048_576, 4_194_304, 16_777_216,
        67_108_864,
    ]
    private static let firstToken = [
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
    ]
    private static let perToken = [
        0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5,
    ]
    private static let http = [
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
    ]

    @Test(
        "a bound belongs to the bucket below it",
        arguments: [
            (0, 0), (9_999_999, 0), (10_000_000, 0), (10_000_001, 1), (20_000_000, 1),
            (81_920_000_000, 13), (81_920_000_001, 14), (Int.max, 14),
        ])
    func boundsAreInclusive(_ nanoseconds: Int, _ bucket: Int) throws {
        let meters = Meters()
        let meter = meters.makeWorkerMeter()
        meter.chat().record(
            .operationDuration, nanoseconds: nanoseconds, unsampled, in: meter)
        let value = try #require(meters.histogram("gen_ai.client.operation.duration"))
        #expect(value.counts.firstIndex(of: 1) == bucket)
        #expect(value.count == 1)
        #expect(value.sum == nanoseconds)
    }

    @Test func `the same labels are the same series, whichever worker counts`() throws {
        let meters = Meters()
        for _ in 0..<3 {
            let meter = meters.makeWorkerMeter()
            for _ in 0..<5 {
                meter.chat().record(
                    .operationDuration, nanoseconds: 15_000_000, unsampled, in: meter)
            }
        }
        #expect(meters.points("gen_ai.client.operation.duration").count == 1)
        let value = try #require(meters.histogram("gen_ai.client.operation.duration"))
        #expect(value.counts[1] == 15)
        #expect(value.sum == 15 * 15_000_000)
    }

    @Test func `an operation has the attributes its metrics have`() throws {
        let meters = Meters()
        let meter = meters.makeWorkerMeter()
        let series = meter.chat(tier: "flex", fingerprint: "fp_1", error: "rate_limit_exceeded")
        series.record(.operationDuration, nanoseconds: 1, unsampled, in: meter)
        series.record(.serverDuration, nanoseconds: 1, unsampled, in: meter)
        series.record(.timeToFirstToken, nanoseconds: 1, unsampled, in: meter)
        series.record(inputTokens: 9, unsampled, in: meter)
        series.record(outputTokens: 0, unsampled, in: meter)
        let base = [
            "gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model",
            "gen_ai.response.model", "server.address", "server.port",
        ]
        let openAI = ["openai.response.service_tier", "openai.response.system_fingerprint"]
        func names(_ metric: String) throws -> Set<String> {
            Set(try #require(meters.points(metric).first).labels.pairs.map(\.name))
        }
        #expect(
            try names("gen_ai.client.operation.duration") == Set(base + openAI + ["error.type"]))
        #expect(try names("gen_ai.server.request.duration") == Set(base + ["error.type"]))
        #expect(try names("gen_ai.server.time_to_first_token") == Set(base))
        #expect(
            try names("gen_ai.client.token.usage")
                == Set(base + openAI + ["gen_ai.token.type"]))
        let usage = meters.points("gen_ai.client.token.usage")
        #expect(usage.compactMap { $0.labels.text("gen_ai.token.type") } == ["input", "output"])
        #expect(
            meters.histogram("gen_ai.client.token.usage", ("gen_ai.token.type", "input"))?.sum == 9)
        // Zero tokens are a count; they fall below the first bound.
        let output = meters.histogram(
            "gen_ai.client.token.usage", ("gen_ai.token.type", "output"))
        #expect(output?.counts[0] == 1)
        #expect(usage.first?.labels.pairs.last?.name == openAI.last)
        #expect(
            meters.points("gen_ai.client.operation.duration").first?.labels.pairs
                .contains(MetricLabel("server.port", 443)) == true)
    }

    @Test func `what is not known is no label, and a metric nobody recorded is left out`() {
        let meters = Meters()
        let meter = meters.makeWorkerMeter()
        meter.chat(answeredBy: "").record(
            .operationDuration, nanoseconds: 1, unsampled, in: meter)
        #expect(meters.collect().map(\.definition.name) == ["gen_ai.client.operation.duration"])
        let labels = meters.points("gen_ai.client.operation.duration").first?.labels
        #expect(labels?.text("gen_ai.response.model") == nil)
        #expect(labels?.text("error.type") == nil)
    }

    @Test func `texts that only run together differently are different labels`() {
        let meters = Meters()
        let meter = meters.makeWorkerMeter()
        for (model, answer) in [("ab", "c"), ("a", "bc"), ("abc", ""), ("", "abc")] {
            meter.chat(model, answeredBy: answer).record(
                .operationDuration, nanoseconds: 1, unsampled, in: meter)
        }
        #expect(meters.points("gen_ai.client.operation.duration").count == 4)
    }

    @Test(
        "an absurd count of tokens is bounded, and a negative one is none",
        arguments: [(-1, nil), (Int.min, nil), (0, 0), (Int.max, 1 << 40)] as [(Int, Int?)])
    func boundsTokens(_ count: Int, _ sum: Int?) {
        let meters = Meters()
        let meter = meters.makeWorkerMeter()
        meter.chat().record(inputTokens: count, unsampled, in: meter)
        #expect(meters.histogram("gen_ai.client.token.usage")?.sum == sum)
    }

    @Test func `chunks are counted by the time since the chunk before`() throws {
        let meters = Meters()
        let meter = meters.makeWorkerMeter()
        var chunks = ChunkTimes()
        meter.chat().record(chunks, in: meter)
        #expect(meters.points("gen_ai.client.operation.time_per_output_chunk").isEmpty)
        chunks.take(1, at: 1_000_000_000)
        chunks.take(0, at: 1_005_000_000)
        // Three that came together: one waited 15 ms, two not at all.
        chunks.take(3, at: 1_015_000_000)
        chunks.take(1, at: 1_045_000_000)
        meter.chat().record(chunks, in: meter)
        let value = try #require(
            meters.histogram("gen_ai.client.operation.time_per_output_chunk"))
        #expect(value.counts.prefix(4) == [2, 1, 1, 0])
        #expect(value.sum == 45_000_000)
    }

    @Test func `requests in progress are counted by method`() {
        let meters = Meters()
        let meter = meters.makeWorkerMeter()
        meter.requestBegan(method: 2)
        meter.requestBegan(method: 2)
        meter.requestIsOver(method: 2)
        let points = meters.points("http.server.active_requests")
        #expect(points.count == 1)
        #expect(points.first?.labels.text("http.request.method") == "POST")
        #expect(points.first?.labels.text("url.scheme") == "http")
        guard case .integer(1) = points.first?.value else {
            Issue.record("\(points)")
            return
        }
    }

    @Test func `an attempt has the status as its error, or the word for what failed`() {
        let meters = Meters()
        let meter = meters.makeWorkerMeter()
        for (status, failure) in [(200, nil), (429, nil), (0, "upstream_closed")]
            as [(Int, StaticString?)]
        {
            meter.attemptEnded(
                HTTPClientMeasurement(
                    target: someTarget, method: 2, status: status, isOldVersion: false,
                    failure: failure), nanoseconds: 1, unsampled)
        }
        let labels = meters.points("http.client.request.duration").map(\.labels)
        #expect(labels.map { $0.text("error.type") } == [nil, "429", "upstream_closed"])
        #expect(labels.map { $0.text("http.response.status_code") } == ["200", "429", nil])
        #expect(labels.map { $0.text("network.protocol.version") } == ["1.1", "1.1", nil])
        #expect(labels.allSatisfy { $0.text("server.port") == "443" })
    }

    @Test func `readers see whole numbers while a worker counts`() async {
        let meters = Meters()
        let done = Flag()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                let meter = meters.makeWorkerMeter()
                for index in 0..<50_000 {
                    // The exemplar's value, time and span say the same number.
                    let number = UInt64(index + 1)
                    let context = MeasurementContext(
                        traceID: TraceID(high: number, low: number)!, spanID: SpanID(number)!,
                        isSampled: true, at: number)
                    meter.chat().record(
                        .operationDuration, nanoseconds: Int(number), context, in: meter)
                }
                done.value.store(true, ordering: .releasing)
            }
            group.addTask {
                var last = 0
                while !done.value.load(ordering: .acquiring) {
                    guard let value = meters.histogram("gen_ai.client.operation.duration") else {
                        continue
                    }
                    #expect(value.count >= last)
                    last = value.count
                    for exemplar in value.exemplars {
                        #expect(exemplar.time == UInt64(exemplar.value))
                        #expect(exemplar.spanID?.value == exemplar.time)
                        #expect(exemplar.traceID?.high == exemplar.time)
                    }
                }
            }
        }
        let value = meters.histogram("gen_ai.client.operation.duration")
        #expect(value?.count == 50_000)
        #expect(value?.sum == 50_000 * 50_001 / 2)
    }
}

private final class Flag: Sendable {
    let value = Atomic(false)
}
