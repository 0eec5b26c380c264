import Bytes
import Caching
import HTTP1
import HTTPServer
import Upstream

// Calls that came before.
extension Exchange {
    /// What is known of the call, whose body was read.
    func findKnown() -> KnownCalls.Call? {
        guard let cache = worker.cache else { return nil }
        cache.known.follow(cache.shared.flushCount)
        let head = connection.parser.head
        return connection.withHead { bytes in
            connection.body.withBytes { cache.known.find(head, bytes, body: $0) }
        }
    }

    /// Takes note of a call that a store had the answer to.
    func keepKnown(_ operation: Operation) {
        guard use.known == nil, let cache = worker.cache, let plan = use.plan else { return }
        let head = connection.parser.head
        use.known = connection.withHead { bytes in
            operation.body.withBytes {
                cache.known.keep(head, bytes, body: $0, operation.request, plan)
            }
        }
    }

    /// Reads what the answer says, for its span; where it was read before, that is known.
    func readAnswer(_ entry: CacheEntry, _ operation: Operation) {
        guard operation.record != nil else { return }
        if let answer = use.known?.answer, answer.entry == entry.number,
            operation.takeAnswer(answer.attributes)
        {
            return
        }
        operation.keepsAnswerAttributes = use.known != nil
        entry.withBody { operation.read(plain: $0) }
    }
}
