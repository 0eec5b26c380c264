import Bytes
import Telemetry
import Testing

@Suite struct PrometheusTextTests {
    private func meters(_ filter: ExemplarFilter = .traceBased) -> Meters {
        let meters = Meters { $0.exemplars = filter }
        let meter = meters.makeWorkerMeter()
        let series = meter.chat("gpt-\"4\"\\", answeredBy: "")
        series.record(.operationDuration, nanoseconds: 5_000_000, unsampled, in: meter)
        series.record(.operationDuration, nanoseconds: 15_000_000, sampled, in: meter)
        series.record(inputTokens: 70_000_000, unsampled, in: meter)
        return meters
    }

    private let labels =
        #"gen_ai_operation_name="chat",gen_ai_provider_name="openai","#
        + #"gen_ai_request_model="gpt-\"4\"\\","#

    private let place = #"server_address="api.openai.com",server_port="443""#

    @Test func `a histogram is its buckets, count and sum`() {
        let printed = text { PrometheusText.plain.append(meters().collect(), to: &$0) }
        let lines = printed.split(separator: "\n").map(String.init)
        let name = "gen_ai_client_operation_duration_seconds"
        #expect(lines[0] == "# HELP \(name) GenAI operation duration.")
        #expect(lines[1] == "# TYPE \(name) histogram")
        #expect(lines[2] == "\(name)_bucket{\(labels)\(place),le=\"0.01\"} 1")
        #expect(lines[3] == "\(name)_bucket{\(labels)\(place),le=\"0.02\"} 2")
        #expect(lines[16] == "\(name)_bucket{\(labels)\(place),le=\"+Inf\"} 2")
        #expect(lines[17] == "\(name)_count{\(labels)\(place)} 2")
        #expect(lines[18] == "\(name)_sum{\(labels)\(place)} 0.02")
        let tokens = "gen_ai_client_token_usage"
        #expect(lines[20] == "# TYPE \(tokens) histogram")
        let input = labels + #"gen_ai_token_type="input","# + place
        #expect(lines[21] == "\(tokens)_bucket{\(input),le=\"1.0\"} 0")
        #expect(lines[34] == "\(tokens)_bucket{\(input),le=\"67108864.0\"} 0")
        #expect(lines[35] == "\(tokens)_bucket{\(input),le=\"+Inf\"} 1")
        #expect(lines[37] == "\(tokens)_sum{\(input)} 70000000.0")
        #expect(lines.count == 38)
    }

    @Test func `OpenMetrics has units, exemplars of sampled traces, and an end`() {
        let printed = text { PrometheusText.openMetrics.append(meters().collect(), to: &$0) }
        let name = "gen_ai_client_operation_duration_seconds"
        #expect(printed.contains("# UNIT \(name) seconds\n"))
        #expect(printed.contains(",le=\"0.01\"} 1\n"))
        #expect(
            printed.contains(
                ",le=\"0.02\"} 2 # {trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\","
                    + "span_id=\"00f067aa0ba902b7\"} 0.015 1700000000.123\n"))
        #expect(printed.hasSuffix("\n# EOF\n"))
        #expect(!printed.contains("\n\n"))
        #expect(printed.split(separator: " # {").count == 2)
    }

    @Test func `the plain format has no exemplars`() {
        let printed = text { PrometheusText.plain.append(meters().collect(), to: &$0) }
        #expect(!printed.contains("trace_id"))
        #expect(!printed.contains("EOF"))
        #expect(!printed.contains("UNIT"))
    }

    @Test(
        "the filter decides what becomes an exemplar",
        arguments: [(ExemplarFilter.alwaysOff, 0), (.traceBased, 1), (.alwaysOn, 2)])
    func filtersExemplars(_ filter: ExemplarFilter, _ count: Int) {
        let value = meters(filter).histogram("gen_ai.client.operation.duration")
        #expect(value?.exemplars.count == count)
        // Whatever the filter, only a sampled trace can be looked up.
        #expect(value?.exemplars.filter { $0.traceID != nil }.count == min(count, 1))
    }

    @Test func `a counter's family is without its suffix in OpenMetrics`() {
        let registry = MetricRegistry()
        registry.cell(
            "martlet.export.body", .counter, unit: "By", help: "A \"b\" \\ c."
        ).add(5)
        #expect(
            text { PrometheusText.plain.append(registry.collect(), to: &$0) } == """
                # HELP martlet_export_body_bytes_total A "b" \\\\ c.
                # TYPE martlet_export_body_bytes_total counter
                martlet_export_body_bytes_total 5

                """)
        #expect(
            text { PrometheusText.openMetrics.append(registry.collect(), to: &$0) } == """
                # HELP martlet_export_body_bytes A \\"b\\" \\\\ c.
                # TYPE martlet_export_body_bytes counter
                # UNIT martlet_export_body_bytes bytes
                martlet_export_body_bytes_total 5
                # EOF

                """)
    }

    @Test(
        "the format is the one that is asked for",
        arguments: [
            ("", PrometheusText.plain), ("*/*", .plain), ("text/plain", .plain),
            ("application/openmetrics-text", .openMetrics),
            ("Application/OpenMetrics-Text; version=1.0.0; charset=utf-8", .openMetrics),
            ("application/openmetrics-text;version=0.0.1", .openMetrics),
            ("application/openmetrics-text;version=2.0.0", .plain),
            (
                "application/openmetrics-text;version=2.0.0,application/openmetrics-text",
                .openMetrics
            ),
            ("application/openmetrics-text;q=0", .plain),
            ("application/openmetrics-text;q=0.2,text/plain;q=0.5", .plain),
            ("application/openmetrics-text;q=0.5,text/plain;version=0.0.4;q=0.4", .openMetrics),
            ("text/plain, application/openmetrics-text;q=0.999", .plain),
            (
                "application/openmetrics-text;version=1.0.0;q=0.5,"
                    + "application/openmetrics-text;version=0.0.1;q=0.4,"
                    + "text/plain;version=0.0.4;q=0.3,*/*;q=0.2", .openMetrics
            ),
            (";;,,;q=", .plain), ("application/openmetrics-text-2", .plain),
        ])
    func negotiates(_ accept: String, _ format: PrometheusText) {
        #expect(PrometheusText(accept: accept.utf8.span) == format)
    }
}
