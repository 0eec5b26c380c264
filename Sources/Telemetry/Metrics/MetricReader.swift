/// What the points of a push count from (`OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`).
package enum TemporalityPreference: Sendable {
    /// From the start of the process.
    case cumulative
    /// From the collection before, but for what rises and falls.
    case delta
    /// As `delta`, but from the start for what is only read from elsewhere.
    case lowMemory
}

/// What a metric's points count from (opentelemetry-proto v1.11.0, `AggregationTemporality`).
package enum Temporality: UInt64, Sendable {
    case delta = 1
    case cumulative = 2
}

/// All metrics at one moment, as they are pushed.
package final class MetricCollection: Sendable {
    /// A metric with the temporality of its points.
    package struct Metric: Sendable {
        /// The numbers.
        package let data: MetricData
        /// What they count from.
        package let temporality: Temporality
        /// Since when its points count, in nanoseconds since 1970.
        package let startTime: UInt64
    }

    /// Those that have series.
    package let metrics: [Metric]
    /// When the numbers were read, in nanoseconds since 1970.
    package let time: UInt64

    init(_ metrics: [Metric], at time: UInt64) {
        self.metrics = metrics
        self.time = time
    }
}

extension MetricCollection: ExportEntry {
    /// Points of all metrics.
    package var itemCount: Int { metrics.reduce(0) { $0 + $1.data.points.count } }

    /// A histogram's point is about twenty numbers; labels are shared.
    package var byteCount: Int { itemCount * 400 }
}

/// Makes collections one after the other: remembers what was told before, where only the
/// difference is told. Belongs to one thread.
package final class MetricReader {
    private struct Series: Hashable {
        let metric: String
        let labels: MetricLabels
    }

    private let preference: TemporalityPreference
    private let startTime: UInt64
    private let source: @Sendable () -> [MetricData]
    private var lastTime: UInt64
    private var integers: [Series: Int] = [:]
    private var histograms: [Series: HistogramValue] = [:]

    /// `startTime` is when counting began, in nanoseconds since 1970; `source` answers every
    /// metric as counted since then.
    package init(
        preference: TemporalityPreference, startTime: UInt64,
        source: @escaping @Sendable () -> [MetricData]
    ) {
        self.preference = preference
        self.startTime = startTime
        self.source = source
        lastTime = startTime
    }

    /// The numbers at `time`, in nanoseconds since 1970. Exemplars are told once, and series
    /// with nothing new only where the points are cumulative.
    package func collect(at time: UInt64) -> MetricCollection {
        let start = lastTime
        lastTime = time
        let metrics = source().compactMap { data -> MetricCollection.Metric? in
            let isDelta = isDelta(data.definition.kind)
            let points = data.points.compactMap { point(data, $0, isDelta: isDelta, since: start) }
            guard !points.isEmpty else { return nil }
            return MetricCollection.Metric(
                data: MetricData(data.definition, points),
                temporality: isDelta ? .delta : .cumulative,
                startTime: isDelta ? start : startTime)
        }
        return MetricCollection(metrics, at: time)
    }

    private func isDelta(_ kind: MetricDefinition.Kind) -> Bool {
        switch (preference, kind) {
        case (.cumulative, _), (_, .upDownCounter): false
        case (.delta, _): true
        case (.lowMemory, .observedCounter): false
        case (.lowMemory, _): true
        }
    }

    private func point(
        _ data: MetricData, _ point: MetricPoint, isDelta: Bool, since start: UInt64
    ) -> MetricPoint? {
        switch point.value {
        case .integer(let value):
            guard isDelta else { return point }
            let series = Series(metric: data.definition.name, labels: point.labels)
            let change = value - (integers[series] ?? 0)
            integers[series] = value
            return change == 0 ? nil : MetricPoint(point.labels, .integer(change))
        case .histogram(var value):
            value.exemplars.removeAll { $0.time < start }
            guard isDelta else { return MetricPoint(point.labels, .histogram(value)) }
            let series = Series(metric: data.definition.name, labels: point.labels)
            let before = histograms[series]
            histograms[series] = value
            if let before { value.subtract(before) }
            return value.count == 0 ? nil : MetricPoint(point.labels, .histogram(value))
        }
    }
}

extension HistogramValue {
    fileprivate mutating func subtract(_ before: HistogramValue) {
        sum &-= before.sum
        for bucket in counts.indices { counts[bucket] &-= before.counts[bucket] }
    }
}
