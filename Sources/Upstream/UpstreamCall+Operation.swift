import Bytes
import Configuration
import Networking
import OpenAIAPI
import Privacy
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
        trace.setShared(on: record, isGenAI: true, provider: target.provider.name)
        body.withBytes {
            GenAISpan.setRequest(request, $0, target: target, names: names, on: record)
            setIdentity(request, $0, on: record)
        }
        setStopSequences(request, on: record)
        setUser(request, on: record)
        if services.content.captures { chooseContentForms(request) }
        if !contentForms.isEmpty { setRequestContent(request, on: record) }
    }

    /// Lends the model that is asked for, of a typed call that is not under way.
    package func withModel(_ body: (Span<UInt8>) -> Void) {
        guard case .typed(let request) = payload, !self.body.isEmpty else { return }
        self.body.withBytes { bytes in
            guard request.model.hasEscapes else {
                return body(bytes.extracting(request.model.contents))
            }
            var decoded = ByteBuffer(capacity: request.model.contents.count)
            request.model.append(from: bytes, to: &decoded)
            body(decoded.bytes)
        }
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

    /// How much was asked, and which conversation it is a part of, where request or headers say so.
    private func setIdentity(
        _ request: CallRequest, _ bytes: Span<UInt8>, on record: SpanRecord
    ) {
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

    func finishOperation(_ outcome: Outcome) {
        guard case .typed(let request) = payload else { return }
        let now = trace.clock.now
        let isStream = tap.isStream
        var isMeasured = false
        let record = genAI?.record
        if let record { setProgress(on: record) }
        tap.withFacts(endpoint: request.endpoint, bench: services.bench) { facts in
            measureOperation(outcome, request, facts, isStream: isStream, at: now)
            isMeasured = true
            guard let record else { return }
            GenAISpan.setAnswer(
                facts, endpoint: request.endpoint, target: target, names: names, on: record)
            if outcome == .relayed, status >= 400 || facts.hasError {
                GenAISpan.setError(
                    facts, status: status, textForm(request), services.bench.filter, on: record)
            }
            if isStream { setAnatomy(facts, outcome, on: record) }
        }
        if !isMeasured {
            measureOperation(outcome, request, AnswerFacts(), isStream: isStream, at: now)
        }
        guard let record else { return }
        if !contentForms.isEmpty, (200..<300).contains(status) {
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

    /// What receivers that keep only GenAI spans would miss otherwise.
    private func setProgress(on record: SpanRecord) {
        record.set(MartletAttributes.attemptCount, attemptCount)
        record.set(MartletAttributes.cacheStatus, "off")
        if !hasRequestID {
            var requestID = ByteBuffer(capacity: 32)
            trace.appendRequestID(to: &requestID)
            record.set(MartletAttributes.requestID, requestID.bytes)
        }
        guard status > 0 else { return }
        record.set(HTTPAttributes.responseStatusCode, status)
        if names.legacyTokens { record.set(HTTPAttributes.legacyStatusCode, status) }
        record.set(MartletAttributes.responseByteCount, relayed.bodyBytes)
    }

    /// How a stream went. Times are seconds; offsets are from the call's start.
    private func setAnatomy(
        _ facts: borrowing AnswerFacts, _ outcome: Outcome, on record: SpanRecord
    ) {
        let failure: UpstreamFailure? =
            switch outcome {
            case .relayed: nil
            case .failed(let failure), .cut(let failure): failure
            }
        record.set(
            MartletAttributes.streamEnd,
            StreamEnd.name(failure: failure, hasError: facts.hasError, isDone: facts.isDone))
        record.set(MartletAttributes.streamByteCount, relayed.bodyBytes)
        record.set(MartletAttributes.streamChunkCount, facts.chunkCount)
        let start = times.start
        let anatomy = relayed.anatomy
        guard relayed.firstByteAt > 0 else { return }
        let firstByte = seconds(from: start, to: relayed.firstByteAt)
        record.set(GenAIAttributes.responseTimeToFirstChunk, firstByte)
        record.set(MartletAttributes.timeToFirstByte, firstByte)
        record.set(MartletAttributes.streamGapMax, seconds(anatomy.gapMax))
        record.set(
            MartletAttributes.streamGapOffset,
            seconds(from: start, to: max(anatomy.gapMaxAt, relayed.firstByteAt)))
        record.set(MartletAttributes.streamStallCount, anatomy.stallCount)
        if anatomy.stallCount > 0 {
            record.set(MartletAttributes.streamStallTime, seconds(anatomy.stalled))
        }
        record.set(MartletAttributes.streamBlockedTime, seconds(anatomy.blocked))
        guard relayed.firstContentAt > 0 else { return }
        record.set(
            MartletAttributes.timeToFirstToken, seconds(from: start, to: relayed.firstContentAt))
        record.addEvent(
            "gen_ai.first_token", at: trace.clock.time(atMonotonic: relayed.firstContentAt))
        let length = anatomy.lastByteAt &- relayed.firstContentAt
        if let tokens = facts.usage?.outputTokensWithReasoning, length > 0,
            anatomy.lastByteAt > relayed.firstContentAt
        {
            record.set(MartletAttributes.streamTokenRate, Double(tokens) / seconds(length))
        }
    }

    private func seconds(from start: UInt64, to end: UInt64) -> Double {
        end > start ? seconds(end &- start) : 0
    }

    private func seconds(_ nanoseconds: UInt64) -> Double {
        Double(nanoseconds) / 1e9
    }
}
