import Bytes
import OTLP
import Telemetry
import Testing

@Suite struct MetricsEncoderTests {
    let encoder = MetricsEncoder(
        resource: ExportResource(attributes: [("service.name", "shop")], version: "1.2.3"))

    private func collection(models: Int = 1) -> MetricCollection {
        let meters = Meters()
        let meter = meters.makeWorkerMeter()
        for index in 0..<models {
            let series = meter.chat(models == 1 ? "gpt-4o" : "m\(index)")
            series.record(.operationDuration, nanoseconds: 15_000_000, sampled, in: meter)
            series.record(.serverDuration, nanoseconds: 1_000_000, unsampled, in: meter)
            series.record(inputTokens: 9, sampled, in: meter)
        }
        let registry = MetricRegistry()
        registry.cell(
            "martlet.errors", .counter, unit: "{error}", help: "E.", labels: [("code", "x")]
        ).add(3)
        registry.cell("martlet.connections", .gauge, unit: "", help: "C.").add(-2)
        return MetricReader(preference: .cumulative, startTime: 100) {
            meters.collect() + registry.collect()
        }.collect(at: 200)
    }

    private func encode(
        _ items: ArraySlice<MetricItem>, bytesMax: Int = 1 << 20
    ) -> (body: [UInt8], count: Int) {
        var buffer = ByteBuffer()
        let count = encoder.encode(
            items, content: .none, bytesMax: bytesMax, into: &buffer)
        return (buffer.withBytes { span in span.indices.map { span[$0] } }, count)
    }

    private func items(_ collection: MetricCollection) -> [MetricItem] {
        var items: [MetricItem] = []
        encoder.append(itemsOf: collection, to: &items)
        #expect(items.count == collection.itemCount)
        return items
    }

    /// The metrics of all scopes by name.
    private func metrics(_ body: [UInt8]) -> [String: WireMessage] {
        let scopes = WireMessage(body)?.message(1)?.messages(2) ?? []
        let named = scopes.flatMap { $0.messages(2) }.map { ($0.string(1) ?? "?", $0) }
        return Dictionary(named) { first, _ in first }
    }

    @Test func `each scope has its metrics and the schema`() throws {
        let items = items(collection())
        let (body, count) = encode(items[...])
        #expect(count == items.count)
        let resource = try #require(WireMessage(body)?.message(1))
        #expect(resource.message(1)?.messages(1).first?.string(1) == "service.name")
        #expect(resource.string(3) == "https://opentelemetry.io/schemas/1.40.0")
        let scopes = resource.messages(2)
        #expect(scopes.map { $0.message(1)?.string(1) } == ["martlet", "martlet.server"])
        #expect(scopes.allSatisfy { $0.message(1)?.string(2) == "1.2.3" })
        #expect(
            scopes.allSatisfy { $0.string(3) == "https://opentelemetry.io/schemas/1.40.0" })
        #expect(
            scopes[0].messages(2).map { $0.string(1) } == [
                "gen_ai.client.operation.duration", "gen_ai.client.token.usage",
                "martlet.errors", "martlet.connections",
            ])
        #expect(scopes[1].messages(2).map { $0.string(1) } == ["gen_ai.server.request.duration"])
    }

    @Test func `a histogram's point has the numbers and types of the protocol`() throws {
        let metric = try #require(
            metrics(encode(items(collection())[...]).body)["gen_ai.client.operation.duration"])
        #expect(metric.string(2) == "GenAI operation duration.")
        #expect(metric.string(3) == "s")
        let histogram = try #require(metric.message(9))
        #expect(histogram.only(2) == .varint(2))
        let point = try #require(histogram.message(1))
        #expect(point.only(2) == .fixed64(100))
        #expect(point.only(3) == .fixed64(200))
        #expect(point.only(4) == .fixed64(1))
        #expect(point.only(5) == .fixed64((0.015).bitPattern))
        guard case .bytes(let counts) = point.only(6), case .bytes(let bounds) = point.only(7)
        else {
            Issue.record("no buckets")
            return
        }
        #expect(counts == Array(repeating: 0, count: 8) + [1] + Array(repeating: 0, count: 111))
        #expect(bounds.count == 14 * 8)
        #expect(Array(bounds.suffix(8)) == littleEndian((81.92).bitPattern))
        let exemplar = try #require(point.message(8))
        #expect(exemplar.only(2) == .fixed64(1_700_000_000_123_456_789))
        #expect(exemplar.only(3) == .fixed64((0.015).bitPattern))
        #expect(exemplar.only(4) == .bytes([0x00, 0xF0, 0x67, 0xAA, 0x0B, 0xA9, 0x02, 0xB7]))
        guard case .bytes(let trace) = exemplar.only(5) else {
            Issue.record("no trace")
            return
        }
        #expect(trace.prefix(2) == [0x4B, 0xF9] && trace.count == 16)
        let attributes = point.messages(9).map { $0.string(1) ?? "?" }
        #expect(attributes.contains("gen_ai.request.model"))
        #expect(Set(attributes).count == attributes.count)
        let port = point.messages(9).first { $0.string(1) == "server.port" }
        #expect(port?.message(2)?.only(3) == .varint(443))
    }

    @Test func `sums say whether they only rise, and tokens are whole numbers`() throws {
        let metrics = metrics(encode(items(collection())[...]).body)
        let errors = try #require(metrics["martlet.errors"]?.message(7))
        #expect(errors.only(2) == .varint(2))
        #expect(errors.only(3) == .varint(1))
        #expect(errors.message(1)?.only(6) == .fixed64(3))
        #expect(errors.message(1)?.messages(7).first?.string(1) == "code")
        let connections = try #require(metrics["martlet.connections"]?.message(7))
        #expect(connections.only(3) == nil)
        #expect(connections.message(1)?.only(6) == .fixed64(UInt64(bitPattern: -2)))
        let tokens = try #require(metrics["gen_ai.client.token.usage"]?.message(9)?.message(1))
        #expect(tokens.only(5) == .fixed64((9.0).bitPattern))
        #expect(tokens.message(8)?.only(6) == .fixed64(9))
    }

    @Test(arguments: [1_000, 2_000, 5_000, 20_000])
    func `points that do not fit are left for the next request`(bytesMax: Int) throws {
        let all = items(collection(models: 40))
        var rest = all[...]
        var names: [String] = []
        while !rest.isEmpty {
            let (body, count) = encode(rest, bytesMax: bytesMax)
            try #require(count > 0)
            #expect(body.count <= bytesMax)
            let scopes = try #require(WireMessage(body)?.message(1)).messages(2)
            #expect(!scopes.isEmpty)
            for metric in scopes.flatMap({ $0.messages(2) }) {
                let points = (metric.message(9) ?? metric.message(7))?.messages(1) ?? []
                #expect(!points.isEmpty)
                names += points.map { _ in metric.string(1) ?? "?" }
            }
            rest = rest.dropFirst(count)
        }
        #expect(names.count == all.count)
        #expect(names.filter { $0 == "gen_ai.client.token.usage" }.count == 40)
    }

    @Test func `where not one point fits, nothing is written`() {
        let (body, count) = encode(items(collection())[...], bytesMax: 200)
        #expect(count == 0)
        #expect(body.isEmpty)
    }

    private func littleEndian(_ word: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
    }
}
