import Bytes

/// The accounting of all exporters on `/metrics`.
package enum ExportMetrics {
    /// Appends accepted, exported, pending and lost spans of each exporter, and its requests.
    package static func appendPrometheus(
        _ exporters: [ExportCounters], into buffer: inout ByteBuffer
    ) {
        guard !exporters.isEmpty else { return }
        family(
            "martlet_export_spans_accepted_total", .counter, exporters, into: &buffer,
            help: "Spans handed to the exporter: exported + pending + lost."
        ) { $0.accepted }
        family(
            "martlet_export_spans_exported_total", .counter, exporters, into: &buffer,
            help: "Spans the receiver took."
        ) { $0.exported }
        family(
            "martlet_export_spans_pending", .gauge, exporters, into: &buffer,
            help: "Spans queued or on their way."
        ) { $0.pending }
        PrometheusText.appendHead(
            "martlet_export_spans_lost_total", .counter,
            help: "Spans that did not arrive, by reason.", to: &buffer)
        for exporter in exporters {
            for reason in LossReason.allCases {
                PrometheusText.appendSample(
                    "martlet_export_spans_lost_total",
                    labels: [
                        ("exporter", exporter.exporter),
                        ("reason", String(describing: reason.label)),
                    ], exporter.lost(reason), to: &buffer)
            }
        }
        family(
            "martlet_export_requests_total", .counter, exporters, into: &buffer,
            help: "Requests made to the receiver, retries included."
        ) { $0.traffic.requests }
        family(
            "martlet_export_retries_total", .counter, exporters, into: &buffer,
            help: "Requests that repeated an earlier one."
        ) { $0.traffic.retries }
        family(
            "martlet_export_body_bytes_total", .counter, exporters, into: &buffer,
            help: "Bytes of request bodies, as compressed."
        ) { $0.traffic.bytes }
    }

    private static func family(
        _ name: StaticString, _ kind: MetricRegistry.Kind, _ exporters: [ExportCounters],
        into buffer: inout ByteBuffer, help: StaticString, _ value: (ExportCounters) -> Int
    ) {
        PrometheusText.appendHead(name, kind, help: help, to: &buffer)
        for exporter in exporters {
            PrometheusText.appendSample(
                name, labels: [("exporter", exporter.exporter)], value(exporter), to: &buffer)
        }
    }
}
