import Bytes

/// What goes to the receivers of logs (`OTEL_LOGS_EXPORTER`): one value for all workers.
package final class LogExport: Sendable {
    /// Records below it are not made, unless the log itself has lines of their level.
    package static let level = LogLevel.info

    /// One for each exporter.
    package let queues: [ItemQueue<LogItem>]
    /// `gen_ai.client.inference.operation.details` is sent.
    package let sendsDetails: Bool
    /// Bounds of a record's attributes.
    package let limits: SpanLimits

    /// Hands records to `queues`.
    package init(queues: [ItemQueue<LogItem>], sendsDetails: Bool, limits: SpanLimits) {
        self.queues = queues
        self.sendsDetails = sendsDetails
        self.limits = limits
    }

    /// Hands a record to every exporter; never waits.
    package func submit(_ record: LogRecord) {
        submit(.record(record))
    }

    /// Hands the events that the spans of a request tell of to every exporter; never waits.
    package func submit(eventsOf trace: FinishedTrace) {
        var span = trace.firstSpan
        var index = -1
        while let current = span {
            span = current.next
            index += 1
            guard sendsDetails || current.status == .error, current.kind != .server else {
                continue
            }
            let facts = SpanFacts(current)
            if facts.isOperation {
                if sendsDetails, facts.isInference {
                    submit(.span(SpanLogEvent(.details, ofSpan: index, in: trace)))
                }
                if facts.isException {
                    submit(.span(SpanLogEvent(.operationException, ofSpan: index, in: trace)))
                }
            } else if facts.isException, !facts.isAnswer, isUnhandled(current, in: trace) {
                submit(.span(SpanLogEvent(.requestException, ofSpan: index, in: trace)))
            }
        }
    }

    private func submit(_ item: LogItem) {
        for queue in queues { queue.submit(item) }
    }

    /// No later attempt made up for it, and no operation's event tells of it.
    private func isUnhandled(_ attempt: SpanRecord, in trace: FinishedTrace) -> Bool {
        guard attempt.kind == .client, case .local(let parent) = attempt.parent,
            parent == trace.firstSpan?.context.spanID
        else { return false }
        var later = attempt.next
        while let span = later {
            if span.kind == .client { return false }
            later = span.next
        }
        return true
    }
}

/// What decides whether a span is an event.
private struct SpanFacts {
    /// It has a `gen_ai.operation.name`.
    var isOperation = false
    /// It asked a model for an answer.
    var isInference = false
    /// It failed, and not because the client left.
    var isException = false
    /// It failed by an answer, not on the way: `error.type` is its status.
    var isAnswer = false

    init(_ span: SpanRecord) {
        isException = span.status == .error
        span.withAttributes(includingContent: false) { bytes in
            var offset = 0
            while let entry = AttributeEntry.next(in: bytes, at: &offset) {
                guard entry.type == .string else { continue }
                let key = bytes.extracting(entry.key)
                let value = bytes.extracting(entry.value)
                if key.equals("gen_ai.operation.name") {
                    isOperation = true
                    isInference = !value.equals("embeddings")
                } else if key.equals("error.type") {
                    if value.equals("client_disconnected") { isException = false }
                    isAnswer = value.decimal != nil
                }
            }
        }
    }
}
