import Bytes
import Caching
import Crypto
import OpenAIAPI
import Testing

/// A key that needs no call: `number` says which.
func testKey(_ number: Int, credential: String = "sk", namespace: String? = nil) -> CacheKey {
    let scope = Scope(credential: credential, namespace: namespace)
    let body = #"{"model":"m\#(number % 7)","messages":[],"n":\#(number)}"#
    guard let found = try? key(body, .chatCompletions, scope) else {
        preconditionFailure("the body has a key")
    }
    return found
}

func testEntry(
    _ key: CacheKey, body: String = #"{"id":"x"}"#, createdAt: Int64 = 1_000_000, ttl: UInt32 = 60,
    model: String = "gpt-4o-2024", usage: AnswerFacts.Usage = .init()
) -> CacheEntry {
    let body = Array(body.utf8)
    let model = Array(model.utf8)
    return CacheEntry(
        key: key, createdAt: createdAt, ttl: ttl, endpoint: .chatCompletions,
        origin: CacheOrigin(
            traceIDHigh: 0x0123_4567_89AB_CDEF, traceIDLow: 2, spanID: .max, flags: 3),
        usage: usage, model: model.span, body: body.span)
}

private func encode(_ entry: CacheEntry, secret: String = "secret") -> [UInt8] {
    let secret = Array(secret.utf8)
    var codec = EntryCodec(secret: secret.span, bytesMax: 1 << 20)
    var buffer = ByteBuffer()
    codec.encode(entry, to: &buffer)
    return buffer.withBytes { bytes in bytes.indices.map { bytes[$0] } }
}

/// The entry, or what was wrong.
private func decode(
    _ bytes: [UInt8], _ key: CacheKey, now: Int64 = 1_000_000, secret: String = "secret",
    bytesMax: Int = 1 << 20
) -> Result<CacheEntry, EntryError> {
    let secret = Array(secret.utf8)
    var codec = EntryCodec(secret: secret.span, bytesMax: bytesMax)
    do throws(EntryError) {
        return .success(try codec.decode(bytes.span, key: key, now: now))
    } catch {
        return .failure(error)
    }
}

private func error(_ result: Result<CacheEntry, EntryError>) -> EntryError? {
    if case .failure(let error) = result { error } else { nil }
}

/// `bytes` with the code that belongs to them.
private func sealed(_ bytes: [UInt8], secret: String = "secret") -> [UInt8] {
    let secret = Array(secret.utf8)
    let key = HMACSHA256.code(for: EntryCodec.purpose.bytes, key: secret.span)
    let code = HMACSHA256.code(for: bytes.span, key: key.bytes)
    return bytes + (0..<32).map { code.bytes[$0] }
}

@Suite struct EntryCodecTests {
    private static func usage() -> AnswerFacts.Usage {
        var usage = AnswerFacts.Usage()
        usage.inputTokens = 0
        usage.outputTokens = .max
        usage.reasoningTokens = 7
        usage.hasCachedBesideInput = true
        return usage
    }

    @Test(arguments: [0, 1, 10, 100_000]) func `what is written is read again`(
        bodyBytes: Int
    ) throws {
        let key = testKey(1)
        let body = String(repeating: "b", count: bodyBytes)
        let entry = testEntry(
            key, body: body, createdAt: 1_700_000_000_123, ttl: 2_592_000, usage: Self.usage())
        let bytes = encode(entry)
        #expect(bytes.count == EntryCodec.encodedBytes(of: entry))
        let found = try decode(bytes, key, now: 1_700_000_000_124).get()
        #expect(found.digest == key.digest)
        #expect(found.createdAt == entry.createdAt && found.ttl == entry.ttl)
        #expect(found.endpoint == .chatCompletions && found.origin == entry.origin)
        #expect(found.usage == Self.usage())
        #expect(found.withBody { String(decoding: $0) } == body)
        #expect(found.withModel { String(decoding: $0) } == "gpt-4o-2024")
        #expect(found.bodyBytes == bodyBytes && found.cost == entry.cost)
        #expect(encode(found) == bytes)
    }

    @Test func `every changed, missing or added byte is an error`() {
        let key = testKey(1)
        let bytes = encode(testEntry(key, usage: Self.usage()))
        for index in bytes.indices {
            for bit in [0, 3, 7] {
                var changed = bytes
                changed[index] ^= 1 << UInt8(bit)
                let expected: Set<EntryError> =
                    switch index {
                    case 0..<8: [.foreign]
                    case 8..<10: [.version]
                    case 14..<20: [.truncated, .forged]
                    default: [.forged]
                    }
                #expect(error(decode(changed, key)).map { expected.contains($0) } == true)
            }
            let expected: EntryError = index == 0 ? .foreign : .truncated
            #expect(error(decode(Array(bytes[..<index]), key)) == expected)
        }
        #expect(error(decode(bytes + [0], key)) == .forged)
    }

    @Test(arguments: [
        "", "x", "{\"id\":1}", "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}",
    ]) func `somebody else's value is foreign`(value: String) {
        #expect(error(decode(Array(value.utf8), testKey(1))) == .foreign)
    }

    @Test(arguments: [0, 2, 0xFFFF]) func `another version is none of ours`(version: Int) {
        let key = testKey(1)
        var bytes = encode(testEntry(key))
        bytes[8] = UInt8(version & 255)
        bytes[9] = UInt8(version >> 8)
        #expect(error(decode(sealed(bytes.dropLast(32)), key)) == .version)
        #expect(error(decode(Array(bytes[..<10]), key)) == .version)
    }

    @Test func `an entry is of one key, one secret and a time`() {
        let key = testKey(1)
        let bytes = encode(testEntry(key))
        #expect(error(decode(bytes, testKey(2))) == .wrongKey)
        #expect(error(decode(bytes, key, secret: "other")) == .forged)
        #expect(error(decode(bytes, key, now: 1_000_000 + 59_999)) == nil)
        #expect(error(decode(bytes, key, now: 1_000_000 + 60_000)) == .expired)
        // A clock that is behind the writer's.
        #expect(error(decode(bytes, key, now: 0)) == nil)
        #expect(error(decode(bytes, key, now: .max)) == .expired)
        #expect(error(decode(bytes, key, bytesMax: bytes.count)) == nil)
        #expect(error(decode(bytes, key, bytesMax: bytes.count - 1)) == .tooLarge)
    }

    @Test func `the tenants' key makes no code`() {
        let key = testKey(1)
        let content = Array(encode(testEntry(key)).dropLast(32))
        #expect(error(decode(sealed(content), key)) == nil)
        let secret = Array("secret".utf8)
        let code = HMACSHA256.code(for: content.span, key: secret.span)
        #expect(error(decode(content + (0..<32).map { code.bytes[$0] }, key)) == .forged)
    }

    /// Offsets of fields, and values that nobody writes.
    @Test(arguments: [
        (10, 6), (10, 255), (12, 0x40), (12, 0), (13, 1), (95, 0x80),
    ]) func `a right code over a wrong content is not believed`(offset: Int, value: Int) {
        let key = testKey(1)
        var usage = AnswerFacts.Usage()
        usage.inputTokens = 5
        var content = Array(encode(testEntry(key, usage: usage)).dropLast(32))
        content[offset] = UInt8(value)
        #expect(error(decode(sealed(content), key)) == .version)
    }

    @Test func `random bytes never trap and are never an entry`() {
        var dice = Dice(7)
        let key = testKey(1)
        let entry = encode(testEntry(key))
        for _ in 0..<2000 {
            var bytes = Array(entry[..<dice.number(below: entry.count)])
            let more = dice.number(below: 200)
            for _ in 0..<more { bytes.append(UInt8(truncatingIfNeeded: dice.next())) }
            #expect(error(decode(bytes, key)) != nil)
            // With the right code, whatever comes is an answer or an error.
            if let entry = try? decode(sealed(bytes), key).get() {
                #expect(encode(entry) == sealed(bytes))
            }
        }
    }

    @Test func `ages are not negative and do not overflow`() {
        let entry = testEntry(testKey(1), createdAt: .min, ttl: .max)
        #expect(entry.age(at: .max) == .max)
        #expect(entry.isExpired(at: .max))
        #expect(testEntry(testKey(1), createdAt: 100).age(at: 1) == 0)
    }

    @Test func `a long model's name is cut`() throws {
        let entry = testEntry(testKey(1), model: String(repeating: "m", count: 300))
        #expect(entry.withModel { $0.count } == CacheEntry.modelBytesMax)
        #expect(try decode(encode(entry), testKey(1)).get().bodyBytes == entry.bodyBytes)
    }
}
