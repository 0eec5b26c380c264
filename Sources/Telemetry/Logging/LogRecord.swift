import Bytes

/// OpenTelemetry's severity of a log record (opentelemetry-proto v1.11.0, logs.proto).
package enum LogSeverity: UInt8, Sendable {
    case debug = 5
    case info = 9
    case warning = 13
    case error = 17

    /// That of a line.
    init(_ level: LogLevel) {
        switch level {
        case .debug: self = .debug
        case .info: self = .info
        case .warning: self = .warning
        case .error: self = .error
        }
    }

    /// `severity_text`.
    package var text: StaticString {
        switch self {
        case .debug: "DEBUG"
        case .info: "INFO"
        case .warning: "WARN"
        case .error: "ERROR"
        }
    }
}

/// Something that happened to a request, on its way to the receivers of logs: what a line says,
/// with attributes as OTLP has them on the wire.
package final class LogRecord: Sendable {
    /// Nanoseconds since 1970.
    package let time: UInt64
    /// How urgent it is.
    package let severity: LogSeverity
    /// What happened.
    package let event: LogEvent
    /// The line's sentence.
    package let body: StaticString
    /// The span it belongs to.
    package let span: SpanContext?
    private let attributes: AttributeArena

    init(
        time: UInt64, severity: LogSeverity, event: LogEvent, body: StaticString,
        span: SpanContext?, attributes: consuming AttributeArena
    ) {
        self.time = time
        self.severity = severity
        self.event = event
        self.body = body
        self.span = span
        self.attributes = attributes
    }

    /// An arena for a record's attributes: `LogRecord.attributes`, field 6.
    static func arena(_ limits: SpanLimits) -> AttributeArena {
        AttributeArena(limits: limits, field: 6, capacity: 384)
    }

    /// Attributes that were left out for a limit.
    package var droppedAttributesCount: Int { attributes.droppedCount }
    /// What the record holds in memory, about, in bytes.
    package var byteCount: Int { 160 + attributes.byteCount }

    /// Appends the attributes as OTLP has them, as field 6.
    package func appendAttributes(to buffer: inout ByteBuffer) {
        attributes.appendWire(includingContent: false, to: &buffer)
    }
}

/// An event that a span of a finished trace tells of: made of the span where it is encoded.
package struct SpanLogEvent: Sendable {
    /// Which one.
    package enum Kind: Sendable {
        /// `gen_ai.client.inference.operation.details` (semconv v1.40.0): the attributes of the
        /// span, message content in structured form.
        case details
        /// `gen_ai.client.operation.exception` (semconv v1.41.0): the operation failed.
        case operationException
        /// `http.client.request.exception` (semconv v1.40.0): an attempt outside of an operation
        /// failed.
        case requestException

        /// `LogRecord.event_name`.
        package var name: StaticString {
            switch self {
            case .details: "gen_ai.client.inference.operation.details"
            case .operationException: "gen_ai.client.operation.exception"
            case .requestException: "http.client.request.exception"
            }
        }
    }

    /// What happened.
    package let kind: Kind
    /// The trace, which keeps the span.
    package let trace: FinishedTrace
    /// Which span of the trace it is, from 0.
    private let index: Int

    init(_ kind: Kind, ofSpan index: Int, in trace: FinishedTrace) {
        self.kind = kind
        self.trace = trace
        self.index = index
    }

    /// Lends the span that tells of it.
    package func withSpan<Result>(_ body: (SpanRecord) -> Result) -> Result? {
        var span = trace.firstSpan
        for _ in 0..<index { span = span?.next }
        return span.map(body)
    }
}

/// What the queues of log exporters hold.
package enum LogItem: ExportEntry {
    case record(LogRecord)
    case span(SpanLogEvent)

    /// One log record.
    package var itemCount: Int { 1 }

    /// What it holds in memory, about, in bytes; exporters of traces may hold the same.
    package var byteCount: Int {
        switch self {
        case .record(let record): record.byteCount
        case .span(let event): event.withSpan(\.byteCount) ?? 0
        }
    }
}
