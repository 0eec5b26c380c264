import Foundation
import Networking
import OTLP
import Synchronization
import Telemetry
import Testing

@Suite struct ExporterThreadTests {
    @Test func `an exporter on its own thread takes what other threads submit`() async {
        let queue = queue { $0.itemsMax = 100_000 }
        let sink = LineSink()
        var options = ConsoleOptions()
        options.delay = 1_000_000
        let thread = ExporterThread(queue: queue, options: options) { sink.write($0) }
        await withTaskGroup(of: Void.self) { group in
            for producer in 0..<4 as Range<UInt64> {
                group.addTask {
                    for round in 0..<200 as Range<UInt64> {
                        queue.submit(trace(spans: 2, id: 1 + producer * 1_000 + round))
                        if round % 50 == 0 { await Task.yield() }
                    }
                }
            }
        }
        queue.close(deadline: .max)
        thread.join()
        #expect(queue.counters.exported == 1_600)
        #expect(queue.counters.pending == 0)
        #expect(sink.all.count == 800)
        #expect(balances(queue.counters))
    }
}
