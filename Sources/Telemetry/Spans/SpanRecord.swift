import Bytes
import Privacy
import W3CTraceContext

/// One span while it is recorded, made by `TraceRecorder.startSpan`.
///
/// Belongs to the thread of its request until the recorder is finished; after `end` nothing
/// changes any more: what is set later is ignored.
package final class SpanRecord {
    /// The span's ids and flags.
    package private(set) var context: SpanContext
    /// The span above it.
    package private(set) var parent: SpanParent
    /// Its place in a call.
    package private(set) var kind: SpanKind
    /// Nanoseconds since 1970.
    package private(set) var startTime: UInt64
    /// Nanoseconds since 1970, never before `startTime`; 0 while the span is live.
    package private(set) var endTime: UInt64 = 0
    /// Unset, or an error: a success is never marked (semconv v1.40.0, recording errors).
    package private(set) var status = SpanStatusCode.unset
    /// What happened on the way, in the order it was added.
    package private(set) var events: [SpanEvent] = []
    /// Other spans it has to do with.
    package private(set) var links: [SpanLink] = []
    /// Events over the limit.
    package private(set) var droppedEventsCount = 0
    /// Links over the limit.
    package private(set) var droppedLinksCount = 0

    /// The next span of the same trace in this process, in order of start.
    package internal(set) var next: SpanRecord?

    /// The name, at most 256 characters with control characters written out, and the attributes.
    private var arena: AttributeArena
    /// What went wrong: at most 256 characters.
    private var message: ByteBuffer?

    /// Bytes that a span's name and attributes usually fit into.
    private static let usualBytes = 960
    /// Bytes for them that are kept for another span.
    private static let keptBytes = 4 << 10

    init(
        _ context: SpanContext, parent: SpanParent, kind: SpanKind, startTime: UInt64,
        limits: SpanLimits
    ) {
        self.context = context
        self.parent = parent
        self.kind = kind
        self.startTime = startTime
        arena = AttributeArena(limits: limits, field: 9, capacity: Self.usualBytes)
    }

    /// Makes it another span after `clear`, within the same limits.
    func begin(
        _ context: SpanContext, parent: SpanParent, kind: SpanKind, startTime: UInt64
    ) {
        self.context = context
        self.parent = parent
        self.kind = kind
        self.startTime = startTime
    }

    /// Takes everything out that was set, and keeps the memory.
    func clear() {
        endTime = 0
        status = .unset
        if !events.isEmpty { events = [] }
        if !links.isEmpty { links = [] }
        droppedEventsCount = 0
        droppedLinksCount = 0
        message = nil
        arena.removeAll(keeping: Self.keptBytes)
    }

    /// Whether attributes can still be set.
    package var isLive: Bool { endTime == 0 }

    /// Attributes there are.
    package var attributeCount: Int { arena.count }
    /// Attributes that were left out for a limit or an impossible name.
    package var droppedAttributesCount: Int { arena.droppedCount }

    /// Whether attributes with message content are among the attributes.
    package var hasContent: Bool { arena.contentCount > 0 }

    /// What the span holds in memory, about, in bytes.
    package var byteCount: Int { 256 + arena.byteCount + events.count * 256 }

    /// Gives the span another name, which is often known only after the request was read.
    package func setName(_ name: Span<UInt8>) {
        guard isLive else { return }
        arena.setHead(name, charactersMax: SpanLimits.nameCharactersMax)
    }

    /// Marks the span as failed. `message` says why, or is empty where `error.type` says all;
    /// it must hold nothing sensitive. The last call wins.
    package func setError(message: Span<UInt8>) {
        guard isLive else { return }
        status = .error
        var text = ByteBuffer(capacity: min(message.count, SpanLimits.nameCharactersMax))
        Text.append(
            message, charactersMax: SpanLimits.nameCharactersMax, bytesMax: .max, to: &text)
        self.message = consume text
    }

    /// Marks the span as failed with a constant sentence, or none.
    package func setError(message: StaticString = "") {
        setError(message: message.bytes)
    }

    /// Adds an event with the attributes that `fill` sets, unless there are too many (counted).
    /// `time` is in nanoseconds since 1970.
    package func addEvent(
        _ name: StaticString, at time: UInt64, _ fill: (inout AttributeArena) -> Void = { _ in }
    ) {
        guard isLive else { return }
        guard events.count < arena.limits.eventCountMax else {
            droppedEventsCount += 1
            return
        }
        var attributes = AttributeArena(limits: arena.limits, field: 3, capacity: 64)
        fill(&attributes)
        events.append(SpanEvent(name: name, time: time, attributes: attributes))
    }

    /// Adds the event of an exception (semconv v1.40.0, docs/exceptions/exceptions-spans.md).
    /// `message` must hold nothing sensitive.
    package func addException(_ type: StaticString, _ message: StaticString, at time: UInt64) {
        addEvent("exception", at: time) { attributes in
            attributes.set(ExceptionAttributes.type.name.bytes, utf8: type.bytes)
            attributes.set(ExceptionAttributes.message.name.bytes, utf8: message.bytes)
        }
    }

    /// Adds a link, unless there are too many (counted).
    package func addLink(_ link: SpanLink) {
        guard isLive else { return }
        guard links.count < arena.limits.linkCountMax else {
            droppedLinksCount += 1
            return
        }
        links.append(link)
    }

    /// Ends the span; only the first call counts. `time` is in nanoseconds since 1970; a clock
    /// that was set back yields a span of no length, not a negative one.
    package func end(at time: UInt64) {
        guard isLive else { return }
        endTime = max(time, startTime, 1)
    }
}

// Setting attributes. A key's last value wins.
extension SpanRecord {
    /// Text from outside: made valid UTF-8, cut at the limit.
    package func set(_ key: AttributeKey<String>, _ value: Span<UInt8>) {
        guard isLive else { return }
        arena.set(key.name.bytes, string: value)
    }

    /// A literal.
    package func set(_ key: AttributeKey<String>, _ value: StaticString) {
        guard isLive else { return }
        arena.set(key.name.bytes, utf8: value.bytes)
    }

    /// Text that is a `String` already.
    package func set(_ key: AttributeKey<String>, _ value: String) {
        guard isLive else { return }
        arena.set(key.name.bytes, utf8: value.utf8.span)
    }

    /// A whole number; zero is a value.
    package func set(_ key: AttributeKey<Int>, _ value: Int) {
        guard isLive else { return }
        arena.set(key.name.bytes, int: value)
    }

    /// A number; zero is a value.
    package func set(_ key: AttributeKey<Double>, _ value: Double) {
        guard isLive else { return }
        arena.set(key.name.bytes, double: value)
    }

    /// A truth value.
    package func set(_ key: AttributeKey<Bool>, _ value: Bool) {
        guard isLive else { return }
        arena.set(key.name.bytes, bool: value)
    }

    /// A whole array, which may be empty.
    package func set(_ key: AttributeKey<[String]>, _ values: [String]) {
        guard isLive else { return }
        arena.set(key.name.bytes, strings: values)
    }

    /// Adds one element to an array, which the first element makes.
    package func append(_ key: AttributeKey<[String]>, _ element: Span<UInt8>) {
        guard isLive else { return }
        arena.append(key.name.bytes, element: element)
    }

    /// A text under a name that is known only at run time (`metadata.*`, baggage). Names that are
    /// empty, over 255 bytes or not UTF-8 are dropped and counted.
    package func set(dynamicKey key: Span<UInt8>, _ value: Span<UInt8>) {
        guard isLive else { return }
        arena.set(Text.isValid(key) ? key : Span(), string: value)
    }

    /// Attributes that many spans have.
    package func set(_ prepared: PreparedAttributes) {
        guard isLive else { return }
        arena.set(prepared)
    }

    /// What was set so far, but for message content, to be set on other spans; nil where some was
    /// left out for a limit.
    package func prepareAttributes() -> PreparedAttributes? { arena.prepare() }

    /// How far the span's attributes have come.
    package var mark: AttributeMark { arena.mark }

    /// What was set since then, but for message content; nil where that took the place of what was
    /// set before.
    package func prepareAttributes(since mark: AttributeMark) -> PreparedAttributes? {
        arena.prepare(since: mark)
    }

    /// Message content as JSON, in the form it has: each exporter sends the fullest one that it
    /// may have, or none.
    package func setContent(
        _ key: AttributeKey<MessageContent>, json: Span<UInt8>, form: ContentForm = .full
    ) {
        guard isLive else { return }
        arena.set(key.name.bytes, content: json, form: form)
    }
}

// Reading.
extension SpanRecord {
    /// The name in the bytes of `withBytes`: at most 256 characters, control characters written
    /// out.
    package var name: Range<Int> {
        AttributeEntry.headerBytes..<(AttributeEntry.headerBytes + arena.headCount)
    }

    /// What went wrong in those bytes, empty where nothing did: at most 256 characters.
    package var statusMessage: Range<Int> {
        let start = name.upperBound + AttributeEntry.headerBytes
        return start..<(start + statusMessageCount)
    }

    /// Lends the name, the status message and the attributes, which `AttributeEntry.next(in:at:)`
    /// reads: a copy, put together for readers that are in no hurry. Message content is there in
    /// the fullest form up to `content`.
    package func withBytes<Result>(
        content: ContentForm = .full, _ body: (Span<UInt8>) -> Result
    ) -> Result {
        var entries = ByteBuffer(capacity: 2 * arena.byteCount + 64)
        AttributeEntry.appendHeader(
            .dead, keyBytes: 0, valueBytes: nameCount, to: &entries)
        appendName(to: &entries)
        AttributeEntry.appendHeader(
            .dead, keyBytes: 0, valueBytes: statusMessageCount, to: &entries)
        appendStatusMessage(to: &entries)
        arena.appendEntries(content: content, to: &entries)
        return entries.withBytes(body)
    }

    /// Bytes of the name.
    package var nameCount: Int { arena.headCount }

    /// Appends the name.
    package func appendName(to buffer: inout ByteBuffer) {
        arena.appendHead(to: &buffer)
    }

    /// Bytes of the status message.
    package var statusMessageCount: Int { message?.count ?? 0 }

    /// Appends the status message.
    package func appendStatusMessage(to buffer: inout ByteBuffer) {
        message?.appendAll(to: &buffer)
    }

    /// Appends the attributes as OTLP has them: `Span.attributes`, field 9. Those with message
    /// content come last, in the fullest form up to `form` that there is, or not at all.
    package func appendAttributes(
        includingContent: Bool, form: ContentForm = .full, to buffer: inout ByteBuffer
    ) {
        arena.appendWire(includingContent: includingContent, form: form, to: &buffer)
    }
}
