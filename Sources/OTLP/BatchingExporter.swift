import Bytes
import Compression
import Privacy
import Telemetry

/// Bounds and choices of one exporter.
package struct ExporterOptions: Sendable {
    /// Spans of a batch (`OTEL_BSP_MAX_EXPORT_BATCH_SIZE`).
    package var batchSpansMax = 512
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

/// Takes finished spans from a queue, batches, encodes and sends them, and accounts for each.
///
/// Belongs to the loop of its own thread, where `run` is its one task. While a batch is retried
/// the queue fills up, and drops and counts what does not fit.
package final class BatchingExporter {
    /// Bytes of an answer that are read.
    package static let responseBytesMax = 64 << 10
    /// Bytes each content attribute of a single span is cut to where the span alone would pass
    /// `batchBytesMax`.
    private static let fatSpanContentBytes = 64 << 10

    private let queue: ExportQueue
    private let options: ExporterOptions
    private let encoder: TraceEncoder
    private let transport: any ExportTransport
    private let schedule: any ExportSchedule
    private var journal: ExportJournal
    private var pending: [ExportItem] = []

    private var counters: ExportCounters { queue.counters }

    /// `transport` and `schedule` belong to the loop that `run` will be a task of.
    package init(
        queue: ExportQueue, options: ExporterOptions, resource: ExportResource,
        transport: any ExportTransport, schedule: any ExportSchedule, log: Log
    ) {
        self.queue = queue
        self.options = options
        encoder = TraceEncoder(resource: resource, form: options.contentForm)
        self.transport = transport
        self.schedule = schedule
        journal = ExportJournal(log: log, exporter: queue.counters.exporter)
    }

    /// Exports until the queue is closed and empty, or its closing deadline has passed.
    package func run() async {
        while true {
            await waitForBatch()
            collect()
            if pending.isEmpty {
                if queue.isClosed { return }
                continue
            }
            let batch = pending
            pending.removeAll(keepingCapacity: true)
            await export(batch)
        }
    }

    /// Returns when a batch is full, old enough or asked for by a flush.
    private func waitForBatch() async {
        while pending.isEmpty, !queue.hasSpans, !queue.isClosed {
            await schedule.wait(nanoseconds: nil)
        }
        let due = schedule.now &+ options.delay
        while queue.spanCount + pending.count < options.batchSpansMax, !queue.isUrgent {
            let now = schedule.now
            guard now < due else { return }
            await schedule.wait(nanoseconds: due - now)
        }
    }

    /// Fills `pending` up to a batch; a request's spans may be split over two.
    private func collect() {
        while pending.count < options.batchSpansMax, let trace = queue.take() {
            var span = trace.firstSpan
            while let current = span {
                pending.append(ExportItem(trace: trace, span: current))
                span = current.next
            }
        }
    }

    /// Sends `items` in as many requests as the limits demand.
    private func export(_ items: [ExportItem]) async {
        var rest = items[...]
        while !rest.isEmpty {
            let part = rest.prefix(options.batchSpansMax)
            let taken = await exportLeading(part)
            rest = rest.dropFirst(taken)
        }
    }

    /// Sends what fits of `items` in one request and answers how many spans that settled.
    private func exportLeading(_ items: ArraySlice<ExportItem>) async -> Int {
        var body = ByteBuffer()
        var content = options.includesContent ? ContentMode.full : .none
        var count = encode(items, content, into: &body)
        // A single span over the limit loses content until it fits.
        if count == 0, options.includesContent {
            content = .shortened(bytesMax: Self.fatSpanContentBytes)
            count = encode(items.prefix(1), content, into: &body)
            if count == 0 {
                content = .none
                count = encode(items.prefix(1), content, into: &body)
            }
        }
        guard count > 0 else {
            lose(1, .tooLarge, "a span is over the limit of a batch even without its content")
            return 1
        }
        let batch = items.prefix(count)
        let machine = ExportBatchStateMachine(
            policy: options.retries, spanCount: count, content: content,
            hasContent: options.includesContent && Self.hasContent(batch), now: schedule.now)
        await deliver(batch, machine, body)
        return count
    }

    /// Follows the state machine until the spans of the batch are settled.
    private func deliver(
        _ batch: ArraySlice<ExportItem>, _ machine: consuming ExportBatchStateMachine,
        _ encoded: consuming ByteBuffer
    ) async {
        var machine = machine
        var body = encoded
        var isGzip = compress(&body)
        var action = machine.proceed(now: schedule.now)
        while true {
            switch action {
            case .send(let timeout):
                guard let left = timeLeft(atMost: timeout) else {
                    return lose(batch.count, .shutdown, "the process ended before the export")
                }
                counters.countRequest(bodyBytes: body.count, isRetry: machine.isRetry)
                let outcome = await transport.send(body, isGzip: isGzip, timeout: left)
                action = settle(outcome, batch, &machine)
            case .wait(let nanoseconds):
                guard await idle(for: nanoseconds) else {
                    return lose(batch.count, .shutdown, "the process ended before the export")
                }
                action = machine.proceed(now: schedule.now)
            case .succeed:
                return
            case .giveUp(let reason, let pause):
                lose(batch.count, reason, "spans were given up")
                _ = await idle(for: pause)
                return
            case .split:
                return await deliverHalves(of: batch, machine)
            case .reduce(let content):
                body.removeAll()
                guard encode(batch, content, into: &body) == batch.count else {
                    return lose(batch.count, .encoding, "a span could not be encoded")
                }
                isGzip = compress(&body)
                action = machine.proceed(now: schedule.now)
            }
        }
    }

    private func deliverHalves(
        of batch: ArraySlice<ExportItem>, _ machine: ExportBatchStateMachine
    ) async {
        let content = options.includesContent ? ContentMode.full : .none
        let middle = batch.startIndex + batch.count / 2
        for half in [batch[..<middle], batch[middle...]] {
            var body = ByteBuffer()
            guard encode(half, content, into: &body) == half.count else {
                lose(half.count, .encoding, "spans could not be encoded")
                continue
            }
            await deliver(half, machine.half(spanCount: half.count), body)
        }
    }

    /// Tells the machine what came of a request, and counts a success.
    private func settle(
        _ outcome: TransportOutcome, _ batch: ArraySlice<ExportItem>,
        _ machine: inout ExportBatchStateMachine
    ) -> ExportBatchStateMachine.Action {
        let response: ExportResponse
        switch outcome {
        case .failed(let reason):
            counters.setFailing(true)
            journal.failed(reason: reason, now: schedule.now)
            return machine.connectionFailed(now: schedule.now, jitter: schedule.jitter())
        case .response(let answer):
            response = answer
        }
        let wait = response.retryAfter.flatMap {
            RetryAfter.nanoseconds($0.utf8.span, now: schedule.wallClock)
        }
        // A page for people took no spans, whatever its status says.
        let isPage = response.contentType?.lowercased().hasPrefix("text/html") == true
        let isTaken = (200...299).contains(response.status) && !isPage
        let action = machine.responseReceived(
            status: isPage && (200...299).contains(response.status) ? 404 : response.status,
            retryAfter: wait, now: schedule.now, jitter: schedule.jitter())
        counters.setFailing(!isTaken)
        guard isTaken else {
            journal.refused(response, isPage: isPage, now: schedule.now)
            return action
        }
        var rejected = 0
        if let partial = PartialSuccess(response: response.body.span) {
            rejected = min(partial.rejectedSpans, batch.count)
            journal.partial(rejected: rejected, message: partial.message, now: schedule.now)
        }
        counters.countExported(batch.count - rejected)
        if rejected > 0 { counters.countLost(rejected, .rejected) }
        return action
    }

    private func lose(_ spans: Int, _ reason: LossReason, _ message: StaticString) {
        counters.countLost(spans, reason)
        journal.lost(spans, reason, message, now: schedule.now)
    }

    private func encode(
        _ items: ArraySlice<ExportItem>, _ content: ContentMode, into body: inout ByteBuffer
    ) -> Int {
        encoder.encode(items, content: content, bytesMax: options.batchBytesMax, into: &body)
    }

    /// Compresses the body where that is wanted; one that cannot be is sent as it is.
    private func compress(_ body: inout ByteBuffer) -> Bool {
        guard options.isGzip else { return false }
        var compressed = ByteBuffer(capacity: body.count / 4 + 64)
        guard body.withBytes({ Self.gzip($0, into: &compressed) }) else { return false }
        body = compressed
        return true
    }

    private static func gzip(_ bytes: Span<UInt8>, into output: inout ByteBuffer) -> Bool {
        do {
            try Gzip.compress(bytes, into: &output)
            return true
        } catch {
            return false
        }
    }

    /// Waits, unless the queue's closing deadline comes first: then false.
    private func idle(for nanoseconds: UInt64) async -> Bool {
        let end = schedule.now &+ nanoseconds
        while true {
            let now = schedule.now
            guard now < end else { return true }
            guard let left = timeLeft(atMost: end - now) else { return false }
            await schedule.wait(nanoseconds: left)
        }
    }

    /// `nanoseconds`, or less where the queue's closing deadline comes first; nil behind it.
    private func timeLeft(atMost nanoseconds: UInt64) -> UInt64? {
        guard let deadline = queue.closingDeadline else { return nanoseconds }
        let now = schedule.now
        return now < deadline ? min(nanoseconds, deadline - now) : nil
    }

    private static func hasContent(_ items: ArraySlice<ExportItem>) -> Bool {
        items.contains { $0.span.hasContent }
    }
}
