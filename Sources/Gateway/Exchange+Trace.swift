import Bytes
import Configuration
import HTTP1
import HTTPServer
import Networking
import OpenAIAPI
import Privacy
import Telemetry
import Upstream
import W3CTraceContext

// The request's trace: where it comes from, its SERVER span, and its end.
extension Exchange {
    static func makeTrace(_ connection: HTTPConnection, _ worker: Worker) -> RequestTrace {
        var reader = TraceContextReader()
        let head = connection.parser.head
        var metadata: [(key: String, value: String)] = []
        var portkeyTraceID: TraceID?
        let services = worker.services
        let headers = services.settings.telemetry.headerAttributes
        var mapped: [(key: String, value: String)] = []
        let reads = services.propagatesTraceContext
        connection.withHead { bytes in
            for field in head.fields {
                let value = bytes.extracting(field.value)
                switch field.known {
                case .traceparent where reads: reader.addTraceParent(value)
                case .tracestate where reads: reader.addTraceState(value)
                case .baggage: reader.addBaggage(value)
                case .xPortkeyTraceID: portkeyTraceID = TraceID(hex: value)
                case .xPortkeyMetadata:
                    metadata = CallerMetadata.read(value, scanner: &worker.bench.scanner)
                case .other:
                    CallerMetadata.take(
                        bytes.extracting(field.name), value, headers, &mapped)
                default: break
                }
            }
        }
        var shared: [(key: String, value: String)] = []
        for member in reader.baggage.members
        where services.settings.telemetry.baggageAttributes.contains(where: {
            $0.matches(member.key)
        }) {
            shared.append((member.key, member.value))
        }
        for (key, value) in metadata + mapped {
            shared.removeAll { $0.key == key }
            shared.append((key, value))
        }
        if !shared.isEmpty {
            shared = recordable(shared, services.settings.telemetry.userID, worker.bench)
        }
        let trusts = services.settings.telemetry.traceContext == .trust
        return RequestTrace(
            continuing: trusts ? reader.traceParent : nil,
            linkedTo: trusts ? nil : reader.traceParent,
            traceID: portkeyTraceID, state: trusts ? reader.traceState : TraceState(),
            shared: shared, tracer: services.tracer, ids: worker.ids,
            receivedAt: connection.requestAt)
    }

    /// What callers say beside the call, as it is recorded: without keys and tokens, and with
    /// the user's id as the settings have it.
    private static func recordable(
        _ shared: [(key: String, value: String)], _ form: UserIDForm, _ bench: Workbench
    ) -> [(key: String, value: String)] {
        shared.compactMap { key, value in
            var text = ByteBuffer(capacity: value.utf8.count)
            if UserID.keys.contains(key) {
                UserID.append(value.utf8.span, form, bench: bench, to: &text)
                return text.isEmpty ? nil : (key, String(decoding: text.bytes))
            }
            guard Redaction.appendIfChanged(value.utf8.span, .credentials, to: &text) else {
                return (key, value)
            }
            return (key, String(decoding: text.bytes))
        }
    }

    /// Starts the SERVER span (semconv v1.40.0, docs/http).
    func startServerSpan() {
        guard trace.recorder != nil else { return }
        let head = connection.parser.head
        let route = route?.name
        let isKnown = head.method != .other
        var name = ByteBuffer(capacity: 64)
        name.append(isKnown ? head.method.name : "HTTP")
        if let route {
            name.append(UInt8(ascii: " "))
            name.append(route)
        }
        let started = trace.clock.time(atMonotonic: max(connection.requestAt, 1))
        guard let span = trace.startServerSpan(name.bytes, at: started) else { return }
        connection.withHead { bytes in
            if template.set(head, bytes, on: span) { return }
            span.set(HTTPAttributes.requestMethod, isKnown ? head.method.name : "_OTHER")
            if let route { span.set(HTTPAttributes.route, route) }
            span.set(URLAttributes.scheme, "http")
            span.set(NetworkAttributes.protocolVersion, head.minorVersion == 0 ? "1.0" : "1.1")
            if let peer = connection.peer {
                span.set(NetworkAttributes.peerAddress, peer.address)
                span.set(NetworkAttributes.peerPort, peer.port)
                span.set(NetworkAttributes.clientAddress, peer.address)
            }
            setTarget(head, bytes, on: span)
            template.keep(head, bytes, of: span)
        }
        trace.setShared(on: span, isGenAI: false)
        if !trace.hasCaller, services.propagatesTraceContext, head.first(.traceparent) != nil {
            span.addEvent("traceparent.invalid", at: started)
        }
    }

    private func setTarget(_ head: RequestHead, _ bytes: Span<UInt8>, on span: SpanRecord) {
        if head.method == .other, !head.methodName.isEmpty {
            span.set(HTTPAttributes.requestMethodOriginal, bytes.extracting(head.methodName))
        }
        let path = bytes.extracting(head.path)
        if path.isEmpty {
            span.set(URLAttributes.path, "/")
        } else {
            span.set(URLAttributes.path, path)
        }
        if let query = head.query {
            var redacted = ByteBuffer(capacity: query.count)
            URLRedaction.appendQuery(bytes.extracting(query), to: &redacted)
            span.set(URLAttributes.query, redacted.bytes)
        }
        if let host = head.host { setServer(bytes.extracting(host), on: span) }
        if let agent = head.first(.userAgent) {
            span.set(NetworkAttributes.userAgentOriginal, bytes.extracting(agent.value))
        }
    }

    private func setServer(_ authority: Span<UInt8>, on span: SpanRecord) {
        let isBracketed = authority.count > 0 && authority[0] == UInt8(ascii: "[")
        let nameEnd =
            isBracketed
            ? authority.firstIndex(of: UInt8(ascii: "]")) ?? authority.count
            : authority.firstIndex(of: UInt8(ascii: ":")) ?? authority.count
        span.set(
            NetworkAttributes.serverAddress, authority.extracting((isBracketed ? 1 : 0)..<nameEnd))
        let portStart = nameEnd + (isBracketed ? 2 : 1)
        let port = portStart < authority.count ? authority.extracting(portStart...).decimal : nil
        span.set(NetworkAttributes.serverPort, port ?? 80)
    }

    /// Ends the SERVER span and hands the trace over. A client that left is not an error of the
    /// server's.
    func endTrace() {
        logEnd()
        let now = trace.clock.now
        measureRequest(at: now)
        guard let recorder = trace.recorder else { return }
        if let span = trace.serverSpan {
            if !hasUpstreamRequestID {
                var requestID = ByteBuffer(capacity: 32)
                appendRequestID(to: &requestID)
                span.set(MartletAttributes.requestID, requestID.bytes)
            }
            span.set(MartletAttributes.cacheStatus, use.status.name)
            if let reason = use.reason { span.set(MartletAttributes.cacheReason, reason) }
            if let attemptCount { span.set(MartletAttributes.attemptCount, attemptCount) }
            if operation?.request.isStreaming == true { span.set(MartletAttributes.stream, true) }
            if sentStatus > 0 { span.set(HTTPAttributes.responseStatusCode, sentStatus) }
            if connection.isClientGone { span.set(MartletAttributes.clientDisconnected, true) }
            if let errorType {
                span.set(GeneralAttributes.errorType, errorType)
                if let error {
                    span.setError(message: error.message.utf8.span)
                } else {
                    span.setError()
                }
            }
        }
        services.tracer.submit(recorder.finish(at: now))
    }
}

/// Names of routes: what a path is called on spans, of low cardinality.
enum Route {
    /// The path of a typed endpoint with its version, `/v1/*` for what is passed through, nil
    /// for what the gateway does not serve; and a number that no other route has.
    static func place(bytes path: Span<UInt8>) -> (index: Int, name: StaticString)? {
        switch Endpoint(path: path) {
        case .chatCompletions: (0, "/v1/chat/completions")
        case .completions: (1, "/v1/completions")
        case .embeddings: (2, "/v1/embeddings")
        case .responses: (3, "/v1/responses")
        case .models: (4, "/v1/models")
        case .other: (5, "/v1/*")
        case nil: nil
        }
    }
}
