import Bytes
import Privacy
import W3CTraceContext

/// What names a span everywhere.
package struct SpanContext: Sendable, Equatable {
    /// The trace.
    package let traceID: TraceID
    /// The span in it.
    package let spanID: SpanID
    /// The trace's flags as sent on.
    package let flags: TraceFlags

    /// The context of a span.
    package init(traceID: TraceID, spanID: SpanID, flags: TraceFlags) {
        self.traceID = traceID
        self.spanID = spanID
        self.flags = flags
    }
}

/// The span above a span.
package enum SpanParent: Sendable, Equatable {
    /// The span is the root of its trace.
    case none
    /// A span of this process.
    case local(SpanID)
    /// A span that another process named in `traceparent`.
    case remote(SpanID)
}

/// OpenTelemetry's span kinds, with the numbers of OTLP.
package enum SpanKind: UInt8, Sendable {
    case `internal` = 1
    case server
    case client
    case producer
    case consumer
}

/// OpenTelemetry's status codes, with the numbers of OTLP.
package enum SpanStatusCode: UInt8, Sendable {
    case unset
    case ok
    case error
}

/// A span that caused this one or has to do with it, without being its parent.
package struct SpanLink: Sendable {
    /// The other span.
    package let context: SpanContext
    /// The context came from another process.
    package let isRemote: Bool

    /// A link to `context`.
    package init(context: SpanContext, isRemote: Bool) {
        self.context = context
        self.isRemote = isRemote
    }
}

/// Something that happened at one moment of a span.
package final class SpanEvent {
    /// What happened.
    package let name: StaticString
    /// Nanoseconds since 1970.
    package let time: UInt64
    private let attributes: AttributeArena

    /// Attributes that were left out for a limit.
    package var droppedAttributesCount: Int { attributes.droppedCount }

    /// Whether attributes with message content are among the attributes.
    package var hasContent: Bool { attributes.contentCount > 0 }

    init(name: StaticString, time: UInt64, attributes: consuming AttributeArena) {
        self.name = name
        self.time = time
        self.attributes = attributes
    }

    /// Appends the attributes as OTLP has them: `Span.Event.attributes`, field 3. Those with
    /// message content come last, in the fullest form up to `form` that there is, or not at all.
    package func appendAttributes(
        includingContent: Bool, form: ContentForm = .full, to buffer: inout ByteBuffer
    ) {
        attributes.appendWire(includingContent: includingContent, form: form, to: &buffer)
    }

    /// Lends the attributes, which `AttributeEntry.next(in:at:)` reads.
    package func withBytes<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        var entries = ByteBuffer(capacity: 2 * attributes.byteCount)
        attributes.appendEntries(to: &entries)
        return entries.withBytes(body)
    }
}
