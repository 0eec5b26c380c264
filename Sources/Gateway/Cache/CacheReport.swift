import Bytes
import Caching
import Configuration
import JSON
import Redis
import Telemetry
import Upstream

/// `/cache` as JSON.
enum CacheReport {
    /// Appends what the cache holds and has done; of calls that are known, what `worker` knows.
    /// `redis`: what its servers say, where there are any.
    static func append(
        _ worker: WorkerCache, _ redis: StoreStatistics?, to buffer: inout ByteBuffer
    ) {
        let cache = worker.shared
        let settings = cache.settings
        buffer.append("{\"store\":")
        buffer.append(jsonString: settings.kind.rawValue)
        buffer.append(",\"scope\":")
        buffer.append(jsonString: settings.scope.rawValue)
        append("ttl_seconds", Int(settings.ttl.milliseconds / 1000), to: &buffer)
        buffer.append(",\"memory\":")
        if let memory = cache.memory {
            append(memory.statistics, bytesMax: settings.memoryBytesMax, to: &buffer)
        } else {
            buffer.append("null")
        }
        buffer.append(",\"redis\":")
        if let redis, let url = cache.redis?.url {
            append(redis, url: String(describing: url), to: &buffer)
        } else {
            buffer.append("null")
        }
        buffer.append(",\"semantic\":")
        if let semantic = cache.semantic?.index.statistics {
            buffer.append("{\"questions\":")
            buffer.append(decimal: semantic.entries)
            append("bytes", semantic.bytes, to: &buffer)
            append("partitions", semantic.partitions, to: &buffer)
            append("evicted", semantic.evicted, to: &buffer)
            buffer.append("}")
        } else {
            buffer.append("null")
        }
        buffer.append(",\"known_calls\":{\"calls\":")
        buffer.append(decimal: worker.known.count)
        append("bytes", worker.known.bytes, to: &buffer)
        buffer.append("}")
        append("flights", cache.flights?.count ?? 0, to: &buffer)
        buffer.append(",\"requests\":{")
        for (index, status) in CacheStatus.allCases.filter({ $0 != .off }).enumerated() {
            if index > 0 { buffer.append(",") }
            buffer.append("\"")
            buffer.append(status.name)
            buffer.append("\":")
            buffer.append(decimal: cache.metrics.count(of: status))
        }
        buffer.append("},\"saved_tokens\":{\"input\":")
        buffer.append(decimal: cache.metrics.savedInputTokens.value)
        append("output", cache.metrics.savedOutputTokens.value, to: &buffer)
        buffer.append("}}\n")
    }

    private static func append(
        _ memory: MemoryStore.Statistics, bytesMax: Int, to buffer: inout ByteBuffer
    ) {
        buffer.append("{\"entries\":")
        buffer.append(decimal: memory.entries)
        append("bytes", memory.bytes, to: &buffer)
        append("bytes_max", bytesMax, to: &buffer)
        append("hits", memory.hits, to: &buffer)
        append("misses", memory.misses, to: &buffer)
        append("stored", memory.stored, to: &buffer)
        append("rejected", memory.rejected, to: &buffer)
        append("evicted", memory.evicted, to: &buffer)
        append("expired", memory.expired, to: &buffer)
        buffer.append("}")
    }

    private static func append(
        _ redis: StoreStatistics, url: String, to buffer: inout ByteBuffer
    ) {
        buffer.append("{\"url\":")
        buffer.append(jsonString: url)
        append("servers", redis.servers, to: &buffer)
        append("unavailable", redis.unavailable, to: &buffer)
        // Where no server answers, nothing is known of what they hold.
        let isKnown = redis.unavailable < max(redis.servers, 1)
        append("keys", isKnown ? redis.keys : nil, to: &buffer)
        append("memory_bytes", isKnown ? redis.memoryBytes : nil, to: &buffer)
        append("evicted_keys", isKnown ? redis.evictedKeys : nil, to: &buffer)
        buffer.append("}")
    }

    private static func append(
        _ name: StaticString, _ value: Int?, to buffer: inout ByteBuffer
    ) {
        buffer.append(",\"")
        buffer.append(name)
        buffer.append("\":")
        guard let value else { return buffer.append("null") }
        buffer.append(decimal: value)
    }
}
