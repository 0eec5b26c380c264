import Bytes
import OTLP
import Synchronization
import Telemetry
import Testing
import W3CTraceContext

/// Traces that are encoded where they are handed over.
@Suite struct SpanQueueTests {
    /// The names of the spans that an exporter gets next; nil: nothing waits.
    private func next(_ queue: SpanQueue) -> [String?]? {
        guard let entry = queue.encoded.take() else { return nil }
        let encoder = TraceEncoder(resource: ExportResource(attributes: [], version: "0"))
        var items: [EncodedSpan] = []
        encoder.append(itemsOf: entry, to: &items)
        #expect(items.count == entry.itemCount)
        var body = ByteBuffer()
        _ = encoder.encode(items[...], content: .full, bytesMax: .max, into: &body)
        return decodedSpans(body.withBytes { bytes in bytes.indices.map { bytes[$0] } })
            .map { $0.string(5) }
    }

    @Test func `a trace's memory serves the next as soon as it was handed over`() throws {
        let queue = spanQueue()
        let tracer = Tracer(sampler: .default, limits: SpanLimits(), queues: [queue])
        func record() throws -> ObjectIdentifier {
            let recorder = tracer.recorder(
                traceID: traceID(7), flags: .sampled, tracestate: Span())
            let span = try #require(recorder).span("a")
            tracer.submit(try #require(recorder).finish(at: 2_000))
            return ObjectIdentifier(span)
        }
        let first = try record()
        #expect(try record() == first)
        #expect(queue.counters.pending == 2)
    }

    @Test func `spans come out as they were, whatever came before and behind them`() {
        let queue = spanQueue(content: .full)
        let sizes = [0, 30_000, 0, 200_000, 10, 63_000, 0, 65_000]
        for (index, size) in sizes.enumerated() {
            queue.submit(trace(spans: 1 + index % 3, id: UInt64(index + 1), content: size))
        }
        for index in sizes.indices {
            #expect(next(queue) == (0...index % 3).map { "span \($0 + 1)" })
        }
        #expect(next(queue) == nil)
    }

    @Test func `what would be turned away is counted and not kept`() {
        let queue = spanQueue { $0.itemsMax = 3 }
        queue.submit(trace(spans: 2))
        queue.submit(trace(spans: 2))
        #expect(queue.counters.lost(.queueFull) == 2)
        queue.close(deadline: 5)
        queue.submit(trace(spans: 1))
        #expect(queue.counters.lost(.shutdown) == 1)
        #expect(queue.counters.pending == 2)
        #expect(balances(queue.counters))
    }

    @Test func `workers write side by side, in and over the number of lanes`() async {
        let queue = spanQueue { $0.itemsMax = 1 << 20 }
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<12 {
                group.addTask {
                    for round in 0..<300 {
                        let recorder = TraceRecorder(
                            traceID: traceID(UInt64(worker + 1)), flags: .sampled,
                            tracestate: Span(), limits: SpanLimits(), lane: worker)
                        for number in 0...round % 3 {
                            _ = recorder.span("\(worker).\(round).\(number)")
                        }
                        queue.submit(recorder.finish(at: 2_000))
                    }
                }
            }
        }
        var seen: Set<String> = []
        while let names = next(queue) {
            let parts = names.compactMap { $0?.split(separator: ".").prefix(2) }
            #expect(parts.count == names.count && Set(parts.map { $0.joined() }).count == 1)
            for name in names { seen.insert(name ?? "") }
        }
        #expect(seen.count == 12 * 300 * 2)
        #expect(queue.counters.pending == 12 * 300 * 2)
    }
}

@Suite struct SharedBlockTests {
    @Test func `a block's memory is used again when nobody holds it`() {
        let pool = SharedBlockPool(blockBytes: 16, blocksMax: 1)
        var first: SharedBlock? = pool.makeBlock()
        first?.write("abcd".utf8.span, at: 0)
        first?.write("ef".utf8.span, at: 4)
        #expect(first?.withBytes(2..<6) { String(decoding: $0) } == "cdef")
        #expect(first?.capacity == 16)
        first = nil
        let second = pool.makeBlock()
        #expect(second.withBytes(0..<6) { String(decoding: $0) } == "abcdef")
    }
}
