import Bytes
import W3CTraceContext

/// One line of the log while it is put together; at most `Log.lineBytesMax` bytes.
package struct LogLine: ~Copyable {
    /// Unicode scalars of a value; what is longer is cut off.
    package static let valueCharactersMax = 512
    /// Kept free for the end of the line.
    private static let reservedBytes = 128

    private var buffer = ByteBuffer(capacity: 512)
    private let format: LogFormat
    private var span: SpanContext?
    private var isCut = false

    init(format: LogFormat, level: LogLevel, message: StaticString, time: UInt64) {
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
        }
    }

    var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get { buffer.bytes }
    }

    /// Adds text from anywhere: escaped, and cut after `valueCharactersMax` characters.
    package mutating func add(_ key: StaticString, _ value: Span<UInt8>) {
        let start = open(key)
        switch format {
        case .json: Text.appendQuoted(value, charactersMax: Self.valueCharactersMax, to: &buffer)
        case .text:
            if Self.needsQuotes(value) {
                Text.appendQuoted(value, charactersMax: Self.valueCharactersMax, to: &buffer)
            } else {
                Text.append(
                    value, charactersMax: Self.valueCharactersMax, bytesMax: .max, to: &buffer)
            }
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
        let start = open(key)
        buffer.append(decimal: value)
        close(start)
    }

    /// Adds `true` or `false`.
    package mutating func add(_ key: StaticString, _ value: Bool) {
        let start = open(key)
        buffer.append(value ? "true" : "false")
        close(start)
    }

    /// Adds a duration as milliseconds with three decimals.
    package mutating func add(_ key: StaticString, milliseconds nanoseconds: UInt64) {
        let start = open(key)
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

    private mutating func open(_ key: StaticString) -> Int {
        let start = buffer.count
        switch format {
        case .text:
            buffer.append(" ")
            buffer.append(key)
            buffer.append("=")
        case .json:
            buffer.append(",\"")
            buffer.append(key)
            buffer.append("\":")
        }
        return start
    }

    /// Takes a field out again that would make the line too long.
    private mutating func close(_ start: Int) {
        guard buffer.count > Log.lineBytesMax - Self.reservedBytes else { return }
        buffer.truncate(to: start)
        isCut = true
    }

    /// Printable ASCII without spaces, quotes, brackets and "=" stands in a line as it is.
    private static func needsQuotes(_ value: Span<UInt8>) -> Bool {
        for index in value.indices {
            switch value[index] {
            case UInt8(ascii: "\""), UInt8(ascii: "="), UInt8(ascii: "\\"),
                UInt8(ascii: "["), UInt8(ascii: "]"):
                return true
            case 0x21...0x7E: continue
            default: return true
            }
        }
        return value.isEmpty
    }
}

/// Time stamps as RFC 3339 writes them, in UTC with milliseconds.
package enum Timestamp {
    /// Appends e.g. `2026-11-20T11:00:00.000Z`. `time` is in nanoseconds since 1970.
    package static func append(_ time: UInt64, to buffer: inout ByteBuffer) {
        let seconds = Int(time / 1_000_000_000)
        let (year, month, day) = date(ofDay: seconds / 86_400)
        let second = seconds % 86_400
        appendPadded(year, digits: 4, to: &buffer)
        buffer.append("-")
        appendPadded(month, digits: 2, to: &buffer)
        buffer.append("-")
        appendPadded(day, digits: 2, to: &buffer)
        buffer.append("T")
        appendPadded(second / 3600, digits: 2, to: &buffer)
        buffer.append(":")
        appendPadded(second / 60 % 60, digits: 2, to: &buffer)
        buffer.append(":")
        appendPadded(second % 60, digits: 2, to: &buffer)
        buffer.append(".")
        appendPadded(Int(time / 1_000_000 % 1000), digits: 3, to: &buffer)
        buffer.append("Z")
    }

    /// The proleptic Gregorian date of a day counted from 1970-01-01.
    package static func date(ofDay day: Int) -> (year: Int, month: Int, day: Int) {
        // Years counted from March, in eras of 400 of them: leap days then come last.
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfMonth)
    }

    /// The day, counted from 1970-01-01, of a proleptic Gregorian date.
    package static func day(year: Int, month: Int, day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func appendPadded(_ value: Int, digits: Int, to buffer: inout ByteBuffer) {
        var divisor = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            buffer.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }
}
