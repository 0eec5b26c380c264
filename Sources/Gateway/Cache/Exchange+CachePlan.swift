import Bytes
import Caching
import Configuration
import HTTP1
import HTTPServer
import JSON
import OpenAIAPI
import Upstream

// What a request asks of the cache.
extension Exchange {
    /// Reads what the caller asks of the cache, and makes the key. nil: the cache has nothing to
    /// do with this call. LiteLLM's member is taken out of the body, and `request` read anew.
    func planCaching(
        _ request: inout CallRequest, _ cache: WorkerCache
    ) throws(GatewayError) -> CachePlan? {
        var controls = CacheControls(ttl: Int(cache.shared.settings.ttl.milliseconds / 1000))
        do throws(CacheControlError) {
            try readControls(request, &controls)
        } catch {
            throw GatewayError(
                .invalidRequest, String(describing: error.message),
                param: error.param.map { String(describing: $0) })
        }
        let key = makeKey(request, controls, cache)
        if let member = controls.bodyMember {
            request = try takeOut(member, of: request)
        }
        guard let key else { return nil }
        return CachePlan(key: key, controls: controls)
    }

    private func readControls(
        _ request: CallRequest, _ controls: inout CacheControls
    ) throws(CacheControlError) {
        let head = connection.parser.head
        try connection.withHead { bytes throws(CacheControlError) in
            for field in head.fields {
                let value = bytes.extracting(field.value)
                switch field.known {
                case .cacheControl: controls.read(cacheControl: value)
                case .other:
                    let name = bytes.extracting(field.name)
                    guard name.count >= 15,
                        name.extracting(0..<15).equalsIgnoringCase("x-portkey-cache")
                    else { continue }
                    if name.count == 15 {
                        controls.read(mode: value)
                    } else if name.equalsIgnoringCase("x-portkey-cache-force-refresh") {
                        controls.read(forceRefresh: value)
                    } else if name.equalsIgnoringCase("x-portkey-cache-namespace") {
                        try controls.read(namespace: value)
                    }
                default: break
                }
            }
        }
        var failure: CacheControlError?
        connection.body.withBytes { bytes in
            worker.bench.read(bytes, scan: request.scan) { document, _ in
                do throws(CacheControlError) {
                    try controls.read(document)
                } catch {
                    failure = error
                }
            }
        }
        if let failure { throw failure }
    }

    private func makeKey(
        _ request: CallRequest, _ controls: CacheControls, _ cache: WorkerCache
    ) -> CacheKey? {
        withScope(controls, cache) { scope, keys in
            connection.body.withBytes { body in
                worker.bench.read(body, scan: request.scan) { document, _ in
                    keys.key(of: document, request: request, scope: scope)
                } ?? nil
            }
        }
    }

    /// The inputs of an embeddings call with several, and the key that each has alone; nil where
    /// they are not looked up one by one.
    func itemKeys(
        _ operation: Operation, _ plan: CachePlan, _ cache: WorkerCache
    ) -> (items: EmbeddingItems, keys: [CacheKey])? {
        let request = operation.request
        return withScope(plan.controls, cache) { scope, maker in
            operation.body.withBytes { body in
                worker.bench.scan(body) { document in
                    guard let items = EmbeddingItems(document), items.isArray,
                        2...WorkerCache.itemsMax ~= items.values.count
                    else { return nil }
                    var keys: [CacheKey] = []
                    for item in items.values {
                        guard
                            let key = maker.key(
                                of: document, request: request, scope: scope, item: item)
                        else { return nil }
                        keys.append(key)
                    }
                    return (items, keys)
                } ?? nil
            }
        }
    }

    /// Lends what beside its body decides about the call's answer, and who makes keys of both.
    func withScope<Result>(
        _ controls: CacheControls, _ cache: WorkerCache,
        _ make: (borrowing CacheScope, inout CacheKeyMaker) -> Result
    ) -> Result {
        let head = connection.parser.head
        return connection.withHead { bytes in
            cache.joinVariants(
                head, bytes, forwardsCookies: services.settings.upstream.forwardCookies)
            return cache.withScope(
                head, bytes,
                namespace: controls.namespace.isEmpty ? cache.namespace : controls.namespace,
                upstream: services.target.baseURL,
                gatewayKey: hasGatewayKey ? ClientKeys.key(in: head, bytes) : nil, make)
        }
    }

    /// The body without LiteLLM's member, which providers refuse.
    private func takeOut(
        _ member: Range<Int>, of request: CallRequest
    ) throws(GatewayError) -> CallRequest {
        var body = ByteBuffer(capacity: connection.body.count)
        connection.body.withBytes { bytes in
            body.append(bytes.extracting(0..<member.lowerBound))
            body.append(bytes.extracting(member.upperBound...))
        }
        swap(&body, &connection.body)
        do throws(CallRequestError) {
            return try connection.body.withBytes { bytes throws(CallRequestError) in
                try CallRequest(
                    bytes, endpoint: request.endpoint, scanner: &worker.bench.scanner)
            }
        } catch {
            throw GatewayError(error)
        }
    }
}

extension WorkerCache {
    /// Gathers what callers say in fields that may change an answer: the values of `OpenAI-Beta`
    /// as one (RFC 9110 section 5.3), then names and values of its kin and of repeated fields, and
    /// credentials beside the first.
    func joinVariants(_ head: RequestHead, _ bytes: Span<UInt8>, forwardsCookies: Bool) {
        beta.removeAll()
        for field in head.fields where field.known == .openaiBeta {
            if !beta.isEmpty { beta.append(", ") }
            beta.append(bytes.extracting(field.value))
        }
        for field in head.fields {
            let name = bytes.extracting(field.name)
            let counts: Bool =
                switch field.known {
                case .openaiOrganization, .openaiProject:
                    field.value != head.first(field.known)?.value
                case .cookie: forwardsCookies
                case .other: Self.isCredential(field, bytes) || Self.isVariant(name)
                default: false
                }
            guard counts else { continue }
            beta.append("\n")
            for index in name.indices { beta.append(ASCII.lowercased(name[index])) }
            beta.append(":")
            beta.append(bytes.extracting(field.value))
        }
    }

    /// Fields by which callers show who they are.
    static func isCredential(_ field: HTTPField, _ bytes: Span<UInt8>) -> Bool {
        switch field.known {
        case .authorization, .apiKey: return true
        case .other:
            let name = bytes.extracting(field.name)
            return name.equalsIgnoringCase("x-api-key")
                || name.equalsIgnoringCase("x-goog-api-key")
        default: return false
        }
    }

    /// Fields of providers that may change an answer.
    private static func isVariant(_ name: Span<UInt8>) -> Bool {
        starts(name, "openai-") || starts(name, "anthropic-")
    }

    private static func starts(_ name: Span<UInt8>, _ prefix: StaticString) -> Bool {
        let count = prefix.utf8CodeUnitCount
        return name.count > count && name.extracting(0..<count).equalsIgnoringCase(prefix)
    }

    /// Lends what beside its body decides about a call's answer, and who makes keys of both;
    /// `bytes` are those of `head`, whose variants were joined. A client key of the gateway's
    /// own is its holder's credential in whichever field it was shown.
    func withScope<Result>(
        _ head: RequestHead, _ bytes: Span<UInt8>, namespace: [UInt8], upstream: String,
        gatewayKey: Range<Int>?,
        _ make: (borrowing CacheScope, inout CacheKeyMaker) -> Result
    ) -> Result {
        func value(_ name: FieldName) -> Range<Int>? { head.first(name)?.value }
        // Who shows two credentials, or one twice, is nobody in particular.
        let credentials = head.count(of: .authorization) + head.count(of: .apiKey)
        let shown = credentials == 1 ? value(.authorization) ?? value(.apiKey) : nil
        let credential = gatewayKey ?? shown
        let isShared = shared.settings.scope == .shared
        var joined = ByteBuffer()
        swap(&joined, &beta)
        defer { swap(&joined, &beta) }
        let scope = CacheScope(
            path: bytes.extracting(head.path), query: bytes.extracting(optional: head.query),
            upstream: upstream.utf8.span,
            organization: bytes.extracting(optional: value(.openaiOrganization)),
            project: bytes.extracting(optional: value(.openaiProject)), beta: joined.bytes,
            credential: bytes.extracting(optional: credential), namespace: namespace.span,
            isShared: isShared)
        return make(scope, &keys)
    }
}

extension Span<UInt8> {
    /// As `extracting`, of a range that may not be there.
    @_lifetime(copy self)
    fileprivate func extracting(optional range: Range<Int>?) -> Span<UInt8>? {
        guard let range else { return nil }
        return extracting(range)
    }
}
