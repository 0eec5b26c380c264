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
