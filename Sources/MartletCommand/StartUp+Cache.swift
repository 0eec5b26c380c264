import Configuration
import Redis
import Upstream

extension StartUp {
    /// Where answers are kept, for whom and how long: a line of what the start-up says.
    static func cache(_ settings: CacheSettings) -> String {
        let size = ByteSize.text(settings.memoryBytesMax)
        var line = "cache: "
        switch settings.kind {
        case .off, .auto:
            return line + "off, answers are not kept (REDIS_URL or cache.store switches it on)"
        case .memory: line += "in memory, up to \(size)"
        case .redis: line += "in Redis at \(place(settings))"
        case .tiered: line += "in memory, up to \(size), before Redis at \(place(settings))"
        }
        if settings.store == .auto { line += ", switched on by its URL alone (REDIS_URL)" }
        line += settings.scope == .shared ? "; shared by all callers" : "; for each caller alone"
        line += "; for \(settings.ttl.milliseconds / 1000) s"
        if settings.coalesce { line += "; equal calls at a time are one" }
        guard let model = settings.semanticModel else { return line }
        let who = settings.semanticDefault ? "for all callers" : "for callers who ask for it"
        return line + "; questions that mean the same to \(model) have one answer, \(who)"
    }

    /// The URL without user and password.
    private static func place(_ settings: CacheSettings) -> String {
        guard let text = settings.redisURL, let url = try? RedisURL(text.reveal()) else {
            return "no URL"
        }
        return String(describing: url)
    }
}

/// Bytes as people read them.
enum ByteSize {
    /// `512 bytes`, `1.5 KiB`, `128 MiB`.
    static func text(_ bytes: Int) -> String {
        guard bytes >= 1024 else { return bytes == 1 ? "1 byte" : "\(bytes) bytes" }
        var value = bytes
        var unit = 0
        let units = ["KiB", "MiB", "GiB", "TiB"]
        while value >= 1 << 20, unit < units.count - 1 {
            value >>= 10
            unit += 1
        }
        let tenths = (value * 10 + 512) >> 10
        let rest = tenths % 10 == 0 ? "" : ".\(tenths % 10)"
        return "\(tenths / 10)\(rest) \(units[unit])"
    }
}
