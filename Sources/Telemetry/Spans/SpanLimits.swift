/// Bounds of one span. Defaults are those of the OpenTelemetry specification where it has one.
package struct SpanLimits: Sendable {
    /// Attributes of a span (`OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT`), of an event.
    package var attributeCountMax = 128
    /// Unicode scalars of a text (`OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT`).
    package var valueCharactersMax = Int.max
    /// Bytes of a text: the specification has no limit, but callers choose some of the values.
    package var valueBytesMax = 64 << 10
    /// Bytes of one attribute with message content: three of them fit into a batch.
    package var contentBytesMax = 1 << 20
    /// `OTEL_SPAN_EVENT_COUNT_LIMIT`.
    package var eventCountMax = 128
    /// `OTEL_SPAN_LINK_COUNT_LIMIT`.
    package var linkCountMax = 128

    /// Unicode scalars of a span's name and of its status message.
    package static let nameCharactersMax = 256

    /// The defaults.
    package init() {}
}
