import Synchronization

/// The metrics of the process: what its workers count, put together when somebody asks.
package final class Meters: Sendable {
    /// Bounds and choices.
    package struct Options: Sendable {
        /// Names of models, and of each other kind of label that comes from outside, that get
        /// series of their own.
        package var namesMax = 200
        /// Series of an instrument, of all workers together; further ones share one
        /// (specification v1.60.0, "Metrics SDK", "Cardinality limits").
        package var seriesMax = 2000
        /// Bytes of `/metrics` that the series of all instruments take: beyond it, further ones
        /// share one of their instrument.
        package var pageBytesMax = 12 << 20
        /// Bytes that each instrument's series may take however many the others have: about a
        /// hundred series of usual names.
        package var ownPageBytesMax = 512 << 10
        /// `OTEL_METRICS_EXEMPLAR_FILTER`.
        package var exemplars = ExemplarFilter.traceBased

        /// The defaults.
        package init() {}
    }

    /// Since when is counted, in nanoseconds since 1970.
    package let startTime: UInt64
    /// The same for all workers.
    package let options: Options
    let names: LabelNames
    let budget: SeriesBudget
    private let pages = Mutex<[MeterPage]>([])

    /// Nothing counted yet. `startTime` is the present, in nanoseconds since 1970.
    package init(options: Options = Options(), startTime: UInt64) {
        self.options = options
        self.startTime = startTime
        names = LabelNames(namesMax: options.namesMax)
        budget = SeriesBudget(options)
    }

    /// The meter of one more worker; to be used on its thread only.
    package func makeWorkerMeter() -> WorkerMeter {
        let page = MeterPage()
        pages.withLock { $0.append(page) }
        return WorkerMeter(self, page: page)
    }

    /// Every series of every worker, those with the same labels added up; from any thread.
    /// Metrics that nobody has recorded are left out.
    package func collect() -> [MetricData] {
        let pages = pages.withLock { $0 }
        var result = Instrument.allCases.compactMap { instrument in
            collect(instrument, pages)
        }
        let active = collectActive(pages)
        if !active.points.isEmpty { result.append(active) }
        return result
    }

    private func collect(_ instrument: Instrument, _ pages: [MeterPage]) -> MetricData? {
        var order: [MetricLabels] = []
        var values: [MetricLabels: HistogramValue] = [:]
        for page in pages {
            for series in page.series(of: instrument) {
                if values[series.labels] == nil { order.append(series.labels) }
                series.cell.add(
                    to: &values[series.labels, default: HistogramValue(bounds: instrument.bounds)])
            }
        }
        let points = order.compactMap { labels -> MetricPoint? in
            guard let value = values[labels], value.count > 0 else { return nil }
            return MetricPoint(labels, .histogram(value))
        }
        return points.isEmpty ? nil : MetricData(instrument.definition, points)
    }

    private func collectActive(_ pages: [MeterPage]) -> MetricData {
        var points: [MetricPoint] = []
        for (index, labels) in ActiveRequests.labels.enumerated() {
            guard pages.contains(where: { $0.active.wasUsed(index) }) else { continue }
            let value = pages.reduce(0) { $0 + $1.active.value(index) }
            points.append(MetricPoint(labels, .integer(value)))
        }
        return MetricData(Instrument.activeRequests, points)
    }
}

/// What one worker has counted, as other threads see it: it adds series, they read them.
final class MeterPage: Sendable {
    /// A histogram of one instrument with one set of labels.
    struct Series: Sendable {
        let labels: MetricLabels
        let cell: HistogramCell
    }

    let active = ActiveRequests()
    private let all: Mutex<[[Series]]>

    init() {
        all = Mutex(Array(repeating: [], count: Instrument.allCases.count))
    }

    func append(_ series: Series, of instrument: Instrument) {
        all.withLock { $0[instrument.rawValue].append(series) }
    }

    func series(of instrument: Instrument) -> [Series] {
        all.withLock { $0[instrument.rawValue] }
    }
}
