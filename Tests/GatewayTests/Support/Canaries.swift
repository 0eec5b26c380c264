import Bytes
import Compression
import Configuration
import Foundation
import Gateway
import GatewayTesting
import Telemetry
import Testing

/// Words that are sent through every place of a request, and looked for in all that leaves.
enum Canary {
    /// In headers, queries and settings that hold secrets: never to be seen.
    static let headers = [
        "Authorization: Bearer CANARYauthorization", "Cookie: s=CANARYcookie",
        "Proxy-Authorization: Basic CANARYproxy", "x-api-key: CANARYxapikey",
        "x-goog-api-key: CANARYgoog", "X-Custom: CANARYcustom", "baggage: token=CANARYbaggage",
        "baggage: session.id=sk-CANARYinbaggage01", "x-portkey-api-key: CANARYportkeykey",
        "x-portkey-config: CANARYportkeyconfig", "x-portkey-virtual-key: CANARYvirtual",
        #"x-portkey-metadata: {"team":"sk-CANARYinmetadata01","n":{"a":"CANARYnested"}}"#,
        "Referer: http://x/CANARYreferer", "Forwarded: for=CANARYforwarded",
        "X-Forwarded-For: CANARYforwardedfor", "OpenAI-Organization: CANARYorganization",
        "x-request-id: CANARYrequestid", "x-martlet-anything: CANARYmartlet",
    ]
    static let query =
        [
            "api_key", "api-key", "API%5FKEY", "key", "access_token", "token", "sig", "Signature",
            "x-amz-security-token", "password", "client_secret",
        ].map { "\($0)=CANARYquery" }.joined(separator: "&") + "&other=sk-CANARYqueryvalue1"
    /// Members of a body that nobody asked to record.
    static let unknown =
        #""metadata":{"a":"CANARYmeta"},"x_unknown":{"y":["CANARYunknown"]},"#
        + #""prompt_cache_key":"CANARYcachekey""#
    /// In messages: credentials and personal data.
    static let personal = [
        "sk-CANARYprompt0123456789", "canary.mail@example.org", "4111 1111 1111 1111",
        "DE89 3704 0044 0532 0130 00", "+49 151 23456789",
    ]
    /// In messages: words.
    static let words = [
        "CANARYsystem", "CANARYuser", "CANARYtool", "CANARYargument", "CANARYresult",
        "CANARYanswer", "CANARYstop",
    ]
    static let user = "CANARYuserid"
    /// In the settings.
    static let settings = ["CANARYprovider", "CANARYexport", "CANARYpush", "CANARYsecret"]
    /// In what the upstream says beside its answer.
    static let upstream = ["Set-Cookie: CANARYsetcookie", "X-Up: CANARYup", "Server: CANARYserver"]

    /// A chat with all of them.
    static func body(isStream: Bool) -> String {
        let personal = personal.joined(separator: " and ")
        return """
            {"model":"gpt-4o","user":"\(user)",\(unknown),"stream":\(isStream),\
            "stop":["CANARYstop","\(personal)"],"messages":[\
            {"role":"system","content":"CANARYsystem \(personal)"},\
            {"role":"user","content":[{"type":"text","text":"CANARYuser \(personal)"}]},\
            {"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"f",\
            "arguments":"{\\"a\\":\\"CANARYargument \(personal)\\"}"}}]},\
            {"role":"tool","tool_call_id":"c1",\
            "content":"{\\"r\\":\\"CANARYresult \(personal)\\"}"}],\
            "tools":[{"type":"function","function":{"name":"f",\
            "description":"CANARYtool \(personal)",\
            "parameters":{"type":"object","properties":{"a":{"description":"\(personal)"}}}}}]}
            """
    }

    /// The answer to it, in pieces that split what is looked for.
    static func answer(isStream: Bool) -> String {
        let text = "CANARYanswer " + personal.joined(separator: " and ")
        guard isStream else {
            return Wire.answer(
                Wire.completion.replacingOccurrences(of: "Hello", with: text), upstream)
        }
        let pieces = stride(from: 0, to: text.count, by: 7).map { start in
            String(text.dropFirst(start).prefix(7))
        }
        let events = pieces.map { Wire.chunk(Wire.event($0)) }.joined()
        return Wire.streamHead.replacingOccurrences(
            of: "\r\n\r\n", with: "\r\n" + upstream.joined(separator: "\r\n") + "\r\n\r\n")
            + events + Wire.chunk(Wire.finishEvent + Wire.doneEvent) + Wire.lastChunk
    }
}

/// A gateway with exporters of every signal, and all that leaves it.
struct CanaryRun {
    /// Everything that left the process, by the place where it did.
    var places: [(name: String, text: String)] = []
    /// The requests that the receivers got.
    var deliveries: [OTLPSink.Delivery] = []
    /// What went to the receivers alone.
    var exported: String { text(of: "export") }

    func text(of prefix: String) -> String {
        places.filter { $0.name.hasPrefix(prefix) }.map(\.text).joined(separator: "\n")
    }

    /// The places that hold `word`.
    func places(holding word: String) -> [String] {
        places.filter { $0.text.contains(word) }.map(\.name)
    }

    /// Makes calls through a gateway with these settings, and gathers what left it.
    init(
        settings: [String: String], environment: [String: String] = [:], wire: String,
        isGzip: Bool, answer: String, requests: [String]
    ) throws {
        let sink = try OTLPSink()
        let push = try OTLPSink()
        let upstream = try FaultyUpstream.answering(answer)
        let variables = [
            "MARTLET_SECRET": "CANARYsecret", "MARTLET_API_KEYS": "CANARYauthorization",
            "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url(), "OTEL_EXPORTER_OTLP_PROTOCOL": wire,
            "OTEL_EXPORTER_OTLP_COMPRESSION": isGzip ? "gzip" : "none",
            "OTEL_EXPORTER_OTLP_HEADERS": "api-key=CANARYexport",
            "OTEL_LOGS_EXPORTER": "otlp", "OTEL_METRICS_EXPORTER": "otlp",
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_AND_EVENT",
            "EXPERIMENTAL_GEN_AI_OTEL_TRACES_ENABLED": "true",
            "EXPERIMENTAL_GEN_AI_OTEL_EXPORTER_OTLP_ENDPOINT": push.url(),
            "EXPERIMENTAL_GEN_AI_OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer CANARYpush",
        ].merging(environment) { $1 }
        let configuration = try TestGateway.configuration(
            upstream.url("/v1"), settings, variables)
        let pipelineLog = LogLines()
        let pipeline = TelemetryPipeline(
            environment: configuration.telemetry, settings: configuration.settings.telemetry,
            content: configuration.settings.content, version: "0.0.0",
            log: Log(
                level: .debug, format: .text, now: { 0 }, output: { pipelineLog.write($0) }),
            consoleStyle: .tree(isColoured: false), console: { _ in true },
            debug: configuration.settings.debug)
        var ids: [String] = []
        do {
            let gateway = try TestGateway(
                upstream, settings.merging(["upstream.apiKey": "CANARYprovider"]) { $1 },
                environment: variables, telemetry: pipeline)
            for request in requests {
                let response = try gateway.answer(to: request, within: 30_000)
                if let id = response?.header("x-trace-id") { ids.append(id) }
                if response?.header("x-martlet-error") == "true" {
                    places.append(("error body", response?.text ?? ""))
                }
            }
            _ = gateway.log.lines(of: "request.end", requests.count)
            let pages =
                ["/metrics", "/readyz", "/debug/traces"] + ids.map { "/debug/traces/\($0)" }
            for page in pages {
                for type in ["application/json", "text/html"] {
                    let request = Wire.get(page, ["Accept: \(type)"])
                        .replacingOccurrences(of: "gateway.test", with: "localhost")
                    places.append(("page \(page)", try gateway.answer(to: request)?.text ?? ""))
                }
            }
            places.append(("log", gateway.log.text))
        }
        pipeline.shutDown(within: 30_000)
        places.append(("log of exports", pipelineLog.text))
        for (name, sink) in [("otlp", sink), ("push", push)] {
            deliveries += sink.deliveries.entries
            for delivery in sink.deliveries.entries {
                places.append(("export \(name) \(delivery.path)", Self.text(delivery.body)))
            }
        }
        #expect(places.contains { $0.name.hasPrefix("export") })
        #expect(text(of: "page /debug/traces/").contains("span_id"))
        #expect(text(of: "page /metrics").contains("martlet_"))
    }

    /// A body as it went, and decompressed.
    private static func text(_ body: [UInt8]) -> String {
        var plain = ByteBuffer()
        try? Gzip.decompress(body.span, into: &plain, limit: 64 << 20)
        return String(decoding: body, as: UTF8.self) + String(decoding: plain.bytes)
    }
}
