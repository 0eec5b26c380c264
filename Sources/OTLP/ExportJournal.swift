import Bytes
import Privacy
import Telemetry

/// What an exporter tells the log: the same trouble at most once a minute.
struct ExportJournal {
    /// Nanoseconds between two lines of a kind.
    static let interval: UInt64 = 60_000_000_000

    /// One kind of line, and what was left unsaid of it.
    private struct Throttle {
        private var last: UInt64?
        private var suppressed = 0

        /// How many were left unsaid since the last line, where it is time for another one.
        mutating func allow(now: UInt64) -> Int? {
            if let last, now &- last < ExportJournal.interval {
                suppressed += 1
                return nil
            }
            defer { suppressed = 0 }
            last = now
            return suppressed
        }
    }

    private let log: Log
    private let exporter: String
    private let signal: Signal
    private var failures = Throttle()
    private var refusals = Throttle()
    private var rejections = Throttle()
    private var losses = Throttle()
    private var overflows = Throttle()
    /// Items lost by the exporter of which no line has told.
    private var untoldLosses = 0
    /// Items that the queue turned away of which a line has told.
    private var toldTurnedAway = 0

    init(log: Log, exporter: String, signal: Signal) {
        self.log = log
        self.exporter = exporter
        self.signal = signal
    }

    /// Tells of each request, for people who look for a fault.
    func sent(
        _ outcome: TransportOutcome, items: Int, bytes: Int, isGzip: Bool, nanoseconds: UInt64
    ) {
        log.debug("a batch was sent") { line in
            add(to: &line)
            line.add("items", items)
            line.add("bytes", bytes)
            if isGzip { line.add("gzip", true) }
            switch outcome {
            case .answer(let answer): line.add("status", answer.status)
            case .failed(let reason): line.add("reason", reason)
            }
            line.add("duration_ms", milliseconds: nanoseconds)
        }
    }

    mutating func failed(reason: String, now: UInt64) {
        guard let suppressed = failures.allow(now: now) else { return }
        log.warning("a receiver of telemetry cannot be reached") { line in
            add(to: &line)
            line.add("reason", reason)
            line.add("suppressed", suppressed)
        }
    }

    mutating func refused(_ answer: ExportAnswer, now: UInt64) {
        guard let suppressed = refusals.allow(now: now) else { return }
        log.warning("a receiver of telemetry did not take a batch") { line in
            add(to: &line)
            line.add("status", answer.status)
            if !answer.message.isEmpty { line.add("reason", Self.redacted(answer.message)) }
            if !answer.hint.isEmpty { line.add("hint", answer.hint) }
            line.add("suppressed", suppressed)
        }
    }

    mutating func partial(_ partial: PartialSuccess, now: UInt64) {
        guard let suppressed = rejections.allow(now: now) else { return }
        log.warning("a receiver of telemetry rejected a part of a batch it took") { line in
            add(to: &line)
            line.add("rejected", partial.rejectedItems)
            line.add("reason", Self.redacted(partial.message))
            line.add("suppressed", suppressed)
        }
    }

    /// `items` were given up. A line has the sum since the last one.
    mutating func lost(_ items: Int, _ reason: LossReason, _ message: StaticString, now: UInt64) {
        untoldLosses += items
        guard let suppressed = losses.allow(now: now) else { return }
        tellLoss(untoldLosses, reason, message, suppressed)
        untoldLosses = 0
    }

    /// The queue has turned away `total` items since the start.
    mutating func turnedAway(_ total: Int, now: UInt64) {
        guard total > toldTurnedAway, let suppressed = overflows.allow(now: now) else { return }
        tellLoss(
            total - toldTurnedAway, .queueFull, "more came than the receiver takes", suppressed)
        toldTurnedAway = total
    }

    /// Tells of what no line has told yet: at the end.
    mutating func finish(turnedAway total: Int) {
        if untoldLosses > 0 {
            tellLoss(untoldLosses, .retriesExhausted, "not told of before", 0)
            untoldLosses = 0
        }
        if total > toldTurnedAway {
            tellLoss(total - toldTurnedAway, .queueFull, "more came than the receiver takes", 0)
            toldTurnedAway = total
        }
    }

    private func tellLoss(
        _ items: Int, _ reason: LossReason, _ message: StaticString, _ suppressed: Int
    ) {
        log.error("telemetry was lost") { line in
            add(to: &line)
            line.add("count", items)
            line.add("reason", reason.label)
            line.add("detail", message)
            line.add("suppressed", suppressed)
        }
    }

    /// A receiver may quote the headers it was sent.
    private static func redacted(_ message: String) -> String {
        var text = ByteBuffer(capacity: message.utf8.count)
        guard Redaction.appendIfChanged(message.utf8.span, .errors, to: &text) else {
            return message
        }
        return String(decoding: text.bytes)
    }

    private func add(to line: inout LogLine) {
        line.add("exporter", exporter)
        line.add("signal", signal.label)
    }
}
