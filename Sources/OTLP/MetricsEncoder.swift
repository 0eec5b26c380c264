import Bytes
import Telemetry
import W3CTraceContext

/// A data point and the collection it came with.
package struct MetricItem {
    fileprivate let collection: MetricCollection
    fileprivate let metric: Int
    fileprivate let point: Int

    fileprivate var whole: MetricCollection.Metric { collection.metrics[metric] }

    fileprivate func hasMetric(of other: MetricItem) -> Bool {
        collection === other.collection && metric == other.metric
    }
}

/// Encodes metrics as `ExportMetricsServiceRequest` (opentelemetry-proto v1.11.0). Its items are
/// data points; those of a metric that follow each other share its message, and metrics of a
/// scope that follow each other share the scope's.
package struct MetricsEncoder: BatchEncoder {
    /// `NumberDataPoint.attributes`, field 7.
    private static let numberTag: UInt8 = 7 << 3 | 2
    /// `HistogramDataPoint.attributes`, field 9.
    private static let histogramTag: UInt8 = 9 << 3 | 2

    private let resource: ExportResource

    /// An encoder of metrics of `resource`.
    package init(resource: ExportResource) {
        self.resource = resource
    }

    /// Metrics.
    package var signal: Signal { .metrics }

    /// Appends the points of a collection, scope by scope.
    package func append(itemsOf entry: MetricCollection, to items: inout [MetricItem]) {
        for scope in MetricDefinition.Scope.allCases {
            for (index, metric) in entry.metrics.enumerated()
            where metric.data.definition.scope == scope {
                for point in metric.data.points.indices {
                    items.append(MetricItem(collection: entry, metric: index, point: point))
                }
            }
        }
    }

    /// There is no message content in metrics.
    package func hasContent(_ item: MetricItem) -> Bool { false }

    /// Appends a request with the leading `items` that fit.
    package func encode(
        _ items: ArraySlice<MetricItem>, content: ContentMode, bytesMax: Int,
        into output: inout ByteBuffer
    ) -> Int {
        var writer = ProtobufWriter(into: ByteBuffer(capacity: min(bytesMax, 64 << 10)))
        let resourceMetrics = writer.open(1)
        resource.encodeAttributes(&writer)
        // What is open behind the items: the lengths of four messages, temporality, schema URLs.
        let trailer = 2 * (ExportResource.schemaURL.utf8.count + 2) + 32
        var rest = items
        while !rest.isEmpty {
            let before = writer.buffer.count
            let encoded = encodeScope(&rest, bytesMax: bytesMax - trailer, to: &writer)
            if encoded == 0 {
                writer.buffer.truncate(to: before)
                break
            }
        }
        guard rest.startIndex > items.startIndex else { return 0 }
        writer.field(3, string: ExportResource.schemaURL)
        writer.close(resourceMetrics)
        output.append(writer.buffer.bytes)
        return rest.startIndex - items.startIndex
    }

    /// Writes the leading items of one scope that fit, and takes them off `items`.
    private func encodeScope(
        _ items: inout ArraySlice<MetricItem>, bytesMax: Int, to writer: inout ProtobufWriter
    ) -> Int {
        guard let scope = items.first?.whole.data.definition.scope else { return 0 }
        let scopeMetrics = writer.open(2)
        let message = writer.open(1)
        writer.field(1, bytes: scope.name.bytes)
        writer.field(2, string: resource.version)
        writer.close(message)
        var count = 0
        while let first = items.first, first.whole.data.definition.scope == scope {
            let before = writer.buffer.count
            let encoded = encodeMetric(&items, bytesMax: bytesMax, to: &writer)
            if encoded == 0 {
                writer.buffer.truncate(to: before)
                break
            }
            count += encoded
        }
        writer.field(3, string: ExportResource.schemaURL)
        writer.close(scopeMetrics)
        return count
    }

    /// Writes the leading items of one metric that fit, and takes them off `items`.
    private func encodeMetric(
        _ items: inout ArraySlice<MetricItem>, bytesMax: Int, to writer: inout ProtobufWriter
    ) -> Int {
        guard let first = items.first else { return 0 }
        let metric = first.whole
        let definition = metric.data.definition
        let message = writer.open(2)
        writer.field(1, string: definition.name)
        writer.field(2, string: definition.description)
        if !definition.unit.isEmpty { writer.field(3, string: definition.unit) }
        let isHistogram = if case .histogram = definition.kind { true } else { false }
        let data = writer.open(isHistogram ? 9 : 7)
        var count = 0
        while let item = items.first, item.hasMetric(of: first) {
            let before = writer.buffer.count
            encode(metric.data.points[item.point], of: metric, item.collection.time, to: &writer)
            guard writer.buffer.count <= bytesMax else {
                writer.buffer.truncate(to: before)
                break
            }
            items.removeFirst()
            count += 1
        }
        writer.field(2, varint: metric.temporality.rawValue)
        if definition.kind.isMonotonic { writer.field(3, varint: 1) }
        writer.close(data)
        writer.close(message)
        return count
    }

    private func encode(
        _ point: MetricPoint, of metric: MetricCollection.Metric, _ time: UInt64,
        to writer: inout ProtobufWriter
    ) {
        let message = writer.open(1, lengthBytes: 2)
        switch point.value {
        case .integer(let value):
            writer.field(2, fixed64: metric.startTime)
            writer.field(3, fixed64: time)
            writer.field(6, fixed64: UInt64(bitPattern: Int64(value)))
            encode(point.labels, Self.numberTag, to: &writer)
        case .histogram(let value):
            writer.field(2, fixed64: metric.startTime)
            writer.field(3, fixed64: time)
            encode(value, of: metric.data.definition, to: &writer)
            encode(point.labels, Self.histogramTag, to: &writer)
        }
        writer.close(message)
    }

    private func encode(
        _ value: HistogramValue, of definition: MetricDefinition, to writer: inout ProtobufWriter
    ) {
        guard case .histogram(let bounds) = definition.kind else { return }
        writer.field(4, fixed64: UInt64(value.count))
        writer.field(5, fixed64: definition.value(value.sum).bitPattern)
        writer.openBytes(6, count: value.counts.count * 8)
        for count in value.counts { writer.buffer.append(low: 8, of: UInt64(count)) }
        writer.openBytes(7, count: bounds.values.count * 8)
        for bound in bounds.values { writer.buffer.append(low: 8, of: bound.bitPattern) }
        for exemplar in value.exemplars { encode(exemplar, of: definition, to: &writer) }
    }

    private func encode(
        _ exemplar: Exemplar, of definition: MetricDefinition, to writer: inout ProtobufWriter
    ) {
        let message = writer.open(8)
        writer.field(2, fixed64: exemplar.time)
        if definition.isDuration {
            writer.field(3, fixed64: definition.value(exemplar.value).bitPattern)
        } else {
            writer.field(6, fixed64: UInt64(bitPattern: Int64(exemplar.value)))
        }
        if let spanID = exemplar.spanID { writer.spanID(4, spanID) }
        if let traceID = exemplar.traceID { writer.traceID(5, traceID) }
        writer.close(message)
    }

    private func encode(
        _ labels: MetricLabels, _ tag: UInt8, to writer: inout ProtobufWriter
    ) {
        for label in labels.pairs {
            let name = label.name.utf8.span
            switch label.value {
            case .text(let text):
                AttributeWire.append(tag, name, text: text.utf8.span, to: &writer.buffer)
            case .integer(let number):
                AttributeWire.append(tag, name, int: number, to: &writer.buffer)
            case .boolean(let flag):
                AttributeWire.append(tag, name, bool: flag, to: &writer.buffer)
            }
        }
    }
}

extension MetricDefinition.Kind {
    fileprivate var isMonotonic: Bool {
        switch self {
        case .counter, .observedCounter: true
        case .upDownCounter, .histogram: false
        }
    }
}
