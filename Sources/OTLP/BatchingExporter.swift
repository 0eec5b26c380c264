import Bytes
import Telemetry

/// Takes entries of one signal from a queue, makes batches of them and has each delivered.
///
/// Belongs to the loop of its own thread, where `run` is its one task. While a batch is retried
/// the queue fills up, and drops and counts what does not fit.
package final class BatchingExporter<Encoder: BatchEncoder> {
    private let queue: ItemQueue<Encoder.Entry>
    private let options: ExporterOptions
    private let encoder: Encoder
    private let delivery: BatchDelivery<Encoder>
    private let schedule: any ExportSchedule
    private var pending: [Encoder.Item] = []

    /// `transport` and `schedule` belong to the loop that `run` will be a task of.
    package init(
        queue: ItemQueue<Encoder.Entry>, options: ExporterOptions, encoder: Encoder,
        transport: any ExportTransport, schedule: any ExportSchedule, log: Log
    ) {
        self.queue = queue
        self.options = options
        self.encoder = encoder
        self.schedule = schedule
        delivery = BatchDelivery(
            encoder: encoder, options: options, counters: queue.counters, closing: queue,
            transport: transport, schedule: schedule, log: log)
    }

    /// Exports until the queue is closed and empty, or its closing deadline has passed.
    package func run() async {
        while true {
            await waitForBatch()
            collect()
            if pending.isEmpty {
                if queue.isClosed { return delivery.finish() }
                continue
            }
            // What is over, of the last entry, begins the next batch: no request for one item.
            let rest = Array(pending.dropFirst(options.batchItemsMax))
            await delivery.deliver(pending.prefix(options.batchItemsMax))
            pending = rest
        }
    }

    /// Returns when a batch is full, old enough or asked for by a flush.
    private func waitForBatch() async {
        while pending.isEmpty, !queue.hasItems, !queue.isClosed {
            await schedule.wait(nanoseconds: nil)
        }
        let due = schedule.now &+ options.delay
        while queue.itemCount + pending.count < options.batchItemsMax, !queue.isUrgent {
            let now = schedule.now
            guard now < due else { return }
            await schedule.wait(nanoseconds: due - now)
        }
    }

    /// Fills `pending` up to a batch; an entry's items may be split over two.
    private func collect() {
        while pending.count < options.batchItemsMax, let entry = queue.take() {
            encoder.append(itemsOf: entry, to: &pending)
        }
    }
}
