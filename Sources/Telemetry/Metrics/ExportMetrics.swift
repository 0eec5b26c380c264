/// The accounting of all exporters, as metrics.
package enum ExportMetrics {
    /// Accepted, exported, pending and lost spans of each exporter, and its requests.
    package static func collect(_ exporters: [ExportCounters]) -> [MetricData] {
        guard !exporters.isEmpty else { return [] }
        return [
            family(accepted, exporters) { $0.accepted },
            family(exported, exporters) { $0.exported },
            family(pending, exporters) { $0.pending },
            MetricData(lost, exporters.flatMap(losses)),
            family(requests, exporters) { $0.traffic.requests },
            family(retries, exporters) { $0.traffic.retries },
            family(bodyBytes, exporters) { $0.traffic.bytes },
        ]
    }

    private static let accepted = MetricDefinition(
        "martlet.export.spans.accepted", unit: "{span}", .observedCounter,
        "Spans handed to the exporter: exported + pending + lost.")
    private static let exported = MetricDefinition(
        "martlet.export.spans.exported", unit: "{span}", .observedCounter,
        "Spans the receiver took.")
    private static let pending = MetricDefinition(
        "martlet.export.spans.pending", unit: "{span}", .upDownCounter,
        "Spans queued or on their way.")
    private static let lost = MetricDefinition(
        "martlet.export.spans.lost", unit: "{span}", .observedCounter,
        "Spans that did not arrive, by reason.")
    private static let requests = MetricDefinition(
        "martlet.export.requests", unit: "{request}", .observedCounter,
        "Requests made to the receiver, retries included.")
    private static let retries = MetricDefinition(
        "martlet.export.retries", unit: "{request}", .observedCounter,
        "Requests that repeated an earlier one.")
    private static let bodyBytes = MetricDefinition(
        "martlet.export.body", unit: "By", .observedCounter,
        "Bytes of request bodies, as compressed.")

    private static func family(
        _ definition: MetricDefinition, _ exporters: [ExportCounters],
        _ value: (ExportCounters) -> Int
    ) -> MetricData {
        MetricData(
            definition,
            exporters.map { exporter in
                MetricPoint(
                    MetricLabels([MetricLabel("exporter", exporter.exporter)]),
                    .integer(value(exporter)))
            })
    }

    private static func losses(_ exporter: ExportCounters) -> [MetricPoint] {
        LossReason.allCases.map { reason in
            MetricPoint(
                MetricLabels([
                    MetricLabel("exporter", exporter.exporter),
                    MetricLabel("reason", String(describing: reason.label)),
                ]), .integer(exporter.lost(reason)))
        }
    }
}
