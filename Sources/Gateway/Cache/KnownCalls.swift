import Bytes
import Caching
import HTTP1
import OpenAIAPI
import Telemetry

/// Calls that a store had the answer to, as they came: one that comes again is understood without
/// reading it again, and its key is known.
///
/// What a call asks, what it asks of the cache and what its key is are decided by its body and its
/// head alone, so nothing is ever taken for another: both are compared whole. Only fields that
/// have no part in any of it are left out. Belongs to one worker.
final class KnownCalls {
    /// Places for calls; each has one.
    static let placesMax = 1024
    /// Bytes of a body that are kept, and of all together.
    static let bodyBytesMax = 64 << 10
    static let bytesMax = 8 << 20

    /// A call, and what is known of it.
    final class Call {
        fileprivate let head: ByteBuffer
        fileprivate let body: ByteBuffer
        /// What it asks.
        let request: CallRequest
        /// What it asks of the cache, and its key.
        let plan: CachePlan
        /// What spans say of the plan, once one did.
        var planAttributes: PreparedAttributes?
        /// What its answer says on spans, and of which entry (`CacheEntry.number`).
        var answer: (entry: UInt64, attributes: PreparedAttributes)?

        fileprivate init(
            head: consuming ByteBuffer, body: consuming ByteBuffer, _ request: CallRequest,
            _ plan: CachePlan
        ) {
            self.head = head
            self.body = body
            self.request = request
            self.plan = plan
        }

        /// About, with what is known of it.
        fileprivate var byteCount: Int { head.count + body.count + 2048 }
    }

    private var calls: [Call?] = Array(repeating: nil, count: placesMax)
    /// What they hold in memory, about, in bytes.
    private(set) var bytes = 0
    /// Where the next to make room is looked for.
    private var hand = 0
    /// Flushes of the cache when the first of them came in.
    private var flushCount = 0
    private let seed = UInt64.random(in: 0 ... .max)
    /// What counts of the head that is looked at.
    private var head = ByteBuffer()

    /// Forgets all where the cache was flushed since: they hold what people asked.
    func follow(_ flushCount: Int) {
        guard flushCount != self.flushCount else { return }
        self.flushCount = flushCount
        calls = Array(repeating: nil, count: Self.placesMax)
        bytes = 0
    }

    /// The call with that head and body; nil where none is known. `bytes` are those of `head`.
    func find(_ head: RequestHead, _ bytes: Span<UInt8>, body: Span<UInt8>) -> Call? {
        guard body.count <= Self.bodyBytesMax else { return nil }
        gather(head, bytes)
        guard let call = calls[place(of: body)] else { return nil }
        let isSame =
            call.body.withBytes { body.equals($0) }
            && call.head.withBytes { known in self.head.withBytes { known.equals($0) } }
        return isSame ? call : nil
    }

    /// Keeps a call, in the place of others.
    func keep(
        _ head: RequestHead, _ bytes: Span<UInt8>, body: Span<UInt8>, _ request: CallRequest,
        _ plan: CachePlan
    ) -> Call? {
        // The body goes on without the member that asks something of the cache.
        guard body.count <= Self.bodyBytesMax, plan.controls.bodyMember == nil else { return nil }
        gather(head, bytes)
        let place = place(of: body)
        let call = Call(
            head: ByteBuffer(copying: self.head.bytes), body: ByteBuffer(copying: body), request,
            plan)
        replace(place, by: call)
        while self.bytes > Self.bytesMax {
            hand = (hand + 1) % Self.placesMax
            if hand != place { replace(hand, by: nil) }
        }
        return call
    }

    private func replace(_ place: Int, by call: Call?) {
        bytes += (call?.byteCount ?? 0) - (calls[place]?.byteCount ?? 0)
        calls[place] = call
    }

    /// Calls that are known.
    var count: Int { calls.count { $0 != nil } }

    /// The target and every field, each with its length, but for those that are about the trace
    /// or the connection.
    private func gather(_ head: RequestHead, _ bytes: Span<UInt8>) {
        self.head.removeAll()
        append(bytes.extracting(head.target), .other)
        for field in head.fields {
            switch field.known {
            case .traceparent, .tracestate, .baggage, .xPortkeyTraceID, .xPortkeyMetadata,
                .xRequestID, .contentLength, .connection:
                continue
            case .other: append(bytes.extracting(field.name), .other)
            default: break
            }
            append(bytes.extracting(field.value), field.known)
        }
    }

    private func append(_ text: Span<UInt8>, _ name: FieldName) {
        let length = UInt64(UInt32(truncatingIfNeeded: text.count))
        head.append(low: 5, of: length | UInt64(name.rawValue) << 32, then: text)
    }

    /// Decided by all of head and body; what is compared is the whole.
    private func place(of body: Span<UInt8>) -> Int {
        let first = head.withBytes { $0.hash(seed: seed) }
        return Int(truncatingIfNeeded: body.hash(seed: first) >> 32) & (Self.placesMax - 1)
    }
}
