/// The log's accounting, as metrics.
package enum LogMetrics {
    private static let dropped = MetricDefinition(
        "martlet.log.lines.dropped", unit: "{line}", .observedCounter,
        "Lines of the log that its output did not take at once.")

    /// How many lines the log's output did not take.
    package static func collect(_ log: Log) -> [MetricData] {
        [MetricData(dropped, [MetricPoint(MetricLabels([]), .integer(log.droppedCount))])]
    }
}
