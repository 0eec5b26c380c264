import Bytes
import Crypto
import OpenAIAPI
import Synchronization

/// The span that produced an answer: what the spans of hits link to.
package struct CacheOrigin: Hashable, Sendable {
    /// The trace's id, most significant half first; zero where nothing was traced.
    package let traceIDHigh, traceIDLow: UInt64
    /// The span's id.
    package let spanID: UInt64
    /// The trace flags (W3C Trace Context Level 2, section 3.2.2.5).
    package let flags: UInt8

    package init(traceIDHigh: UInt64, traceIDLow: UInt64, spanID: UInt64, flags: UInt8) {
        self.traceIDHigh = traceIDHigh
        self.traceIDLow = traceIDLow
        self.spanID = spanID
        self.flags = flags
    }
}

/// A complete answer in its plain JSON form, with what a hit needs to know of it. Immutable:
/// stores and requests share references, and a hit copies nothing.
package final class CacheEntry: Sendable {
    /// Bytes of a model's name that are kept at most.
    package static let modelBytesMax = AnswerFacts.textBytesMax
    /// Bytes an entry takes beside its texts: the object, its allocations' heads and padding.
    static let overheadBytes = 320

    /// Of no other entry of this process.
    package let number = numbers.add(1, ordering: .relaxed).newValue
    private static let numbers = Atomic<UInt64>(0)
    /// Of the key that the entry answers: checked before use.
    package let digest: SHA256.Digest
    /// When the answer was complete, in milliseconds since 1970.
    package let createdAt: Int64
    /// How long it may be used, in seconds.
    package let ttl: UInt32
    /// Which API the answer is of.
    package let endpoint: Endpoint
    /// The span that produced the answer.
    package let origin: CacheOrigin
    /// Tokens as the upstream reported them.
    package let usage: AnswerFacts.Usage
    /// The model's name, then the body.
    private let texts: ByteBuffer
    let modelBytes: Int

    /// An entry with copies of `body` and of the first `modelBytesMax` bytes of `model`, the
    /// answer's own name of it.
    package init(
        key: CacheKey, createdAt: Int64, ttl: UInt32, endpoint: Endpoint, origin: CacheOrigin,
        usage: AnswerFacts.Usage, model: Span<UInt8>, body: Span<UInt8>
    ) {
        digest = key.digest
        self.createdAt = createdAt
        self.ttl = ttl
        self.endpoint = endpoint
        self.origin = origin
        self.usage = usage
        modelBytes = min(model.count, Self.modelBytesMax)
        var texts = ByteBuffer(capacity: modelBytes + body.count)
        texts.append(model.extracting(0..<modelBytes))
        texts.append(body)
        self.texts = texts
    }

    /// Calls `use` with the answer's plain JSON.
    package func withBody<Result, Failure>(
        _ use: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try texts.withBytes { bytes throws(Failure) in
            try use(bytes.extracting(modelBytes..<bytes.count))
        }
    }

    /// Calls `use` with the model's name.
    package func withModel<Result, Failure>(
        _ use: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try texts.withBytes { bytes throws(Failure) in
            try use(bytes.extracting(0..<modelBytes))
        }
    }

    /// Calls `use` with the model's name and the body behind it.
    func withTexts(_ use: (Span<UInt8>) -> Void) {
        texts.withBytes { use($0) }
    }

    /// Bytes of the answer.
    package var bodyBytes: Int { texts.count - modelBytes }

    /// Bytes the entry takes in memory.
    package var cost: Int { Self.overheadBytes + texts.capacity + ByteBuffer.padding }

    /// Milliseconds since the answer was complete; never negative, as clocks may differ.
    package func age(at now: Int64) -> Int64 {
        let (age, overflows) = now.subtractingReportingOverflow(createdAt)
        return overflows ? .max : max(0, age)
    }

    /// Whether the time to live is over; `now` is in milliseconds since 1970.
    package func isExpired(at now: Int64) -> Bool {
        age(at: now) >= Int64(ttl) * 1000
    }
}
