import Bytes
import OTLP
import Telemetry
import Testing
import W3CTraceContext

/// Log records: what becomes one, and what it looks like on the wire.
@Suite struct LogRecordTests {
    private let queue = ItemQueue<LogItem>(
        limits: QueueLimits(), counters: ExportCounters(exporter: "test", signal: .logs))
    private let lines = LineSink()
    private let span = SpanContext(
        traceID: traceID(0xa3ce_929d_0e0e_4736), spanID: SpanID(0xf0)!,
        flags: [.sampled, .random])

    private func export(details: Bool = false, limits: SpanLimits = SpanLimits()) -> LogExport {
        LogExport(queues: [queue], sendsDetails: details, limits: limits)
    }

    private func log(_ level: LogLevel) -> Log {
        let lines = lines
        return Log(
            level: level, format: .text, now: { 1_763_638_496_007_000_000 },
            output: { lines.write($0) })
    }

    /// The records that are queued, decoded.
    private func records(_ content: ContentMode = .full) -> [WireMessage] {
        var items: [LogItem] = []
        while let item = queue.take() { items.append(item) }
        return Self.decode(items, content)
    }

    private static func encode(
        _ items: [LogItem], _ content: ContentMode, bytesMax: Int = 4 << 20
    ) -> (body: [UInt8], count: Int) {
        var body = ByteBuffer()
        let encoder = LogEncoder(resource: ExportResource(attributes: [], version: "1"))
        let count = encoder.encode(
            items[...], content: content, bytesMax: bytesMax, into: &body)
        return (body.withBytes { span in span.indices.map { span[$0] } }, count)
    }

    private static func decode(_ items: [LogItem], _ content: ContentMode) -> [WireMessage] {
        let scopes = WireMessage(encode(items, content).body)?.message(1)?.message(2)
        return scopes?.messages(2) ?? []
    }

    // MARK: Request events

    @Test func `a request's event is a line and a record with the same facts`() throws {
        log(.info).write(
            .warning, .requestEnd, "the request ended", span: span, export: export()
        ) { line in
            line.add(.status, 502)
            line.add(.error, "upstream_closed")
            line.add(.duration, nanoseconds: 1_500_000)
            line.add(.stream, true)
            line.add(.model, "m\u{202E}")
        }
        #expect(lines.all.count == 1)
        #expect(lines.all[0].contains(" event=request.end status=502 error=upstream_closed "))
        let record = try #require(records().first)
        #expect(record.only(1) == .fixed64(1_763_638_496_007_000_000))
        #expect(record.only(2) == .varint(13))
        #expect(record.string(3) == "WARN")
        #expect(record.message(5)?.string(1) == "the request ended")
        #expect(record.only(8) == .fixed32(3))
        #expect(record.only(9) == .bytes(Self.bytes(0x4bf9_2f35_77b3_4da6, 0xa3ce_929d_0e0e_4736)))
        #expect(record.only(10) == .bytes(Self.bytes(0xf0)))
        #expect(record.only(11) == .fixed64(1_763_638_496_007_000_000))
        #expect(record.string(12) == "martlet.request.end")
        #expect(record.only(7) == nil)
        #expect(Set(record.numbers()) == [1, 2, 3, 5, 6, 8, 9, 10, 11, 12])
        let attributes = record.attributes
        #expect(attributes["http.response.status_code"]?.only(3) == .varint(502))
        #expect(attributes["error.type"]?.string(1) == "upstream_closed")
        #expect(attributes["martlet.duration"]?.only(4) == .fixed64((0.0015).bitPattern))
        #expect(attributes["martlet.stream"]?.only(2) == .varint(1))
        #expect(attributes["gen_ai.request.model"]?.string(1) == "m\u{202E}")
        #expect(attributes.count == 5)
    }

    private static func bytes(_ words: UInt64...) -> [UInt8] {
        words.flatMap { word in
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> $0) }
        }
    }

    @Test(arguments: [
        (LogLevel.debug, LogLevel.debug, 1, 1), (.info, .debug, 0, 0), (.info, .info, 1, 1),
        (.error, .info, 0, 1), (.error, .debug, 0, 0), (.error, .warning, 0, 1),
        (.warning, .error, 1, 1),
    ])
    func `a quiet log does not keep records from their receivers`(
        threshold: LogLevel, level: LogLevel, lineCount: Int, recordCount: Int
    ) {
        let log = log(threshold)
        #expect(log.isOn(level, export: export()) == (lineCount + recordCount > 0))
        log.write(level, .requestEnd, "m", span: span, export: export()) { $0.add(.status, 1) }
        #expect(lines.all.count == lineCount)
        #expect(records().count == recordCount)
    }

    @Test func `without a receiver there is a line alone`() {
        log(.info).write(.info, .requestEnd, "m", span: span, export: nil) { $0.add(.status, 1) }
        #expect(lines.all.count == 1)
        #expect(!log(.error).isOn(.info, export: nil))
    }

    @Test func `a record's attributes keep the limits`() throws {
        var limits = SpanLimits()
        limits.attributeCountMax = 1
        limits.valueCharactersMax = 3
        log(.info).write(
            .info, .requestEnd, "m", span: span, export: export(limits: limits)
        ) { line in
            line.add(.model, "gpt-4o")
            line.add(.status, 200)
        }
        let record = try #require(records().first)
        #expect(record.attributes["gen_ai.request.model"]?.string(1) == "gpt")
        #expect(record.attributes.count == 1)
        #expect(record.only(7) == .varint(1))
        #expect(lines.all[0].contains("model=gpt-4o status=200"))
    }

    // MARK: Events of spans

    /// A finished request: SERVER, an operation and its attempt.
    private func request(
        _ operation: (SpanRecord) -> Void = { _ in }, _ attempt: (SpanRecord) -> Void = { _ in }
    ) -> FinishedTrace {
        let recorder = recorder()
        _ = recorder.span("POST", .server, id: 1)
        let chat = recorder.span("chat m", .client, id: 2, parent: .local(SpanID(1)!))
        chat.set(GenAIAttributes.operationName, "chat")
        chat.set(GenAIAttributes.system, "openai")
        chat.set(GenAIAttributes.requestModel, "m")
        chat.set(GenAIAttributes.requestTopK, 4)
        chat.set(GenAIAttributes.requestTemperature, 0)
        chat.set(GenAIAttributes.usagePromptTokens, 4)
        chat.append(GenAIAttributes.responseFinishReasons, "stop".utf8.span)
        operation(chat)
        let post = recorder.span("POST", .client, id: 3, parent: .local(SpanID(2)!))
        post.set(HTTPAttributes.requestMethod, "POST")
        attempt(post)
        return recorder.finish(at: 5_000)
    }

    @Test func `details of an operation are the span's attributes without top_k`() throws {
        export(details: true).submit(
            eventsOf: request { $0.setContent(GenAIAttributes.inputMessages, json: "[]".utf8.span) }
        )
        let found = records()
        #expect(found.count == 1)
        let record = try #require(found.first)
        #expect(record.string(12) == "gen_ai.client.inference.operation.details")
        #expect(record.only(2) == .varint(9))
        #expect(record.only(1) == .fixed64(5_000))
        #expect(record.only(10) == .bytes(Self.bytes(2)))
        #expect(record.message(5) == nil)
        #expect(
            Set(record.attributes.keys) == [
                "gen_ai.operation.name", "gen_ai.request.model", "gen_ai.request.temperature",
                "gen_ai.response.finish_reasons", "gen_ai.input.messages",
            ])
        #expect(record.attributes["gen_ai.request.temperature"]?.only(4) == .fixed64(0))
        let reasons = record.attributes["gen_ai.response.finish_reasons"]?.message(5)
        #expect(reasons?.message(1)?.string(1) == "stop")
        #expect(record.attributes["gen_ai.input.messages"]?.only(5) == .bytes([]))
    }

    @Test func `details are sent where they are asked for, of inference alone`() {
        export(details: false).submit(eventsOf: request())
        #expect(records().isEmpty)
        export(details: true).submit(
            eventsOf: request { $0.set(GenAIAttributes.operationName, "embeddings") })
        #expect(records().isEmpty)
    }

    @Test func `content goes where it is to go, shortened where it must be`() throws {
        let text = String(repeating: "x", count: 5_000)
        let trace = request { span in
            span.setContent(
                GenAIAttributes.inputMessages, json: "[{\"a\":\"\(text)\"}]".utf8.span)
        }
        let export = export(details: true)
        export.submit(eventsOf: trace)
        let full = try #require(records(.full).first)
        #expect(full.structured("gen_ai.input.messages") == "[{a:\(text)}]")
        export.submit(eventsOf: trace)
        let short = try #require(records(.shortened(bytesMax: 1_000)).first)
        let value = try #require(short.structured("gen_ai.input.messages"))
        #expect(value.count < 1_100 && value.hasPrefix("[{a:xxx"))
        export.submit(eventsOf: trace)
        let none = try #require(records(.none).first)
        #expect(none.attributes["gen_ai.input.messages"] == nil)
    }

    @Test func `an operation that failed is an exception, told once`() throws {
        let trace = request(
            { span in
                span.set(GeneralAttributes.errorType, "rate_limit_exceeded")
                span.setError(message: "slow down")
            },
            { span in
                span.set(GeneralAttributes.errorType, "429")
                span.setError()
            })
        export().submit(eventsOf: trace)
        let found = records()
        #expect(found.map { $0.string(12) } == ["gen_ai.client.operation.exception"])
        let record = try #require(found.first)
        #expect(record.only(2) == .varint(13))
        #expect(record.only(10) == .bytes(Self.bytes(2)))
        #expect(record.attributes["exception.type"]?.string(1) == "rate_limit_exceeded")
        #expect(record.attributes["exception.message"]?.string(1) == "slow down")
        #expect(record.attributes.count == 2)
    }

    @Test func `an attempt that was made up for, and a client that left, are no exceptions`() {
        let handled = request { _ in
        } _: { span in
            span.set(GeneralAttributes.errorType, "upstream_closed")
            span.setError()
        }
        export().submit(eventsOf: handled)
        export().submit(
            eventsOf: request { span in
                span.set(GeneralAttributes.errorType, "client_disconnected")
                span.setError()
            })
        #expect(records().isEmpty)
    }

    @Test(
        "attempts of calls that are passed on",
        arguments: [
            (["upstream_closed"], 1), (["404"], 0), (["upstream_closed", nil], 0),
            (["upstream_closed", "upstream_connect_error"], 1), ([nil], 0),
            (["client_disconnected"], 0),
        ] as [([String?], Int)])
    func passedOn(_ errors: [String?], _ count: Int) {
        let recorder = recorder()
        _ = recorder.span("GET", .server, id: 1)
        for (index, error) in errors.enumerated() {
            let span = recorder.span(
                "GET", .client, id: UInt64(index + 2), parent: .local(SpanID(1)!))
            guard let error else { continue }
            span.set(GeneralAttributes.errorType, error)
            span.setError(message: "why")
        }
        export().submit(eventsOf: recorder.finish(at: 9))
        let found = records()
        #expect(
            found.map { $0.string(12) }
                == Array(repeating: "http.client.request.exception", count: count))
        #expect(
            found.first?.attributes["exception.type"]?.string(1)
                == (count > 0 ? errors.last ?? "" : nil))
    }

    @Test func `records that do not fit are left for the next request`() {
        let item = LogItem.record(record())
        let (_, one) = Self.encode([item], .full)
        #expect(one == 1)
        let size = Self.encode([item], .full).body.count
        #expect(Self.encode([item, item, item], .full, bytesMax: size + 150).count < 3)
        #expect(Self.encode([item], .full, bytesMax: 100).count == 0)
    }

    private func record() -> LogRecord {
        log(.error).write(.info, .requestEnd, "m", span: span, export: export()) { line in
            line.add(.model, "gpt-4o")
        }
        guard case .record(let record)? = queue.take() else { fatalError("no record") }
        return record
    }

    @Test func `the accounting of records balances, losses included`() {
        var limits = QueueLimits()
        limits.itemsMax = 2
        let counters = ExportCounters(exporter: "test", signal: .logs)
        let small = ItemQueue<LogItem>(limits: limits, counters: counters)
        let export = LogExport(queues: [small], sendsDetails: true, limits: SpanLimits())
        for _ in 0..<2 { export.submit(record()) }
        export.submit(eventsOf: request())
        #expect(counters.accepted == 3)
        #expect(counters.lost(.queueFull) == 1)
        #expect(counters.pending == 2)
        #expect(balances(counters))
    }
}

extension WireMessage {
    /// The attributes of a log record.
    fileprivate var attributes: [String: WireMessage] {
        Dictionary(
            messages(6).map { ($0.string(1) ?? "?", $0.message(2) ?? WireMessage([])!) },
            uniquingKeysWith: { _, _ in fatalError("an attribute stands twice") })
    }

    /// An attribute of structured content, in a notation of this test.
    fileprivate func structured(_ key: String) -> String? {
        attributes[key].map(Self.text)
    }

    static func text(_ value: WireMessage) -> String {
        guard let field = value.fields.first else { return "null" }
        switch field.number {
        case 1: return value.string(1) ?? "?"
        case 2: return value.only(2) == .varint(1) ? "true" : "false"
        case 3:
            guard case .varint(let bits)? = value.only(3) else { return "?" }
            return "\(Int64(bitPattern: bits))"
        case 4:
            guard case .fixed64(let bits)? = value.only(4) else { return "?" }
            return "\(Double(bitPattern: bits))f"
        case 5:
            return "[" + (value.message(5)?.messages(1).map(text).joined(separator: ",") ?? "?")
                + "]"
        case 6:
            let pairs = value.message(6)?.messages(1).map {
                "\($0.string(1) ?? "?"):\(text($0.message(2) ?? WireMessage([])!))"
            }
            return "{" + (pairs?.joined(separator: ",") ?? "?") + "}"
        default: return "?"
        }
    }
}
