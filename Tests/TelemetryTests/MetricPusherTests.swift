import OTLP
import Telemetry
import Testing

@Suite struct MetricPusherTests {
    private func reader(_ registry: MetricRegistry) -> MetricReader {
        MetricReader(preference: .cumulative, startTime: 1) { registry.collect() }
    }

    @Test func `metrics are read every interval, and once more at the end`() async {
        let schedule = ManualSchedule()
        let closing = MetricPusher.Closing()
        let registry = MetricRegistry()
        let cell = registry.cell("martlet.errors", .counter, unit: "{error}", help: "E.")
        var times: [UInt64] = []
        let start = schedule.now
        let pusher = MetricPusher(
            reader: reader(registry), interval: 60_000, schedule: schedule, closing: closing
        ) { collection in
            cell.add()
            times.append(schedule.now - start)
            if times.count == 3 { closing.close() }
        }
        await pusher.run()
        #expect(times == [60_000, 120_000, 180_000, 180_000])
    }

    @Test func `time that passes between two looks at the clock does no harm`() async {
        let closing = MetricPusher.Closing()
        var count = 0
        let pusher = MetricPusher(
            reader: reader(MetricRegistry()), interval: 3, schedule: RunningSchedule(),
            closing: closing
        ) { _ in
            count += 1
            if count == 100 { closing.close() }
        }
        await pusher.run()
        #expect(count == 101)
    }

    @Test func `the thread reads a last time when it is ended`() {
        let registry = MetricRegistry()
        registry.cell("martlet.errors", .counter, unit: "{error}", help: "E.").add(7)
        let queue = ItemQueue<MetricCollection>(
            limits: QueueLimits(), counters: ExportCounters(exporter: "x", signal: .metrics))
        let thread = MetricThread(
            interval: 3_600_000_000_000,
            makeReader: {
                MetricReader(preference: .delta, startTime: 1) { registry.collect() }
            }, submit: { queue.submit($0) })
        thread.finish()
        let collection = queue.take()
        #expect(collection?.itemCount == 1)
        #expect(collection?.metrics.first?.data.definition.name == "martlet.errors")
        #expect(queue.take() == nil)
    }
}

/// Time passes whenever somebody looks.
private final class RunningSchedule: ExportSchedule {
    private var time: UInt64 = 0
    var now: UInt64 {
        time += 2
        return time
    }
    var wallClock: UInt64 { now }

    func jitter() -> Double { 0 }
    func wait(nanoseconds: UInt64?) async { time += 1 }
}
