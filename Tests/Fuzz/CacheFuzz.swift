// Bytes of a store are read as an entry, as they come and with the code that belongs to them:
// nothing traps, without the right code nothing is an entry, and what is one is written again byte
// for byte. Bodies of calls have keys: whatever is one has the same key without its white space.
// The first byte chooses. Built by script/fuzz.

import Bytes
import Caching
import Crypto
import JSON
import OpenAIAPI

private let secret = Array("a secret of the installation".utf8)

private func makeKey(
    _ body: Span<UInt8>, _ endpoint: Endpoint, _ scanner: inout JSONScanner
) -> CacheKey? {
    guard let request = try? CallRequest(body, endpoint: endpoint, scanner: &scanner) else {
        return nil
    }
    var maker = CacheKeyMaker(secret: secret.span)
    let scope = CacheScope(
        path: "/v1/x".utf8.span, upstream: "https://x".utf8.span, credential: secret.span)
    return maker.key(of: scanner.document(body), request: request, scope: scope)
}

private func checkEntry(_ bytes: [UInt8], isSealed: Bool) {
    var scanner = JSONScanner()
    guard let key = makeKey(#"{"model":"m"}"#.utf8.span, .embeddings, &scanner) else {
        preconditionFailure("the body has no key")
    }
    var value = bytes
    if isSealed {
        // The digest of the key, without which no content is looked at.
        for index in 32..<64 where index < value.count {
            value[index] = key.digest.bytes[index - 32]
        }
        let codeKey = HMACSHA256.code(for: EntryCodec.purpose.bytes, key: secret.span)
        let code = HMACSHA256.code(for: value.span, key: codeKey.bytes)
        for index in 0..<SHA256.Digest.count { value.append(code.bytes[index]) }
    }
    var codec = EntryCodec(secret: secret.span, bytesMax: 4096)
    guard let entry = try? codec.decode(value.span, key: key, now: 1_800_000_000_000) else {
        return
    }
    precondition(isSealed, "an entry without its code")
    precondition(value.count <= 4096 && entry.digest == key.digest)
    precondition(!entry.isExpired(at: 1_800_000_000_000))
    var again = ByteBuffer()
    codec.encode(entry, to: &again)
    precondition(again.bytes.equals(value.span), "an entry is not what was read")
}

private func checkKey(_ body: Span<UInt8>, _ endpoint: Endpoint) {
    var scanner = JSONScanner()
    guard let key = makeKey(body, endpoint, &scanner) else { return }
    var canonical = ByteBuffer()
    // The smallest buffer that pieces go through.
    var gathered = ByteBuffer()
    do {
        let document = scanner.document(body)
        document.appendCanonical(document.root, to: &gathered, limit: 64) { canonical.append($0) }
    }
    canonical.append(gathered)
    precondition(canonical.count <= body.count, "a body has grown")
    guard let again = makeKey(canonical.bytes, endpoint, &scanner) else {
        preconditionFailure("a canonical body has no key")
    }
    precondition(again == key, "a canonical body has another key")
    var controls = CacheControls()
    try? controls.read(scanner.document(canonical.bytes))
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzCache(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = bytes.first else { return 0 }
    let rest = Array(bytes.dropFirst())
    switch first & 3 {
    case 0: checkEntry(rest, isSealed: false)
    case 1: checkEntry(rest, isSealed: true)
    default:
        let endpoints: [Endpoint] = [.chatCompletions, .responses, .completions, .embeddings]
        checkKey(rest.span, endpoints[Int(first >> 2) % endpoints.count])
        var controls = CacheControls()
        controls.read(cacheControl: rest.span)
    }
    return 0
}
