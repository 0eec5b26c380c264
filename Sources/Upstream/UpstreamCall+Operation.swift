import Bytes
import Configuration
import Networking
import OpenAIAPI
import Telemetry
import W3CTraceContext

/// The GenAI span around the attempts of a typed call.
extension UpstreamCall {
    func startOperation() {
        guard case .typed(let request) = payload else { return }
        var name = ByteBuffer(capacity: 64)
        body.withBytes { GenAISpan.appendName(request, $0, to: &name) }
        let span = trace.startSpan(name.bytes, kind: .client, below: trace.server.spanID)
        genAI = span
        operationAt = span.record?.startTime ?? trace.clock.now
        guard let record = span.record else { return }
        trace.setShared(on: record, isGenAI: true)
        body.withBytes {
            GenAISpan.setRequest(request, $0, target: target, names: names, on: record)
        }
        if services.capturesContent { setRequestContent(request, on: record) }
    }

    /// Puts the upstream's id of the request on the GenAI span.
    package func recordRequestID(_ value: Span<UInt8>) {
        guard let record = genAI?.record else { return }
        hasRequestID = true
        record.set(MartletAttributes.requestID, value)
    }

    private var names: GenAISpan.Names {
        let settings = services.settings.telemetry
        return GenAISpan.Names(
            systemAlias: settings.genAISystemAlias, legacyTokens: settings.legacyTokenNames)
    }

    func finishOperation(_ outcome: Outcome) {
        guard case .typed(let request) = payload else { return }
        let now = trace.clock.now
        let isStream = tap.isStream
        var isMeasured = false
        let record = genAI?.record
        if let record { setProgress(on: record, request) }
        tap.withFacts(endpoint: request.endpoint, bench: services.bench) { facts in
            measureOperation(outcome, request, facts, isStream: isStream, at: now)
            isMeasured = true
            guard let record else { return }
            GenAISpan.setAnswer(
                facts, endpoint: request.endpoint, target: target, names: names, on: record)
            if outcome == .relayed {
                if status >= 400 {
                    GenAISpan.setError(facts, status: status, on: record)
                } else if facts.hasError {
                    GenAISpan.setError(facts, status: status, on: record)
                }
            }
        }
        if !isMeasured {
            measureOperation(outcome, request, AnswerFacts(), isStream: isStream, at: now)
        }
        guard let record else { return }
        if services.capturesContent, (200..<300).contains(status) {
            setAnswerContent(request, on: record)
        }
        switch outcome {
        case .relayed:
            if status >= 400, record.status != .error {
                record.set(GeneralAttributes.errorType, String(status))
                record.setError()
            }
        case .failed(let failure), .cut(let failure):
            record.set(GeneralAttributes.errorType, failure.errorType)
            record.setError(message: failure.sentence)
        }
        record.end(at: now)
    }

    /// What receivers that keep only GenAI spans would miss otherwise, and a stream's anatomy.
    private func setProgress(on record: SpanRecord, _ request: CallRequest) {
        record.set(MartletAttributes.attemptCount, attemptCount)
        record.set(MartletAttributes.cacheStatus, "off")
        if !hasRequestID {
            var requestID = ByteBuffer(capacity: 32)
            trace.appendRequestID(to: &requestID)
            record.set(MartletAttributes.requestID, requestID.bytes)
        }
        if status > 0 { record.set(HTTPAttributes.responseStatusCode, status) }
        guard tap.isStream else { return }
        let start = times.start
        if relayed.firstByteAt > 0 {
            record.set(
                GenAIAttributes.responseTimeToFirstChunk,
                seconds(from: start, to: relayed.firstByteAt))
        }
        if relayed.firstContentAt > 0 {
            record.set(
                MartletAttributes.timeToFirstToken,
                seconds(from: start, to: relayed.firstContentAt))
        }
        record.set(MartletAttributes.streamByteCount, relayed.bodyBytes)
    }

    private func seconds(from start: UInt64, to end: UInt64) -> Double {
        Double(end &- start) / 1e9
    }
}
