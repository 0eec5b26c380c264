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

/// Counters and gauges of the process, printed in Prometheus' text format 0.0.4.
///
/// A series is registered once and its cell kept: what happens for each request is one atomic
/// addition. Label values must come from a set that callers cannot grow; beyond
/// `seriesMax` series of a name, further label values share one series, "other".
package final class MetricRegistry: Sendable {
    /// Series of one name: a fuse against labels that turn out unbounded.
    package static let seriesMax = 200

    /// Prometheus' metric types, as far as they are used.
    package enum Kind: Sendable {
        /// Only rises. Its name ends in `_total`.
        case counter
        /// Rises and falls.
        case gauge
    }

    private struct Series: Sendable {
        let labels: [(name: StaticString, value: String)]
        let cell: MetricCell
    }

    private struct Family: Sendable {
        let name: StaticString
        let kind: Kind
        let help: StaticString
        var series: [Series] = []
    }

    private let families = Mutex<[Family]>([])

    /// A registry without series.
    package init() {}

    /// The cell of a series, made where it is new. `name` begins with `martlet_`.
    package func cell(
        _ name: StaticString, _ kind: Kind, help: StaticString,
        labels: [(name: StaticString, value: String)] = []
    ) -> MetricCell {
        families.withLock { families in
            let index: Int
            if let known = families.firstIndex(where: { $0.name.bytes.equals(name) }) {
                index = known
            } else {
                index = families.count
                families.append(Family(name: name, kind: kind, help: help))
            }
            return Self.cell(in: &families[index], labels: labels)
        }
    }

    private static func cell(
        in family: inout Family, labels: [(name: StaticString, value: String)]
    ) -> MetricCell {
        func find(_ labels: [(name: StaticString, value: String)]) -> MetricCell? {
            family.series.first { series in
                series.labels.count == labels.count
                    && zip(series.labels, labels).allSatisfy {
                        $0.name.bytes.equals($1.name) && $0.value == $1.value
                    }
            }?.cell
        }
        if let known = find(labels) { return known }
        var labels = labels
        if family.series.count >= seriesMax, !labels.isEmpty {
            labels = labels.map { ($0.name, "other") }
            if let shared = find(labels) { return shared }
        }
        let cell = MetricCell()
        family.series.append(Series(labels: labels, cell: cell))
        return cell
    }

    /// Appends every series with its HELP and TYPE lines.
    package func appendPrometheus(into buffer: inout ByteBuffer) {
        let families = families.withLock { $0 }
        for family in families {
            PrometheusText.appendHead(
                family.name, family.kind, help: family.help, to: &buffer)
            for series in family.series {
                PrometheusText.appendSample(
                    family.name, labels: series.labels, series.cell.value, to: &buffer)
            }
        }
    }
}

/// Prometheus' text exposition format 0.0.4.
package enum PrometheusText {
    /// The media type of the format.
    package static let contentType: StaticString = "text/plain; version=0.0.4; charset=utf-8"

    /// Appends a metric's HELP and TYPE lines.
    package static func appendHead(
        _ name: StaticString, _ kind: MetricRegistry.Kind, help: StaticString,
        to buffer: inout ByteBuffer
    ) {
        buffer.append("# HELP ")
        buffer.append(name)
        buffer.append(" ")
        buffer.append(help)
        buffer.append("\n# TYPE ")
        buffer.append(name)
        switch kind {
        case .counter: buffer.append(" counter\n")
        case .gauge: buffer.append(" gauge\n")
        }
    }

    /// Appends one sample with its labels.
    package static func appendSample(
        _ name: StaticString, labels: [(name: StaticString, value: String)], _ value: Int,
        to buffer: inout ByteBuffer
    ) {
        buffer.append(name)
        if !labels.isEmpty {
            buffer.append("{")
            for (index, label) in labels.enumerated() {
                if index > 0 { buffer.append(",") }
                buffer.append(label.name)
                buffer.append("=\"")
                appendEscaped(label.value.utf8.span, to: &buffer)
                buffer.append("\"")
            }
            buffer.append("}")
        }
        buffer.append(" ")
        buffer.append(decimal: value)
        buffer.append("\n")
    }

    private static func appendEscaped(_ value: Span<UInt8>, to buffer: inout ByteBuffer) {
        for index in value.indices {
            switch value[index] {
            case UInt8(ascii: "\\"): buffer.append("\\\\")
            case UInt8(ascii: "\""): buffer.append("\\\"")
            case UInt8(ascii: "\n"): buffer.append("\\n")
            default: buffer.append(value[index])
            }
        }
    }
}
