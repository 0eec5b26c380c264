import Bytes
import W3CTraceContext

/// Prometheus' text exposition format 0.0.4, and OpenMetrics 1.0.0, which adds exemplars and
/// units and an end.
package enum PrometheusText: Sendable {
    /// What every Prometheus reads.
    case plain
    /// For who asks for it by `Accept`.
    case openMetrics

    /// The media type of the format.
    package var contentType: StaticString {
        switch self {
        case .plain: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// The format that the value of an `Accept` header prefers (RFC 9110 section 12.5.1):
    /// OpenMetrics only where it is named, in a version we speak, and not liked less than text.
    package init(accept: Span<UInt8>) {
        var openMetrics = 0
        var plain = 0
        var start = 0
        while start < accept.count {
            let end = accept.firstIndex(of: UInt8(ascii: ","), from: start) ?? accept.count
            let range = MediaRange(accept.extracting(start..<end))
            switch range.kind {
            case .openMetrics: openMetrics = max(openMetrics, range.weight)
            case .text: plain = max(plain, range.weight)
            case .other: break
            }
            start = end + 1
        }
        self = openMetrics > 0 && openMetrics >= plain ? .openMetrics : .plain
    }

    /// Appends the metrics, each name once.
    package func append(_ metrics: [MetricData], to buffer: inout ByteBuffer) {
        for metric in metrics { append(metric, to: &buffer) }
        if self == .openMetrics { buffer.append("# EOF\n") }
    }

    private func append(_ metric: MetricData, to buffer: inout ByteBuffer) {
        let definition = metric.definition
        let isCounter = definition.kind.isCounter
        // OpenMetrics' family is the name without the suffix, Prometheus' the name with it.
        let suffix: StaticString = isCounter ? "_total" : ""
        func head(_ word: StaticString) {
            buffer.append("# ")
            buffer.append(word)
            buffer.append(UInt8(ascii: " "))
            buffer.append(string: definition.prometheusName)
            if self == .plain { buffer.append(suffix) }
            buffer.append(UInt8(ascii: " "))
        }
        head("HELP")
        Self.appendEscaped(
            definition.description.utf8.span, quotes: self == .openMetrics, to: &buffer)
        buffer.append(UInt8(ascii: "\n"))
        head("TYPE")
        buffer.append(definition.kind.prometheusType)
        buffer.append(UInt8(ascii: "\n"))
        if self == .openMetrics, let unit = PrometheusName.unit(definition.unit),
            definition.prometheusName.hasSuffix("_" + unit)
        {
            head("UNIT")
            buffer.append(string: unit)
            buffer.append(UInt8(ascii: "\n"))
        }
        for point in metric.points {
            switch point.value {
            case .integer(let value):
                appendName(definition, suffix, point.labels, to: &buffer)
                buffer.append(decimal: value)
                buffer.append(UInt8(ascii: "\n"))
            case .histogram(let value):
                append(value, of: definition, point.labels, to: &buffer)
            }
        }
    }

    private func append(
        _ value: HistogramValue, of definition: MetricDefinition, _ labels: MetricLabels,
        to buffer: inout ByteBuffer
    ) {
        guard case .histogram(let bounds) = definition.kind else { return }
        var count = 0
        for bucket in value.counts.indices {
            count &+= value.counts[bucket]
            let bound =
                bucket < bounds.values.count ? String(bounds.values[bucket]) : "+Inf"
            appendName(definition, "_bucket", labels, bound: bound, to: &buffer)
            buffer.append(decimal: count)
            if self == .openMetrics,
                let exemplar = value.exemplars.first(where: { $0.bucket == bucket })
            {
                append(exemplar, of: definition, to: &buffer)
            }
            buffer.append(UInt8(ascii: "\n"))
        }
        appendName(definition, "_count", labels, to: &buffer)
        buffer.append(decimal: count)
        buffer.append(UInt8(ascii: "\n"))
        appendName(definition, "_sum", labels, to: &buffer)
        buffer.append(string: String(definition.value(value.sum)))
        buffer.append(UInt8(ascii: "\n"))
    }

    /// Only where the trace is sampled is there something to look up.
    private func append(
        _ exemplar: Exemplar, of definition: MetricDefinition, to buffer: inout ByteBuffer
    ) {
        guard let traceID = exemplar.traceID, let spanID = exemplar.spanID else { return }
        buffer.append(" # {trace_id=\"")
        buffer.append(traceID)
        buffer.append("\",span_id=\"")
        buffer.append(spanID)
        buffer.append("\"} ")
        buffer.append(string: String(definition.value(exemplar.value)))
        buffer.append(UInt8(ascii: " "))
        buffer.append(decimal: Int(exemplar.time / 1_000_000_000))
        buffer.append(UInt8(ascii: "."))
        let milliseconds = Int(exemplar.time / 1_000_000 % 1000)
        if milliseconds < 100 { buffer.append(UInt8(ascii: "0")) }
        if milliseconds < 10 { buffer.append(UInt8(ascii: "0")) }
        buffer.append(decimal: milliseconds)
    }

    private func appendName(
        _ definition: MetricDefinition, _ suffix: StaticString, _ labels: MetricLabels,
        bound: String? = nil, to buffer: inout ByteBuffer
    ) {
        buffer.append(string: definition.prometheusName)
        buffer.append(suffix)
        let hasLabels = !labels.prometheus.isEmpty
        if hasLabels || bound != nil {
            buffer.append(UInt8(ascii: "{"))
            buffer.append(string: labels.prometheus)
            if let bound {
                buffer.append(hasLabels ? ",le=\"" : "le=\"")
                buffer.append(string: bound)
                buffer.append(UInt8(ascii: "\""))
            }
            buffer.append(UInt8(ascii: "}"))
        }
        buffer.append(UInt8(ascii: " "))
    }

    /// Appends a label's value, or a help text, which in the plain format keeps its `quotes`.
    static func appendEscaped(
        _ value: Span<UInt8>, quotes: Bool = true, to buffer: inout ByteBuffer
    ) {
        for index in value.indices {
            switch value[index] {
            case UInt8(ascii: "\\"): buffer.append("\\\\")
            case UInt8(ascii: "\"") where quotes: buffer.append("\\\"")
            case UInt8(ascii: "\n"): buffer.append("\\n")
            default: buffer.append(value[index])
            }
        }
    }
}

extension MetricDefinition.Kind {
    fileprivate var isCounter: Bool {
        switch self {
        case .counter, .observedCounter: true
        case .upDownCounter, .histogram: false
        }
    }

    fileprivate var prometheusType: StaticString {
        switch self {
        case .counter, .observedCounter: "counter"
        case .upDownCounter: "gauge"
        case .histogram: "histogram"
        }
    }
}

/// One element of an `Accept` header, as far as it matters here.
private struct MediaRange {
    enum Kind { case openMetrics, text, other }

    var kind = Kind.other
    /// The `q` in thousandths.
    var weight = 1000

    init(_ element: Span<UInt8>) {
        var start = 0
        var isFirst = true
        while start < element.count || isFirst {
            let end = element.firstIndex(of: UInt8(ascii: ";"), from: start) ?? element.count
            let part = element.extracting(start..<end).trimmed
            if isFirst {
                if part.equalsIgnoringCase("application/openmetrics-text") { kind = .openMetrics }
                if part.equalsIgnoringCase("text/plain") { kind = .text }
            } else if part.count > 2, part.extracting(0..<2).equalsIgnoringCase("q=") {
                weight = Self.thousandths(part.extracting(2...))
            } else if part.count > 8, part.extracting(0..<8).equalsIgnoringCase("version="),
                kind == .openMetrics
            {
                let version = part.extracting(8...)
                let isKnown = version.equals("1.0.0") || version.equals("0.0.1")
                if !isKnown, !version.equals("\"1.0.0\"") { kind = .other }
            }
            isFirst = false
            start = end + 1
        }
    }

    /// `0.5` as 500; what is no weight counts as 1 (RFC 9110 section 12.4.2).
    private static func thousandths(_ text: Span<UInt8>) -> Int {
        guard text.count > 0, text[0] == UInt8(ascii: "0") else { return 1000 }
        var value = 0
        var unit = 100
        var index = 2
        while index < min(text.count, 5) {
            let digit = text[index] &- 0x30
            guard digit < 10 else { return 1000 }
            value += Int(digit) * unit
            unit /= 10
            index += 1
        }
        return value
    }
}
