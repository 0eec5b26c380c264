import Bytes
import Synchronization

/// How urgent a line is.
package enum LogLevel: UInt8, Sendable, Comparable, CaseIterable {
    case debug
    case info
    case warning
    /// An operator must act.
    case error

    /// The word in a line.
    package var label: StaticString {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warning: "warning"
        case .error: "error"
        }
    }

    /// The level a word of any case names; nil for other words.
    package init?(name: String) {
        switch name.lowercased() {
        case "debug", "trace": self = .debug
        case "info": self = .info
        case "warning", "warn": self = .warning
        case "error", "fatal": self = .error
        default: return nil
        }
    }

    /// In order of urgency.
    package static func < (a: LogLevel, b: LogLevel) -> Bool { a.rawValue < b.rawValue }
}

/// How lines look.
package enum LogFormat: Sendable {
    /// `2026-11-20T11:00:00.000Z info  request finished status=200 [trace_id=... span_id=...]`
    case text
    /// One JSON object a line.
    case json
}

/// The process's log: constant sentences with data in keys, a line each, from any thread.
///
/// A line that the output cannot take at once is dropped and counted, and the next one that
/// passes says how many were: a log never waits.
package final class Log: Sendable {
    /// Takes a whole line with its end, or answers false at once.
    package typealias Output = @Sendable (borrowing Span<UInt8>) -> Bool

    /// Bytes of a line: a pipe takes up to 4096 at once or not at all.
    package static let lineBytesMax = 4096

    /// Lines below it are not written.
    package let level: LogLevel
    private let format: LogFormat
    private let now: @Sendable () -> UInt64
    private let output: Output
    private let dropped = Atomic<Int>(0)
    /// Dropped lines that no line has told of yet.
    private let untold = Mutex<Int>(0)

    /// `now` answers nanoseconds since 1970.
    package init(
        level: LogLevel, format: LogFormat, now: @escaping @Sendable () -> UInt64,
        output: @escaping Output
    ) {
        self.level = level
        self.format = format
        self.now = now
        self.output = output
    }

    /// Lines dropped since the start.
    package var droppedCount: Int { dropped.load(ordering: .relaxed) }

    /// Whether lines of `level` are written.
    package func isOn(_ level: LogLevel) -> Bool { level >= self.level }

    /// Writes a line: a constant sentence, the span it belongs to, and what `fields` adds.
    package func write(
        _ level: LogLevel, _ message: StaticString, span: SpanContext? = nil,
        _ fields: (inout LogLine) -> Void = { _ in }
    ) {
        guard isOn(level) else { return }
        var line = LogLine(format: format, level: level, message: message, time: now())
        if let span { line.addSpan(span) }
        fields(&line)
        finish(&line)
    }

    /// Whether `write` of an event of `level` does anything.
    package func isOn(_ level: LogLevel, export: LogExport?) -> Bool {
        isOn(level) || (export != nil && level >= LogExport.level)
    }

    /// Writes a line about what happened to a request, and hands the same as a record to
    /// `export`, where there is one.
    package func write(
        _ level: LogLevel, _ event: LogEvent, _ message: StaticString, span: SpanContext,
        export: LogExport?, _ fields: (inout LogLine) -> Void
    ) {
        let hasLine = isOn(level)
        guard hasLine || isOn(level, export: export) else { return }
        let now = now()
        var line = LogLine(
            format: hasLine ? format : nil, level: level, message: message, time: now)
        if let export { line.beginRecord(export.limits) }
        line.add(event: event)
        line.addSpan(span)
        fields(&line)
        if let export, let attributes = line.takeRecord() {
            export.submit(
                LogRecord(
                    time: now, severity: LogSeverity(level), event: event, body: message,
                    span: span, attributes: attributes))
        }
        if hasLine { finish(&line) }
    }

    private func finish(_ line: inout LogLine) {
        // One writer at a time: lines do not mix, and the count of the dropped is told once.
        untold.withLock { untold in
            if untold > 0 { line.add("log.dropped", untold) }
            line.finish()
            if output(line.bytes) {
                untold = 0
            } else {
                untold += 1
                dropped.wrappingAdd(1, ordering: .relaxed)
            }
        }
    }

    /// A line for people who look for a fault.
    package func debug(
        _ message: StaticString, span: SpanContext? = nil,
        _ fields: (inout LogLine) -> Void = { _ in }
    ) {
        write(.debug, message, span: span, fields)
    }

    /// A line that says what happens in the normal course.
    package func info(
        _ message: StaticString, span: SpanContext? = nil,
        _ fields: (inout LogLine) -> Void = { _ in }
    ) {
        write(.info, message, span: span, fields)
    }

    /// A line about something that should not be, and that the process copes with.
    package func warning(
        _ message: StaticString, span: SpanContext? = nil,
        _ fields: (inout LogLine) -> Void = { _ in }
    ) {
        write(.warning, message, span: span, fields)
    }

    /// A line that asks an operator to act.
    package func error(
        _ message: StaticString, span: SpanContext? = nil,
        _ fields: (inout LogLine) -> Void = { _ in }
    ) {
        write(.error, message, span: span, fields)
    }
}
