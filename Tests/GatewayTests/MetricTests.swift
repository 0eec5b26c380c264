import Foundation
import GatewayTesting
import Telemetry
import Testing

/// What requests leave on `/metrics`.
@Suite struct MetricTests {
    private static let operation = "gen_ai_client_operation_duration_seconds"
    private static let usage = "gen_ai_client_token_usage"

    @Test func `a call is counted with its tokens, by the labels of the conventions`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream)
        for _ in 0..<3 {
            #expect(try gateway.answer(to: Wire.chat())?.status == 200)
        }
        #expect(gateway.traces(3).count == 3)
        let metrics = try Exposition(gateway)
        let base = [
            "gen_ai_operation_name": "chat", "gen_ai_provider_name": "openai",
            "gen_ai_request_model": "gpt-4o", "gen_ai_response_model": "gpt-4o-2024-08-06",
            "server_address": "127.0.0.1", "server_port": upstream.port,
        ]
        #expect(try metrics.labels(Self.operation + "_count") == base)
        #expect(metrics.value(Self.operation + "_count") == 3)
        for (type, tokens) in [("input", 27.0), ("output", 9.0)] {
            #expect(metrics.value(Self.usage + "_count", ["gen_ai_token_type": type]) == 3)
            #expect(metrics.value(Self.usage + "_sum", ["gen_ai_token_type": type]) == tokens)
        }
        #expect(try metrics.labels("gen_ai_server_request_duration_seconds_count") == base)
        #expect(metrics.value("gen_ai_server_request_duration_seconds_count") == 3)
        #expect(
            try metrics.labels("http_server_request_duration_seconds_count") == [
                "http_request_method": "POST", "url_scheme": "http",
                "http_route": "/v1/chat/completions", "http_response_status_code": "200",
                "network_protocol_version": "1.1",
            ])
        #expect(
            try metrics.labels("http_client_request_duration_seconds_count") == [
                "http_request_method": "POST", "server_address": "127.0.0.1",
                "server_port": upstream.port, "http_response_status_code": "200",
                "network_protocol_version": "1.1",
            ])
        for name in ["http_server_request", "http_client_request", "martlet_request_queue"] {
            #expect(metrics.value(name + "_duration_seconds_count") == 3)
        }
        #expect(
            metrics.value("http_server_active_requests", ["http_request_method": "POST"]) == 0)
        // No stream, so nothing is known of chunks or of the first token.
        for word in ["chunk", "first_token", "output_token"] {
            #expect(!metrics.text.contains(word), "\(word)")
        }
    }

    @Test func `a stream is counted with its chunks and tokens`() throws {
        let upstream = try FaultyUpstream([
            .readRequest, .send(Wire.streamHead + Wire.chunk(Wire.event("a"))), .waitForGate,
            .send(
                Wire.chunk(Wire.event("b")) + Wire.chunk(Wire.finishEvent)
                    + Wire.chunk(Wire.usageEvent) + Wire.chunk(Wire.doneEvent) + Wire.lastChunk),
            .readToEnd,
        ])
        let gateway = try TestGateway(upstream)
        let client = try gateway.connect()
        client.send(Wire.chat(Wire.streamBodyWithUsage))
        #expect(client.receive(until: Wire.event("a")))
        let during = try Exposition(gateway)
        #expect(
            during.value("http_server_active_requests", ["http_request_method": "POST"]) == 1)
        upstream.open()
        #expect(client.response()?.status == 200)
        let trace = try gateway.trace()
        let metrics = try Exposition(gateway)
        let chunks = "gen_ai_client_operation_time_per_output_chunk_seconds"
        // Four events and the end: three times between them.
        #expect(metrics.value(chunks + "_count") == 3)
        let first = metrics.value(
            "gen_ai_client_operation_time_to_first_chunk_seconds_sum")
        #expect(first == Double(trace.operations[0]["gen_ai.response.time_to_first_chunk"] ?? ""))
        #expect(metrics.value("gen_ai_server_time_to_first_token_seconds_count") == 1)
        let perToken = try #require(
            metrics.value("gen_ai_server_time_per_output_token_seconds_sum"))
        let whole = try #require(
            metrics.value("gen_ai_server_request_duration_seconds_sum"))
        let toFirst = try #require(
            metrics.value("gen_ai_server_time_to_first_token_seconds_sum"))
        #expect(abs(perToken - (whole - toFirst) / 2) < 1e-6)
        #expect(metrics.value(Self.usage + "_sum", ["gen_ai_token_type": "output"]) == 3)
    }

    @Test func `durations are those of the spans`() throws {
        let gateway = try TestGateway(try FaultyUpstream.good())
        #expect(try gateway.answer(to: Wire.chat())?.status == 200)
        let trace = try gateway.trace()
        let metrics = try Exposition(gateway)
        for (name, span) in [
            (Self.operation, trace.operations[0]),
            ("http_server_request_duration_seconds", trace.server),
            ("http_client_request_duration_seconds", trace.attempts[0]),
        ] {
            #expect(metrics.value(name + "_sum") == Double(span.end - span.start) / 1e9)
        }
    }

    @Test(
        "the error of a failed call is the span's, and there is no usage without a count",
        arguments: [
            Wire.answer(#"{"error":{"code":"rate_limit_exceeded"}}"#, status: "429 Slow"),
            Wire.answer(#"{"error":{"type":"overloaded_error"}}"#, status: "529 Busy"),
            Wire.answer(#"{"error":{"code":"what is this?"}}"#, status: "400 Bad"),
            Wire.answer("no JSON", status: "503 Away"), "SSH-2.0-OpenSSH\r\n",
        ])
    func failsAlike(_ answer: String) throws {
        let gateway = try TestGateway(
            try FaultyUpstream([.readRequest, .send(answer), .wait(milliseconds: 5)]))
        _ = try gateway.answer(to: Wire.chat())
        let trace = try gateway.trace()
        let metrics = try Exposition(gateway)
        let word = try #require(trace.operations.first?.errorType)
        #expect(try metrics.labels(Self.operation + "_count")["error_type"] == word)
        let attempt = try metrics.labels("http_client_request_duration_seconds_count")
        #expect(attempt["error_type"] == trace.attempts.first?.errorType)
        let server = try metrics.labels("http_server_request_duration_seconds_count")
        #expect(server["error_type"] == trace.server.errorType)
        #expect(
            try metrics.labels("gen_ai_server_request_duration_seconds_count")["error_type"]
                == word)
        #expect(!metrics.text.contains(Self.usage))
        #expect(!metrics.text.contains("first_token"))
    }

    @Test func `a client that left is an error of the call, not of the server`() throws {
        let upstream = try FaultyUpstream([.readRequest, .readToEnd])
        let gateway = try TestGateway(upstream)
        let client = try gateway.connect()
        client.send(Wire.chat())
        #expect(upstream.journal.wait(for: 2).count == 2)
        client.reset()
        let trace = try gateway.trace()
        let metrics = try Exposition(gateway)
        #expect(trace.operations.first?.errorType == "client_disconnected")
        #expect(
            try metrics.labels(Self.operation + "_count")["error_type"] == "client_disconnected")
        let server = try metrics.labels("http_server_request_duration_seconds_count")
        #expect(server["error_type"] == nil)
        #expect(server["http_response_status_code"] == "499")
    }

    @Test func `an unsampled request is counted like any other, without exemplars`() throws {
        let gateway = try TestGateway(try FaultyUpstream.good())
        let unsampled = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
        let client = try gateway.connect()
        client.send(Wire.chat([unsampled]))
        #expect(client.response()?.status == 200)
        let ask = ["Accept: application/openmetrics-text"]
        let before = try Exposition(gateway, ask)
        #expect(before.value(Self.operation + "_count") == 1)
        #expect(before.value(Self.usage + "_sum", ["gen_ai_token_type": "input"]) == 9)
        #expect(!before.text.contains("trace_id"))
        client.send(Wire.chat([unsampled.dropLast(1) + "1"]))
        #expect(client.response()?.status == 200)
        let trace = try gateway.trace()
        let after = try Exposition(gateway, ask)
        #expect(after.value(Self.operation + "_count") == 2)
        let exemplars = Set(
            after.text.split(separator: "\n").compactMap { line -> String? in
                let parts = line.components(separatedBy: " # ")
                guard parts.count > 1, line.hasPrefix(Self.operation) else { return nil }
                return parts[1].components(separatedBy: "}")[0]
            })
        #expect(
            exemplars == [
                "{trace_id=\"\(trace.id)\",span_id=\"\(trace.operations[0].id)\""
            ])
        #expect(after.text.hasSuffix("# EOF\n"))
    }

    @Test func `what is passed on is an HTTP request and no operation of a model`() throws {
        let gateway = try TestGateway(try FaultyUpstream.good())
        #expect(try gateway.answer(to: Wire.get("/v1/files"))?.status == 200)
        #expect(try gateway.answer(to: Wire.get("/nowhere"))?.status == 404)
        #expect(gateway.traces(2).count == 2)
        let metrics = try Exposition(gateway)
        #expect(!metrics.text.contains("gen_ai"))
        let count = "http_server_request_duration_seconds_count"
        #expect(metrics.value(count, ["http_route": "/v1/*"]) == 1)
        let notFound = metrics.samples.filter {
            $0.name == count && $0.labels["http_response_status_code"] == "404"
        }
        #expect(notFound.count == 1)
        #expect(notFound.first?.labels["http_route"] == nil)
        #expect(metrics.value("http_client_request_duration_seconds_count") == 1)
    }

    @Test(
        "the media type is the one that was asked for",
        arguments: [
            ("text/plain", "text/plain; version=0.0.4; charset=utf-8"),
            (
                "application/openmetrics-text",
                "application/openmetrics-text; version=1.0.0; charset=utf-8"
            ),
        ])
    func negotiates(_ accept: String, _ type: String) throws {
        let gateway = try TestGateway(try FaultyUpstream.good())
        let response = try gateway.answer(to: Wire.get("/metrics", ["Accept: \(accept)"]))
        #expect(response?.header("content-type") == type)
    }
}

extension FaultyUpstream {
    fileprivate var port: String { url("").split(separator: ":").last.map(String.init) ?? "" }
}
