import Bytes
import Compression
import Foundation
import GatewayTesting
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

@Suite(.ownThread) struct ExportOverHTTPTests {
    /// Exports two spans to `sink` and ends.
    private func export(to sink: OTLPSink, _ wire: ExportProtocol, isGzip: Bool) -> SpanQueue {
        let queue = spanQueue()
        var options = ExporterOptions()
        options.isGzip = isGzip
        let thread = ExporterThread(
            queue: queue.encoded,
            encoder: TraceEncoder(resource: ExportResource(attributes: [], version: "1")),
            endpoint: ExportEndpoint(
                url: sink.url("/v1/traces"), headers: [("x-team", "a b"), ("Content-Type", "x/y")],
                wire: wire),
            options: options, version: "1", log: quietLog())
        queue.submit(trace(spans: 2))
        queue.close(deadline: .max)
        thread.join()
        return queue
    }

    @Test(arguments: [false, true])
    func `JSON is sent as such, compressed or not`(isGzip: Bool) async throws {
        let sink = try OTLPSink()
        let queue = export(to: sink, .httpJSON, isGzip: isGzip)
        #expect(queue.counters.exported == 2)
        let delivery = try #require(sink.deliveries.entries.first)
        #expect(sink.deliveries.entries.count == 1)
        #expect(delivery.path == "/v1/traces")
        #expect(delivery.headers["content-type"] == "application/json")
        #expect(delivery.headers["content-encoding"] == (isGzip ? "gzip" : nil))
        #expect(delivery.headers["x-team"] == "a b")
        #expect(delivery.spanNames == ["span 1", "span 2"])
    }

    @Test func `protobuf and JSON carry the same spans`() async throws {
        let binary = try OTLPSink()
        let json = try OTLPSink()
        _ = export(to: binary, .httpProtobuf, isGzip: false)
        _ = export(to: json, .httpJSON, isGzip: false)
        let body = try #require(binary.deliveries.entries.first?.body)
        let text = try #require(json.deliveries.entries.first?.body)
        #expect(
            binary.deliveries.entries.first?.headers["content-type"] == "application/x-protobuf")
        #expect(transcoded(body) == String(decoding: text, as: UTF8.self))
    }

    @Test func `a partial success in JSON is counted`() async throws {
        let sink = try OTLPSink([
            OTLPSink.Answer(
                200, headers: ["content-type: application/json"],
                body: Array(#"{"partialSuccess":{"rejectedSpans":"1"}}"#.utf8))
        ])
        let queue = export(to: sink, .httpJSON, isGzip: true)
        #expect(queue.counters.exported == 1)
        #expect(queue.counters.lost(.rejected) == 1)
    }

    @Test func `a receiver that speaks no gRPC is told of`() async throws {
        let sink = try OTLPSink()
        let queue = spanQueue()
        let lines = LineSink()
        var options = ExporterOptions()
        // The first wait is longer than the batch has.
        options.retries.backoffMin = 600_000_000_000
        options.retries.backoffMax = 600_000_000_000
        let thread = ExporterThread(
            queue: queue.encoded,
            encoder: TraceEncoder(resource: ExportResource(attributes: [], version: "1")),
            endpoint: ExportEndpoint(url: sink.url(), wire: .grpc), options: options,
            version: "1", log: quietLog(lines))
        queue.submit(trace(spans: 2))
        queue.close(deadline: .max)
        thread.join()
        #expect(queue.counters.lost(.retriesExhausted) == 2)
        #expect(queue.counters.traffic.requests == 1)
        #expect(lines.all.contains { $0.contains("cannot be reached") })
    }
}

extension OTLPSink.Delivery {
    /// The names of the spans of a request in JSON.
    fileprivate var spanNames: [String] {
        var plain = ByteBuffer()
        do {
            if headers["content-encoding"] == "gzip" {
                try Gzip.decompress(body.span, into: &plain, limit: 1 << 20)
            } else {
                plain.append(body.span)
            }
            let data = Data(plain.withBytes { bytes in bytes.indices.map { bytes[$0] } })
            let root = try JSONSerialization.jsonObject(with: data) as? [String: Any]
            let resources = root?["resourceSpans"] as? [[String: Any]] ?? []
            let scopes = resources.flatMap { $0["scopeSpans"] as? [[String: Any]] ?? [] }
            let spans = scopes.flatMap { $0["spans"] as? [[String: Any]] ?? [] }
            return spans.compactMap { $0["name"] as? String }
        } catch {
            return []
        }
    }
}
