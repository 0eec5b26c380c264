import Synchronization

/// Decides which series there are, for all workers together: each instrument's are bounded in
/// number, and all in the bytes that they take of `/metrics`, which is written on a worker's loop.
///
/// Values of labels are bounded each (`LabelNames`); their combinations are here. Workers ask only
/// for series that they have not met.
final class SeriesBudget: Sendable {
    private struct State {
        /// By instrument.
        var series: [Set<MetricLabels>]
        var bytes: [Int]
        var bytesOfAll = 0
    }

    private let options: Meters.Options
    private let state: Mutex<State>

    init(_ options: Meters.Options) {
        self.options = options
        let count = Instrument.allCases.count
        state = Mutex(
            State(
                series: Array(repeating: [], count: count), bytes: Array(repeating: 0, count: count)
            ))
    }

    /// Whether `labels` may have a series of their own; those that do keep it.
    func admits(_ labels: MetricLabels, of instrument: Instrument) -> Bool {
        let bytes = Self.pageBytes(labels, instrument)
        let index = instrument.rawValue
        return state.withLock { state in
            if state.series[index].contains(labels) { return true }
            guard state.series[index].count < options.seriesMax,
                state.bytesOfAll + bytes <= options.pageBytesMax
                    || state.bytes[index] + bytes <= options.ownPageBytesMax
            else { return false }
            state.series[index].insert(labels)
            state.bytes[index] += bytes
            state.bytesOfAll += bytes
            return true
        }
    }

    /// Bytes of a line beside its name and labels: suffix, bound, number and exemplar.
    private static let lineBytes = 160

    /// Bytes that a series takes of the page at most: each bucket is a line.
    private static func pageBytes(_ labels: MetricLabels, _ instrument: Instrument) -> Int {
        let line =
            instrument.definition.prometheusName.utf8.count + labels.prometheus.utf8.count
            + lineBytes
        return (instrument.bounds.bucketCount + 2) * line
    }
}
