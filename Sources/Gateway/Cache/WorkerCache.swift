import Bytes
import Caching
import Configuration
import Networking
import Redis
import Telemetry

/// A worker's part in the cache. Confined to its loop.
final class WorkerCache {
    let shared: AnswerCache
    var keys: CacheKeyMaker
    var codec: EntryCodec
    /// That of callers who name none; empty: none.
    let namespace: [UInt8]
    /// What fields say that may change an answer, while a key is made.
    var beta = ByteBuffer()
    /// Calls that a store had the answer to.
    let known = KnownCalls()
    /// An entry on its way to Redis.
    var encoded = ByteBuffer()
    /// Whether embeddings are asked for.
    var embeddingsPause = EmbeddingsPause()

    private let loop: EventLoop
    private let log: Log
    private let makeCodec: () -> EntryCodec
    private var client: RedisClient?
    private var store: RedisStore?
    private var isClosed = false

    init(_ shared: AnswerCache, secret: Secret, loop: EventLoop, log: Log) {
        self.shared = shared
        self.loop = loop
        self.log = log
        namespace = Array((shared.settings.namespace ?? "").utf8)
        keys = CacheKeyMaker(secret: secret.reveal().utf8.span)
        let bytesMax = 2 * shared.settings.entryBytesMax
        makeCodec = { EntryCodec(secret: secret.reveal().utf8.span, bytesMax: bytesMax) }
        codec = makeCodec()
    }

    /// Inputs of an embeddings call that are looked up one by one, at most.
    static let itemsMax = 256

    /// Milliseconds since 1970, as entries have it.
    static var now: Int64 { Int64(Clock.wall / 1_000_000) }

    /// The store outside of the process, connected when it is first asked for; nil: there is none.
    var redis: RedisStore? {
        if let store { return store }
        guard !isClosed, let settings = shared.redis else { return nil }
        do throws(RedisError) {
            let client = try RedisClient(loop: loop, settings: settings, observer: self)
            self.client = client
            let store = RedisStore(client: client, codec: makeCodec())
            self.store = store
            return store
        } catch {
            isClosed = true
            log.write(.error, "the cache's Redis cannot be used") { line in
                line.add(.error, String(describing: error))
            }
            return nil
        }
    }

    /// Ends the connections; nothing is in progress.
    func close() {
        isClosed = true
        client?.close()
        client = nil
        store = nil
    }
}

extension WorkerCache: RedisObserver {
    func redisChanged(_ server: ListenAddress, error: RedisError?) {
        shared.storeChanged(isUp: error == nil)
        if let error {
            let sentence: StaticString =
                switch error.kind {
                case .auth: "Redis does not let us in: the cache goes on without it"
                case .down, .tls, .timeout, .open, .overloaded:
                    "Redis does not answer: the cache goes on without it"
                default: "Redis answers with errors: the cache goes on without it"
                }
            log.write(.warning, sentence) { line in
                line.add(.upstream, server.description)
                line.add(.error, error.type)
                line.add("reason", error.reason)
            }
        } else {
            log.write(.info, "Redis answers again") { line in
                line.add(.upstream, server.description)
            }
        }
    }
}
