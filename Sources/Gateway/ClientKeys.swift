import Bytes
import Configuration
import Crypto

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
}
