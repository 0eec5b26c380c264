import Bytes
import Configuration
import HTTP1
import HTTPClient
import Networking
import OpenAIAPI
import Privacy
import Telemetry
import W3CTraceContext

/// Where an upstream's answer goes: the client's side. Called on the loop's thread, from within
/// the HTTP client's callbacks.
package protocol AnswerSink: AnyObject {
    /// Adds the client's header fields that go upstream. `readsAnswer`: it must come unencoded.
    func addRequestFields(to transfer: HTTPTransfer, readsAnswer: Bool)
    /// The head of the answer that will be relayed. The length where the body keeps its own.
    func answerBegins(_ call: UpstreamCall, _ transfer: HTTPTransfer, length: Int?)
    /// A piece of the body, to be sent at once.
    func answerContinues(_ bytes: Span<UInt8>)
    /// A piece of the body as it came, before `answerContinues`; of calls with `tees`. False: no
    /// more of it until the call is resumed.
    func answerReceived(_ bytes: Span<UInt8>) -> Bool
    /// Bytes the client has not taken yet.
    var unsentBytes: Int { get }
    /// Nothing more came with the head for now: it should leave.
    func answerWaits()
    /// The upstream takes more of a streamed request body.
    func requestBodyIsWanted()
    /// A request on the wire is over; `attempt` is its span's id.
    func attemptEnded(
        _ call: UpstreamCall, _ attempt: SpanID, _ transfer: HTTPTransfer,
        _ failure: UpstreamFailure?)
}

/// What a worker lends to its calls.
package final class UpstreamServices {
    let loop: EventLoop
    let client: CurlClient
    let bench: Workbench
    let settings: Settings
    let meter: WorkerMeter
    let templates = SpanTemplates()
    /// What exporters may see of prompts and answers.
    let content: ContentPolicy
    /// A gap in a stream that counts as a stall, in nanoseconds.
    let stall: UInt64

    package init(
        loop: EventLoop, client: CurlClient, bench: Workbench, settings: Settings,
        meter: WorkerMeter, content: ContentPolicy
    ) {
        self.meter = meter
        self.content = content
        self.loop = loop
        self.client = client
        self.bench = bench
        self.settings = settings
        stall = settings.telemetry.streamStall.milliseconds * 1_000_000
    }
}

/// One request to one upstream: its attempts, and the relay of the answer that counts.
///
/// For a typed call this is one GenAI operation: its span holds the attempts' spans. The answer
/// goes to the sink in the HTTP client's callbacks; `run` waits for the end.
package final class UpstreamCall {
    /// What goes upstream.
    package enum Payload {
        /// A call of a model, whose body was read.
        case typed(Operation)
        /// Anything else, passed through; a body comes by `send`.
        case opaque(HTTPTransfer.Method, body: HTTPTransfer.Body)
    }

    /// How a call ends.
    package typealias Outcome = Operation.Outcome

    let services: UpstreamServices
    let target: UpstreamTarget
    let trace: RequestTrace
    let payload: Payload
    unowned let sink: any AnswerSink
    let point = WaitPoint()

    /// What is asked of a model; nil for what is passed through.
    package let operation: Operation?
    /// The path and query below the base URL.
    private let path: ByteBuffer

    private var attempt: AttemptSpan?
    private var transfer: HTTPTransfer?
    var failure: UpstreamFailure?
    var isAttemptOver = false
    var isHeadUnflushed = false
    /// The answer to this attempt is not for the client.
    var discards = false
    /// Bytes of that answer that came.
    var discardedBytes = 0
    var injectsUsage: Bool
    /// The operation's body is with the transfer, as it is.
    private var isBodyLent = false
    var relayed = RelayProgress()
    /// When the client's request came, in nanoseconds of `Clock.monotonic`; 0: not known.
    package var receivedAt: UInt64 = 0
    /// Milliseconds that all attempts may take together; nil: the settings bound each.
    package var budget: UInt64?
    /// When `run` was called, in milliseconds of the loop.
    private var beganAt: UInt64 = 0
    private var isCancelled = false
    /// The sink wants each piece of the answer as it comes, too.
    package var tees = false
    /// The sink has more of those than it wants.
    var isTeePaused = false
    /// The relayed answer is a stream of events.
    package internal(set) var isEventStream = false

    /// Attempts made on the wire.
    package private(set) var attemptCount = 0
    /// The status of the relayed answer, 0 before it.
    package var status: Int { relayed.status }
    /// `Clock.monotonic` times of the relayed attempt: start, connection, head; 0 before.
    package private(set) var times = (start: UInt64(0), connected: UInt64(0), head: UInt64(0))
    /// The relayed attempt made a connection of its own.
    package private(set) var isOnNewConnection = false

    /// `path` is below the base URL, with its query.
    package init(
        _ payload: Payload, path: consuming ByteBuffer, target: UpstreamTarget,
        services: UpstreamServices, trace: RequestTrace, sink: any AnswerSink
    ) {
        self.payload = payload
        self.path = path
        self.target = target
        self.services = services
        self.trace = trace
        self.sink = sink
        if case .typed(let operation) = payload {
            self.operation = operation
            injectsUsage = operation.request.usageInjection != nil && target.asksForUsage
        } else {
            operation = nil
            injectsUsage = false
        }
    }

    /// The client asked for a stream of events.
    package var isStreaming: Bool { operation?.request.isStreaming ?? false }

    /// Makes attempts until one is relayed or there is nothing left to try.
    package func run() async -> Outcome {
        operation?.start()
        beganAt = services.loop.now
        var outcome: Outcome
        while true {
            // A client that is gone before the first attempt costs none.
            guard !isCancelled else {
                outcome = .failed(.clientGone)
                break
            }
            beginAttempt()
            while !isAttemptOver {
                await point.wait()
                if isHeadUnflushed, !isAttemptOver {
                    isHeadUnflushed = false
                    sink.answerWaits()
                }
            }
            guard let next = endAttempt() else { continue }
            outcome = next
            break
        }
        operation?.finish(
            Operation.Course(
                outcome, relayed, startedAt: times.start, attemptCount: attemptCount))
        return outcome
    }

    /// Ends the call because the client is gone; before `run`, it makes no attempt.
    package func cancel() {
        isCancelled = true
        transfer?.cancel()
    }

    /// Goes on after the sink had too much to send.
    package func resume() {
        isTeePaused = false
        transfer?.resume()
    }

    /// Adds to a streamed request body; answers how much of it waits.
    package func send(_ bytes: Span<UInt8>) -> Int {
        transfer?.send(bytes)
        return transfer?.unsentBytes ?? 0
    }

    /// The streamed request body is complete.
    package func finishBody() {
        transfer?.finishBody()
    }

    /// Where a stream that was cut stands; nil where the answer is no stream of events.
    package var streamPosition: SSEParser.Position? { operation?.streamPosition }

    // MARK: Attempts

    private func beginAttempt() {
        attemptCount += 1
        isAttemptOver = false
        discards = false
        discardedBytes = 0
        failure = nil
        let transfer = services.client.makeTransfer()
        self.transfer = transfer
        var url = ByteBuffer(capacity: target.baseURL.utf8.count + path.count)
        url.append(string: target.baseURL)
        url.append(path)
        let (method, kind, readsAnswer) = prepareBody(transfer)
        transfer.prepare(method, url: url)
        sink.addRequestFields(to: transfer, readsAnswer: readsAnswer)
        let span = AttemptSpan(
            trace: trace, parent: operation?.id ?? trace.server.spanID, method: method, url: url,
            target: target, resend: attemptCount - 1, prepared: services.templates)
        attempt = span
        addTraceContext(span.id, to: transfer)
        let timeouts = services.settings.timeouts
        transfer.start(
            body: kind,
            timeouts: HTTPTimeouts(
                connect: timeouts.connect.milliseconds,
                firstByte: timeouts.firstByte?.milliseconds ?? 0,
                idle: timeouts.streamIdle?.milliseconds ?? 0,
                total: budgetLeft ?? timeouts.total?.milliseconds ?? 0),
            observer: self)
    }

    /// At least one, as none would be no bound.
    private var budgetLeft: UInt64? {
        budget.map { Int64(beganAt) + Int64($0) - Int64(services.loop.now) }
            .map { UInt64(max(1, $0)) }
    }

    private func prepareBody(
        _ transfer: HTTPTransfer
    ) -> (HTTPTransfer.Method, HTTPTransfer.Body, readsAnswer: Bool) {
        switch payload {
        case .opaque(let method, let kind): return (method, kind, false)
        case .typed(let operation):
            if injectsUsage {
                transfer.body.reserve(operation.body.count + 64)
                operation.body.withBytes {
                    operation.request.appendBody(
                        $0, model: nil, asksForUsage: true, to: &transfer.body)
                }
            } else {
                // Nothing changes: the transfer has the body until its end, without a copy.
                swap(&transfer.body, &operation.body)
                isBodyLent = true
            }
            return (.post, .buffered, true)
        }
    }

    private func addTraceContext(_ id: SpanID, to transfer: HTTPTransfer) {
        guard target.settings.propagateTraceContext else { return }
        let parent = TraceParent(
            traceID: trace.server.traceID, spanID: id, flags: trace.server.flags)
        var value = ByteBuffer(capacity: 64)
        value.append(parent)
        transfer.addHeader("traceparent", value.bytes)
        let state = trace.state
        if !state.isEmpty { transfer.addHeader("tracestate", state.bytes) }
    }

    /// The call's outcome, or nil when another attempt is to be made.
    private func endAttempt() -> Outcome? {
        guard let transfer else { return .failed(.clientGone) }
        let status = transfer.status
        let wasReused = !transfer.isOnNewConnection
        times = (transfer.startedAt, transfer.connectedAt, transfer.headAt)
        isOnNewConnection = transfer.isOnNewConnection
        if let attempt {
            let now = trace.clock.now
            attempt.end(
                transfer, failure: failure,
                isOutermost: operation == nil && !isRepeated(after: failure, wasReused), at: now)
            measureAttempt(transfer, attempt, failure: failure, at: now)
        }
        self.transfer = nil
        if isBodyLent, let operation {
            swap(&transfer.body, &operation.body)
            isBodyLent = false
        }
        if let attempt { sink.attemptEnded(self, attempt.id, transfer, failure) }
        attempt = nil
        transfer.release()
        if isCancelled { return relayed.hasBegun ? .cut(.clientGone) : .failed(.clientGone) }
        if discards {
            injectsUsage = false
            return nil
        }
        if let failure {
            if relayed.hasBegun { return .cut(failure) }
            return isRepeated(after: failure, wasReused) ? nil : .failed(failure)
        }
        if attemptCount > 1, operation?.request.usageInjection != nil, !injectsUsage,
            (200..<300).contains(status), relayed.isRetryWithoutUsage
        {
            target.rememberUsageIsRefused()
        }
        return .relayed
    }

    /// A reused connection that dies before a byte of the answer was closed by the server while it
    /// idled, most probably: one more attempt, on the record, where the body can be sent again.
    private func isRepeated(after failure: UpstreamFailure?, _ wasReused: Bool) -> Bool {
        guard failure == .closed, wasReused, attemptCount == 1, !isCancelled, !relayed.hasBegun
        else { return false }
        if case .opaque(_, body: .streamed) = payload { return false }
        return true
    }
}

extension Duration {
    /// Whole milliseconds; what is less than one counts as one.
    package var milliseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, seconds < 1 << 50 else { return 0 }
        let whole = UInt64(seconds) * 1000 + UInt64(attoseconds / 1_000_000_000_000_000)
        return whole == 0 && attoseconds > 0 ? 1 : whole
    }
}
