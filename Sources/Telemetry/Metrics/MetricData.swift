/// A metric with its series at one moment.
package struct MetricData: Sendable {
    package let definition: MetricDefinition
    package var points: [MetricPoint]

    /// A metric that has these series.
    package init(_ definition: MetricDefinition, _ points: [MetricPoint]) {
        self.definition = definition
        self.points = points
    }
}

/// One series.
package struct MetricPoint: Sendable {
    /// What was counted.
    package enum Value: Sendable {
        case integer(Int)
        case histogram(HistogramValue)
    }

    package let labels: MetricLabels
    package let value: Value

    /// A series with these labels.
    package init(_ labels: MetricLabels, _ value: Value) {
        self.labels = labels
        self.value = value
    }
}
