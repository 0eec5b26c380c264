import Bytes

/// The accounting of all exporters on `/metrics`.
package enum ExportMetrics {
    /// The names of a signal's accounting.
    private struct Names {
        let accepted: StaticString
        let exported: StaticString
        let pending: StaticString
        let lost: StaticString

        init(_ signal: Signal) {
            switch signal {
            case .traces:
                accepted = "martlet_export_spans_accepted_total"
                exported = "martlet_export_spans_exported_total"
                pending = "martlet_export_spans_pending"
                lost = "martlet_export_spans_lost_total"
            case .metrics:
                accepted = "martlet_export_data_points_accepted_total"
                exported = "martlet_export_data_points_exported_total"
                pending = "martlet_export_data_points_pending"
                lost = "martlet_export_data_points_lost_total"
            case .logs:
                accepted = "martlet_export_log_records_accepted_total"
                exported = "martlet_export_log_records_exported_total"
                pending = "martlet_export_log_records_pending"
                lost = "martlet_export_log_records_lost_total"
            }
        }
    }

    /// Appends what became of the items of each exporter, signal by signal, and its requests.
    package static func appendPrometheus(
        _ exporters: [ExportCounters], into buffer: inout ByteBuffer
    ) {
        guard !exporters.isEmpty else { return }
        for signal in Signal.allCases {
            appendItems(of: signal, exporters.filter { $0.signal == signal }, into: &buffer)
        }
        requests(
            "martlet_export_requests_total", exporters, into: &buffer,
            help: "Requests made to the receiver, retries included."
        ) { $0.traffic.requests }
        requests(
            "martlet_export_retries_total", exporters, into: &buffer,
            help: "Requests that repeated an earlier one."
        ) { $0.traffic.retries }
        requests(
            "martlet_export_body_bytes_total", exporters, into: &buffer,
            help: "Bytes of request bodies, as compressed."
        ) { $0.traffic.bytes }
    }

    private static func appendItems(
        of signal: Signal, _ exporters: [ExportCounters], into buffer: inout ByteBuffer
    ) {
        guard !exporters.isEmpty else { return }
        let names = Names(signal)
        family(
            names.accepted, .counter, exporters, into: &buffer,
            help: "Items handed to the exporter: exported + pending + lost."
        ) { $0.accepted }
        family(
            names.exported, .counter, exporters, into: &buffer,
            help: "Items the receiver took."
        ) { $0.exported }
        family(
            names.pending, .gauge, exporters, into: &buffer,
            help: "Items queued or on their way."
        ) { $0.pending }
        PrometheusText.appendHead(
            names.lost, .counter, help: "Items that did not arrive, by reason.", to: &buffer)
        for exporter in exporters {
            for reason in LossReason.allCases {
                PrometheusText.appendSample(
                    names.lost,
                    labels: [
                        ("exporter", exporter.exporter),
                        ("reason", String(describing: reason.label)),
                    ], exporter.lost(reason), to: &buffer)
            }
        }
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

    private static func requests(
        _ name: StaticString, _ exporters: [ExportCounters], into buffer: inout ByteBuffer,
        help: StaticString, _ value: (ExportCounters) -> Int
    ) {
        PrometheusText.appendHead(name, .counter, help: help, to: &buffer)
        for exporter in exporters {
            PrometheusText.appendSample(
                name,
                labels: [
                    ("exporter", exporter.exporter),
                    ("signal", String(describing: exporter.signal.label)),
                ], value(exporter), to: &buffer)
        }
    }
}
