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
    private var failures = Throttle()
    private var refusals = Throttle()
    private var rejections = Throttle()
    private var losses = Throttle()

    init(log: Log, exporter: String) {
        self.log = log
        self.exporter = exporter
    }

    mutating func failed(reason: String, now: UInt64) {
        guard let suppressed = failures.allow(now: now) else { return }
        log.warning("the trace receiver cannot be reached") { line in
            line.add("exporter", exporter)
            line.add("reason", reason)
            line.add("suppressed", suppressed)
        }
    }

    mutating func refused(_ response: ExportResponse, isPage: Bool, now: UInt64) {
        guard let suppressed = refusals.allow(now: now) else { return }
        let hint: StaticString =
            if isPage {
                "the endpoint is a web page, not a receiver of OTLP"
            } else if (300...399).contains(response.status) {
                "redirects are not followed"
            } else {
                ""
            }
        log.warning("the trace receiver did not take a batch") { line in
            line.add("exporter", exporter)
            line.add("status", response.status)
            if hint.utf8CodeUnitCount > 0 { line.add("hint", hint) }
            line.add("suppressed", suppressed)
        }
    }

    mutating func partial(rejected: Int, message: String, now: UInt64) {
        guard let suppressed = rejections.allow(now: now) else { return }
        log.warning("the trace receiver rejected spans of a batch it took") { line in
            line.add("exporter", exporter)
            line.add("rejected", rejected)
            line.add("reason", message)
            line.add("suppressed", suppressed)
        }
    }

    mutating func lost(_ spans: Int, _ reason: LossReason, _ message: StaticString, now: UInt64) {
        guard let suppressed = losses.allow(now: now) else { return }
        log.error("spans were lost") { line in
            line.add("exporter", exporter)
            line.add("spans", spans)
            line.add("reason", reason.label)
            line.add("detail", message)
            line.add("suppressed", suppressed)
        }
    }
}
