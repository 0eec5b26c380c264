import Bytes
import Networking
import OpenAIAPI
import Telemetry

// The end of an operation: what its answer said, and how it went.
extension Operation {
    /// Ends the span with what the answer said, and takes note of it in the metrics.
    package func finish(_ course: Course) {
        let now = trace.clock.now
        let isStream = tap.isStream
        var isMeasured = false
        let status = course.relayed.status
        if let record { setProgress(course, on: record) }
        tap.withFacts(endpoint: request.endpoint, bench: services.bench) { facts in
            if asksProvider { measure(course, facts, isStream: isStream, at: now) }
            isMeasured = true
            if keepsBytesMax > 0 || !asksProvider { answerUsage = facts.usage }
            if keepsBytesMax > 0 {
                answerModel.append(facts.model)
            }
            guard let record else { return }
            let before = record.mark
            GenAISpan.setAnswer(
                facts, endpoint: request.endpoint, target: target, names: names,
                savesTokens: !asksProvider, on: record)
            if keepsAnswerAttributes { answerAttributes = record.prepareAttributes(since: before) }
            if course.outcome == .relayed, status >= 400 || facts.hasError {
                GenAISpan.setError(
                    facts, status: status, textForm, services.bench.filter, on: record)
            }
            if isStream { setAnatomy(facts, course, on: record) }
        }
        if !isMeasured, asksProvider {
            measure(course, AnswerFacts(), isStream: isStream, at: now)
        }
        guard let record else { return }
        if !contentForms.isEmpty, (200..<300).contains(status) {
            setAnswerContent(on: record)
        }
        switch course.outcome {
        case .relayed:
            if status >= 400, record.status != .error {
                record.set(GeneralAttributes.errorType, String(status))
                record.setError()
            }
        case .failed(let failure), .cut(let failure):
            record.set(GeneralAttributes.errorType, failure.errorType)
            record.setError(message: failure.sentence)
            if failure.isException {
                record.addException(failure.errorType, failure.sentence, at: now)
            }
        }
        record.end(at: now)
    }

    /// How a stream went. Times are seconds; offsets are from the call's start.
    private func setAnatomy(
        _ facts: borrowing AnswerFacts, _ course: Course, on record: SpanRecord
    ) {
        let failure: UpstreamFailure? =
            switch course.outcome {
            case .relayed: nil
            case .failed(let failure), .cut(let failure): failure
            }
        record.set(
            MartletAttributes.streamEnd,
            StreamEnd.name(failure: failure, hasError: facts.hasError, isDone: facts.isDone))
        let relayed = course.relayed
        record.set(MartletAttributes.streamByteCount, relayed.bodyBytes)
        record.set(MartletAttributes.streamChunkCount, facts.chunkCount)
        let start = course.startedAt
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
