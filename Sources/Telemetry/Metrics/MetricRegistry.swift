import Bytes
import Synchronization

/// A number on `/metrics` that any thread changes without a lock.
package final class MetricCell: Sendable {
    private let number = Atomic<Int>(0)

    fileprivate init() {}

    /// What is printed.
    package var value: Int { number.load(ordering: .relaxed) }

    /// Adds `amount`, which is negative only for gauges.
    package func add(_ amount: Int = 1) {
        number.wrappingAdd(amount, ordering: .relaxed)
    }

    /// Replaces the number of a gauge.
    package func set(_ value: Int) {
        number.store(value, ordering: .relaxed)
    }
}

/// Counters and gauges of the process that all threads share.
///
/// A series is registered once and its cell kept: what happens for each request is one atomic
/// addition. Label values must come from a set that callers cannot grow; beyond
/// `seriesMax` series of a name, further label values share one series, "other".
package final class MetricRegistry: Sendable {
    /// Series of one name: a fuse against labels that turn out unbounded.
    package static let seriesMax = 200

    /// What a series does, as far as they are used here.
    package enum Kind: Sendable {
        /// Only rises. Its name on `/metrics` ends in `_total`.
        case counter
        /// Rises and falls.
        case gauge
    }

    private struct Series: Sendable {
        let labels: MetricLabels
        let cell: MetricCell
    }

    private struct Family: Sendable {
        let definition: MetricDefinition
        var series: [Series] = []
    }

    private let families = Mutex<[Family]>([])

    /// A registry without series.
    package init() {}

    /// The cell of a series, made where it is new. `name` is dotted and begins with `martlet.`;
    /// unit and help are those of the first series.
    package func cell(
        _ name: StaticString, _ kind: Kind, unit: StaticString, help: StaticString,
        labels: [(name: StaticString, value: String)] = []
    ) -> MetricCell {
        let name = String(describing: name)
        return families.withLock { families in
            let index: Int
            if let known = families.firstIndex(where: { $0.definition.name == name }) {
                index = known
            } else {
                index = families.count
                families.append(
                    Family(
                        definition: MetricDefinition(
                            name, unit: String(describing: unit),
                            kind == .counter ? .counter : .upDownCounter,
                            String(describing: help))))
            }
            return Self.cell(in: &families[index], labels: labels)
        }
    }

    private static func cell(
        in family: inout Family, labels: [(name: StaticString, value: String)]
    ) -> MetricCell {
        func find(_ labels: MetricLabels) -> MetricCell? {
            family.series.first { $0.labels == labels }?.cell
        }
        var wanted = MetricLabels(labels.map { MetricLabel($0.name, $0.value) })
        if let known = find(wanted) { return known }
        if family.series.count >= seriesMax, !labels.isEmpty {
            wanted = MetricLabels(labels.map { MetricLabel($0.name, LabelNames.other) })
            if let shared = find(wanted) { return shared }
        }
        let cell = MetricCell()
        family.series.append(Series(labels: wanted, cell: cell))
        return cell
    }

    /// Every series.
    package func collect() -> [MetricData] {
        families.withLock { $0 }.map { family in
            MetricData(
                family.definition,
                family.series.map { MetricPoint($0.labels, .integer($0.cell.value)) })
        }
    }
}
