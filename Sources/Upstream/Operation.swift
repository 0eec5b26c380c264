import Bytes
import Configuration
import Networking
import OpenAIAPI
import Privacy
import Telemetry
import W3CTraceContext

/// One operation of a model as its caller sees it: the request, the GenAI span, and what its
/// answer says. Where the answer comes from, of an upstream or of the cache, is its owner's.
package final class Operation {
    /// How an operation ended.
    package enum Outcome: Equatable {
        /// The answer went to the client, whole.
        case relayed
        /// There was no answer to relay.
        case failed(UpstreamFailure)
        /// The answer broke off after the client had its head.
        case cut(UpstreamFailure)
    }

    /// How it went, as its owner tells at the end.
    package struct Course {
        /// How it ended.
        package var outcome: Outcome
        /// What the client got of the answer, and when.
        package var relayed: RelayProgress
        /// When the call began, in nanoseconds of `Clock.monotonic`; 0: not known.
        package var startedAt: UInt64
        /// Attempts made on the wire.
        package var attemptCount: Int

        package init(
            _ outcome: Outcome, _ relayed: RelayProgress, startedAt: UInt64, attemptCount: Int
        ) {
            self.outcome = outcome
            self.relayed = relayed
            self.startedAt = startedAt
            self.attemptCount = attemptCount
        }
    }

    /// What was asked.
    package let request: CallRequest
    /// Who is asked, or would have been.
    package let target: UpstreamTarget
    let services: UpstreamServices
    let trace: RequestTrace
    /// The name of the caller's key, if it has one.
    let tenant: String?
    /// When the client's request came, in nanoseconds of `Clock.monotonic`; 0: not known.
    let receivedAt: UInt64

    /// The client's body, as received.
    package var body: ByteBuffer
    /// What the cache did for it (`martlet.cache.status`).
    package var cacheStatus: StaticString = "off"
    /// Why the cache was not used (`martlet.cache.reason`), where it was not.
    package var cacheReason: StaticString?
    /// Bytes up to which the answer may be kept to be given again; 0: it is not kept.
    package var keepsBytesMax = 0
    /// A provider is asked. Otherwise the answer is one that another call has brought: it costs
    /// no tokens, and is none of the provider's operations.
    package var asksProvider = true
    /// The span of the call that has brought it, where it was recorded.
    package var origin: SpanLink?
    /// The span above its own; nil: the request's.
    package var parent: SpanID?
    /// Reads the answer.
    var tap = AnswerTap.none()
    private var span: (id: SpanID, record: SpanRecord?)?
    /// The span's id, which there is whether or not the span is recorded; before `start`, that of
    /// the span above it.
    package var id: SpanID { span?.id ?? trace.server.spanID }
    /// The span; nil where none is recorded.
    package var record: SpanRecord? { span?.record }
    /// When it began, in nanoseconds since 1970.
    private(set) var startedAt: UInt64 = 0
    /// The upstream gave the request an id, which is on the span.
    private var hasRequestID = false
    /// Tokens as the provider reported them; known after `finish`, of answers that may be kept
    /// and of those that no provider was asked for.
    package internal(set) var answerUsage: AnswerFacts.Usage?
    /// The answer's own name of the model; of answers that may be kept.
    package internal(set) var answerModel = ByteBuffer()
    /// Messages are recorded.
    package var capturesContent: Bool { !contentForms.isEmpty }
    /// What the answer says on spans is wanted when it was read.
    package var keepsAnswerAttributes = false
    /// That; known after `finish`.
    package internal(set) var answerAttributes: PreparedAttributes?
    /// The forms in which messages are recorded; empty: not at all.
    var contentForms: ContentForms = []

    /// An operation that has not begun.
    package init(
        _ request: CallRequest, body: consuming ByteBuffer, target: UpstreamTarget,
        services: UpstreamServices, trace: RequestTrace, tenant: String?, receivedAt: UInt64
    ) {
        self.request = request
        self.body = body
        self.target = target
        self.services = services
        self.trace = trace
        self.tenant = tenant
        self.receivedAt = receivedAt
    }

    /// Starts the span: a client's where a provider is asked, else an internal one.
    /// - Parameter time: when it began, in nanoseconds since 1970; nil: now.
    package func start(at time: UInt64? = nil) {
        var name = ByteBuffer(capacity: 64)
        body.withBytes { GenAISpan.appendName(request, $0, to: &name) }
        let span = trace.startSpan(
            name.bytes, kind: asksProvider ? .client : .internal,
            below: parent ?? trace.server.spanID, at: time)
        self.span = span
        startedAt = span.record?.startTime ?? trace.clock.now
        guard let record else { return }
        if let origin { record.addLink(origin) }
        trace.setShared(on: record, isGenAI: true, provider: target.provider.name)
        let endpoint = request.endpoint
        if !services.templates.setOperation(endpoint, target, on: record) {
            GenAISpan.setKind(of: endpoint, target: target, names: names, on: record)
            if trace.shared.isEmpty {
                services.templates.keepOperation(endpoint, target, of: record)
            }
        }
        body.withBytes {
            GenAISpan.setRequest(request, $0, target: target, on: record)
            setIdentity($0, on: record)
        }
        setStopSequences(on: record)
        setUser(on: record)
        if services.content.captures { chooseContentForms() }
        if !contentForms.isEmpty { setRequestContent(on: record) }
    }

    /// Lends the model that is asked for, while `body` is here.
    package func withModel(_ read: (Span<UInt8>) -> Void) {
        guard !body.isEmpty else { return }
        body.withBytes { bytes in
            guard request.model.hasEscapes else {
                return read(bytes.extracting(request.model.contents))
            }
            var decoded = ByteBuffer(capacity: request.model.contents.count)
            request.model.append(from: bytes, to: &decoded)
            read(decoded.bytes)
        }
    }

    /// Puts the upstream's id of the request on the span.
    package func recordRequestID(_ value: Span<UInt8>) {
        guard let record else { return }
        hasRequestID = true
        record.set(MartletAttributes.requestID, value)
    }

    var names: GenAISpan.Names {
        let settings = services.settings.telemetry
        return GenAISpan.Names(
            systemAlias: settings.genAISystemAlias, legacyTokens: settings.legacyTokenNames)
    }

    /// How much was asked, and which conversation it is a part of, where request or headers say so.
    private func setIdentity(_ bytes: Span<UInt8>, on record: SpanRecord) {
        record.set(MartletAttributes.requestByteCount, bytes.count)
        if request.endpoint != .embeddings {
            record.set(MartletAttributes.requestMessageCount, request.messageCount)
        }
        if let conversation = request.conversation {
            GenAISpan.set(record, GenAIAttributes.conversationID, conversation, bytes)
        } else if trace.sharedValue(of: GenAIAttributes.conversationID) == nil,
            let session = trace.sharedValue(of: GeneralAttributes.sessionID)
        {
            record.set(GenAIAttributes.conversationID, session)
        }
    }

    /// What receivers that keep only GenAI spans would miss otherwise.
    func setProgress(_ course: Course, on record: SpanRecord) {
        record.set(MartletAttributes.attemptCount, course.attemptCount)
        record.set(MartletAttributes.cacheStatus, cacheStatus)
        if let cacheReason { record.set(MartletAttributes.cacheReason, cacheReason) }
        if !hasRequestID {
            var requestID = ByteBuffer(capacity: 32)
            trace.appendRequestID(to: &requestID)
            record.set(MartletAttributes.requestID, requestID.bytes)
        }
        let status = course.relayed.status
        guard status > 0 else { return }
        record.set(HTTPAttributes.responseStatusCode, status)
        if names.legacyTokens { record.set(HTTPAttributes.legacyStatusCode, status) }
        record.set(MartletAttributes.responseByteCount, course.relayed.bodyBytes)
    }
}
