import Foundation
import Gateway
import GatewayTesting
import Synchronization
import Telemetry
import Testing

/// Log records from the request to the receiver.
@Suite struct LogExportTests {
    private static let body =
        #"{"model":"gpt-4o","top_k":3,"messages":[{"role":"user","content":"the canary sings"}]}"#

    /// What a gateway with these variables sends, a signal each, after `requests`.
    private func sent(
        _ variables: [String: String], requests: [String] = [Wire.chat(body)],
        upstream: FaultyUpstream? = nil, style: ConsoleStyle = .tree(isColoured: false)
    ) throws -> (sink: OTLPSink, counters: [ExportCounters], console: String) {
        let sink = try OTLPSink()
        let printed = Mutex("")
        let upstream = try upstream ?? FaultyUpstream.good()
        let environment = ["OTEL_EXPORTER_OTLP_ENDPOINT": sink.url()].merging(variables) { $1 }
        let configuration = try TestGateway.configuration(upstream.url("/v1"), [:], environment)
        let pipeline = TelemetryPipeline(
            environment: configuration.telemetry, settings: configuration.settings.telemetry,
            content: configuration.settings.content, version: "0.0.0",
            log: Log(level: .error, format: .text, now: { 0 }, output: { _ in true }),
            consoleStyle: style,
            console: { bytes in
                let text = bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
                printed.withLock { $0 += text }
                return true
            })
        do {
            let gateway = try TestGateway(upstream, telemetry: pipeline, logsDebug: false)
            for request in requests { _ = try gateway.answer(to: request) }
            _ = gateway.log.lines(of: "request.end", requests.count)
        }
        pipeline.shutDown(within: 5000)
        return (sink, pipeline.counters, printed.withLock { $0 })
    }

    private func bodies(_ sink: OTLPSink, _ path: String) -> String {
        sink.deliveries.entries.filter { $0.path == path }
            .map { String(decoding: $0.body, as: UTF8.self) }.joined()
    }

    @Test(arguments: [("false", false), ("true", true)])
    func `where the log is JSON, the console prints a line of OTLP/JSON for each span`(
        captures: String, hasContent: Bool
    ) throws {
        let (_, counters, printed) = try sent(
            [
                "OTEL_TRACES_EXPORTER": "console", "OTEL_LOGS_EXPORTER": "none",
                "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": captures,
            ], style: ConsoleStyle(.json, isTerminal: true))
        let lines = printed.split(separator: "\n")
        #expect(lines.count == 3)
        for line in lines {
            #expect(line.hasPrefix(#"{"resourceSpans":[{"resource":{"attributes":["#))
            #expect(line.ranges(of: #""spanId":"#).count == 1)
        }
        #expect(printed.contains("canary") == hasContent)
        let spans = try #require(counters.first { $0.signal == .traces })
        #expect(spans.accepted == 3 && spans.exported == 3)
    }

    @Test func `a request is one record by default, without content`() throws {
        let (sink, counters, _) = try sent([:])
        let logs = bodies(sink, "/v1/logs")
        #expect(logs.contains("martlet.request.end"))
        #expect(logs.contains("the request ended"))
        #expect(!logs.contains("operation.details"))
        #expect(!logs.contains("canary"))
        let records = try #require(counters.first { $0.signal == .logs })
        #expect(records.accepted == 1)
        #expect(records.exported == 1)
        #expect(records.pending == 0)
    }

    @Test(
        "the variables say where message content goes",
        arguments: [
            ("EVENT_ONLY", nil, true, true, false), ("SPAN_AND_EVENT", nil, true, true, true),
            ("SPAN_ONLY", nil, false, false, true), ("SPAN_ONLY", "true", true, false, true),
            (nil, "true", true, false, false), ("EVENT_ONLY", "false", false, false, false),
        ] as [(String?, String?, Bool, Bool, Bool)])
    func content(
        _ capture: String?, _ emit: String?, _ hasEvent: Bool, _ onEvent: Bool, _ onSpan: Bool
    ) throws {
        var variables: [String: String] = [:]
        variables["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = capture
        variables["OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT"] = emit
        let (sink, counters, _) = try sent(variables)
        let logs = bodies(sink, "/v1/logs")
        #expect(logs.contains("gen_ai.client.inference.operation.details") == hasEvent)
        #expect(logs.contains("canary") == onEvent)
        #expect(!logs.contains("top_k"))
        // Structured, not a text of JSON.
        #expect(!logs.contains("\"role\""))
        let traces = bodies(sink, "/v1/traces")
        #expect(traces.contains("canary") == onSpan)
        #expect(counters.first { $0.signal == .logs }?.exported == (hasEvent ? 2 : 1))
    }

    @Test func `nothing is sent unasked`() throws {
        let (sink, counters, _) = try sent(["OTEL_LOGS_EXPORTER": "none"])
        #expect(bodies(sink, "/v1/logs").isEmpty)
        #expect(counters.allSatisfy { $0.signal != .logs })
        let (silent, none, _) = try sent([
            "OTEL_EXPORTER_OTLP_ENDPOINT": "",
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "EVENT_ONLY",
        ])
        #expect(silent.deliveries.entries.isEmpty)
        #expect(none.isEmpty)
    }

    @Test func `events of operations need no exporter of traces`() throws {
        let (sink, _, _) = try sent([
            "OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none",
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "EVENT_ONLY",
        ])
        #expect(bodies(sink, "/v1/traces").isEmpty)
        #expect(bodies(sink, "/v1/logs").contains("the canary sings"))
    }

    @Test func `a failure of the upstream is an exception, told once`() throws {
        let (sink, counters, _) = try sent([:], upstream: FaultyUpstream([.readRequest]))
        let logs = bodies(sink, "/v1/logs")
        #expect(logs.contains("gen_ai.client.operation.exception"))
        #expect(!logs.contains("http.client.request.exception"))
        #expect(logs.contains("upstream_closed"))
        #expect(counters.first { $0.signal == .logs }?.exported == 2)
    }

    @Test func `a call that is passed on and fails is an exception of HTTP`() throws {
        let (sink, _, _) = try sent(
            [:], requests: [Wire.get("/v1/files")], upstream: FaultyUpstream([.readRequest]))
        let logs = bodies(sink, "/v1/logs")
        #expect(logs.contains("http.client.request.exception"))
        #expect(!logs.contains("gen_ai.client.operation.exception"))
    }

    @Test func `the console gets records as OTLP in JSON, a batch a line`() throws {
        let (sink, counters, printed) = try sent([
            "OTEL_LOGS_EXPORTER": "console",
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "EVENT_ONLY",
        ])
        #expect(bodies(sink, "/v1/logs").isEmpty)
        let console = try #require(counters.first { $0.signal == .logs })
        #expect(console.exporter == "console")
        #expect(console.exported == 2)
        var names: [String] = []
        var values: [String] = []
        for line in printed.split(separator: "\n") where line.contains("resourceLogs") {
            let batch = try JSONDecoder().decode(Batch.self, from: Data(line.utf8))
            for record in batch.resourceLogs[0].scopeLogs[0].logRecords {
                names.append(record.eventName)
                let messages = record.attributes.first { $0.key == "gen_ai.input.messages" }
                values +=
                    messages?.value.arrayValue?.values.compactMap { message in
                        message.kvlistValue?.values.first { $0.key == "role" }?.value.stringValue
                    } ?? []
            }
        }
        #expect(
            names.sorted() == [
                "gen_ai.client.inference.operation.details", "martlet.request.end",
            ])
        #expect(values == ["user"])
    }

    private struct Batch: Decodable {
        struct Resource: Decodable { let scopeLogs: [Scope] }
        struct Scope: Decodable { let logRecords: [Record] }
        struct Record: Decodable {
            let eventName: String
            let attributes: [Pair]
        }
        struct Pair: Decodable {
            let key: String
            let value: Value
        }
        final class Value: Decodable {
            struct List: Decodable { let values: [Value] }
            struct Pairs: Decodable { let values: [Pair] }
            let stringValue: String?
            let arrayValue: List?
            let kvlistValue: Pairs?
        }

        let resourceLogs: [Resource]
    }
}
