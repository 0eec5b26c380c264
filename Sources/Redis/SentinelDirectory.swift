import Bytes
import Networking

/// Asks sentinels where the master of a service is. Confined to its loop.
final class SentinelDirectory {
    private let loop: EventLoop
    private let settings: RedisSettings
    private let service: String
    /// The one that answered last comes first.
    private var sentinels: [ListenAddress]

    init(
        loop: EventLoop, settings: RedisSettings, sentinels: [ListenAddress], service: String
    ) {
        self.loop = loop
        var settings = settings
        // One that does not answer must leave time for another.
        settings.connectTimeout = max(1, settings.connectTimeout / 2)
        self.settings = settings
        self.sentinels = sentinels
        self.service = service
    }

    /// The master as the first sentinel that knows it says.
    func master(
        tls: @escaping (ListenAddress) throws(RedisError) -> RedisTLS?
    ) async throws(RedisError) -> ListenAddress {
        var failure = RedisError(.down, reason: "no sentinel answers")
        for _ in sentinels.indices {
            let sentinel = sentinels[0]
            do throws(RedisError) {
                return try await ask(sentinel, tls: tls)
            } catch {
                failure = error
                sentinels.append(sentinels.removeFirst())
            }
        }
        throw failure
    }

    private func ask(
        _ sentinel: ListenAddress, tls: @escaping (ListenAddress) throws(RedisError) -> RedisTLS?
    ) async throws(RedisError) -> ListenAddress {
        let connection = RedisConnection(loop: loop, settings: settings, owner: nil)
        defer { connection.close(RedisError(.down, reason: "the sentinel was asked")) }
        let greeting = RedisGreeting(
            user: settings.sentinelUser, password: settings.sentinelPassword)
        connection.open(
            { () async throws(RedisError) in sentinel }, tls: tls,
            greet: { connection async throws(RedisError) in
                try await greeting.send(on: connection)
            })
        let request = RedisRequest(
            RedisCommand("SENTINEL", texts: ["get-master-addr-by-name", service]),
            due: connection.openingDue)
        try connection.start(request)
        let reply = try await request.answer()
        if let error = reply.error { throw error }
        var elements = reply.elements
        guard let host = elements.next(in: reply), let port = elements.next(in: reply) else {
            throw RedisError(.down, reason: "the sentinel knows no such service")
        }
        guard let number = UInt16(reply.text(of: port)), number > 0 else {
            throw RedisError(.malformed, reason: "the sentinel names no port")
        }
        return .tcp(host: reply.text(of: host), port: number)
    }
}
