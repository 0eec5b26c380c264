import Bytes
import OTLP
import Privacy
import Synchronization
import Telemetry
import W3CTraceContext

func traceID(_ low: UInt64, high: UInt64 = 0x4bf9_2f35_77b3_4da6) -> TraceID {
    TraceID(high: high, low: low)!
}

func recorder(
    trace low: UInt64 = 0xa3ce_929d_0e0e_4736, flags: TraceFlags = .sampled,
    tracestate: String = "", limits: SpanLimits = SpanLimits()
) -> TraceRecorder {
    TraceRecorder(
        traceID: traceID(low), flags: flags, tracestate: tracestate.utf8.span, limits: limits)
}

extension TraceRecorder {
    func span(
        _ name: String, _ kind: SpanKind = .internal, id: UInt64 = 1,
        parent: SpanParent = .none, at time: UInt64 = 1_000
    ) -> SpanRecord {
        startSpan(name.utf8.span, kind: kind, id: SpanID(id)!, parent: parent, at: time)
    }
}

/// A finished request of `spans` spans.
func trace(spans: Int, id: UInt64 = 7, content bytes: Int = 0) -> FinishedTrace {
    let recorder = recorder(trace: id)
    for index in 1...spans {
        let span = recorder.span("span \(index)", id: UInt64(index))
        if bytes > 0 {
            let json = "[\"" + String(repeating: "x", count: bytes) + "\"]"
            span.setContent(GenAIAttributes.inputMessages, json: json.utf8.span)
        }
    }
    return recorder.finish(at: 2_000)
}

func queue(_ change: (inout ExportQueue.Limits) -> Void = { _ in }) -> ExportQueue {
    var limits = ExportQueue.Limits()
    change(&limits)
    return ExportQueue(limits: limits, counters: ExportCounters(exporter: "test"))
}

/// A queue to an exporter over OTLP.
func spanQueue(
    content: ContentForm = .off, _ change: (inout QueueLimits) -> Void = { _ in }
) -> SpanQueue {
    var limits = QueueLimits()
    change(&limits)
    return SpanQueue(
        limits: limits, counters: ExportCounters(exporter: "test"), content: content)
}

/// The spans of a request as an exporter gets them.
func encodedSpans(_ trace: FinishedTrace, content: ContentForm = .full) -> [EncodedSpan] {
    let queue = spanQueue(content: content)
    queue.submit(trace)
    var items: [EncodedSpan] = []
    let encoder = TraceEncoder(resource: ExportResource(attributes: [], version: "0"))
    while let entry = queue.encoded.take() { encoder.append(itemsOf: entry, to: &items) }
    return items
}

/// The accounting holds.
func balances(_ counters: ExportCounters) -> Bool {
    counters.accepted == counters.exported + counters.pending + counters.lost
}

func text(_ write: (inout ByteBuffer) -> Void) -> String {
    var buffer = ByteBuffer()
    write(&buffer)
    return String(decoding: buffer.bytes)
}

/// What attributes of a span come to, by name.
enum AttributeValue: Equatable {
    case string(String)
    case content(String)
    case int(Int)
    case double(Double)
    case bool(Bool)
    case strings([String])
}

extension SpanRecord {
    var nameText: String { withBytes { String(decoding: $0.extracting(name)) } }
    var messageText: String { withBytes { String(decoding: $0.extracting(statusMessage)) } }

    /// The attributes in their order, read back.
    var attributes: [(key: String, value: AttributeValue)] {
        withBytes { bytes in
            var result: [(key: String, value: AttributeValue)] = []
            var offset = 0
            while let entry = AttributeEntry.next(in: bytes, at: &offset) {
                let key = String(decoding: bytes.extracting(entry.key))
                result.append((key, Self.value(entry, bytes)))
            }
            return result
        }
    }

    func attribute(_ key: String) -> AttributeValue? {
        attributes.first { $0.key == key }?.value
    }

    private static func value(_ entry: AttributeEntry, _ bytes: Span<UInt8>) -> AttributeValue {
        let value = bytes.extracting(entry.value)
        switch entry.type {
        case .dead: fatalError("a dead entry was handed out")
        case .string: return .string(String(decoding: value))
        case .content: return .content(String(decoding: value))
        case .int: return .int(Int(Int64(bitPattern: value.littleEndian64(at: 0))))
        case .double: return .double(Double(bitPattern: value.littleEndian64(at: 0)))
        case .bool: return .bool(value[0] == 1)
        case .strings:
            var elements: [String] = []
            var offset = 0
            while let element = AttributeEntry.nextElement(
                of: entry.value, in: bytes, at: &offset)
            {
                elements.append(String(decoding: bytes.extracting(element)))
            }
            return .strings(elements)
        }
    }
}

/// Collects lines; refuses them while `isFull`.
final class LineSink: Sendable {
    private let lines = Mutex<[String]>([])
    private let full = Mutex(false)

    var all: [String] { lines.withLock { $0 } }
    var isFull: Bool {
        get { full.withLock { $0 } }
        set { full.withLock { $0 = newValue } }
    }

    func write(_ bytes: borrowing Span<UInt8>) -> Bool {
        guard !isFull else { return false }
        let line = String(decoding: copy bytes)
        lines.withLock { $0.append(line) }
        return true
    }
}

func quietLog(_ sink: LineSink = LineSink()) -> Log {
    Log(level: .debug, format: .text, now: { 0 }, output: { sink.write($0) })
}

/// Time that passes only when the exporter waits.
final class ManualSchedule: ExportSchedule {
    var now: UInt64 = 1_000_000_000
    var wallClock: UInt64 { now }
    var jitterValue = 0.5
    private(set) var waits: [UInt64?] = []
    /// Runs at each wait, before time passes; the argument is the number of the wait from 0.
    var onWait: (Int) -> Void = { _ in }

    func jitter() -> Double { jitterValue }

    func wait(nanoseconds: UInt64?) async {
        let number = waits.count
        waits.append(nanoseconds)
        onWait(number)
        now += nanoseconds ?? 0
        precondition(waits.count < 10_000, "the exporter waits without end")
    }
}

/// Answers with a script, then with 200, and keeps what was sent.
final class ScriptedTransport: ExportTransport {
    struct Sent {
        let body: [UInt8]
        let isGzip: Bool
        let timeout: UInt64
        let at: UInt64
    }

    var encoding = ExportEncoding.protobuf
    private(set) var sent: [Sent] = []
    var script: [TransportOutcome]
    /// Decides by the body where the script has ended.
    var decide: ([UInt8]) -> TransportOutcome = { _ in .response(ExportResponse(status: 200)) }
    private let schedule: ManualSchedule

    init(_ schedule: ManualSchedule, script: [TransportOutcome] = []) {
        self.schedule = schedule
        self.script = script
    }

    func send(
        _ body: inout ByteBuffer, isGzip: Bool, timeout: UInt64
    ) async -> TransportOutcome {
        let bytes = body.withBytes { span in span.indices.map { span[$0] } }
        sent.append(Sent(body: bytes, isGzip: isGzip, timeout: timeout, at: schedule.now))
        return script.isEmpty ? decide(bytes) : script.removeFirst()
    }
}

extension TransportOutcome {
    /// An answer by HTTP.
    static func response(_ response: ExportResponse) -> TransportOutcome {
        .answer(ExportAnswer(response, to: .traces, in: .protobuf, now: 0))
    }
}
