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

// Reading a call, and passing it on.
extension Exchange {
    /// Reads and understands the body of a typed call.
    func readCall(_ endpoint: Endpoint) async throws(GatewayError) -> CallRequest {
        try checkMediaType()
        do throws(BodyFailure) {
            try await connection.readBody(bytesMax: services.settings.limits.bodyBytesMax)
        } catch {
            throw GatewayError(error)
        }
        use.known = findKnown()
        if let known = use.known { return known.request }
        do throws(CallRequestError) {
            return try connection.body.withBytes { bytes throws(CallRequestError) in
                try CallRequest(bytes, endpoint: endpoint, scanner: &worker.bench.scanner)
            }
        } catch {
            throw GatewayError(error)
        }
    }

    /// The body of a typed call is JSON, in UTF-8 and not compressed.
    private func checkMediaType() throws(GatewayError) {
        let head = connection.parser.head
        let isJSON = connection.withHead { bytes in
            guard let field = head.first(.contentType) else { return false }
            return MediaTypes.isJSON(bytes.extracting(field.value))
        }
        guard isJSON else {
            throw GatewayError(
                .unsupportedMediaType, "The request's Content-Type must be application/json.")
        }
        let isPlain = connection.withHead { bytes in
            guard let field = head.first(.contentEncoding) else { return true }
            return bytes.extracting(field.value).equalsIgnoringCase("identity")
        }
        guard isPlain else {
            throw GatewayError(
                .unsupportedMediaType, "Compressed request bodies are not taken here.")
        }
    }

    /// Makes the call and relays its answer.
    func relay(_ operation: Operation) async throws(GatewayError) {
        operation.cacheStatus = use.status.name
        if use.plan?.controls.stores == true {
            operation.keepsBytesMax = services.settings.cache.entryBytesMax
        }
        let call = makeCall(.typed(operation), path: path(of: operation), sink: self)
        lead(call)
        if try await finish(call) == .relayed { await keep(operation) }
    }

    /// Passes on what is no call of a model, bodies streamed both ways.
    func passThrough() async throws(GatewayError) {
        services.metrics.relayedRequests.add()
        let head = connection.parser.head
        var path = ByteBuffer(capacity: 128)
        connection.withHead { bytes in
            let given = bytes.extracting(head.path)
            path.append(given.starts(with: "/v1/") ? given.extracting(3...) : given)
        }
        appendQuery(to: &path)
        let method: HTTPTransfer.Method =
            switch head.method {
            case .get: .get
            case .head: .head
            case .post: .post
            default: .other(String(describing: head.method.name))
            }
        let body: HTTPTransfer.Body =
            switch head.framing {
            case .none where head.method == .post: .streamed(length: 0)
            case .none: .none
            case .length(let length): .streamed(length: length)
            case .chunked: .streamed(length: nil)
            }
        let call = makeCall(.opaque(method, body: body), path: path, sink: self)
        pendingBody = body != .none
        try await finish(call)
    }

    /// Takes the body from the connection.
    func makeOperation(_ request: CallRequest) -> Operation {
        var body = ByteBuffer()
        swap(&body, &connection.body)
        let operation = Operation(
            request, body: body, target: services.target, services: worker.upstream, trace: trace,
            tenant: tenant, receivedAt: connection.requestAt)
        self.operation = operation
        return operation
    }

    func appendQuery(to path: inout ByteBuffer) {
        guard let query = connection.parser.head.query else { return }
        connection.withHead { bytes in
            path.append(UInt8(ascii: "?"))
            path.append(bytes.extracting(query))
        }
    }

    /// The path below the upstream's base URL, with the query.
    func path(of operation: Operation) -> ByteBuffer {
        var path = ByteBuffer(capacity: 64)
        path.append(operation.request.endpoint.path ?? "")
        appendQuery(to: &path)
        return path
    }

    func makeCall(
        _ payload: UpstreamCall.Payload, path: consuming ByteBuffer, sink: any AnswerSink
    ) -> UpstreamCall {
        let call = UpstreamCall(
            payload, path: path, target: services.target, services: worker.upstream, trace: trace,
            sink: sink)
        call.receivedAt = connection.requestAt
        return call
    }

    @discardableResult
    private func finish(
        _ call: UpstreamCall
    ) async throws(GatewayError) -> UpstreamCall.Outcome {
        self.call = call
        defer { services.metrics.attempts.add(call.attemptCount) }
        if connection.isClientGone, use.flight?.leaderLeft() ?? true { call.cancel() }
        let outcome = await call.run()
        endFlight(outcome)
        switch outcome {
        case .relayed:
            connection.endResponse()
            // Before the answer is kept, and told of.
            connection.sendNow()
        case .failed(let failure): throw GatewayError(failure)
        case .cut(let failure): cut(GatewayError(failure), at: call.streamPosition)
        }
        return outcome
    }
}

/// Media types a request can have.
enum MediaTypes {
    /// `application/json`, or a type with that suffix, in UTF-8.
    static func isJSON(_ value: Span<UInt8>) -> Bool {
        let semicolon = value.firstIndex(of: UInt8(ascii: ";")) ?? value.count
        guard value.extracting(0..<semicolon).trimmed.equalsIgnoringCase("application/json") else {
            return false
        }
        guard semicolon < value.count else { return true }
        let parameters = value.extracting((semicolon + 1)...).trimmed
        guard parameters.count >= 8, parameters.extracting(0..<8).equalsIgnoringCase("charset=")
        else { return true }
        let charset = parameters.extracting(8...)
        return charset.equalsIgnoringCase("utf-8") || charset.equalsIgnoringCase("\"utf-8\"")
            || charset.equalsIgnoringCase("utf8") || charset.equalsIgnoringCase("us-ascii")
    }
}
