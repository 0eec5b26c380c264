import Bytes
import Caching
import Configuration
import HTTP1
import HTTPClient
import HTTPServer
import Networking
import OpenAIAPI
import Telemetry
import Upstream
import W3CTraceContext

// The client's side of the relay.
extension Exchange: AnswerSink {
    func addRequestFields(to transfer: HTTPTransfer, readsAnswer: Bool) {
        let head = connection.parser.head
        let target = services.target
        connection.withHead { bytes in
            HeaderForwarding.addRequestFields(
                head, bytes, settings: target.settings, readsAnswer: readsAnswer,
                dropsAuthorization: hasGatewayKey, to: transfer)
        }
        guard let own = target.authorization else { return }
        if hasGatewayKey || (head.first(.authorization) == nil && head.first(.apiKey) == nil) {
            transfer.addHeader("authorization", own.reveal().utf8.span)
        }
    }

    func answerBegins(_ call: UpstreamCall, _ transfer: HTTPTransfer, length: Int?) {
        status = transfer.status
        connection.startHead(status: status)
        var hasRequestID = false
        let isEventStream = call.isEventStream
        HeaderForwarding.forEachAnswerField(transfer) { known, name, value in
            if known == .xRequestID {
                hasRequestID = true
                recordRequestID(value, call)
            }
            if known == .cacheControl, isEventStream { return }
            connection.addField(name, value)
        }
        if use.flight != nil { beginFlight(call, transfer, length: length) }
        addCommonFields(hasRequestID: hasRequestID)
        if isEventStream {
            connection.addField("cache-control", "no-cache")
            connection.addField("x-accel-buffering", "no")
        }
        addTiming(transfer)
        if HTTPStatus.hasNoBody(status) {
            connection.finishHead(.none)
        } else if let length {
            connection.finishHead(.length(length))
        } else if head.method == .head {
            connection.finishHead(.none)
        } else {
            connection.finishHead(.unknown)
        }
    }

    func answerContinues(_ bytes: Span<UInt8>) {
        connection.write(bytes)
        if connection.pendingBytes > 0 {
            connection.drained = { [self] in call?.resume() }
        }
    }

    /// What waits for a client that is gone holds up nobody, nor does a slow one those who follow,
    /// as long as a flight has room for it.
    var unsentBytes: Int {
        if connection.isClientGone { return 0 }
        let pending = connection.pendingBytes
        guard pending > services.settings.limits.streamBufferBytesMax, let flight = use.flight,
            flight.hasFollowers
        else { return pending }
        return pending > flight.bytesMax ? pending : 0
    }

    func answerWaits() {
        connection.flush()
    }

    /// The upstream's connection stands and wants the request's body.
    func requestBodyIsWanted() {
        guard pendingBody else {
            connection.resumeBody()
            return
        }
        pendingBody = false
        worker.loop.spawn { [self] in startBody() }
    }

    private func startBody() {
        let bytesMax = services.settings.limits.passThroughBodyBytesMax ?? 0
        do throws(BodyFailure) {
            try connection.streamBody(to: self, bytesMax: bytesMax)
        } catch {
            bodyFailed(error)
        }
    }

    /// What stands on every response.
    func addCommonFields(hasRequestID: Bool) {
        connection.addField("x-trace-id") { $0.append(self.trace.server.traceID) }
        connection.addField("x-portkey-trace-id") { $0.append(self.trace.server.traceID) }
        if !hasRequestID {
            connection.addField("x-request-id") { self.appendRequestID(to: &$0) }
        }
        connection.addField("x-martlet-cache", use.status.name)
        connection.addField("x-portkey-cache-status", use.portkeyStatus(isError: status >= 400))
        if let controls = use.plan?.controls, controls.isClamped {
            connection.addField("x-martlet-cache-ttl") {
                $0.append(decimal: Int(controls.ttl))
                $0.append(";clamped")
            }
        }
        let attempts = call?.attemptCount ?? 0
        connection.addField("x-martlet-attempts", decimal: attempts)
        connection.addField("x-portkey-retry-attempt-count", decimal: max(0, attempts - 1))
    }

    /// Spans have the id that the client gets.
    func recordRequestID(_ value: Span<UInt8>, _ call: UpstreamCall) {
        if services.log.isOn(.info, export: services.tracer.logs) {
            upstreamRequestID = String(decoding: value)
        }
        guard let span = trace.serverSpan else { return }
        hasUpstreamRequestID = true
        span.set(MartletAttributes.requestID, value)
        call.operation?.recordRequestID(value)
    }

    /// The id of requests to which the upstream gave none.
    func appendRequestID(to buffer: inout ByteBuffer) {
        trace.appendRequestID(to: &buffer)
    }

    /// Where the time went until now (W3C Server Timing), in milliseconds.
    private func addTiming(_ transfer: HTTPTransfer) {
        let start = connection.requestAt
        connection.addField("server-timing") { buffer in
            Self.appendTiming("queue", transfer.startedAt &- start &- use.lookupTime, to: &buffer)
            appendLookupTiming(to: &buffer)
            if transfer.isOnNewConnection {
                buffer.append(", ")
                Self.appendTiming(
                    "connect", transfer.connectedAt &- transfer.startedAt, to: &buffer)
            }
            buffer.append(", ")
            Self.appendTiming("ttfb", transfer.headAt &- transfer.connectedAt, to: &buffer)
            buffer.append(", ")
            Self.appendTiming("upstream", transfer.headAt &- transfer.startedAt, to: &buffer)
        }
    }

    /// The same for an answer of the gateway's own.
    func addOwnTiming() {
        let now = Clock.monotonic
        let called = call?.times.start ?? 0
        connection.addField("server-timing") { buffer in
            let queued = (called > 0 ? called : now) &- min(connection.requestAt, now)
            let waited = queued &- min(use.lookupTime, queued)
            Self.appendTiming("queue", connection.requestAt > 0 ? waited : 0, to: &buffer)
            appendLookupTiming(to: &buffer)
            guard called > 0 else { return }
            buffer.append(", ")
            Self.appendTiming("upstream", now &- called, to: &buffer)
        }
    }

    private func appendLookupTiming(to buffer: inout ByteBuffer) {
        guard use.lookupTime > 0 else { return }
        buffer.append(", ")
        Self.appendTiming("cache", use.lookupTime, to: &buffer)
    }

    /// `name;dur=12.345`.
    private static func appendTiming(
        _ name: StaticString, _ nanoseconds: UInt64, to buffer: inout ByteBuffer
    ) {
        let microseconds = Int(min(nanoseconds, 1 << 60) / 1000)
        buffer.append(name)
        buffer.append(";dur=")
        buffer.append(decimal: microseconds / 1000)
        buffer.append(UInt8(ascii: "."))
        let fraction = microseconds % 1000
        if fraction < 100 { buffer.append(UInt8(ascii: "0")) }
        if fraction < 10 { buffer.append(UInt8(ascii: "0")) }
        buffer.append(decimal: fraction)
    }
}

// A body that is passed on as it comes.
extension Exchange: RequestBodySink {
    /// Bytes of a request's body that may wait for the upstream.
    private static let uploadBytesMax = 256 << 10

    func bodyReceived(_ bytes: Span<UInt8>) {
        guard let call else { return }
        if call.send(bytes) > Self.uploadBytesMax { connection.pauseBody() }
    }

    func bodyEnded() {
        call?.finishBody()
    }

    func bodyFailed(_ failure: BodyFailure) {
        if case .clientGone = failure {} else { bodyError = GatewayError(failure) }
        call?.cancel()
    }
}
