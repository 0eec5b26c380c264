import Bytes
import Crypto
import OpenAIAPI

/// Why bytes of a store are no answer: each is a miss.
package enum EntryError: Error, Hashable, Sendable {
    /// Does not begin as an entry does: somebody else's value.
    case foreign
    /// Of an older or newer form.
    case version
    /// Ends before its end.
    case truncated
    /// The code is not that of the content: changed, or made with another secret.
    case forged
    /// The entry of another key.
    case wrongKey
    /// The time to live is over.
    case expired
    /// More bytes than an entry may have.
    case tooLarge

    /// A metric's label and a span's `error.type`.
    package var name: StaticString {
        switch self {
        case .foreign: "foreign"
        case .version: "version"
        case .truncated: "truncated"
        case .forged: "forged"
        case .wrongKey: "wrong_key"
        case .expired: "expired"
        case .tooLarge: "too_large"
        }
    }
}

/// Writes entries for a store outside of the process and reads them back, with a keyed code over
/// all of it: nobody without the secret can make or change one, nor give one to another key.
/// Confined to one thread at a time.
///
/// The form, numbers with their least significant byte first:
///
///     0   8 bytes   "\x89MRTLT\r\n"
///     8   2         version, 1
///     10  1         endpoint
///     11  1         trace flags
///     12  1         which counts of tokens there are, a bit each; bit 7: cached ones beside
///     13  1         zero
///     14  2         bytes of the model's name
///     16  4         bytes of the body
///     20  4         time to live, seconds
///     24  8         when the answer was complete, milliseconds since 1970
///     32  32        digest of the key
///     64  16, 8     ids of the trace and the span, as two numbers and one
///     88  6 * 8     counts of tokens, zero where there is none
///     136           the model's name, the body
///     -32 32        HMAC-SHA256 of everything before it
package struct EntryCodec: ~Copyable {
    /// What makes of the installation's secret the key of this code alone: its HMAC under the
    /// secret.
    package static let purpose: StaticString = "martlet cache entry code"
    /// Bytes before the model's name, and the code behind the body.
    package static let headBytes = 136
    /// Bytes of an entry beside its texts.
    package static let frameBytes = headBytes + SHA256.Digest.count

    private static let magic: [UInt8] = [0x89, 0x4D, 0x52, 0x54, 0x4C, 0x54, 0x0D, 0x0A]
    private static let version: UInt64 = 1

    private var authenticator: HMACSHA256
    private let bytesMax: Int

    /// `secret` is the installation's; the code's key is derived from it. An encoded entry of
    /// more than `bytesMax` bytes is not read.
    package init(secret: Span<UInt8>, bytesMax: Int) {
        let key = HMACSHA256.code(for: Self.purpose.bytes, key: secret)
        authenticator = HMACSHA256(key: key.bytes)
        self.bytesMax = bytesMax
    }

    /// Bytes that `encode` appends.
    package static func encodedBytes(of entry: CacheEntry) -> Int {
        frameBytes + entry.modelBytes + entry.bodyBytes
    }

    /// Appends an entry.
    package mutating func encode(_ entry: CacheEntry, to buffer: inout ByteBuffer) {
        let start = buffer.count
        buffer.reserve(Self.encodedBytes(of: entry))
        buffer.append(Self.magic.span)
        buffer.append(low: 2, of: Self.version)
        buffer.append(entry.endpoint.rawValue)
        buffer.append(entry.origin.flags)
        buffer.append(TokenCounts.presence(of: entry.usage))
        buffer.append(0 as UInt8)
        buffer.append(low: 2, of: UInt64(entry.modelBytes))
        buffer.append(littleEndian: UInt32(clamping: entry.bodyBytes))
        buffer.append(littleEndian: entry.ttl)
        buffer.append(littleEndian: UInt64(bitPattern: entry.createdAt))
        buffer.append(entry.digest.bytes)
        buffer.append(littleEndian: entry.origin.traceIDHigh)
        buffer.append(littleEndian: entry.origin.traceIDLow)
        buffer.append(littleEndian: entry.origin.spanID)
        let counts = TokenCounts.all(of: entry.usage)
        for index in counts.indices {
            buffer.append(littleEndian: UInt64(max(0, counts[index] ?? 0)))
        }
        entry.withTexts { buffer.append($0) }
        authenticator.update(buffer.bytes.extracting(start..<buffer.count))
        buffer.append(authenticator.finish().bytes)
    }

    /// The entry of `key` that `bytes` are, with copies of its texts; `now` is in milliseconds
    /// since 1970. Nothing in `bytes` is believed before the code was found to be right, but for
    /// what decides which error it is.
    package mutating func decode(
        _ bytes: Span<UInt8>, key: CacheKey, now: Int64
    ) throws(EntryError) -> CacheEntry {
        guard bytes.count <= bytesMax else { throw .tooLarge }
        let magicBytes = min(bytes.count, Self.magic.count)
        guard magicBytes > 0,
            bytes.extracting(0..<magicBytes).equals(Self.magic.span.extracting(0..<magicBytes))
        else { throw .foreign }
        guard bytes.count >= 10 else { throw .truncated }
        guard Self.number(bytes, at: 8) == Self.version else { throw .version }
        guard bytes.count >= Self.frameBytes else { throw .truncated }
        let modelBytes = Int(Self.number(bytes, at: 14))
        let bodyBytes = Int(bytes.littleEndian32(at: 16))
        let codeStart = Self.headBytes + modelBytes + bodyBytes
        guard bytes.count >= codeStart + SHA256.Digest.count else { throw .truncated }
        guard bytes.count == codeStart + SHA256.Digest.count else { throw .forged }

        authenticator.update(bytes.extracting(0..<codeStart))
        let code = authenticator.finish()
        guard ConstantTime.equals(code.bytes, bytes.extracting(codeStart..<bytes.count)) else {
            throw .forged
        }
        guard ConstantTime.equals(key.digest.bytes, bytes.extracting(32..<64)) else {
            throw .wrongKey
        }
        // Such as this version never wrote.
        guard let endpoint = Endpoint(rawValue: bytes[10]), bytes[13] == 0,
            modelBytes <= CacheEntry.modelBytesMax,
            let usage = TokenCounts.usage(presence: bytes[12], bytes.extracting(88..<136))
        else { throw .version }
        let entry = CacheEntry(
            key: key, createdAt: Int64(bitPattern: bytes.littleEndian64(at: 24)),
            ttl: bytes.littleEndian32(at: 20), endpoint: endpoint,
            origin: CacheOrigin(
                traceIDHigh: bytes.littleEndian64(at: 64), traceIDLow: bytes.littleEndian64(at: 72),
                spanID: bytes.littleEndian64(at: 80), flags: bytes[11]),
            usage: usage,
            model: bytes.extracting(Self.headBytes..<Self.headBytes + modelBytes),
            body: bytes.extracting(Self.headBytes + modelBytes..<codeStart))
        guard !entry.isExpired(at: now) else { throw .expired }
        return entry
    }

    /// Two bytes as a number.
    private static func number(_ bytes: Span<UInt8>, at offset: Int) -> UInt64 {
        UInt64(bytes[offset]) | UInt64(bytes[offset + 1]) << 8
    }
}

/// The counts of tokens of an entry, in the order of their bits and fields.
private enum TokenCounts {
    private static let besideBit: UInt8 = 0x80

    static func all(of usage: AnswerFacts.Usage) -> InlineArray<6, Int?> {
        [
            usage.inputTokens, usage.outputTokens, usage.cachedInputTokens,
            usage.cacheCreationInputTokens, usage.reasoningTokens, usage.totalTokens,
        ]
    }

    static func presence(of usage: AnswerFacts.Usage) -> UInt8 {
        let counts = all(of: usage)
        var bits = usage.hasCachedBesideInput ? besideBit : 0
        for index in counts.indices where counts[index] != nil { bits |= 1 << UInt8(index) }
        return bits
    }

    /// nil where no usage is written like that.
    static func usage(presence: UInt8, _ bytes: Span<UInt8>) -> AnswerFacts.Usage? {
        guard presence & 0x40 == 0 else { return nil }
        var counts = InlineArray<6, Int?>(repeating: nil)
        for index in counts.indices {
            guard let count = Int(exactly: bytes.littleEndian64(at: index * 8)) else { return nil }
            if presence >> UInt8(index) & 1 == 1 {
                counts[index] = count
            } else if count != 0 {
                return nil
            }
        }
        var usage = AnswerFacts.Usage()
        usage.inputTokens = counts[0]
        usage.outputTokens = counts[1]
        usage.cachedInputTokens = counts[2]
        usage.cacheCreationInputTokens = counts[3]
        usage.reasoningTokens = counts[4]
        usage.totalTokens = counts[5]
        usage.hasCachedBesideInput = presence & besideBit != 0
        return usage
    }
}
