import Bytes
import W3CTraceContext

/// Where a measurement was made: what an exemplar of it points to.
package struct MeasurementContext: Sendable {
    /// The trace's id, in two halves; zero where nothing is to be kept of the trace.
    let traceHigh, traceLow: UInt64
    let spanID: UInt64
    /// Nanoseconds since 1970.
    let time: UInt64

    /// A measurement made in a span; `isSampled` false: no exemplar names the trace.
    package init(traceID: TraceID, spanID: SpanID, isSampled: Bool, at time: UInt64) {
        traceHigh = isSampled ? traceID.high : 0
        traceLow = isSampled ? traceID.low : 0
        self.spanID = isSampled ? spanID.value : 0
        self.time = time
    }

    var isSampled: Bool { traceHigh | traceLow != 0 }
}

/// Which measurements may become exemplars (`OTEL_METRICS_EXEMPLAR_FILTER`).
package enum ExemplarFilter: String, Sendable, CaseIterable {
    case alwaysOn = "always_on"
    case alwaysOff = "always_off"
    /// Those of sampled traces.
    case traceBased = "trace_based"
}

/// One series of a histogram, as one worker counts it. Only that worker's thread records; any
/// thread reads.
///
/// There is no counter of all values: that is the buckets' sum, so that the two always agree.
/// The sum of the values may be one value ahead or behind.
package final class HistogramCell: Sendable {
    /// Its buckets.
    package let bounds: BucketBounds
    private let filter: ExemplarFilter
    /// The sum, the buckets, and for each bucket an exemplar.
    private let words: CounterBlock

    init(bounds: BucketBounds, filter: ExemplarFilter) {
        self.bounds = bounds
        self.filter = filter
        let buckets = bounds.bucketCount
        let exemplars = filter == .alwaysOff ? 0 : buckets * CounterBlock.Record.stride
        words = CounterBlock(count: 1 + buckets + exemplars)
    }

    /// Counts a value, of which the last one in each bucket is kept as an exemplar.
    func record(_ value: Int, _ context: MeasurementContext) {
        let bucket = bounds.bucket(of: value)
        words.add(value, at: 0)
        words.add(1, at: 1 + bucket)
        switch filter {
        case .alwaysOff: return
        case .traceBased: guard context.isSampled else { return }
        case .alwaysOn: break
        }
        words.write(
            CounterBlock.Record(
                Int(bitPattern: UInt(context.traceHigh)), Int(bitPattern: UInt(context.traceLow)),
                Int(bitPattern: UInt(context.spanID)), value, Int(bitPattern: UInt(context.time))),
            at: exemplar(bucket))
    }

    /// Counts `count` values of one bucket, whose sum is `sum`, without exemplars.
    func add(_ count: Int, sum: Int, bucket: Int) {
        words.add(sum, at: 0)
        words.add(count, at: 1 + bucket)
    }

    private func exemplar(_ bucket: Int) -> Int {
        1 + bounds.bucketCount + bucket * CounterBlock.Record.stride
    }

    /// Adds what was counted so far.
    func add(to value: inout HistogramValue) {
        value.sum &+= words[0]
        for bucket in 0..<bounds.bucketCount {
            value.counts[bucket] &+= words[1 + bucket]
            guard filter != .alwaysOff, let record = words.read(at: exemplar(bucket)) else {
                continue
            }
            let exemplar = Exemplar(record, bucket: bucket)
            let known = value.exemplars.firstIndex { $0.bucket == bucket }
            if let known {
                if value.exemplars[known].time < exemplar.time {
                    value.exemplars[known] = exemplar
                }
            } else {
                value.exemplars.append(exemplar)
            }
        }
    }
}

/// What a histogram's series has counted.
package struct HistogramValue: Sendable, Equatable {
    /// As recorded: nanoseconds for durations.
    package var sum = 0
    /// Values in each bucket, not cumulated.
    package var counts: [Int]
    /// At most one for each bucket.
    package var exemplars: [Exemplar] = []

    init(bounds: BucketBounds) {
        counts = Array(repeating: 0, count: bounds.bucketCount)
    }

    /// Values in all buckets.
    package var count: Int { counts.reduce(0, &+) }
}

/// One measurement, with the span it was made in.
package struct Exemplar: Sendable, Equatable {
    /// nil where the trace is not sampled.
    package let traceID: TraceID?
    /// nil where the trace is not sampled.
    package let spanID: SpanID?
    /// As recorded.
    package let value: Int
    /// Nanoseconds since 1970.
    package let time: UInt64
    /// The bucket it fell into.
    let bucket: Int

    fileprivate init(_ record: CounterBlock.Record, bucket: Int) {
        traceID = TraceID(
            high: UInt64(UInt(bitPattern: record.first)),
            low: UInt64(UInt(bitPattern: record.second)))
        spanID = SpanID(UInt64(UInt(bitPattern: record.third)))
        value = record.fourth
        time = UInt64(UInt(bitPattern: record.fifth))
        self.bucket = bucket
    }
}
