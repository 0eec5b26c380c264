/// A metric with its series at one moment.
package struct MetricData: Sendable {
    /// What it is.
    package let definition: MetricDefinition
    /// Its series, of different labels.
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

    /// What tells it from the metric's other series.
    package let labels: MetricLabels
    /// What was counted; of the kind that the definition says.
    package let value: Value

    /// A series with these labels.
    package init(_ labels: MetricLabels, _ value: Value) {
        self.labels = labels
        self.value = value
    }
}
