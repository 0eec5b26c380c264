/// What OpenTelemetry carries by OTLP; each has an exporter of its own for every endpoint.
package enum Signal: UInt8, Sendable, CaseIterable {
    case traces, metrics, logs

    /// The signal's name in labels and log lines.
    package var label: StaticString {
        switch self {
        case .traces: "traces"
        case .metrics: "metrics"
        case .logs: "logs"
        }
    }

    /// What its exporter counts, in the plural.
    package var items: StaticString {
        switch self {
        case .traces: "spans"
        case .metrics: "data points"
        case .logs: "log records"
        }
    }
}
