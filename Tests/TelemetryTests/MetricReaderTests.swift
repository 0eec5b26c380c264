import Synchronization
import Telemetry
import Testing

@Suite struct MetricReaderTests {
    /// Metrics of every kind, and a reader of them.
    private struct Fixture {
        let meters = Meters()
        let registry = MetricRegistry()
        let counters = ExportCounters(exporter: "x")
        let meter: WorkerMeter
        let reader: MetricReader

        init(_ preference: TemporalityPreference) {
            meter = meters.makeWorkerMeter()
            let (meters, registry, counters) = (meters, registry, counters)
            reader = MetricReader(preference: preference, startTime: 100) {
                meters.collect() + registry.collect() + ExportMetrics.collect([counters])
            }
        }

        func count() {
            meter.chat().record(
                .operationDuration, nanoseconds: 15_000_000, sampled, in: meter)
            registry.cell("martlet.errors", .counter, unit: "{error}", help: "E.").add(2)
            registry.cell("martlet.connections", .gauge, unit: "", help: "C.").add(3)
            counters.countQueued(5)
        }
    }

    private func metric(_ name: String, _ collection: MetricCollection) -> String {
        guard let metric = collection.metrics.first(where: { $0.data.definition.name == name })
        else { return "none" }
        let values = metric.data.points.map { point in
            switch point.value {
            case .integer(let value): "\(value)"
            case .histogram(let value): "\(value.count)/\(value.sum)"
            }
        }
        return "\(metric.temporality) from \(metric.startTime): "
            + values.joined(separator: ",")
    }

    @Test(
        "what is told counts from the start, or from the collection before",
        arguments: [
            (
                TemporalityPreference.cumulative,
                ["cumulative from 100: 2/30000000", "cumulative from 100: 4"],
                ["cumulative from 100: 6", "cumulative from 100: 10"]
            ),
            (
                .delta, ["delta from 200: 1/15000000", "delta from 200: 2"],
                ["cumulative from 100: 6", "delta from 200: 5"]
            ),
            (
                .lowMemory, ["delta from 200: 1/15000000", "delta from 200: 2"],
                ["cumulative from 100: 6", "cumulative from 100: 10"]
            ),
        ])
    func keepsTemporality(
        _ preference: TemporalityPreference, _ sums: [String], _ others: [String]
    ) {
        let fixture = Fixture(preference)
        fixture.count()
        let first = fixture.reader.collect(at: 200)
        #expect(first.time == 200)
        #expect(metric("gen_ai.client.operation.duration", first).hasSuffix(": 1/15000000"))
        #expect(metric("martlet.connections", first) == "cumulative from 100: 3")
        fixture.count()
        let second = fixture.reader.collect(at: 300)
        #expect(metric("gen_ai.client.operation.duration", second) == sums[0])
        #expect(metric("martlet.errors", second) == sums[1])
        #expect(metric("martlet.connections", second) == others[0])
        #expect(metric("martlet.export.spans.accepted", second) == others[1])
        let third = fixture.reader.collect(at: 400)
        let isCumulative = preference == .cumulative
        #expect(
            metric("gen_ai.client.operation.duration", third)
                == (isCumulative ? sums[0] : "none"))
        #expect(metric("martlet.errors", third) == (isCumulative ? sums[1] : "none"))
        #expect(metric("martlet.connections", third) == others[0])
    }

    @Test func `the differences add up to the whole`() {
        let fixture = Fixture(.delta)
        var told = 0
        for round in 1...20 {
            for _ in 0..<round { fixture.count() }
            let collection = fixture.reader.collect(at: UInt64(200 + round))
            for metric in collection.metrics where metric.data.definition.unit == "s" {
                guard case .histogram(let value) = metric.data.points[0].value else { continue }
                told += value.count
            }
        }
        #expect(told == 210)
        #expect(fixture.meters.histogram("gen_ai.client.operation.duration")?.count == 210)
    }

    @Test(
        "an exemplar is told once",
        arguments: [TemporalityPreference.cumulative, .delta])
    func tellsExemplarsOnce(_ preference: TemporalityPreference) {
        let fixture = Fixture(preference)
        func exemplars(_ collection: MetricCollection) -> Int {
            collection.metrics.flatMap(\.data.points).reduce(0) { sum, point in
                guard case .histogram(let value) = point.value else { return sum }
                return sum + value.exemplars.count
            }
        }
        fixture.count()
        let time = UInt64(1_700_000_000_200_000_000)
        #expect(exemplars(fixture.reader.collect(at: time)) == 1)
        #expect(exemplars(fixture.reader.collect(at: time + 1)) == 0)
        #expect(fixture.meters.histogram("gen_ai.client.operation.duration")?.exemplars.count == 1)
    }
}
