import Bytes
import Privacy
import Synchronization
import Telemetry

/// Finished traces on their way to one exporter over OTLP: encoded by the thread that hands them
/// over, while they lie in its caches, so that their spans serve the next request at once and the
/// exporter has nothing to do but to send.
///
/// Many producers, one consumer, never a wait for the consumer. Producers write side by side into
/// several lanes.
package final class SpanQueue: TraceConsumer {
    /// Bytes of a block of memory that encoded spans share; what is larger gets its own.
    private static let blockBytes = 64 << 10
    /// Blocks whose memory is kept: two full batches of requests with long prompts, about.
    private static let blocksKept = 128
    /// More workers than this wait for each other now and then, for as long as it takes to encode
    /// a request's spans.
    private static let laneCount = 8
    /// Bytes of memory that a lane keeps to encode in.
    private static let scratchBytesKept = 256 << 10

    /// Where one producer at a time encodes.
    private struct Lane: ~Copyable {
        var scratch = ByteBuffer()
        var block: SharedBlock?
        /// Bytes of the block that are taken.
        var used = 0
    }

    /// The encoded spans, in order: what the exporter takes.
    package let encoded: ItemQueue<EncodedSpans>
    private let encoder: SpanEncoder
    private let pool = SharedBlockPool(blockBytes: blockBytes, blocksMax: blocksKept)
    private let lanes = (0..<laneCount).map { _ in LockedLane() }

    private final class LockedLane: Sendable {
        let lane = Mutex(Lane())
    }

    /// An open, empty queue, for an exporter that may have message content up to `content`.
    package init(limits: QueueLimits, counters: ExportCounters, content: ContentForm) {
        encoded = ItemQueue(limits: limits, counters: counters)
        encoder = SpanEncoder(content: content)
    }

    /// The exporter's accounting.
    package var counters: ExportCounters { encoded.counters }

    /// Takes all spans of a request, or counts them as lost where they do not fit.
    package func submit(_ trace: FinishedTrace) {
        // What would be turned away is not encoded first.
        guard trace.spanCount > 0, encoded.hasRoom(for: trace.spanCount) else { return }
        let lane = lanes[Int(truncatingIfNeeded: trace.lane) & (Self.laneCount - 1)]
        let entry = lane.lane.withLock { encode(trace, in: &$0) }
        encoded.submit(entry)
    }

    private func encode(_ trace: FinishedTrace, in lane: inout Lane) -> EncodedSpans {
        let hasContent = encoder.append(trace, to: &lane.scratch)
        defer { lane.scratch.removeAll(keeping: Self.scratchBytesKept) }
        let count = lane.scratch.count
        let block: SharedBlock
        var start = 0
        if count > Self.blockBytes {
            block = SharedBlock(capacity: count)
        } else {
            if let open = lane.block, count <= open.capacity - lane.used {
                block = open
            } else {
                block = pool.makeBlock()
                lane.block = block
                lane.used = 0
            }
            start = lane.used
            lane.used += count
        }
        lane.scratch.withBytes { block.write($0, at: start) }
        return EncodedSpans(
            block, start..<start + count, itemCount: trace.spanCount, hasContent: hasContent)
    }

    /// See `ItemQueue.flush`.
    package func flush() { encoded.flush() }

    /// See `ItemQueue.close`.
    package func close(deadline: UInt64) { encoded.close(deadline: deadline) }
}
