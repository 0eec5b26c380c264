import Bytes
import Networking
import OpenAIAPI
import Telemetry
import W3CTraceContext

/// What an operation adds to the metrics, whether or not its trace is sampled. Times, and
/// `error.type`, are those of the span.
extension Operation {
    /// Takes note of an operation that ended, at `now` in nanoseconds since 1970. `facts` are
    /// empty where nobody read the answer.
    func measure(
        _ course: Course, _ facts: borrowing AnswerFacts, isStream: Bool, at now: UInt64
    ) {
        let status = course.relayed.status
        switch course.outcome {
        case .failed(let failure), .cut(let failure):
            measure(course, facts, isStream: isStream, failure.errorType.bytes, at: now)
        case .relayed where status >= 400 || facts.hasError:
            if let word = GenAISpan.errorWord(facts) {
                measure(course, facts, isStream: isStream, word, at: now)
            } else {
                var text = ByteBuffer(capacity: 8)
                text.append(decimal: status)
                measure(course, facts, isStream: isStream, text.bytes, at: now)
            }
        case .relayed:
            measure(course, facts, isStream: isStream, Span(), at: now)
        }
    }

    private func measure(
        _ course: Course, _ facts: borrowing AnswerFacts, isStream: Bool,
        _ errorType: Span<UInt8>, at now: UInt64
    ) {
        let model = request.model
        if model.hasEscapes {
            var text = ByteBuffer(capacity: model.contents.count)
            body.withBytes { model.append(from: $0, to: &text) }
            measure(
                course, facts, isStream: isStream, model: text.bytes, errorType, at: now)
        } else {
            body.withBytes { bytes in
                measure(
                    course, facts, isStream: isStream, model: bytes.extracting(model.contents),
                    errorType, at: now)
            }
        }
    }

    private func measure(
        _ course: Course, _ facts: borrowing AnswerFacts, isStream: Bool,
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
            traceID: trace.server.traceID, spanID: id,
            isSampled: isSampled, at: now)
        series.record(
            .operationDuration, nanoseconds: UpstreamCall.duration(from: startedAt, to: now),
            context,
            in: meter)
        let tokens = facts.usage.map { GenAISpan.tokens(of: $0, provider: target.provider.name) }
        if let input = tokens?.input { series.record(inputTokens: input, context, in: meter) }
        let output = request.endpoint == .embeddings ? nil : tokens?.output
        if let output { series.record(outputTokens: output, context, in: meter) }
        if isStream {
            if course.relayed.firstByteAt > 0 {
                series.record(
                    .timeToFirstChunk,
                    nanoseconds: UpstreamCall.duration(
                        from: course.startedAt, to: course.relayed.firstByteAt),
                    context, in: meter)
            }
            series.record(course.relayed.chunkTimes, in: meter)
        }
        measureServer(
            series, course.relayed, outputTokens: output, isStream: isStream,
            isFailed: !errorType.isEmpty, at: now)
    }

    /// The gateway as the server of the model: from the request's arrival on. The first token's
    /// time is known of streams alone.
    private func measureServer(
        _ series: OperationSeries, _ relayed: RelayProgress, outputTokens: Int?, isStream: Bool,
        isFailed: Bool, at now: UInt64
    ) {
        guard receivedAt > 0 else { return }
        let meter = services.meter
        let context = serverContext(at: now)
        let whole = UpstreamCall.duration(from: trace.clock.time(atMonotonic: receivedAt), to: now)
        series.record(.serverDuration, nanoseconds: whole, context, in: meter)
        guard isStream, !isFailed, relayed.firstContentAt > 0 else { return }
        let first = UpstreamCall.duration(from: receivedAt, to: relayed.firstContentAt)
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
}
