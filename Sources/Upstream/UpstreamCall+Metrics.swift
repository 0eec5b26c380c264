import Bytes
import HTTP1
import HTTPClient
import Networking
import OpenAIAPI
import Telemetry
import W3CTraceContext

/// What a call adds to the metrics, whether or not its trace is sampled. Times, and `error.type`,
/// are those of the spans.
extension UpstreamCall {
    /// Takes note of how an attempt ended, at `now` in nanoseconds since 1970.
    func measureAttempt(
        _ transfer: HTTPTransfer, _ attempt: AttemptSpan, failure: UpstreamFailure?, at now: UInt64
    ) {
        let context = MeasurementContext(
            traceID: trace.server.traceID, spanID: attempt.id, isSampled: isSampled, at: now)
        let measurement = HTTPClientMeasurement(
            target: target.labels, method: methodIndex, status: transfer.status,
            isOldVersion: transfer.minorVersion == 0, failure: failure?.errorType)
        services.meter.attemptEnded(
            measurement, nanoseconds: Self.duration(from: attempt.startedAt, to: now), context)
        guard attemptCount == 1, receivedAt > 0, transfer.startedAt >= receivedAt else { return }
        services.meter.requestSent(
            afterNanoseconds: Int(transfer.startedAt - receivedAt), serverContext(at: now))
    }

    /// Takes note of an operation that ended, at `now` in nanoseconds since 1970. `facts` are
    /// empty where nobody read the answer.
    func measureOperation(
        _ outcome: Outcome, _ request: CallRequest, _ facts: borrowing AnswerFacts,
        isStream: Bool, at now: UInt64
    ) {
        switch outcome {
        case .failed(let failure), .cut(let failure):
            measure(request, facts, isStream: isStream, failure.errorType.bytes, at: now)
        case .relayed where status >= 400 || facts.hasError:
            if let word = GenAISpan.errorWord(facts) {
                measure(request, facts, isStream: isStream, word, at: now)
            } else {
                var text = ByteBuffer(capacity: 8)
                text.append(decimal: status)
                measure(request, facts, isStream: isStream, text.bytes, at: now)
            }
        case .relayed:
            measure(request, facts, isStream: isStream, Span(), at: now)
        }
    }

    private func measure(
        _ request: CallRequest, _ facts: borrowing AnswerFacts, isStream: Bool,
        _ errorType: Span<UInt8>, at now: UInt64
    ) {
        let model = request.model
        if model.hasEscapes {
            var text = ByteBuffer(capacity: model.contents.count)
            body.withBytes { model.append(from: $0, to: &text) }
            measure(
                request, facts, isStream: isStream, model: text.bytes, errorType, at: now)
        } else {
            body.withBytes { bytes in
                measure(
                    request, facts, isStream: isStream, model: bytes.extracting(model.contents),
                    errorType, at: now)
            }
        }
    }

    private func measure(
        _ request: CallRequest, _ facts: borrowing AnswerFacts, isStream: Bool,
        model: Span<UInt8>, _ errorType: Span<UInt8>, at now: UInt64
    ) {
        let meter = services.meter
        // `openai.*` belongs to that provider alone.
        let isOpenAI = target.provider.name == "openai"
        let series = meter.operation(
            request.endpoint.operationName ?? "chat", target: target.labels, requestModel: model,
            responseModel: facts.model, serviceTier: isOpenAI ? facts.serviceTier : Span(),
            fingerprint: isOpenAI ? facts.systemFingerprint : Span(), errorType: errorType)
        let context = MeasurementContext(
            traceID: trace.server.traceID, spanID: genAI?.id ?? trace.server.spanID,
            isSampled: isSampled, at: now)
        series.record(
            .operationDuration, nanoseconds: Self.duration(from: operationAt, to: now), context,
            in: meter)
        let tokens = facts.usage.map { GenAISpan.tokens(of: $0, provider: target.provider.name) }
        if let input = tokens?.input { series.record(inputTokens: input, context, in: meter) }
        let output = request.endpoint == .embeddings ? nil : tokens?.output
        if let output { series.record(outputTokens: output, context, in: meter) }
        if isStream {
            if relayed.firstByteAt > 0 {
                series.record(
                    .timeToFirstChunk,
                    nanoseconds: Self.duration(from: times.start, to: relayed.firstByteAt),
                    context, in: meter)
            }
            series.record(chunkTimes, in: meter)
        }
        measureServer(
            series, outputTokens: output, isStream: isStream, isFailed: !errorType.isEmpty, at: now)
    }

    /// The gateway as the server of the model: from the request's arrival on. The first token's
    /// time is known of streams alone.
    private func measureServer(
        _ series: OperationSeries, outputTokens: Int?, isStream: Bool, isFailed: Bool,
        at now: UInt64
    ) {
        guard receivedAt > 0 else { return }
        let meter = services.meter
        let context = serverContext(at: now)
        let whole = Self.duration(from: trace.clock.time(atMonotonic: receivedAt), to: now)
        series.record(.serverDuration, nanoseconds: whole, context, in: meter)
        guard isStream, !isFailed, relayed.firstContentAt > 0 else { return }
        let first = Self.duration(from: receivedAt, to: relayed.firstContentAt)
        series.record(.timeToFirstToken, nanoseconds: first, context, in: meter)
        guard let outputTokens, outputTokens > 1, whole >= first else { return }
        series.record(
            .timePerOutputToken, nanoseconds: (whole - first) / (outputTokens - 1), context,
            in: meter)
    }

    private func serverContext(at now: UInt64) -> MeasurementContext {
        MeasurementContext(
            traceID: trace.server.traceID, spanID: trace.server.spanID, isSampled: isSampled,
            at: now)
    }

    private var isSampled: Bool { trace.server.flags.contains(.sampled) }

    private var methodIndex: Int {
        guard case .opaque(let method, _) = payload else { return Int(HTTPMethod.post.rawValue) }
        let known: HTTPMethod =
            switch method {
            case .get: .get
            case .head: .head
            case .post: .post
            case .other(let name): HTTPMethod.recognise(name.utf8.span)
            }
        return Int(known.rawValue)
    }

    /// Not below zero.
    private static func duration(from start: UInt64, to end: UInt64) -> Int {
        end > start ? Int(end - start) : 0
    }
}
