import Bytes
import OTLP
import Telemetry
import W3CTraceContext

/// Spans made by the calls that a gateway makes, as bytes choose them; the request that their
/// encoder makes of them; and what it is to say by the calls' documentation.
struct RandomExport: ~Copyable {
    private(set) var encoded = ByteBuffer()
    private(set) var expected = ExpectedExport()

    init(choosing bytes: [UInt8]) {
        var choices = Choices(bytes)
        var limits = SpanLimits()
        if choices.below(4) == 0 {
            limits.attributeCountMax = 1 + choices.below(8)
            limits.eventCountMax = choices.below(3)
            limits.linkCountMax = choices.below(3)
            limits.valueCharactersMax = 1 + choices.below(20)
        }
        let withContent = choices.below(2) == 0
        let resource = Self.resource(&choices)
        for (name, value) in resource.attributes {
            expected.resource[Array(name.utf8)] = .string(value)
        }
        let traceState = choices.printable()
        let traceID = Self.traceID(&choices)
        let recorder = TraceRecorder(
            traceID: traceID, flags: TraceFlags(rawValue: choices.byte() & 3),
            tracestate: traceState.span, limits: limits)
        var spans: [RandomSpan] = []
        for _ in 0...choices.below(4) {
            spans.append(RandomSpan(in: recorder, limits: limits, &choices))
        }
        while !choices.isAtEnd { spans[choices.below(spans.count)].step(&choices) }
        let end = choices.word()
        let trace = recorder.finish(at: end)
        let encoder = TraceEncoder(resource: resource)
        // With content, which the encoder of batches is to take out where there is to be none.
        let queue = SpanQueue(
            limits: QueueLimits(), counters: ExportCounters(exporter: "random"), content: .full)
        queue.submit(trace)
        var items: [EncodedSpan] = []
        if let entry = queue.encoded.take() { encoder.append(itemsOf: entry, to: &items) }
        let count = encoder.encode(
            items[...], content: withContent ? .full : .none, bytesMax: 64 << 20, into: &encoded)
        precondition(count == items.count && count == spans.count)
        expected.spans = spans.map {
            $0.finished(
                at: end, withContent, traceState: String(decoding: traceState, as: UTF8.self))
        }
    }

    private static func resource(_ choices: inout Choices) -> ExportResource {
        var attributes: [(name: String, value: String)] = []
        for _ in 0..<choices.below(4) {
            let name = ["service.name", "a", "b", "telemetry.sdk.name"][choices.below(4)]
            attributes.append((name, String(decoding: choices.text(), as: UTF8.self)))
        }
        return ExportResource(attributes: attributes, version: "1.2.3")
    }

    static func traceID(_ choices: inout Choices) -> TraceID {
        TraceID(high: choices.word(), low: choices.word()) ?? TraceID(high: 0, low: 1)!
    }

    static func spanID(_ choices: inout Choices) -> SpanID {
        SpanID(choices.word()) ?? SpanID(1)!
    }
}

/// A span, and what is to become of it.
struct RandomSpan {
    private let record: SpanRecord
    private let limits: SpanLimits
    private var expected = ExpectedSpan()
    private var attributes: RandomAttributes

    init(in recorder: TraceRecorder, limits: SpanLimits, _ choices: inout Choices) {
        self.limits = limits
        attributes = RandomAttributes(limits: limits)
        let id = RandomExport.spanID(&choices)
        let parent: SpanParent =
            switch choices.below(3) {
            case 0: .none
            case 1: .local(RandomExport.spanID(&choices))
            default: .remote(RandomExport.spanID(&choices))
            }
        let kind = SpanKind(rawValue: 1 + choices.byte() % 5)!
        let name = choices.text()
        let start = choices.word()
        record = recorder.startSpan(name.span, kind: kind, id: id, parent: parent, at: start)
        expected.traceID = "\(recorder.traceID)"
        expected.spanID = "\(id)"
        let flags = Int(recorder.flags.rawValue)
        switch parent {
        case .none: expected.flags = 0x100 | flags
        case .local(let parent): (expected.parentID, expected.flags) = ("\(parent)", 0x100 | flags)
        case .remote(let parent): (expected.parentID, expected.flags) = ("\(parent)", 0x300 | flags)
        }
        expected.kind = Int(kind.rawValue)
        expected.start = start
        expected.name = Self.name(name)
    }

    private static func name(_ text: [UInt8]) -> String {
        var buffer = ByteBuffer()
        Text.appendEscaped(text.span, charactersMax: 256, to: &buffer)
        return String(decoding: buffer.bytes)
    }

    /// One more thing happens to the span.
    mutating func step(_ choices: inout Choices) {
        let isLive = record.isLive
        switch choices.below(24) {
        case 0:
            let name = choices.text()
            record.setName(name.span)
            if isLive { expected.name = Self.name(name) }
        case 1:
            let message = choices.text()
            record.setError(message: message.span)
            if isLive {
                var buffer = ByteBuffer()
                Text.append(message.span, charactersMax: 256, bytesMax: .max, to: &buffer)
                expected.status = 2
                expected.message = String(decoding: buffer.bytes)
            }
        case 2: addEvent(&choices, isLive)
        case 3: addLink(&choices, isLive)
        case 4:
            guard choices.below(16) == 0 else { return }
            let time = choices.word()
            record.end(at: time)
            if isLive { expected.end = max(time, expected.start, 1) }
        default: attributes.step(record, isLive: isLive, &choices)
        }
    }

    private mutating func addEvent(_ choices: inout Choices, _ isLive: Bool) {
        let names: [StaticString] = ["exception", "gen_ai.first_token", "e"]
        let name = names[choices.below(names.count)]
        let time = choices.word()
        var attributes = RandomAttributes(limits: limits)
        record.addEvent(name, at: time) { arena in
            for _ in 0..<choices.below(6) { attributes.step(&arena, &choices) }
        }
        guard isLive else { return }
        guard expected.events.count < limits.eventCountMax else {
            expected.droppedEventsCount += 1
            return
        }
        let event = ExpectedEvent(
            name: "\(name)", time: time, attributes: attributes.expected(withContent: true))
        expected.events.append(event)
    }

    private mutating func addLink(_ choices: inout Choices, _ isLive: Bool) {
        let context = SpanContext(
            traceID: RandomExport.traceID(&choices), spanID: RandomExport.spanID(&choices),
            flags: TraceFlags(rawValue: choices.byte() & 3))
        let isRemote = choices.below(2) == 0
        record.addLink(SpanLink(context: context, isRemote: isRemote))
        guard isLive else { return }
        guard expected.links.count < limits.linkCountMax else {
            expected.droppedLinksCount += 1
            return
        }
        expected.links.append(
            ExpectedLink(
                traceID: "\(context.traceID)", spanID: "\(context.spanID)",
                flags: (isRemote ? 0x300 : 0x100) | Int(context.flags.rawValue)))
    }

    /// The span as it is to arrive, ended at `time` where it was not ended before.
    func finished(at time: UInt64, _ withContent: Bool, traceState: String) -> ExpectedSpan {
        var result = expected
        if result.end == 0 { result.end = max(time, result.start, 1) }
        result.traceState = traceState
        result.attributes = attributes.expected(withContent: withContent)
        return result
    }
}
