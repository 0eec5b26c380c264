import Bytes
import W3CTraceContext

/// One line of the log while it is put together; at most `Log.lineBytesMax` bytes.
package struct LogLine: ~Copyable {
    /// Unicode scalars of a value; what is longer is cut off.
    package static let valueCharactersMax = 512
    /// Kept free for the end of the line.
    private static let reservedBytes = 128

    private var buffer = ByteBuffer(capacity: 512)
    /// nil: there is no line, only a record.
    private let format: LogFormat?
    /// The attributes of a record that says the same.
    var record: AttributeArena?
    private var span: SpanContext?
    private var isCut = false

    init(format: LogFormat?, level: LogLevel, message: StaticString, time: UInt64) {
        self.format = format
        switch format {
        case .text:
            Timestamp.append(time, to: &buffer)
            buffer.append(" ")
            buffer.append(level.label)
            for _ in level.label.utf8CodeUnitCount..<8 { buffer.append(ASCII.space) }
            buffer.append(message)
        case .json:
            buffer.append("{\"timestamp\":\"")
            Timestamp.append(time, to: &buffer)
            buffer.append("\",\"level\":\"")
            buffer.append(level.label)
            buffer.append("\",\"message\":")
            Text.appendQuoted(message.bytes, charactersMax: 256, to: &buffer)
        case nil: break
        }
    }

    mutating func beginRecord(_ limits: SpanLimits) {
        record = LogRecord.arena(limits)
    }

    mutating func takeRecord() -> AttributeArena? {
        record.take()
    }

    mutating func add(event: LogEvent) {
        add("event", event.name)
    }

    var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get { buffer.bytes }
    }

    /// Adds text from anywhere: escaped, and cut after `valueCharactersMax` characters.
    package mutating func add(_ key: StaticString, _ value: Span<UInt8>) {
        guard let start = open(key) else { return }
        switch format {
        case .json: Text.appendQuoted(value, charactersMax: Self.valueCharactersMax, to: &buffer)
        case .text:
            if Self.needsQuotes(value) {
                Text.appendQuoted(value, charactersMax: Self.valueCharactersMax, to: &buffer)
            } else if value.count <= Self.valueCharactersMax {
                buffer.append(value)
            } else {
                Text.append(
                    value, charactersMax: Self.valueCharactersMax, bytesMax: .max, to: &buffer)
            }
        case nil: break
        }
        close(start)
    }

    /// Adds a literal.
    package mutating func add(_ key: StaticString, _ value: StaticString) {
        add(key, value.bytes)
    }

    /// Adds text, as from anywhere.
    package mutating func add(_ key: StaticString, _ value: String) {
        add(key, value.utf8.span)
    }

    /// Adds a number.
    package mutating func add(_ key: StaticString, _ value: Int) {
        guard let start = open(key) else { return }
        buffer.append(decimal: value)
        close(start)
    }

    /// Adds `true` or `false`.
    package mutating func add(_ key: StaticString, _ value: Bool) {
        guard let start = open(key) else { return }
        buffer.append(value ? "true" : "false")
        close(start)
    }

    /// Adds a duration as milliseconds with three decimals.
    package mutating func add(_ key: StaticString, milliseconds nanoseconds: UInt64) {
        guard let start = open(key) else { return }
        Text.appendThousandths(nanoseconds / 1000, to: &buffer)
        close(start)
    }

    mutating func addSpan(_ context: SpanContext) {
        span = context
    }

    mutating func finish() {
        if isCut {
            buffer.append(format == .json ? ",\"log.truncated\":true" : " log.truncated=true")
        }
        if let span {
            buffer.append(format == .json ? ",\"trace_id\":\"" : " [trace_id=")
            buffer.append(span.traceID)
            buffer.append(format == .json ? "\",\"span_id\":\"" : " span_id=")
            buffer.append(span.spanID)
            buffer.append(format == .json ? "\"" : "]")
        }
        buffer.append(format == .json ? "}\n" : "\n")
    }

    /// Where the field begins; nil where there is no line.
    private mutating func open(_ key: StaticString) -> Int? {
        let start = buffer.count
        switch format {
        case .text:
            // " key="
            buffer.append(low: 1, of: 0x20, then: key.bytes, low: 1, of: 0x3D)
        case .json:
            buffer.append(",\"")
            buffer.append(key)
            buffer.append("\":")
        case nil: return nil
        }
        return start
    }

    /// Takes a field out again that would make the line too long.
    private mutating func close(_ start: Int) {
        guard buffer.count > Log.lineBytesMax - Self.reservedBytes else { return }
        buffer.truncate(to: start)
        isCut = true
    }

    /// A bit for each character below 64 that does not stand in a line as it is: controls, the
    /// space, the quote and "=".
    private static let quotedLow: UInt64 = 0x2000_0005_FFFF_FFFF
    /// The same from 64 on: brackets, the backslash and DEL.
    private static let quotedHigh: UInt64 = 0x8000_0000_3800_0000

    /// Printable ASCII without spaces, quotes, brackets and "=" stands in a line as it is.
    private static func needsQuotes(_ value: Span<UInt8>) -> Bool {
        if isPlain(value) { return false }
        for index in value.indices {
            let byte = value[index]
            let quoted = byte < 64 ? quotedLow : quotedHigh
            if byte > 0x7F || quoted &>> UInt64(byte & 63) & 1 != 0 { return true }
        }
        return value.isEmpty
    }

    /// Letters, digits and "-./_" alone, as most values are, looked at eight at a time: the last
    /// eight overlap those before.
    private static func isPlain(_ value: Span<UInt8>) -> Bool {
        guard value.count >= 8 else { return false }
        var index = 0
        while index < value.count - 8 {
            if !ASCII.isPlain(value.littleEndian64(at: index)) { return false }
            index += 8
        }
        return ASCII.isPlain(value.littleEndian64(at: value.count - 8))
    }
}
