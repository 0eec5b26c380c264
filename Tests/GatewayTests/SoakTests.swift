import Configuration
import Foundation
import Gateway
import GatewayTesting
import Networking
import Telemetry
import Testing

/// The rule behind all rows: a thousand repeats leave descriptors, threads and memory where they
/// were, and every span is accounted for.
@Suite(.serialized) struct SoakTests {
    enum Fault: String, CaseIterable, Codable, Sendable {
        case none, refusedHead, leaving, leavingInStream, stale, reset, cut, badAnswer, refused
        case halfRequest
    }

    @Test("a thousand repeats leave nothing behind", arguments: Fault.allCases)
    func leavesNothing(_ fault: Fault) async throws {
        await #expect(processExitsWith: .success) { [fault] in
            let scene = try Scene(fault)
            for _ in 0..<200 { try scene.play() }
            #expect(ProcessUse.wait { scene.isQuiet })
            let before = (ProcessUse.descriptors, ProcessUse.threads, ProcessUse.memory)
            for _ in 0..<1000 { try scene.play() }
            #expect(ProcessUse.wait { scene.isQuiet })
            #expect(ProcessUse.wait { ProcessUse.descriptors <= before.0 + 3 })
            #expect(ProcessUse.wait { ProcessUse.threads <= before.1 + 2 })
            #expect(ProcessUse.memory - before.2 < 6 << 20)
        }
    }

    @Test func `a thousand connections that say nothing cost little and end`() async throws {
        await #expect(processExitsWith: .success) {
            let gateway = try TestGateway(
                try FaultyUpstream.good(), ["timeouts.keepAliveIdle": "8s"])
            #expect(try gateway.answer(to: Wire.chat())?.status == 200)
            let before = (ProcessUse.descriptors, ProcessUse.memory)
            let clients = try (0..<1000).map { _ in try gateway.connect() }
            #expect(ProcessUse.wait { ProcessUse.descriptors >= before.0 + 1990 })
            #expect(ProcessUse.memory - before.1 < 24 << 20)
            for client in clients { #expect(client.receiveAll() == ("", .closed)) }
            for client in clients { client.close() }
            #expect(ProcessUse.wait { ProcessUse.descriptors <= before.0 + 3 })
            #expect(try gateway.answer(to: Wire.chat())?.status == 200)
        }
    }

    @Test(
        "with clients leaving and the collector there or away, every span is accounted for",
        arguments: [true, false])
    func accounts(isCollectorThere: Bool) throws {
        let sink = try OTLPSink()
        if !isCollectorThere { sink.stopListening() }
        let upstream = try FaultyUpstream(
            [.readRequest, .send(Wire.answer()), .readRequest, .wait(milliseconds: 2)],
            [.readRequest, .send(Wire.answer()), .again])
        let environment = [
            "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url(), "OTEL_BSP_SCHEDULE_DELAY": "20",
            "OTEL_BSP_EXPORT_TIMEOUT": "200",
            "OTEL_BLRP_SCHEDULE_DELAY": "20", "OTEL_BLRP_EXPORT_TIMEOUT": "200",
        ]
        let configuration = try TestGateway.configuration(upstream.url("/v1"), [:], environment)
        let pipeline = TelemetryPipeline(
            environment: configuration.telemetry, settings: configuration.settings.telemetry,
            content: configuration.settings.content, version: "0.0.0",
            log: Log(level: .error, format: .text, now: { 0 }, output: { _ in true }),
            consoleStyle: .tree(isColoured: false), console: { _ in true })
        let counters = try #require(pipeline.counters.first)
        var answered = 0
        do {
            let gateway = try TestGateway(upstream, telemetry: pipeline)
            for index in 0..<300 {
                let client = try gateway.connect()
                client.send(Wire.chat())
                if index.isMultiple(of: 3) {
                    client.reset()
                } else {
                    #expect(client.response()?.status == 200)
                    answered += 1
                }
            }
        }
        pipeline.shutDown(within: 5000)
        #expect(counters.pending == 0)
        #expect(counters.accepted == counters.exported + counters.lost)
        #expect(counters.accepted >= answered * 3)
        let received = sink.deliveries.entries.filter { $0.path == "/v1/traces" }
            .reduce(0) { $0 + spanCount($1.body) }
        #expect(received == counters.exported)
        #expect(counters.lost == (isCollectorThere ? 0 : counters.accepted))
        // Records are framed as spans are.
        let records = try #require(pipeline.counters.first { $0.signal == .logs })
        let receivedRecords = sink.deliveries.entries.filter { $0.path == "/v1/logs" }
            .reduce(0) { $0 + spanCount($1.body) }
        #expect(records.pending == 0)
        #expect(records.accepted == records.exported + records.lost)
        #expect(records.accepted >= answered)
        #expect(receivedRecords == records.exported)
    }
}

/// A gateway and what happens to it again and again.
final class Scene {
    private let fault: SoakTests.Fault
    private let upstream: FaultyUpstream
    private let gateway: TestGateway

    init(_ fault: SoakTests.Fault) throws {
        self.fault = fault
        let script: [FaultyUpstream.Step] =
            switch fault {
            case .none, .refusedHead, .halfRequest: [.readRequest, .send(Wire.answer()), .again]
            case .leaving, .refused: [.readRequest, .readToEnd]
            case .leavingInStream:
                [.readRequest, .send(Wire.streamHead + Wire.chunk(Wire.event("a"))), .readToEnd]
            case .stale: [.readRequest, .send(Wire.answer())]
            case .reset: [.readRequest, .reset]
            case .cut: [.readRequest, .send(Wire.streamHead + Wire.chunk(Wire.event("a")))]
            case .badAnswer: [.readRequest, .send("HTTP/1.1 200 OK\r\n x\r\n\r\n"), .readToEnd]
            }
        upstream = try FaultyUpstream(script)
        if fault == .refused { upstream.stopListening() }
        gateway = try TestGateway(upstream)
    }

    /// Nothing is in progress.
    var isQuiet: Bool {
        let text = (try? gateway.answer(to: Wire.get("/metrics")))??.text ?? ""
        return text.contains("\nmartlet_requests_active 0\n")
    }

    func play() throws {
        let client = try gateway.connect()
        defer { client.close() }
        switch fault {
        case .none, .stale:
            client.send(Wire.chat())
            #expect(client.response()?.status == 200)
        case .reset, .badAnswer, .refused:
            client.send(Wire.chat())
            #expect(client.response()?.status == 502)
        case .refusedHead:
            client.send("GET / HTTP/1.1\r\nHost: h\r\nX : 1\r\n\r\n")
            #expect(client.response()?.status == 400)
        case .leaving:
            let seen = upstream.connections
            client.send(Wire.chat())
            #expect(ProcessUse.wait { upstream.connections > seen })
            client.reset()
        case .leavingInStream:
            client.send(Wire.chat(Wire.streamBody))
            #expect(client.receive(until: "data:"))
            client.reset()
        case .cut:
            client.send(Wire.chat(Wire.streamBody))
            #expect(client.receiveAll().ending != .timedOut)
        case .halfRequest:
            client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\n")
            client.reset()
            if (try? gateway.answer(to: Wire.get("/healthz"))) == nil { Issue.record("gone") }
            return
        }
        #expect(gateway.traces(1).count == 1)
    }
}

/// Spans in an export request.
func spanCount(_ body: [UInt8]) -> Int {
    fields(1, body).flatMap { fields(2, $0) }.reduce(0) { $0 + fields(2, $1).count }
}

/// The values of a message's fields of that number, where they have a length.
private func fields(_ number: Int, _ message: [UInt8]) -> [[UInt8]] {
    var result: [[UInt8]] = []
    var index = 0
    func varint() -> Int {
        var value = 0
        var shift = 0
        while index < message.count {
            let byte = message[index]
            index += 1
            value |= Int(byte & 0x7F) << shift
            shift += 7
            if byte < 0x80 { break }
        }
        return value
    }
    while index < message.count {
        let tag = varint()
        switch tag & 7 {
        case 0: _ = varint()
        case 1: index += 8
        case 5: index += 4
        default:
            let length = varint()
            if tag >> 3 == number { result.append(Array(message[index..<index + length])) }
            index += length
        }
    }
    return result
}
