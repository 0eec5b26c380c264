/// The accounting of all exporters, as metrics.
package enum ExportMetrics {
    /// What a signal's accounting is called.
    private struct Definitions: Sendable {
        let signal: Signal
        let accepted, exported, pending, lost: MetricDefinition

        init(_ signal: Signal) {
            self.signal = signal
            let items: String
            let unit: String
            switch signal {
            case .traces: (items, unit) = ("spans", "{span}")
            case .metrics: (items, unit) = ("data_points", "{data_point}")
            case .logs: (items, unit) = ("log_records", "{log_record}")
            }
            func definition(
                _ name: String, _ kind: MetricDefinition.Kind, _ description: String
            ) -> MetricDefinition {
                MetricDefinition(
                    "martlet.export.\(items).\(name)", unit: unit, kind, description)
            }
            accepted = definition(
                "accepted", .observedCounter,
                "Items handed to the exporter: exported + pending + lost.")
            exported = definition("exported", .observedCounter, "Items the receiver took.")
            pending = definition("pending", .upDownCounter, "Items queued or on their way.")
            lost = definition(
                "lost", .observedCounter, "Items that did not arrive, by reason.")
        }
    }

    private static let definitions = Signal.allCases.map(Definitions.init)

    /// What became of the items of each exporter, signal by signal, and its requests.
    package static func collect(_ exporters: [ExportCounters]) -> [MetricData] {
        guard !exporters.isEmpty else { return [] }
        var result: [MetricData] = []
        for names in definitions {
            let exporters = exporters.filter { $0.signal == names.signal }
            guard !exporters.isEmpty else { continue }
            result.append(items(names.accepted, exporters) { $0.accepted })
            result.append(items(names.exported, exporters) { $0.exported })
            result.append(items(names.pending, exporters) { $0.pending })
            result.append(MetricData(names.lost, exporters.flatMap(losses)))
        }
        result.append(traffic(requests, exporters) { $0.traffic.requests })
        result.append(traffic(retries, exporters) { $0.traffic.retries })
        result.append(traffic(bodyBytes, exporters) { $0.traffic.bytes })
        return result
    }

    private static let requests = MetricDefinition(
        "martlet.export.requests", unit: "{request}", .observedCounter,
        "Requests made to the receiver, retries included.")
    private static let retries = MetricDefinition(
        "martlet.export.retries", unit: "{request}", .observedCounter,
        "Requests that repeated an earlier one.")
    private static let bodyBytes = MetricDefinition(
        "martlet.export.body", unit: "By", .observedCounter,
        "Bytes of request bodies, as compressed.")

    private static func items(
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

    private static func traffic(
        _ definition: MetricDefinition, _ exporters: [ExportCounters],
        _ value: (ExportCounters) -> Int
    ) -> MetricData {
        MetricData(
            definition,
            exporters.map { exporter in
                MetricPoint(
                    MetricLabels([
                        MetricLabel("exporter", exporter.exporter),
                        MetricLabel("signal", String(describing: exporter.signal.label)),
                    ]), .integer(value(exporter)))
            })
    }
}
