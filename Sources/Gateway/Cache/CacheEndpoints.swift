import Bytes
import Caching
import Configuration
import HTTP1
import HTTPServer
import Networking
import OpenAIAPI
import Redis
import Telemetry
import Upstream

/// `/cache`, which says what the cache holds and has done, and `/cache/flush`, which forgets
/// answers: for who runs the gateway. No upstream, and no trace but of what is refused.
enum CacheEndpoints {
    /// What is asked for.
    enum Page {
        case statistics, flush
    }

    /// Bytes of what says which answers to forget.
    private static let bodyBytesMax = 16 << 10

    /// The page that a request is for; nil: it is another request.
    static func page(_ connection: HTTPConnection) -> Page? {
        let head = connection.parser.head
        guard head.path.count == 6 || head.path.count == 12 else { return nil }
        return connection.withHead { bytes in
            let path = bytes.extracting(head.path)
            if path.equals("/cache") { return .statistics }
            return path.equals("/cache/flush") ? .flush : nil
        }
    }

    /// Answers a request for `page`.
    static func answer(_ page: Page, _ connection: HTTPConnection, _ worker: Worker) async {
        let services = worker.services
        if services.isDraining { connection.closeAfterResponse() }
        do throws(GatewayError) {
            try DebugAccess.demandAdmin(connection, services)
            let method = connection.parser.head.method
            switch page {
            case .statistics:
                guard method == .get || method == .head else {
                    throw GatewayError(
                        .methodNotAllowed, "This page can only be looked at.", allow: .page)
                }
                await showStatistics(connection, worker)
            case .flush:
                guard method == .post else {
                    throw GatewayError(
                        .methodNotAllowed, "Answers are forgotten by POST.", allow: .action)
                }
                try await flush(connection, worker)
            }
        } catch {
            Exchange(connection: connection, worker: worker, template: ServerSpanTemplate())
                .refuseQuietly(error)
        }
    }

    private static func showStatistics(_ connection: HTTPConnection, _ worker: Worker) async {
        var body = ByteBuffer(capacity: 1024)
        if let cache = worker.cache {
            let redis = await cache.redis?.statistics()
            cache.known.follow(cache.shared.flushCount)
            CacheReport.append(cache, redis, to: &body)
        } else {
            body.append("{\"store\":\"off\"}\n")
        }
        OwnPage.send(body, contentType: "application/json", on: connection)
    }

    private static func flush(
        _ connection: HTTPConnection, _ worker: Worker
    ) async throws(GatewayError) {
        let wanted = try await readSelection(connection, worker)
        var outcome = FlushOutcome()
        if let cache = worker.cache {
            for selector in try wanted.selectors(worker.services) {
                await forget(selector, cache, worker.loop, &outcome)
            }
            let isWhole = outcome.error == nil
            worker.services.log.write(
                isWhole ? .info : .warning,
                isWhole
                    ? "answers of the cache were removed"
                    : "not all answers of the cache could be removed"
            ) { line in
                line.add("memory", outcome.memory)
                line.add("redis", outcome.redis)
                if let error = outcome.error { line.add(.error, error.type) }
            }
        }
        var body = ByteBuffer(capacity: 256)
        outcome.append(to: &body)
        let status = outcome.error == nil ? 200 : 503
        OwnPage.send(body, status: status, contentType: "application/json", on: connection) {
            if status != 200 { connection.addField("x-martlet-error", "true") }
        }
    }

    /// First in Redis: what a request finds there meanwhile, it puts into memory.
    private static func forget(
        _ selector: CacheSelector, _ cache: WorkerCache, _ loop: EventLoop,
        _ outcome: inout FlushOutcome
    ) async {
        cache.shared.beginFlush()
        // What was a hit meanwhile is not known any more either.
        defer { cache.shared.beginFlush() }
        if let redis = cache.redis {
            let result = await redis.flush(selector)
            outcome.redis += result.removed
            outcome.error = outcome.error ?? result.error
        }
        _ = cache.shared.semantic?.index.flush(selector)
        guard let memory = cache.shared.memory else { return }
        var flush = memory.beginFlush(selector)
        // Between two steps, the loop's requests have their turn.
        while memory.step(&flush) { await loop.sleep(milliseconds: 1) }
        outcome.memory += flush.removed
    }

    private static func readSelection(
        _ connection: HTTPConnection, _ worker: Worker
    ) async throws(GatewayError) -> FlushSelection {
        do throws(BodyFailure) {
            try await connection.readBody(bytesMax: bodyBytesMax)
        } catch {
            connection.closeAfterResponse()
            throw GatewayError(error)
        }
        var selection = FlushSelection()
        let head = connection.parser.head
        if let query = head.query {
            try connection.withHead { bytes throws(GatewayError) in
                try selection.read(query: bytes.extracting(query))
            }
        }
        try connection.body.withBytes { bytes throws(GatewayError) in
            if !bytes.isEmpty { try selection.read(json: bytes, &worker.bench.scanner) }
        }
        return selection
    }
}

/// What a flush did.
private struct FlushOutcome {
    var memory = 0
    var redis = 0
    /// What ended it early in Redis.
    var error: RedisError?

    func append(to buffer: inout ByteBuffer) {
        buffer.append("{\"removed\":{\"memory\":")
        buffer.append(decimal: memory)
        buffer.append(",\"redis\":")
        buffer.append(decimal: redis)
        buffer.append("}")
        if let error {
            buffer.append(",\"error\":{\"message\":\"Not all was removed from Redis: ")
            buffer.append(string: String(describing: error))
            buffer.append(".\",\"type\":\"gateway_error\",\"param\":null,\"code\":\"")
            buffer.append(string: error.type)
            buffer.append("\"}")
        }
        buffer.append("}\n")
    }
}
