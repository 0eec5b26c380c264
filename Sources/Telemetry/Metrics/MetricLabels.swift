import Bytes

/// One attribute of a metric's point.
package struct MetricLabel: Sendable, Hashable {
    /// A value with its type: OTLP keeps it.
    package enum Value: Sendable, Hashable {
        case text(String)
        case integer(Int)
        case boolean(Bool)
    }

    /// Dotted, as the conventions have it.
    package let name: String
    package let value: Value

    /// An attribute with a text.
    package init(_ name: StaticString, _ value: String) {
        self.name = String(describing: name)
        self.value = .text(value)
    }

    /// An attribute with a number.
    package init(_ name: StaticString, _ value: Int) {
        self.name = String(describing: name)
        self.value = .integer(value)
    }

    /// An attribute that is true or false.
    package init(_ name: StaticString, _ value: Bool) {
        self.name = String(describing: name)
        self.value = .boolean(value)
    }
}

/// The attributes of one series, in the order in which they are printed, with what `/metrics`
/// shows of them.
package struct MetricLabels: Sendable, Hashable {
    /// Names are unique.
    package let pairs: [MetricLabel]
    /// `name="value",...`, escaped; made once, because a series is printed often.
    let prometheus: String

    /// Names must be unique.
    package init(_ pairs: [MetricLabel]) {
        self.pairs = pairs
        var text = ByteBuffer(capacity: 64)
        for (index, pair) in pairs.enumerated() {
            if index > 0 { text.append(",") }
            text.append(string: PrometheusName.family(pair.name, unit: ""))
            text.append("=\"")
            switch pair.value {
            case .text(let value): PrometheusText.appendEscaped(value.utf8.span, to: &text)
            case .integer(let value): text.append(decimal: value)
            case .boolean(let value): text.append(value ? "true" : "false")
            }
            text.append("\"")
        }
        prometheus = String(decoding: text.bytes)
    }

    package static func == (left: MetricLabels, right: MetricLabels) -> Bool {
        left.pairs == right.pairs
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(pairs)
    }

    /// What series beyond an instrument's limit share (specification v1.60.0, "Metrics SDK",
    /// "Cardinality limits").
    static let overflow = MetricLabels([MetricLabel("otel.metric.overflow", true)])
}
