import Bytes
import Telemetry
import Testing

@Suite struct MetricsTests {
    @Test func `series are printed below the head of their name`() {
        let registry = MetricRegistry()
        let open = registry.cell(
            "martlet.open.connections", .gauge, unit: "{connection}",
            help: "Connections of callers.")
        let plain = registry.cell(
            "martlet.requests", .counter, unit: "{request}", help: "Requests.",
            labels: [("endpoint", "chat")])
        let odd = registry.cell(
            "martlet.requests", .counter, unit: "{request}", help: "Requests.",
            labels: [("endpoint", "a\"b\\c\nd")])
        open.add(3)
        open.add(-1)
        plain.add()
        odd.set(7)
        #expect(
            text { PrometheusText.plain.append(registry.collect(), to: &$0) } == """
                # HELP martlet_open_connections Connections of callers.
                # TYPE martlet_open_connections gauge
                martlet_open_connections 2
                # HELP martlet_requests_total Requests.
                # TYPE martlet_requests_total counter
                martlet_requests_total{endpoint="chat"} 1
                martlet_requests_total{endpoint="a\\"b\\\\c\\nd"} 7

                """)
    }

    @Test func `the same series is the same cell`() {
        let registry = MetricRegistry()
        let labels: [(name: StaticString, value: String)] = [("code", "not_found")]
        let one = registry.cell(
            "martlet.errors", .counter, unit: "{error}", help: "E.", labels: labels)
        let two = registry.cell(
            "martlet.errors", .counter, unit: "{error}", help: "E.", labels: labels)
        #expect(one === two)
    }

    @Test func `a label without bounds fills one series, not the memory`() {
        let registry = MetricRegistry()
        for index in 0..<1_000 {
            registry.cell(
                "martlet.errors", .counter, unit: "{error}", help: "E.",
                labels: [("code", "\(index)")]
            ).add()
        }
        let lines = text { PrometheusText.plain.append(registry.collect(), to: &$0) }.split(
            separator: "\n")
        #expect(lines.count == 2 + MetricRegistry.seriesMax + 1)
        #expect(lines.last == "martlet_errors_total{code=\"other\"} 800")
    }

    @Test func `the accounting of each exporter is printed`() {
        let counters = ExportCounters(exporter: "otlp")
        counters.countQueued(10)
        counters.countTurnedAway(3, .queueFull)
        counters.countExported(4)
        counters.countLost(2, .refused)
        counters.countRequest(bodyBytes: 100, isRetry: false)
        counters.countRequest(bodyBytes: 100, isRetry: true)
        let printed = text {
            PrometheusText.plain.append(ExportMetrics.collect([counters]), to: &$0)
        }
        for line in [
            "# TYPE martlet_export_spans_accepted_total counter",
            "martlet_export_spans_accepted_total{exporter=\"otlp\"} 13",
            "martlet_export_spans_exported_total{exporter=\"otlp\"} 4",
            "# TYPE martlet_export_spans_pending gauge",
            "martlet_export_spans_pending{exporter=\"otlp\"} 4",
            "martlet_export_spans_lost_total{exporter=\"otlp\",reason=\"queue_full\"} 3",
            "martlet_export_spans_lost_total{exporter=\"otlp\",reason=\"refused\"} 2",
            "martlet_export_spans_lost_total{exporter=\"otlp\",reason=\"shutdown\"} 0",
            "martlet_export_requests_total{exporter=\"otlp\",signal=\"traces\"} 2",
            "martlet_export_retries_total{exporter=\"otlp\",signal=\"traces\"} 1",
            "martlet_export_body_bytes_total{exporter=\"otlp\",signal=\"traces\"} 200",
        ] {
            #expect(printed.contains(line + "\n"))
        }
        #expect(balances(counters))
    }

    @Test(arguments: LossReason.allCases)
    func `every reason keeps the balance`(reason: LossReason) {
        let counters = ExportCounters(exporter: "x")
        counters.countQueued(5)
        counters.countLost(2, reason)
        counters.countTurnedAway(1, reason)
        #expect(counters.lost(reason) == 3)
        #expect(counters.lost == 3)
        #expect(counters.pending == 3)
        #expect(balances(counters))
    }
}
