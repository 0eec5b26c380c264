import Bytes
import Configuration
import Crypto
import HTTP1

/// The keys clients present to this gateway, as digests: a look-up compares no key itself.
struct ClientKeys: Sendable {
    private let digests: [SHA256.Digest]

    init(_ keys: [Secret]) {
        digests = keys.map { SHA256.digest(of: $0.reveal().utf8.span) }
    }

    /// No key is asked for.
    var isEmpty: Bool { digests.isEmpty }

    /// Whether `credential` is one of the keys. All are looked at, so that the time it takes
    /// does not tell which.
    func contains(_ credential: Span<UInt8>) -> Bool {
        let digest = SHA256.digest(of: credential)
        var isFound = false
        for known in digests where ConstantTime.equals(known.bytes, digest.bytes) {
            isFound = true
        }
        return isFound
    }

    /// Whether a request shows one of the keys, once: as `Authorization: Bearer KEY` or
    /// `api-key: KEY`. `bytes` are those of `head`.
    func admit(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> Bool {
        guard head.count(of: .authorization) + head.count(of: .apiKey) == 1 else { return false }
        if let field = head.first(.apiKey) { return contains(bytes.extracting(field.value)) }
        guard let field = head.first(.authorization) else { return false }
        let value = bytes.extracting(field.value)
        // RFC 9110 section 11.1: the scheme's case does not matter.
        guard value.count > 7, value.extracting(0..<7).equalsIgnoringCase("bearer ") else {
            return false
        }
        return contains(value.extracting(7...).trimmed)
    }
}
