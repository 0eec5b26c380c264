import Bytes

extension RedisClient {
    /// Keys that one step of a removal asks for (SCAN's COUNT): few enough that the server is not
    /// held up.
    package static let scanCount = 500

    /// Sends `command` to one server, as `send` otherwise.
    package func send(
        _ command: consuming RedisCommand, to shard: RedisShard, budget: UInt64? = nil
    ) async throws(RedisError) -> RedisReply {
        let due = RedisRequest.now + max(1, budget ?? settings.budget)
        let reply = try await shard.node.call(RedisRequest(command, due: due))
        if let error = reply.error { throw error }
        return reply
    }

    /// One step of removing the keys of a server that match `pattern` (SCAN's MATCH): looks at
    /// some of them from `cursor` on, removes those that match, and answers how many it did. The
    /// first step begins at "0", and the last leaves that.
    package func removeKeys(
        matching pattern: String, of shard: RedisShard, cursor: inout String, budget: UInt64
    ) async throws(RedisError) -> Int {
        let due = RedisRequest.now + max(1, budget)
        let scan = RedisCommand(
            "SCAN", texts: [cursor, "MATCH", pattern, "COUNT", "\(Self.scanCount)"])
        let page = try await shard.node.call(RedisRequest(scan, due: due))
        if let error = page.error { throw error }
        var parts = page.elements
        guard let next = parts.next(in: page), let keys = parts.next(in: page) else {
            throw RedisError(.malformed, reason: "the server does not answer SCAN as it should")
        }
        // One key a command, since the keys of a node are of many slots; all of them at once.
        var requests: [RedisRequest] = []
        var rest = page.elements(of: keys)
        var removed = 0
        while let key = rest.next(in: page) {
            let unlink = RedisCommand("UNLINK", page.storage.extracting(page.range(of: key)))
            requests.append(RedisRequest(unlink, due: due))
        }
        var index = 0
        while index < requests.count {
            let batch = requests[index..<min(requests.count, index + Self.scanCount / 2)]
            for request in batch { try shard.node.start(request) }
            for request in batch {
                let reply = try await shard.node.answer(to: request)
                if let error = reply.error { throw error }
                removed += reply.number
            }
            index = batch.endIndex
        }
        cursor = page.text(of: next)
        return removed
    }
}
