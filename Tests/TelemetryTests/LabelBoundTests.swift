import Bytes
import Telemetry
import Testing

@Suite struct LabelBoundTests {
    @Test func `100,000 models are as many series as configured, and one`() {
        let meters = Meters { $0.namesMax = 50 }
        let meter = meters.makeWorkerMeter()
        for index in 0..<100_000 {
            let model = "model-\(index)"
            let series = meter.chat(model, answeredBy: model)
            series.record(.operationDuration, nanoseconds: 1, unsampled, in: meter)
            series.record(inputTokens: 1, unsampled, in: meter)
        }
        let points = meters.points("gen_ai.client.operation.duration")
        let models = points.compactMap { $0.labels.text("gen_ai.request.model") }
        #expect(Set(models).count == 51)
        #expect(points.count == 51)
        #expect(models.contains("model-49"))
        #expect(!models.contains("model-50"))
        let other = meters.histogram(
            "gen_ai.client.operation.duration", ("gen_ai.request.model", "other"))
        #expect(other?.count == 100_000 - 50)
        #expect(meters.points("gen_ai.client.token.usage").count == 51)
    }

    @Test func `a name is the same for all workers`() {
        let meters = Meters { $0.namesMax = 2 }
        let first = meters.makeWorkerMeter()
        let second = meters.makeWorkerMeter()
        for (meter, model) in [(first, "a"), (second, "b"), (first, "c"), (second, "a")] {
            meter.chat(model, answeredBy: "x").record(
                .operationDuration, nanoseconds: 1, unsampled, in: meter)
        }
        let models = meters.points("gen_ai.client.operation.duration").compactMap {
            $0.labels.text("gen_ai.request.model")
        }
        #expect(Set(models) == ["a", "b", "other"])
    }

    @Test func `calls that fail take half of the places`() {
        let meters = Meters { $0.namesMax = 10 }
        let meter = meters.makeWorkerMeter()
        for index in 0..<100 {
            meter.chat("no-such-\(index)", answeredBy: "", error: "model_not_found").record(
                .operationDuration, nanoseconds: 1, unsampled, in: meter)
        }
        for index in 0..<5 {
            meter.chat("good-\(index)").record(
                .operationDuration, nanoseconds: 1, unsampled, in: meter)
        }
        let models = Set(
            meters.points("gen_ai.client.operation.duration").compactMap {
                $0.labels.text("gen_ai.request.model")
            })
        #expect(models.filter { $0.hasPrefix("no-such-") }.count == 5)
        #expect(models.filter { $0.hasPrefix("good-") }.count == 5)
        #expect(models.contains("other"))
    }

    @Test func `words for errors without number become the conventions' word`() {
        let meters = Meters { $0.namesMax = 4 }
        let meter = meters.makeWorkerMeter()
        for index in 0..<100 {
            meter.chat(error: "error-\(index)").record(
                .operationDuration, nanoseconds: 1, unsampled, in: meter)
        }
        let words = Set(
            meters.points("gen_ai.client.operation.duration").compactMap {
                $0.labels.text("error.type")
            })
        #expect(words == ["error-0", "error-1", "_OTHER"])
    }

    @Test func `series beyond the limit of an instrument share one`() {
        let meters = Meters { $0.seriesMax = 10 }
        let meter = meters.makeWorkerMeter()
        for index in 0..<100 {
            meter.chat("model-\(index)").record(
                .operationDuration, nanoseconds: 1, unsampled, in: meter)
        }
        #expect(meters.points("gen_ai.client.operation.duration").count == 11)
        let overflow = meters.histogram(
            "gen_ai.client.operation.duration", ("otel.metric.overflow", "true"))
        #expect(overflow?.count == 90)
    }

    @Test func `the limit of an instrument is that of all workers together`() {
        let meters = Meters { $0.seriesMax = 10 }
        let workers = (0..<4).map { _ in meters.makeWorkerMeter() }
        for (index, meter) in workers.enumerated() {
            // One that all have, and then many of their own.
            for model in ["shared"] + (0..<20).map({ "model-\(index)-\($0)" }) {
                meter.chat(model).record(
                    .operationDuration, nanoseconds: 1, unsampled, in: meter)
            }
        }
        #expect(meters.points("gen_ai.client.operation.duration").count == 11)
        let shared = meters.histogram(
            "gen_ai.client.operation.duration", ("gen_ai.request.model", "shared"))
        #expect(shared?.count == 4)
        let overflow = meters.histogram(
            "gen_ai.client.operation.duration", ("otel.metric.overflow", "true"))
        #expect(overflow?.count == 4 * 20 - 9)
    }

    @Test func `10,000 hostile combinations make a page that can be read, and all are counted`() {
        let meters = Meters()
        let workers = [meters.makeWorkerMeter(), meters.makeWorkerMeter()]
        // As long as a label may be, and of two bytes a character.
        func name(_ kind: String, _ index: Int) -> String {
            "\(kind)\(index)" + String(repeating: "é", count: 150)
        }
        let models = (0..<100).map { name("m", $0) }
        let answers = (0..<100).map { name("a", $0) }
        let fingerprints = (0..<200).map { name("f", $0) }
        for index in 0..<10_000 {
            let meter = workers[index % 2]
            let series = meter.chat(
                models[index % 100], answeredBy: answers[index / 100], tier: "t\(index % 7)",
                fingerprint: fingerprints[index % 200])
            for instrument: Instrument in [
                .operationDuration, .timeToFirstChunk, .serverDuration, .timeToFirstToken,
                .timePerOutputToken,
            ] {
                series.record(instrument, nanoseconds: 1, sampled, in: meter)
            }
            series.record(inputTokens: 1, sampled, in: meter)
            series.record(outputTokens: 1, sampled, in: meter)
        }
        // What is recorded later still has a place.
        workers[0].requestSent(afterNanoseconds: 1, unsampled)
        let metrics = meters.collect()
        var page = ByteBuffer()
        PrometheusText.openMetrics.append(metrics, to: &page)
        #expect(page.count < 17 << 20)
        for metric in metrics where metric.definition.name.hasPrefix("gen_ai.") {
            let counts = metric.points.map { point in
                if case .histogram(let value) = point.value { value.count } else { 0 }
            }
            let isTokens = metric.definition.unit == "{token}"
            #expect(counts.reduce(0, +) == (isTokens ? 20_000 : 10_000))
            #expect((10...2001).contains(counts.count), "\(metric.definition.name)")
        }
        #expect(meters.histogram("martlet.request.queue.duration")?.count == 1)
    }

    @Test(
        "a name is made printable and short",
        arguments: [
            ("gpt-4o", "gpt-4o"), ("a\nb", "a\\nb"), ("a\u{1B}[31mb", "a\\x1B[31mb"),
            ("quote\"", "quote\""), ("grüezi", "grüezi"),
            (String(repeating: "é", count: 300), String(repeating: "é", count: 128)),
        ])
    func namesArePrintable(_ model: String, _ label: String) {
        let meters = Meters()
        let meter = meters.makeWorkerMeter()
        meter.chat(model).record(.operationDuration, nanoseconds: 1, unsampled, in: meter)
        let point = meters.points("gen_ai.client.operation.duration").first
        #expect(point?.labels.text("gen_ai.request.model") == label)
    }

    @Test func `bytes that are no text become text`() {
        let meters = Meters()
        let meter = meters.makeWorkerMeter()
        let bytes: [UInt8] = [0x61, 0xFF, 0x62]
        meter.operation(
            "chat", target: someTarget, requestModel: bytes.span, responseModel: Span(),
            serviceTier: Span(), fingerprint: Span(), errorType: Span()
        ).record(.operationDuration, nanoseconds: 1, unsampled, in: meter)
        let point = meters.points("gen_ai.client.operation.duration").first
        #expect(point?.labels.text("gen_ai.request.model") == "a\u{FFFD}b")
    }
}
