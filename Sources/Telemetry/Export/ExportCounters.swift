import Bytes
import Synchronization

/// Why an item did not arrive.
package enum LossReason: UInt8, CaseIterable, Sendable {
    /// The queue was at its limit of items or bytes.
    case queueFull
    /// The receiver answered with a status that forbids a retry.
    case refused
    /// The receiver wants other credentials.
    case unauthorized
    /// The receiver's limit is below what is left of the item without its content.
    case tooLarge
    /// Retries did not succeed within the export timeout.
    case retriesExhausted
    /// The process ended first.
    case shutdown
    /// The receiver took the batch and rejected the item (`partial_success`).
    case rejected
    /// The batch could not be encoded or compressed.
    case encoding

    /// The label's value on `/metrics`.
    package var label: StaticString {
        switch self {
        case .queueFull: "queue_full"
        case .refused: "refused"
        case .unauthorized: "unauthorized"
        case .tooLarge: "too_large"
        case .retriesExhausted: "retries_exhausted"
        case .shutdown: "shutdown"
        case .rejected: "rejected"
        case .encoding: "encoding"
        }
    }
}

/// What became of the items handed to one exporter (spans, data points or log records):
/// accepted = exported + pending + lost.
///
/// Each number is counted on its own, so that the equation can fail and a test can see it. It
/// holds while nothing is in motion. Written by workers (accepted, pending, queue full) and by
/// the exporter's thread.
package final class ExportCounters: Sendable {
    private let failing = Atomic<Bool>(false)

    /// The exporter's name on `/metrics`, e.g. "otlp".
    package let exporter: String
    /// What it exports.
    package let signal: Signal
    private let acceptedCount = Atomic<Int>(0)
    private let exportedCount = Atomic<Int>(0)
    private let pendingCount = Atomic<Int>(0)
    private let queueFull = Atomic<Int>(0)
    private let refused = Atomic<Int>(0)
    private let unauthorized = Atomic<Int>(0)
    private let tooLarge = Atomic<Int>(0)
    private let retriesExhausted = Atomic<Int>(0)
    private let shutdown = Atomic<Int>(0)
    private let rejected = Atomic<Int>(0)
    private let encoding = Atomic<Int>(0)
    private let requests = Atomic<Int>(0)
    private let retries = Atomic<Int>(0)
    private let bytes = Atomic<Int>(0)

    /// All numbers at zero.
    package init(exporter: String, signal: Signal = .traces) {
        self.exporter = exporter
        self.signal = signal
    }

    /// Items handed over, those lost at once included.
    package var accepted: Int { acceptedCount.load(ordering: .relaxed) }
    /// Items the receiver took.
    package var exported: Int { exportedCount.load(ordering: .relaxed) }
    /// Items queued or on their way.
    package var pending: Int { pendingCount.load(ordering: .relaxed) }
    /// Items lost for all reasons.
    package var lost: Int { LossReason.allCases.reduce(0) { $0 + lost($1) } }

    /// Items lost for one reason.
    package func lost(_ reason: LossReason) -> Int {
        switch reason {
        case .queueFull: queueFull.load(ordering: .relaxed)
        case .refused: refused.load(ordering: .relaxed)
        case .unauthorized: unauthorized.load(ordering: .relaxed)
        case .tooLarge: tooLarge.load(ordering: .relaxed)
        case .retriesExhausted: retriesExhausted.load(ordering: .relaxed)
        case .shutdown: shutdown.load(ordering: .relaxed)
        case .rejected: rejected.load(ordering: .relaxed)
        case .encoding: encoding.load(ordering: .relaxed)
        }
    }

    /// The last request to the receiver did not succeed.
    package var isFailing: Bool { failing.load(ordering: .relaxed) }

    /// Says how the last request to the receiver went.
    package func setFailing(_ isFailing: Bool) {
        failing.store(isFailing, ordering: .relaxed)
    }

    /// A queue took `items`.
    package func countQueued(_ items: Int) {
        acceptedCount.wrappingAdd(items, ordering: .relaxed)
        pendingCount.wrappingAdd(items, ordering: .relaxed)
    }

    /// A queue did not take `items`.
    package func countTurnedAway(_ items: Int, _ reason: LossReason) {
        acceptedCount.wrappingAdd(items, ordering: .relaxed)
        add(items, reason)
    }

    /// The receiver took `items` that were pending.
    package func countExported(_ items: Int) {
        exportedCount.wrappingAdd(items, ordering: .relaxed)
        pendingCount.wrappingSubtract(items, ordering: .relaxed)
    }

    /// `items` that were pending are given up.
    package func countLost(_ items: Int, _ reason: LossReason) {
        add(items, reason)
        pendingCount.wrappingSubtract(items, ordering: .relaxed)
    }

    /// A request of `bodyBytes` went out; `isRetry` where the same batch had gone before.
    package func countRequest(bodyBytes: Int, isRetry: Bool) {
        requests.wrappingAdd(1, ordering: .relaxed)
        if isRetry { retries.wrappingAdd(1, ordering: .relaxed) }
        bytes.wrappingAdd(bodyBytes, ordering: .relaxed)
    }

    private func add(_ items: Int, _ reason: LossReason) {
        switch reason {
        case .queueFull: queueFull.wrappingAdd(items, ordering: .relaxed)
        case .refused: refused.wrappingAdd(items, ordering: .relaxed)
        case .unauthorized: unauthorized.wrappingAdd(items, ordering: .relaxed)
        case .tooLarge: tooLarge.wrappingAdd(items, ordering: .relaxed)
        case .retriesExhausted: retriesExhausted.wrappingAdd(items, ordering: .relaxed)
        case .shutdown: shutdown.wrappingAdd(items, ordering: .relaxed)
        case .rejected: rejected.wrappingAdd(items, ordering: .relaxed)
        case .encoding: encoding.wrappingAdd(items, ordering: .relaxed)
        }
    }

    /// Requests made, retries among them, bytes sent as bodies.
    package var traffic: (requests: Int, retries: Int, bytes: Int) {
        (
            requests.load(ordering: .relaxed), retries.load(ordering: .relaxed),
            bytes.load(ordering: .relaxed)
        )
    }
}
