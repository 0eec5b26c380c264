import Bytes

/// The labels of a model's operation, printable and bounded.
struct OperationLabels: Hashable {
    let operation: String
    let target: MetricTarget
    let requestModel: String?
    let responseModel: String?
    let serviceTier: String?
    let fingerprint: String?
    let errorType: String?

    static func == (left: OperationLabels, right: OperationLabels) -> Bool {
        left.target === right.target && left.operation == right.operation
            && left.requestModel == right.requestModel
            && left.responseModel == right.responseModel
            && left.serviceTier == right.serviceTier && left.fingerprint == right.fingerprint
            && left.errorType == right.errorType
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(target.identity)
        hasher.combine(operation)
        hasher.combine(requestModel)
        hasher.combine(responseModel)
        hasher.combine(serviceTier)
        hasher.combine(fingerprint)
        hasher.combine(errorType)
    }

    /// The attributes of an instrument (semconv v1.40.0, docs/gen-ai/gen-ai-metrics.md and
    /// openai.md). `openai.*` is never known of other providers.
    func labels(of instrument: Instrument, tokenType: String? = nil) -> MetricLabels {
        var pairs = [
            MetricLabel("gen_ai.operation.name", operation),
            MetricLabel("gen_ai.provider.name", target.provider),
        ]
        if let requestModel { pairs.append(MetricLabel("gen_ai.request.model", requestModel)) }
        if let responseModel {
            pairs.append(MetricLabel("gen_ai.response.model", responseModel))
        }
        if let tokenType { pairs.append(MetricLabel("gen_ai.token.type", tokenType)) }
        pairs.append(MetricLabel("server.address", target.address))
        pairs.append(MetricLabel("server.port", target.port))
        switch instrument {
        case .operationDuration, .serverDuration:
            if let errorType { pairs.append(MetricLabel("error.type", errorType)) }
        default: break
        }
        switch instrument {
        case .operationDuration, .tokenUsage:
            if let serviceTier {
                pairs.append(MetricLabel("openai.response.service_tier", serviceTier))
            }
            if let fingerprint {
                pairs.append(MetricLabel("openai.response.system_fingerprint", fingerprint))
            }
        default: break
        }
        return MetricLabels(pairs)
    }
}

/// The cells of operations with the same labels; each is made when it is first needed.
package final class OperationSeries {
    private let labels: OperationLabels
    private var cells: [HistogramCell?]
    private var inputTokens: HistogramCell?
    private var outputTokens: HistogramCell?

    init(_ labels: OperationLabels) {
        self.labels = labels
        cells = Array(repeating: nil, count: Instrument.allCases.count)
    }

    private func cell(_ instrument: Instrument, _ meter: WorkerMeter) -> HistogramCell {
        if let known = cells[instrument.rawValue] { return known }
        let cell = meter.cell(instrument) { labels.labels(of: instrument) }
        cells[instrument.rawValue] = cell
        return cell
    }

    /// Records a duration in nanoseconds.
    package func record(
        _ instrument: Instrument, nanoseconds: Int, _ context: MeasurementContext,
        in meter: WorkerMeter
    ) {
        cell(instrument, meter).record(nanoseconds, context)
    }

    /// Records tokens as the provider counted them. Numbers that no model reaches are cut, so
    /// that sums stay sums; negative ones are no counts.
    package func record(
        inputTokens count: Int, _ context: MeasurementContext, in meter: WorkerMeter
    ) {
        guard count >= 0 else { return }
        let cell =
            inputTokens
            ?? meter.cell(.tokenUsage) { labels.labels(of: .tokenUsage, tokenType: "input") }
        inputTokens = cell
        cell.record(min(count, 1 << 40), context)
    }

    /// As above.
    package func record(
        outputTokens count: Int, _ context: MeasurementContext, in meter: WorkerMeter
    ) {
        guard count >= 0 else { return }
        let cell =
            outputTokens
            ?? meter.cell(.tokenUsage) { labels.labels(of: .tokenUsage, tokenType: "output") }
        outputTokens = cell
        cell.record(min(count, 1 << 40), context)
    }

    /// Records the times between a stream's chunks.
    package func record(_ chunks: borrowing ChunkTimes, in meter: WorkerMeter) {
        guard !chunks.isEmpty else { return }
        chunks.add(to: cell(.timePerOutputChunk, meter))
    }
}

/// The times between the chunks of one stream, in the buckets of
/// `gen_ai.client.operation.time_per_output_chunk`, until the stream's labels are known.
package struct ChunkTimes {
    private static let bounds = BucketBounds.operation
    private var counts = InlineArray<15, UInt32>(repeating: 0)
    private var sums = InlineArray<15, Int>(repeating: 0)
    private var lastAt: UInt64 = 0

    /// No chunk yet.
    package init() {}

    var isEmpty: Bool {
        for index in counts.indices where counts[index] > 0 { return false }
        return true
    }

    /// `count` chunks came together at `now`, in nanoseconds of a clock that never jumps: the
    /// first of them waited for, the others not.
    package mutating func take(_ count: Int, at now: UInt64) {
        guard count > 0 else { return }
        var together = count - 1
        if lastAt > 0 {
            let gap = Int(now &- lastAt)
            let bucket = Self.bounds.bucket(of: gap)
            counts[bucket] &+= 1
            sums[bucket] &+= gap
        }
        lastAt = now
        if together > 0 {
            together = min(together, Int(UInt32.max))
            counts[0] &+= UInt32(together)
        }
    }

    func add(to cell: HistogramCell) {
        for index in counts.indices where counts[index] > 0 {
            cell.add(Int(counts[index]), sum: sums[index], bucket: index)
        }
    }
}

/// Finds the series of a call by its raw labels: a hash table with open addressing whose keys
/// lie one after the other.
struct OperationTable: ~Copyable {
    private struct Entry {
        let hash: UInt64
        let key: Range<Int>
        let series: OperationSeries
    }

    private var keys = ByteBuffer()
    private var entries: [Entry] = []
    /// Places in `entries`, or -1; a power of two, at most half of them taken.
    private var slots = [Int32](repeating: -1, count: 64)

    /// The series kept for `key`.
    func find(_ key: borrowing ByteBuffer) -> OperationSeries? {
        let hash = Self.hash(key.bytes)
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] >= 0 {
            let entry = entries[Int(slots[slot])]
            if entry.hash == hash, keys.bytes.extracting(entry.key).equals(key.bytes) {
                return entry.series
            }
            slot = (slot + 1) & mask
        }
        return nil
    }

    /// Keeps a series for `key`, which is not there yet; nothing beyond `limit` entries.
    mutating func insert(_ key: borrowing ByteBuffer, _ series: OperationSeries, limit: Int) {
        guard entries.count < limit else { return }
        if entries.count * 2 >= slots.count { grow() }
        let start = keys.count
        keys.append(key)
        let hash = Self.hash(key.bytes)
        place(hash, Int32(entries.count))
        entries.append(Entry(hash: hash, key: start..<keys.count, series: series))
    }

    private mutating func place(_ hash: UInt64, _ entry: Int32) {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] >= 0 { slot = (slot + 1) & mask }
        slots[slot] = entry
    }

    private mutating func grow() {
        slots = [Int32](repeating: -1, count: slots.count * 2)
        for (index, entry) in entries.enumerated() { place(entry.hash, Int32(index)) }
    }

    /// Eight bytes a step; keys end in eight bytes that do not matter, so what is left over of
    /// the last step is never part of a text.
    private static func hash(_ key: Span<UInt8>) -> UInt64 {
        var hash: UInt64 = 0x9E37_79B9_7F4A_7C15
        var offset = 0
        while offset + 8 <= key.count {
            let word = key.littleEndian64(at: offset) ^ hash
            let product = word.multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
            hash = product.high ^ product.low
            offset += 8
        }
        return hash
    }
}
