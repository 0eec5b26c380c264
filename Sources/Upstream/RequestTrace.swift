import Bytes
import Networking
import Telemetry
import W3CTraceContext

/// Makes the ids of one worker, and the clocks of its requests.
package final class IDSource {
    private var generator = IDGenerator()
    private var anchor = ClockAnchor()
    /// A number of the worker's.
    package let lane: Int

    /// A source for the worker with that number.
    package init(lane: Int = 0) {
        self.lane = lane
    }

    /// A clock for a request that came at `now`, nanoseconds of `Clock.monotonic`; 0: not known.
    func clock(at now: UInt64) -> AnchoredClock { anchor.clock(at: now) }
    /// A new trace id.
    package func traceID() -> TraceID { generator.traceID() }
    /// A new span id.
    package func spanID() -> SpanID { generator.spanID() }
    /// A random number.
    package func next() -> UInt64 { generator.next() }
}

/// The trace of one request: where it came from, its ids, its clock, and its spans while they
/// are recorded. Where the trace is not sampled, there are ids and no spans.
package final class RequestTrace {
    /// The SERVER span's context: what `x-trace-id` names.
    package let server: TraceParent
    /// The caller's, for what is sent on.
    package let state: TraceState
    package let clock: AnchoredClock
    /// nil where nothing is recorded.
    package let recorder: TraceRecorder?
    /// Attributes that stand on every span: of baggage, and of the caller's metadata.
    package let shared: [(key: String, value: String)]
    /// The SERVER span; nil where nothing is recorded.
    package private(set) var serverSpan: SpanRecord?
    private let parent: SpanParent
    private let ids: IDSource

    private let link: TraceParent?

    /// Begins the request's part of a trace.
    ///
    /// - Parameters:
    ///   - caller: the context it came with; nil for a new root.
    ///   - link: a context that is only linked to.
    ///   - wanted: the trace id of a new root, where the caller named one in another way.
    ///   - receivedAt: when the request came, in nanoseconds of `Clock.monotonic`; 0: not known.
    package init(
        continuing caller: TraceParent?, linkedTo link: TraceParent?, traceID wanted: TraceID?,
        state: TraceState, shared: [(key: String, value: String)], tracer: Tracer, ids: IDSource,
        receivedAt: UInt64 = 0
    ) {
        clock = ids.clock(at: receivedAt)
        self.link = link
        let traceID = caller?.traceID ?? wanted ?? ids.traceID()
        // The random bit goes on as received; a new id of ours is random (Level 2, 3.2.2.5.1).
        var flags = caller?.flags.intersection(.random) ?? (wanted == nil ? .random : [])
        if tracer.isSampled(traceID: traceID, parentFlags: caller?.flags) {
            flags.insert(.sampled)
        }
        server = TraceParent(traceID: traceID, spanID: ids.spanID(), flags: flags)
        parent = caller.map { .remote($0.spanID) } ?? .none
        recorder = tracer.recorder(
            traceID: traceID, flags: flags, tracestate: state.bytes, lane: ids.lane)
        self.state = state
        self.shared = shared
        self.ids = ids
    }

    /// A caller's context is continued or linked to.
    package var hasCaller: Bool { link != nil || parent != .none }

    /// Starts the SERVER span, at `time` in nanoseconds since 1970.
    package func startServerSpan(_ name: Span<UInt8>, at time: UInt64) -> SpanRecord? {
        let span = recorder?.startSpan(
            name, kind: .server, id: server.spanID, parent: parent, at: time)
        if let link {
            let context = SpanContext(
                traceID: link.traceID, spanID: link.spanID, flags: link.flags)
            span?.addLink(SpanLink(context: context, isRemote: true))
        }
        serverSpan = span
        return span
    }

    /// Starts a span below another, at `time` in nanoseconds since 1970 or now; a new id is made
    /// whether or not it is recorded.
    package func startSpan(
        _ name: Span<UInt8>, kind: SpanKind, below parent: SpanID, at time: UInt64? = nil
    ) -> (id: SpanID, record: SpanRecord?) {
        let id = ids.spanID()
        let record = recorder?.startSpan(
            name, kind: kind, id: id, parent: .local(parent), at: time ?? clock.now)
        return (id, record)
    }

    /// Appends the id of the request for clients and support, where the upstream gave none.
    package func appendRequestID(to buffer: inout ByteBuffer) {
        buffer.append("req_")
        buffer.append(server.spanID)
    }

    /// Sets the attributes that every span has; those named `gen_ai.*` only on a GenAI span, and
    /// those of a provider only on a GenAI span of that provider.
    package func setShared(on span: SpanRecord, isGenAI: Bool, provider: String = "") {
        for (key, value) in shared {
            if key.hasPrefix("gen_ai."), !isGenAI { continue }
            if key.hasPrefix("aws.bedrock."), provider != "aws.bedrock" { continue }
            span.set(dynamicKey: key.utf8.span, value.utf8.span)
        }
    }

    /// The value that every span has of `key`; nil for none.
    func sharedValue(of key: AttributeKey<String>) -> String? {
        guard !shared.isEmpty else { return nil }
        return shared.last { $0.key.utf8.span.equals(key.name) }?.value
    }
}
