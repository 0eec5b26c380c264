import Foundation
import GatewayTesting
import Testing

/// What a request leaves in the log.
@Suite struct LogTests {
    private func object(_ line: String?) throws -> [String: Any] {
        let line = try #require(line)
        return try #require(
            JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    @Test func `a request is one line at info`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream, logsJSON: true, logsDebug: false)
        let response = try gateway.answer(to: Wire.chat())
        let lines = gateway.log.lines(of: "request.end", 1)
        #expect(gateway.log.all.count == 1)
        let line = try object(lines.first)
        let trace = try gateway.trace()
        #expect(
            Set(line.keys) == [
                "timestamp", "level", "message", "event", "request_id", "method", "route", "model",
                "status", "duration_ms", "attempts", "bytes", "trace_id", "span_id",
            ])
        #expect(line["level"] as? String == "info")
        #expect(line["message"] as? String == "the request ended")
        #expect(line["model"] as? String == "gpt-4o")
        #expect(line["method"] as? String == "POST")
        #expect(line["route"] as? String == "/v1/chat/completions")
        #expect(line["status"] as? Int == 200)
        #expect(line["attempts"] as? Int == 1)
        #expect(line["bytes"] as? Int == response?.body.count)
        #expect((line["duration_ms"] as? Double ?? -1) > 0)
        #expect(line["trace_id"] as? String == trace.id)
        #expect(line["span_id"] as? String == trace.server.id)
        #expect(line["request_id"] as? String == response?.header("x-request-id"))
    }

    @Test func `a request's beginning and each attempt are lines at debug`() throws {
        let upstream = try FaultyUpstream.answering(
            Wire.answer(["X-Request-Id: req_of-the-upstream"]))
        let gateway = try TestGateway(upstream)
        _ = try gateway.answer(to: Wire.chat())
        let end = gateway.log.lines(of: "request.end", 1)
        let trace = try gateway.trace()
        let server = "[trace_id=\(trace.id) span_id=\(trace.server.id)]"
        let attempt = "[trace_id=\(trace.id) span_id=\(trace.attempts[0].id)]"
        #expect(gateway.log.all.count == 3)
        #expect(gateway.log.all[0].contains(" debug   the request began event=request.start "))
        #expect(gateway.log.all[0].hasSuffix(server))
        #expect(gateway.log.all[1].contains(" debug   an attempt ended event=upstream.attempt "))
        #expect(gateway.log.all[1].contains(" request_id=req_of-the-upstream model=gpt-4o "))
        #expect(gateway.log.all[1].contains(" attempt=1 upstream=127.0.0.1 status=200 "))
        #expect(gateway.log.all[1].hasSuffix(attempt))
        #expect(end.first?.contains(" info    the request ended event=request.end ") == true)
        #expect(end.first?.contains(" request_id=req_of-the-upstream ") == true)
        #expect(end.first?.hasSuffix(server) == true)
    }

    @Test func `a request that is not recorded has lines with its ids`() throws {
        let upstream = try FaultyUpstream.answering(Wire.answer(["X-Request-Id: req_7"]))
        let gateway = try TestGateway(
            upstream, sampler: .init(root: .alwaysOff, honoursParent: false))
        let response = try gateway.answer(to: Wire.chat())
        let line = gateway.log.lines(of: "request.end", 1).first
        let id = try #require(response?.header("x-trace-id"))
        #expect(line?.contains("[trace_id=\(id) span_id=") == true)
        #expect(line?.contains(" request_id=req_7 ") == true)
    }

    @Test(
        "an error's line has its code, its urgency and no word of the client's path",
        arguments: [
            ("GET /nowhere-canary HTTP/1.1", "info", "status=404 error=not_found"),
            ("BREW /v1/chat/completions HTTP/1.1", "info", "status=501 error=not_implemented"),
            ("GET /v1/models HTTP/9.9-canary", "info", "status=400 error=invalid_request"),
        ])
    func tellsErrors(_ line: String, _ level: String, _ wanted: String) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream, logsDebug: false)
        _ = try gateway.answer(to: Wire.head(line))
        let found = gateway.log.lines(of: "request.end", 1).first
        #expect(found?.contains(" \(level) ") == true)
        #expect(found?.contains(wanted) == true, "\(found ?? "")")
        #expect(found?.contains("canary") == false)
    }

    @Test func `an upstream that fails is a warning`() throws {
        let upstream = try FaultyUpstream([.readRequest])
        let gateway = try TestGateway(upstream)
        _ = try gateway.answer(to: Wire.chat())
        let attempt = gateway.log.lines(of: "upstream.attempt", 1).first
        #expect(attempt?.contains(" error=upstream_closed ") == true)
        let line = gateway.log.lines(of: "request.end", 1).first
        #expect(line?.contains(" warning the request ended ") == true)
        #expect(line?.contains(" model=gpt-4o status=502 error=upstream_closed ") == true)
    }

    @Test(
        "what a client calls a model stays on one line, without control characters",
        arguments: [
            (#"x status=200"#, #""x status=200""#), (#"\u202e"#, #""\u202e""#),
            (#"\ud800"#, "\"\u{FFFD}\""),
        ])
    func escapesModels(_ model: String, _ wanted: String) throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream, logsDebug: false)
        _ = try gateway.answer(to: Wire.chat(#"{"model":"\#(model)","messages":[]}"#))
        let line = gateway.log.lines(of: "request.end", 1).first
        #expect(line?.contains(" model=\(wanted) ") == true, "\(line ?? "")")
        #expect(gateway.log.all.count == 1)
    }

    @Test func `dropped lines are a number on the metrics page`() throws {
        let upstream = try FaultyUpstream.good()
        let gateway = try TestGateway(upstream, logsDebug: false)
        gateway.log.isFull = true
        _ = try gateway.answer(to: Wire.chat())
        // The trace is handed over behind the line.
        _ = try gateway.trace()
        let page = try gateway.answer(to: Wire.get("/metrics"))?.text
        #expect(page?.contains("\nmartlet_log_lines_dropped_total 1\n") == true)
    }
}
