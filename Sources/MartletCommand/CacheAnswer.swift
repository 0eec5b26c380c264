import Bytes
import JSON

/// What the pages of the cache answer, as lines for people.
struct CacheAnswer: ~Escapable {
    let document: JSONDocument

    @_lifetime(copy document)
    init(document: JSONDocument) {
        self.document = document
    }

    /// What an error object says.
    var errorMessage: String? {
        guard let error = document.value("error", of: document.root),
            let message = document.value("message", of: error)
        else { return nil }
        return document.text(message)
    }

    /// What a flush has done.
    var removal: String {
        guard let removed = document.value("removed", of: document.root) else {
            return "nothing was removed"
        }
        let memory = number("memory", of: removed)
        let redis = number("redis", of: removed)
        return "removed \(Self.count(memory, "answer")) from memory, \(redis) from Redis"
    }

    /// The statistics.
    var statistics: [String] {
        let root = document.root
        let store = text("store", of: root)
        guard store != "off" else { return ["store     off: no answers are kept"] }
        var lines = [
            "store     \(store), scope \(text("scope", of: root)), "
                + "for \(number("ttl_seconds", of: root)) s"
        ]
        if let memory = object("memory", of: root) { lines += memoryLines(memory) }
        if let redis = object("redis", of: root) { lines += redisLines(redis) }
        if let semantic = object("semantic", of: root) {
            lines.append(
                "semantic  \(Self.count(number("questions", of: semantic), "question")), "
                    + "\(ByteSize.text(number("bytes", of: semantic))), "
                    + "\(number("evicted", of: semantic)) evicted")
        }
        lines.append("flights   \(number("flights", of: root)) under way")
        if let requests = object("requests", of: root) {
            var parts: [String] = []
            var members = document.members(of: requests)
            while let member = members.next() {
                let value = document.integer(member.value) ?? 0
                parts.append("\(value) \(document.text(member.key) ?? "")")
            }
            lines.append("requests  " + parts.joined(separator: ", "))
        }
        if let saved = object("saved_tokens", of: root) {
            lines.append(
                "saved     \(number("input", of: saved)) input tokens, "
                    + "\(number("output", of: saved)) output tokens")
        }
        return lines
    }

    private func memoryLines(_ memory: JSONValue) -> [String] {
        let bytes = ByteSize.text(number("bytes", of: memory))
        let bytesMax = ByteSize.text(number("bytes_max", of: memory))
        return [
            "memory    \(Self.count(number("entries", of: memory), "answer")), \(bytes) of "
                + "\(bytesMax)",
            "          \(number("hits", of: memory)) hits, \(number("misses", of: memory)) misses; "
                + "\(number("stored", of: memory)) stored, "
                + "\(number("rejected", of: memory)) rejected, "
                + "\(number("evicted", of: memory)) evicted, "
                + "\(number("expired", of: memory)) expired",
        ]
    }

    private func redisLines(_ redis: JSONValue) -> [String] {
        let servers = number("servers", of: redis)
        let unavailable = number("unavailable", of: redis)
        guard document.value("keys", of: redis).flatMap({ document.integer($0) }) != nil else {
            return [
                "redis     \(text("url", of: redis)): \(Self.count(servers, "server")), "
                    + "\(unavailable) unavailable; what is in it is not known"
            ]
        }
        let bytes = ByteSize.text(number("memory_bytes", of: redis))
        return [
            "redis     \(text("url", of: redis)): \(Self.count(servers, "server")), "
                + "\(unavailable) unavailable",
            "          \(Self.count(number("keys", of: redis), "key")), "
                + "\(bytes), \(number("evicted_keys", of: redis)) evicted",
        ]
    }

    private static func count(_ number: Int, _ word: String) -> String {
        number == 1 ? "1 \(word)" : "\(number) \(word)s"
    }

    private func object(_ name: StaticString, of object: JSONValue) -> JSONValue? {
        guard let value = document.value(name, of: object),
            document.kind(of: value) == .object
        else { return nil }
        return value
    }

    private func number(_ name: StaticString, of object: JSONValue) -> Int {
        document.value(name, of: object).flatMap { document.integer($0) } ?? 0
    }

    private func text(_ name: StaticString, of object: JSONValue) -> String {
        document.value(name, of: object).flatMap { document.text($0) } ?? "?"
    }
}
