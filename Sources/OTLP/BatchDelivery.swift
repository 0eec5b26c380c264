import Bytes
import Privacy
import Telemetry

/// Bounds and choices of one exporter.
package struct ExporterOptions: Sendable {
    /// Items of a batch (`OTEL_BSP_MAX_EXPORT_BATCH_SIZE`).
    package var batchItemsMax = 512
    /// Nanoseconds after which a smaller batch leaves (`OTEL_BSP_SCHEDULE_DELAY`).
    package var delay: UInt64 = 5_000_000_000
    /// Bytes of an encoded batch before compression: many receivers take 4 MiB at most.
    package var batchBytesMax = 7 << 19
    /// How long a batch is tried.
    package var retries = RetryPolicy()
    /// Bodies are compressed (`OTEL_EXPORTER_OTLP_COMPRESSION`).
    package var isGzip = false
    /// Whether attributes with message content are sent.
    package var includesContent = false
    /// The fullest form in which they are.
    package var contentForm = ContentForm.full

    /// The defaults of the specification.
    package init() {}
}

/// Brings batches of one signal to a receiver: encodes within the limits, compresses, sends,
/// repeats, halves, and accounts for each item. Belongs to the exporter's loop.
package final class BatchDelivery<Encoder: BatchEncoder> {
    /// Bytes each content attribute of a single item is cut to where the item alone would pass
    /// `batchBytesMax`.
    private static var fatItemContentBytes: Int { 64 << 10 }
    /// Bytes that are kept for the next batch at least; else twice those of the recent ones.
    private static var spareBytesMin: Int { 64 << 10 }

    private let encoder: Encoder
    private let options: ExporterOptions
    private let counters: ExportCounters
    private let closing: any ExportClosing
    private let transport: any ExportTransport
    private let schedule: any ExportSchedule
    private var journal: ExportJournal
    /// Memory of the batch before: one that is as large costs no page faults.
    private var spare = ByteBuffer()
    /// Bytes of the recent batches: those of the largest, half as much with each that followed.
    private var recentBytes = 0

    /// The items delivered are counted as pending in `counters` already. Nothing is sent after
    /// the deadline of `closing`.
    package init(
        encoder: Encoder, options: ExporterOptions, counters: ExportCounters,
        closing: any ExportClosing, transport: any ExportTransport, schedule: any ExportSchedule,
        log: Log
    ) {
        var encoder = encoder
        encoder.contentForm = options.contentForm
        self.encoder = encoder
        self.options = options
        self.counters = counters
        self.closing = closing
        self.transport = transport
        self.schedule = schedule
        journal = ExportJournal(log: log, exporter: counters.exporter, signal: encoder.signal)
    }

    /// Sends `items` in as many requests as the limits demand; returns when each is exported or
    /// lost, and counted.
    package func deliver(_ items: ArraySlice<Encoder.Item>) async {
        journal.turnedAway(counters.lost(.queueFull), now: schedule.now)
        var rest = items
        while !rest.isEmpty {
            let part = rest.prefix(options.batchItemsMax)
            let taken = await deliverLeading(part)
            rest = rest.dropFirst(taken)
        }
    }

    /// Nothing more will be delivered: tells of what was lost and not told of yet.
    package func finish() {
        journal.finish(turnedAway: counters.lost(.queueFull))
    }

    /// Sends what fits of `items` in one request and answers how many items that settled.
    private func deliverLeading(_ items: ArraySlice<Encoder.Item>) async -> Int {
        var body = ByteBuffer()
        swap(&body, &spare)
        var content = options.includesContent ? ContentMode.full : .none
        var count = encode(items, content, into: &body)
        // A single item over the limit loses content until it fits.
        if count == 0, options.includesContent {
            content = .shortened(bytesMax: Self.fatItemContentBytes)
            count = encode(items.prefix(1), content, into: &body)
            if count == 0 {
                content = .none
                count = encode(items.prefix(1), content, into: &body)
            }
        }
        guard count > 0 else {
            lose(1, .tooLarge, "an item is over the limit of a batch even without its content")
            return 1
        }
        let batch = items.prefix(count)
        let machine = ExportBatchStateMachine(
            policy: options.retries, itemCount: count, content: content,
            hasContent: options.includesContent && batch.contains(where: encoder.hasContent),
            now: schedule.now)
        await deliver(batch, machine, body)
        return count
    }

    /// Follows the state machine until the items of the batch are settled.
    private func deliver(
        _ batch: ArraySlice<Encoder.Item>, _ machine: consuming ExportBatchStateMachine,
        _ encoded: consuming ByteBuffer
    ) async {
        var machine = machine
        var body = encoded
        var isGzip = compress(&body)
        defer {
            recentBytes = max(body.count, recentBytes / 2)
            body.removeAll(keeping: max(Self.spareBytesMin, 2 * recentBytes))
            swap(&body, &spare)
        }
        var action = machine.proceed(now: schedule.now)
        while true {
            switch action {
            case .send(let timeout):
                guard let left = timeLeft(atMost: timeout) else {
                    return lose(batch.count, .shutdown, "the process ended before the export")
                }
                counters.countRequest(bodyBytes: body.count, isRetry: machine.isRetry)
                let start = schedule.now
                let outcome = await transport.send(&body, isGzip: isGzip, timeout: left)
                journal.sent(
                    outcome, items: batch.count, bytes: body.count, isGzip: isGzip,
                    nanoseconds: schedule.now &- start)
                action = settle(outcome, batch.count, &machine)
            case .wait(let nanoseconds):
                guard await idle(for: nanoseconds) else {
                    return lose(batch.count, .shutdown, "the process ended before the export")
                }
                action = machine.proceed(now: schedule.now)
            case .succeed:
                return
            case .giveUp(let reason, let pause):
                lose(batch.count, reason, "a batch was given up")
                _ = await idle(for: pause)
                return
            case .split:
                return await deliverHalves(of: batch, machine)
            case .reduce(let content):
                body.removeAll()
                guard encode(batch, content, into: &body) == batch.count else {
                    return lose(batch.count, .encoding, "an item could not be encoded")
                }
                isGzip = compress(&body)
                action = machine.proceed(now: schedule.now)
            }
        }
    }

    private func deliverHalves(
        of batch: ArraySlice<Encoder.Item>, _ machine: ExportBatchStateMachine
    ) async {
        let content = options.includesContent ? ContentMode.full : .none
        let middle = batch.startIndex + batch.count / 2
        for half in [batch[..<middle], batch[middle...]] {
            var body = ByteBuffer()
            guard encode(half, content, into: &body) == half.count else {
                lose(half.count, .encoding, "items could not be encoded")
                continue
            }
            await deliver(half, machine.half(itemCount: half.count), body)
        }
    }

    /// Tells the machine what came of a request, and counts a success.
    private func settle(
        _ outcome: TransportOutcome, _ count: Int, _ machine: inout ExportBatchStateMachine
    ) -> ExportBatchStateMachine.Action {
        let answer: ExportAnswer
        switch outcome {
        case .failed(let reason):
            counters.setFailing(true)
            journal.failed(reason: reason, now: schedule.now)
            return machine.connectionFailed(now: schedule.now, jitter: schedule.jitter())
        case .answer(let received):
            answer = received
        }
        let action = machine.answerReceived(
            answer.verdict, now: schedule.now, jitter: schedule.jitter())
        guard case .taken(let partial) = answer.verdict else {
            counters.setFailing(true)
            journal.refused(answer, now: schedule.now)
            return action
        }
        counters.setFailing(false)
        var rejected = 0
        if let partial {
            rejected = min(partial.rejectedItems, count)
            journal.partial(partial, now: schedule.now)
        }
        counters.countExported(count - rejected)
        if rejected > 0 { counters.countLost(rejected, .rejected) }
        return action
    }

    private func lose(_ items: Int, _ reason: LossReason, _ message: StaticString) {
        counters.countLost(items, reason)
        journal.lost(items, reason, message, now: schedule.now)
    }

    /// Writes the leading items that fit, in the transport's encoding, and answers how many they
    /// are.
    private func encode(
        _ items: ArraySlice<Encoder.Item>, _ content: ContentMode, into body: inout ByteBuffer
    ) -> Int {
        var bytesMax = options.batchBytesMax
        while true {
            let count = encoder.encode(items, content: content, bytesMax: bytesMax, into: &body)
            guard transport.encoding == .json else { return count }
            if count == 0 {
                // Tightened too far for the first of several.
                let isTight = bytesMax < options.batchBytesMax && items.count > 1
                return isTight ? encode(items.prefix(1), content, into: &body) : 0
            }
            var json = ByteBuffer(capacity: body.count * 2)
            let isJSON = body.withBytes {
                JSONTranscoder.transcode($0, of: encoder.signal, into: &json)
            }
            if isJSON, json.count <= options.batchBytesMax {
                body = json
                return count
            }
            let ratio = Double(options.batchBytesMax) / Double(max(1, json.count))
            bytesMax = Int(Double(body.count) * min(ratio, 1)) - 1
            body.removeAll()
            guard isJSON, count > 1 else { return 0 }
        }
    }

    /// Compresses the body where that is wanted; one that cannot be is sent as it is.
    private func compress(_ body: inout ByteBuffer) -> Bool {
        options.isGzip && body.gzip()
    }

    /// Waits, unless the closing deadline comes first: then false.
    private func idle(for nanoseconds: UInt64) async -> Bool {
        let end = schedule.now &+ nanoseconds
        while true {
            let now = schedule.now
            guard now < end else { return true }
            guard let left = timeLeft(atMost: end - now) else { return false }
            await schedule.wait(nanoseconds: left)
        }
    }

    /// `nanoseconds`, or less where the closing deadline comes first; nil behind it.
    private func timeLeft(atMost nanoseconds: UInt64) -> UInt64? {
        guard let deadline = closing.closingDeadline else { return nanoseconds }
        let now = schedule.now
        return now < deadline ? min(nanoseconds, deadline - now) : nil
    }
}
