import Foundation
import Synchronization
import Telemetry
import Testing

@Suite struct ExportQueueTests {
    @Test func `entries come out in the order they went in`() {
        let queue = queue()
        for id in 1...3 as ClosedRange<UInt64> { queue.submit(trace(spans: 2, id: id)) }
        #expect(queue.itemCount == 6)
        #expect(queue.take()?.traceID == traceID(1))
        #expect(queue.take()?.traceID == traceID(2))
        #expect(queue.take()?.traceID == traceID(3))
        #expect(queue.take() == nil)
        #expect(queue.counters.accepted == 6)
        #expect(queue.counters.pending == 6)
    }

    @Test func `what passes the limit of spans is dropped, newest first, and counted`() {
        let queue = queue { $0.itemsMax = 5 }
        queue.submit(trace(spans: 3, id: 1))
        queue.submit(trace(spans: 3, id: 2))
        queue.submit(trace(spans: 2, id: 3))
        #expect(queue.take()?.traceID == traceID(1))
        #expect(queue.take()?.traceID == traceID(3))
        #expect(queue.counters.lost(.queueFull) == 3)
        #expect(queue.counters.accepted == 8)
        #expect(balances(queue.counters))
    }

    @Test func `what passes the limit of bytes is dropped and counted`() {
        let queue = queue { $0.bytesMax = 20_000 }
        queue.submit(trace(spans: 1, content: 15_000))
        queue.submit(trace(spans: 1, content: 15_000))
        #expect(queue.counters.lost(.queueFull) == 1)
        _ = queue.take()
        queue.submit(trace(spans: 1, content: 15_000))
        #expect(queue.counters.lost(.queueFull) == 1)
        #expect(queue.counters.pending == 2)
    }

    @Test func `the ring goes round many times`() {
        let queue = queue { $0.itemsMax = 4 }
        for id in 1...50 as ClosedRange<UInt64> {
            queue.submit(trace(spans: 1, id: id))
            queue.submit(trace(spans: 2, id: id + 1000))
            #expect(queue.take()?.traceID == traceID(id))
            #expect(queue.take()?.traceID == traceID(id + 1000))
        }
        #expect(queue.itemCount == 0)
    }

    @Test func `the consumer is woken by the first after idle and by a full batch, no more`() {
        let queue = queue { $0.batchItems = 4 }
        let wakes = Wakes()
        queue.onWake { wakes.add() }
        queue.submit(trace(spans: 1))
        #expect(wakes.count == 1)
        queue.submit(trace(spans: 1))
        #expect(wakes.count == 1)
        queue.submit(trace(spans: 2))
        #expect(wakes.count == 2)
        queue.submit(trace(spans: 2))
        #expect(wakes.count == 2)
        while queue.take() != nil {}
        queue.submit(trace(spans: 1))
        #expect(wakes.count == 3)
    }

    @Test func `a closed queue takes nothing more and says why`() {
        let queue = queue()
        let wakes = Wakes()
        queue.onWake { wakes.add() }
        queue.submit(trace(spans: 1))
        queue.close(deadline: 5)
        queue.submit(trace(spans: 3))
        #expect(queue.isClosed)
        #expect(queue.closingDeadline == 5)
        #expect(queue.counters.lost(.shutdown) == 3)
        #expect(queue.counters.pending == 1)
        #expect(wakes.count == 2)
        #expect(balances(queue.counters))
    }

    @Test func `four producers and a consumer lose no span unaccounted`() {
        let queue = queue { $0.itemsMax = 64 }
        let rounds = 5_000
        let producers = Atomic<Int>(4)
        let group = DispatchGroup()
        for producer in 0..<4 {
            Thread.detach(in: group) {
                for round in 0..<rounds {
                    queue.submit(trace(spans: 1 + (round + producer) % 3))
                }
                producers.wrappingSubtract(1, ordering: .sequentiallyConsistent)
            }
        }
        var taken = 0
        while true {
            let isOver = producers.load(ordering: .sequentiallyConsistent) == 0
            while let trace = queue.take() {
                #expect(queue.counters.pending >= trace.spanCount)
                queue.counters.countExported(trace.spanCount)
                taken += trace.spanCount
            }
            if isOver { break }
        }
        group.wait()
        let counters = queue.counters
        let submitted = (0..<4).reduce(0) { sum, producer in
            sum + (0..<rounds).reduce(0) { $0 + 1 + ($1 + producer) % 3 }
        }
        #expect(counters.accepted == submitted)
        #expect(counters.exported == taken)
        #expect(counters.pending == 0)
        #expect(counters.exported + counters.lost(.queueFull) == submitted)
        #expect(balances(counters))
    }
}

private final class Wakes: Sendable {
    private let number = Atomic<Int>(0)
    var count: Int { number.load(ordering: .relaxed) }
    func add() { number.wrappingAdd(1, ordering: .relaxed) }
}

extension Thread {
    fileprivate static func detach(
        in group: DispatchGroup, _ body: @escaping @Sendable () -> Void
    ) {
        group.enter()
        detachNewThread {
            body()
            group.leave()
        }
    }
}
