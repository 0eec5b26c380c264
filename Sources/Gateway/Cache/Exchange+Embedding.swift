import Bytes
import Caching
import Configuration
import HTTP1
import HTTPClient
import HTTPServer
import JSON
import Networking
import OpenAIAPI
import Telemetry
import Upstream
import W3CTraceContext

// The one call of an embedding model that a look-up may make: an operation of its own, in the trace
// and in the metrics. Whatever goes wrong with it, the request goes on without.
extension Exchange {
    /// The embedding of `text`, or nil where it did not come in time.
    func embed(
        _ text: borrowing ByteBuffer, _ semantic: SemanticCache, _ lookup: LookupSpan,
        _ cache: WorkerCache
    ) async -> SemanticVector? {
        guard !cache.embeddingsPause.isOn(at: Clock.monotonic) else {
            fail("embeddings_paused", lookup, cache)
            return nil
        }
        var body = ByteBuffer(capacity: text.count + text.count / 8 + 128)
        body.append("{\"model\":")
        body.append(jsonString: semantic.model)
        body.append(",\"input\":")
        body.append(jsonString: text.bytes)
        body.append("}")
        guard
            let request = try? body.withBytes({ bytes throws(CallRequestError) in
                try CallRequest(bytes, endpoint: .embeddings, scanner: &worker.bench.scanner)
            })
        else { return nil }
        let target = semantic.target ?? services.target
        let operation = Operation(
            request, body: body, target: target, services: worker.upstream, trace: trace,
            tenant: tenant, receivedAt: 0)
        operation.parent = lookup.id
        operation.cacheStatus = "bypass"
        var path = ByteBuffer(capacity: 64)
        path.append(Endpoint.embeddings.path ?? "")
        if semantic.target == nil { appendQuery(to: &path) }
        let sink = EmbeddingSink(self, sendsCredential: semantic.target == nil, target: target)
        let call = UpstreamCall(
            .typed(operation), path: path, target: target, services: worker.upstream, trace: trace,
            sink: sink)
        call.budget = semantic.budget
        let outcome = await call.run()
        services.metrics.attempts.add(call.attemptCount)
        return finish(outcome, sink, lookup, cache)
    }

    private func finish(
        _ outcome: Operation.Outcome, _ sink: EmbeddingSink, _ lookup: LookupSpan,
        _ cache: WorkerCache
    ) -> SemanticVector? {
        var vector: SemanticVector?
        var problem: String?
        switch outcome {
        case .failed(let failure), .cut(let failure):
            problem = "embeddings_\(failure.errorType)"
        case .relayed where !(200..<300).contains(sink.status):
            problem = "embeddings_status"
        case .relayed:
            vector = sink.body.withBytes { bytes in
                worker.bench.scan(bytes) { SemanticVector(answer: $0) } ?? nil
            }
            if vector == nil { problem = "embeddings_malformed" }
        }
        let isCallersFault = (400..<500).contains(sink.status) && problem == "embeddings_status"
        if !isCallersFault {
            cache.embeddingsPause.take(isFailure: problem != nil, at: Clock.monotonic)
        }
        if let problem { fail(problem, lookup, cache) }
        return vector
    }
}

/// Takes the answer of an embedding model.
private final class EmbeddingSink: AnswerSink {
    /// Bytes of an answer that are read: more than the longest embedding takes.
    static let bytesMax = 1 << 20

    private let exchange: Exchange
    private let sendsCredential: Bool
    private let target: UpstreamTarget
    private(set) var status = 0
    private(set) var body = ByteBuffer()

    init(_ exchange: Exchange, sendsCredential: Bool, target: UpstreamTarget) {
        self.exchange = exchange
        self.sendsCredential = sendsCredential
        self.target = target
    }

    /// Of the caller's fields only those that say on whose account the call is, and those only to
    /// the upstream they were meant for.
    func addRequestFields(to transfer: HTTPTransfer, readsAnswer: Bool) {
        transfer.addHeader("content-type", "application/json".utf8.span)
        transfer.addHeader("accept-encoding", "identity".utf8.span)
        var hasCredential = false
        if sendsCredential {
            let head = exchange.connection.parser.head
            exchange.connection.withHead { bytes in
                for field in head.fields {
                    switch field.known {
                    case .authorization, .apiKey:
                        if exchange.hasGatewayKey { continue }
                        hasCredential = true
                    case .openaiOrganization, .openaiProject: break
                    default: continue
                    }
                    transfer.addHeader(
                        bytes.extracting(field.name), bytes.extracting(field.value))
                }
            }
        }
        if !hasCredential, let own = target.authorization {
            transfer.addHeader("authorization", own.reveal().utf8.span)
        }
    }

    func answerBegins(_ call: UpstreamCall, _ transfer: HTTPTransfer, length: Int?) {
        status = transfer.status
    }

    func answerContinues(_ bytes: Span<UInt8>) {
        // What is too long is cut, and then no JSON.
        body.append(bytes.extracting(0..<min(bytes.count, Self.bytesMax - body.count)))
    }

    func answerReceived(_ bytes: Span<UInt8>) -> Bool { true }

    var unsentBytes: Int { 0 }

    func answerWaits() {}

    func requestBodyIsWanted() {}

    func attemptEnded(
        _ call: UpstreamCall, _ attempt: SpanID, _ transfer: HTTPTransfer,
        _ failure: UpstreamFailure?
    ) {}
}
