import Bytes

/// What `/metrics` says about the log itself.
package enum LogMetrics {
    /// Appends how many lines the log's output did not take.
    package static func appendPrometheus(_ log: Log, into buffer: inout ByteBuffer) {
        let name: StaticString = "martlet_log_lines_dropped_total"
        PrometheusText.appendHead(
            name, .counter, help: "Lines of the log that its output did not take at once.",
            to: &buffer)
        PrometheusText.appendSample(name, labels: [], log.droppedCount, to: &buffer)
    }
}
