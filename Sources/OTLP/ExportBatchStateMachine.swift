import Telemetry

/// How long an exporter tries, and how it waits in between.
package struct RetryPolicy: Sendable {
    /// Nanoseconds for a batch with all its retries (`OTEL_BSP_EXPORT_TIMEOUT`); 0 is no limit.
    package var exportTimeout: UInt64 = 30_000_000_000
    /// Nanoseconds for one request (`OTEL_EXPORTER_OTLP_TIMEOUT`); 0 is no limit but the batch's.
    package var requestTimeout: UInt64 = 10_000_000_000
    /// Nanoseconds before the first retry; doubled for each further one.
    package var backoffMin: UInt64 = 1_000_000_000
    /// Nanoseconds between two retries at most.
    package var backoffMax: UInt64 = 10_000_000_000

    /// The defaults.
    package init() {}
}

/// The fate of one batch. A pure value: it is told what happened and answers what to do. What an
/// answer means is decided where it is read (`ExportAnswer`).
package struct ExportBatchStateMachine: Sendable {
    /// What to do next.
    package enum Action: Sendable, Equatable {
        /// Make a request; it may take so many nanoseconds.
        case send(timeout: UInt64)
        /// Wait so many nanoseconds, then call `waited`.
        case wait(nanoseconds: UInt64)
        /// The receiver took the batch.
        case succeed
        /// The batch is lost. Nothing is to be sent to the receiver for `pause` nanoseconds.
        case giveUp(LossReason, pause: UInt64)
        /// The batch is too large for the receiver: each half goes on by itself (`half`).
        case split
        /// The one item is too large for the receiver: encode it anew with less content, then
        /// call `waited`.
        case reduce(ContentMode)
    }

    /// Bytes of each content attribute when a receiver finds a single item too large.
    package static let shortenedContentBytes = 16 << 10

    private enum State: Sendable, Equatable {
        case idle
        case sending
        case waiting
        case done
    }

    private let policy: RetryPolicy
    /// Monotonic nanoseconds; `.max` for never.
    private let deadline: UInt64
    private let itemCount: Int
    /// The batch has message content that could be left out.
    private let hasContent: Bool
    private var state = State.idle
    private var content: ContentMode
    private var failures = 0

    /// A batch whose time runs from `now`, monotonic nanoseconds.
    package init(
        policy: RetryPolicy, itemCount: Int, content: ContentMode, hasContent: Bool, now: UInt64
    ) {
        let end = now.addingReportingOverflow(policy.exportTimeout)
        let deadline = policy.exportTimeout == 0 || end.overflow ? .max : end.partialValue
        self.init(
            policy: policy, deadline: deadline, itemCount: itemCount, content: content,
            hasContent: hasContent)
    }

    private init(
        policy: RetryPolicy, deadline: UInt64, itemCount: Int, content: ContentMode,
        hasContent: Bool
    ) {
        self.policy = policy
        self.deadline = deadline
        self.itemCount = itemCount
        self.content = content
        self.hasContent = hasContent
    }

    /// The machine of a part of the batch after `split`, with the same deadline.
    package func half(itemCount: Int) -> ExportBatchStateMachine {
        ExportBatchStateMachine(
            policy: policy, deadline: deadline, itemCount: itemCount, content: content,
            hasContent: hasContent)
    }

    /// Whether the next request repeats one.
    package var isRetry: Bool { failures > 0 }

    /// The first request, or the next one after a wait or a reduction.
    package mutating func proceed(now: UInt64) -> Action {
        precondition(state == .idle || state == .waiting, "a batch went on while under way")
        guard now < deadline else { return giveUp(.retriesExhausted) }
        state = .sending
        let left = deadline == .max ? UInt64.max : deadline - now
        return .send(timeout: min(policy.requestTimeout == 0 ? .max : policy.requestTimeout, left))
    }

    /// An answer came. `jitter` is a random number from 0 to 1.
    package mutating func answerReceived(
        _ verdict: ExportAnswer.Verdict, now: UInt64, jitter: Double
    ) -> Action {
        precondition(state == .sending, "an answer came to no request")
        switch verdict {
        case .taken:
            state = .done
            return .succeed
        case .tooLarge: return tooLarge()
        case .retry(let after): return retry(after: after, now: now, jitter: jitter)
        case .refused: return giveUp(.refused)
        case .unauthorized: return giveUp(.unauthorized)
        }
    }

    /// No answer came: the connection failed, broke or took too long.
    package mutating func connectionFailed(now: UInt64, jitter: Double) -> Action {
        precondition(state == .sending, "a request failed that was not made")
        return retry(after: nil, now: now, jitter: jitter)
    }

    private mutating func retry(after: UInt64?, now: UInt64, jitter: Double) -> Action {
        failures += 1
        let doublings = UInt64(min(failures - 1, 16))
        let base = min(policy.backoffMin << doublings, policy.backoffMax)
        // From half of it to one and a half, so that many gateways do not come back together.
        let backoff = UInt64(Double(base) * (0.5 + min(max(jitter, 0), 1)))
        let wait = after.map { max($0, 1_000_000) } ?? backoff
        guard deadline == .max || wait < deadline &- min(now, deadline) else {
            return giveUp(.retriesExhausted, pause: after ?? 0)
        }
        state = .waiting
        return .wait(nanoseconds: wait)
    }

    private mutating func tooLarge() -> Action {
        if itemCount > 1 {
            state = .done
            return .split
        }
        guard hasContent else { return giveUp(.tooLarge) }
        switch content {
        case .full: content = .shortened(bytesMax: Self.shortenedContentBytes)
        case .shortened: content = .none
        case .none: return giveUp(.tooLarge)
        }
        state = .waiting
        return .reduce(content)
    }

    private mutating func giveUp(_ reason: LossReason, pause: UInt64 = 0) -> Action {
        state = .done
        return .giveUp(reason, pause: pause)
    }
}
