/// A field of a message of OTLP.
struct OTLPField: Sendable {
    /// What its value is, and how JSON shows it where that is not plain.
    enum Kind: Sendable {
        case string
        /// Bytes that JSON shows in hexadecimal: ids.
        case hex
        /// Bytes that JSON shows in base64.
        case base64
        case bool
        /// `int32` and enumerations: a number.
        case int32
        case uint32
        /// zigzag
        case sint32
        case fixed32
        /// 64 bits: a decimal string.
        case int64
        case uint64
        case fixed64
        case sfixed64
        /// A number, or the name of what JSON has no number for.
        case double
        case message(OTLPMessage)
    }

    let number: UInt64
    /// lowerCamelCase, as in JSON.
    let name: StaticString
    let kind: Kind
    let isRepeated: Bool

    init(_ number: UInt64, _ name: StaticString, _ kind: Kind, repeated: Bool = false) {
        self.number = number
        self.name = name
        self.kind = kind
        isRepeated = repeated
    }
}

/// The messages of OTLP that can be in an export request (opentelemetry-proto v1.11.0; profiles
/// and what only they use left out).
enum OTLPMessage: Int, Sendable, CaseIterable {
    case tracesRequest, metricsRequest, logsRequest
    // common.v1, resource.v1
    case anyValue, arrayValue, keyValueList, keyValue, scope, entityRef, resource
    // trace.v1
    case resourceSpans, scopeSpans, span, spanEvent, spanLink, status
    // logs.v1
    case resourceLogs, scopeLogs, logRecord
    // metrics.v1
    case resourceMetrics, scopeMetrics, metric, gauge, sum, histogram, exponentialHistogram
    case summary, numberPoint, histogramPoint, exponentialPoint, buckets, summaryPoint, quantile
    case exemplar

    private static let table: [[OTLPField]] = allCases.map(\.definition)

    /// The field of that number.
    func field(_ number: UInt64) -> OTLPField? {
        Self.table[rawValue].first { $0.number == number }
    }

    private var definition: [OTLPField] {
        switch self {
        case .tracesRequest:
            [OTLPField(1, "resourceSpans", .message(.resourceSpans), repeated: true)]
        case .metricsRequest:
            [OTLPField(1, "resourceMetrics", .message(.resourceMetrics), repeated: true)]
        case .logsRequest: [OTLPField(1, "resourceLogs", .message(.resourceLogs), repeated: true)]
        case .anyValue, .arrayValue, .keyValueList, .keyValue, .scope, .entityRef, .resource:
            commonDefinition
        case .resourceSpans, .scopeSpans, .span, .spanEvent, .spanLink, .status: traceDefinition
        case .resourceLogs, .scopeLogs, .logRecord: logsDefinition
        case .numberPoint, .histogramPoint, .exponentialPoint, .buckets, .summaryPoint, .quantile,
            .exemplar:
            pointDefinition
        default: metricsDefinition
        }
    }

    private var commonDefinition: [OTLPField] {
        switch self {
        case .anyValue:
            [
                OTLPField(1, "stringValue", .string), OTLPField(2, "boolValue", .bool),
                OTLPField(3, "intValue", .int64), OTLPField(4, "doubleValue", .double),
                OTLPField(5, "arrayValue", .message(.arrayValue)),
                OTLPField(6, "kvlistValue", .message(.keyValueList)),
                OTLPField(7, "bytesValue", .base64),
            ]
        case .arrayValue: [OTLPField(1, "values", .message(.anyValue), repeated: true)]
        case .keyValueList: [OTLPField(1, "values", .message(.keyValue), repeated: true)]
        case .keyValue: [OTLPField(1, "key", .string), OTLPField(2, "value", .message(.anyValue))]
        case .scope:
            [
                OTLPField(1, "name", .string), OTLPField(2, "version", .string),
                attributes(3), OTLPField(4, "droppedAttributesCount", .uint32),
            ]
        case .entityRef:
            [
                OTLPField(1, "schemaUrl", .string), OTLPField(2, "type", .string),
                OTLPField(3, "idKeys", .string, repeated: true),
                OTLPField(4, "descriptionKeys", .string, repeated: true),
            ]
        default:
            [
                attributes(1), OTLPField(2, "droppedAttributesCount", .uint32),
                OTLPField(3, "entityRefs", .message(.entityRef), repeated: true),
            ]
        }
    }

    private var traceDefinition: [OTLPField] {
        switch self {
        case .resourceSpans: envelope(inner: "scopeSpans", .scopeSpans)
        case .scopeSpans: scoped("spans", .span)
        case .span:
            [
                OTLPField(1, "traceId", .hex), OTLPField(2, "spanId", .hex),
                OTLPField(3, "traceState", .string), OTLPField(4, "parentSpanId", .hex),
                OTLPField(5, "name", .string), OTLPField(6, "kind", .int32),
                OTLPField(7, "startTimeUnixNano", .fixed64),
                OTLPField(8, "endTimeUnixNano", .fixed64), attributes(9),
                OTLPField(10, "droppedAttributesCount", .uint32),
                OTLPField(11, "events", .message(.spanEvent), repeated: true),
                OTLPField(12, "droppedEventsCount", .uint32),
                OTLPField(13, "links", .message(.spanLink), repeated: true),
                OTLPField(14, "droppedLinksCount", .uint32),
                OTLPField(15, "status", .message(.status)), OTLPField(16, "flags", .fixed32),
            ]
        case .spanEvent:
            [
                OTLPField(1, "timeUnixNano", .fixed64), OTLPField(2, "name", .string),
                attributes(3), OTLPField(4, "droppedAttributesCount", .uint32),
            ]
        case .spanLink:
            [
                OTLPField(1, "traceId", .hex), OTLPField(2, "spanId", .hex),
                OTLPField(3, "traceState", .string), attributes(4),
                OTLPField(5, "droppedAttributesCount", .uint32), OTLPField(6, "flags", .fixed32),
            ]
        default: [OTLPField(2, "message", .string), OTLPField(3, "code", .int32)]
        }
    }

    private var logsDefinition: [OTLPField] {
        switch self {
        case .resourceLogs: envelope(inner: "scopeLogs", .scopeLogs)
        case .scopeLogs: scoped("logRecords", .logRecord)
        default:
            [
                OTLPField(1, "timeUnixNano", .fixed64), OTLPField(2, "severityNumber", .int32),
                OTLPField(3, "severityText", .string), OTLPField(5, "body", .message(.anyValue)),
                attributes(6), OTLPField(7, "droppedAttributesCount", .uint32),
                OTLPField(8, "flags", .fixed32), OTLPField(9, "traceId", .hex),
                OTLPField(10, "spanId", .hex), OTLPField(11, "observedTimeUnixNano", .fixed64),
                OTLPField(12, "eventName", .string),
            ]
        }
    }

    private var metricsDefinition: [OTLPField] {
        switch self {
        case .resourceMetrics: envelope(inner: "scopeMetrics", .scopeMetrics)
        case .scopeMetrics: scoped("metrics", .metric)
        case .metric:
            [
                OTLPField(1, "name", .string), OTLPField(2, "description", .string),
                OTLPField(3, "unit", .string), OTLPField(5, "gauge", .message(.gauge)),
                OTLPField(7, "sum", .message(.sum)),
                OTLPField(9, "histogram", .message(.histogram)),
                OTLPField(10, "exponentialHistogram", .message(.exponentialHistogram)),
                OTLPField(11, "summary", .message(.summary)),
                OTLPField(12, "metadata", .message(.keyValue), repeated: true),
            ]
        case .gauge: [points(.numberPoint)]
        case .sum:
            [
                points(.numberPoint), OTLPField(2, "aggregationTemporality", .int32),
                OTLPField(3, "isMonotonic", .bool),
            ]
        case .histogram:
            [points(.histogramPoint), OTLPField(2, "aggregationTemporality", .int32)]
        case .exponentialHistogram:
            [points(.exponentialPoint), OTLPField(2, "aggregationTemporality", .int32)]
        default: [points(.summaryPoint)]
        }
    }

    private var pointDefinition: [OTLPField] {
        switch self {
        case .numberPoint:
            times + [
                OTLPField(4, "asDouble", .double), exemplars(5),
                OTLPField(6, "asInt", .sfixed64), attributes(7), OTLPField(8, "flags", .uint32),
            ]
        case .histogramPoint:
            times + [
                OTLPField(4, "count", .fixed64), OTLPField(5, "sum", .double),
                OTLPField(6, "bucketCounts", .fixed64, repeated: true),
                OTLPField(7, "explicitBounds", .double, repeated: true), exemplars(8),
                attributes(9), OTLPField(10, "flags", .uint32), OTLPField(11, "min", .double),
                OTLPField(12, "max", .double),
            ]
        case .exponentialPoint:
            times + [
                attributes(1), OTLPField(4, "count", .fixed64), OTLPField(5, "sum", .double),
                OTLPField(6, "scale", .sint32), OTLPField(7, "zeroCount", .fixed64),
                OTLPField(8, "positive", .message(.buckets)),
                OTLPField(9, "negative", .message(.buckets)), OTLPField(10, "flags", .uint32),
                exemplars(11), OTLPField(12, "min", .double), OTLPField(13, "max", .double),
                OTLPField(14, "zeroThreshold", .double),
            ]
        case .buckets:
            [
                OTLPField(1, "offset", .sint32),
                OTLPField(2, "bucketCounts", .uint64, repeated: true),
            ]
        case .summaryPoint:
            times + [
                OTLPField(4, "count", .fixed64), OTLPField(5, "sum", .double),
                OTLPField(6, "quantileValues", .message(.quantile), repeated: true),
                attributes(7), OTLPField(8, "flags", .uint32),
            ]
        case .quantile: [OTLPField(1, "quantile", .double), OTLPField(2, "value", .double)]
        default:
            [
                OTLPField(2, "timeUnixNano", .fixed64), OTLPField(3, "asDouble", .double),
                OTLPField(4, "spanId", .hex), OTLPField(5, "traceId", .hex),
                OTLPField(6, "asInt", .sfixed64),
                OTLPField(7, "filteredAttributes", .message(.keyValue), repeated: true),
            ]
        }
    }

    private func attributes(_ number: UInt64) -> OTLPField {
        OTLPField(number, "attributes", .message(.keyValue), repeated: true)
    }

    private func exemplars(_ number: UInt64) -> OTLPField {
        OTLPField(number, "exemplars", .message(.exemplar), repeated: true)
    }

    private func points(_ type: OTLPMessage) -> OTLPField {
        OTLPField(1, "dataPoints", .message(type), repeated: true)
    }

    private var times: [OTLPField] {
        [OTLPField(2, "startTimeUnixNano", .fixed64), OTLPField(3, "timeUnixNano", .fixed64)]
    }

    private func envelope(inner name: StaticString, _ type: OTLPMessage) -> [OTLPField] {
        [
            OTLPField(1, "resource", .message(.resource)),
            OTLPField(2, name, .message(type), repeated: true), OTLPField(3, "schemaUrl", .string),
        ]
    }

    private func scoped(_ name: StaticString, _ type: OTLPMessage) -> [OTLPField] {
        [
            OTLPField(1, "scope", .message(.scope)),
            OTLPField(2, name, .message(type), repeated: true), OTLPField(3, "schemaUrl", .string),
        ]
    }
}
