import Bytes
import Configuration
import Crypto

/// The keys clients present to this gateway, as digests: a look-up compares no key itself.
struct ClientKeys: Sendable {
    /// Whose a key is.
    struct Holder: Sendable {
        /// What spans and rules call it; nil: it has no name.
        let name: String?
    }

    private let keys: [(digest: SHA256.Digest, holder: Holder)]

    init(_ keys: [ClientKeySettings]) {
        self.keys = keys.map {
            (SHA256.digest(of: $0.key.reveal().utf8.span), Holder(name: $0.name))
        }
    }

    /// No key is asked for.
    var isEmpty: Bool { keys.isEmpty }

    /// The holder of the key that `credential` is, or nil. All are looked at, so that the time it
    /// takes does not tell which.
    func holder(of credential: Span<UInt8>) -> Holder? {
        let digest = SHA256.digest(of: credential)
        var found: Holder?
        for key in keys where ConstantTime.equals(key.digest.bytes, digest.bytes) {
            found = key.holder
        }
        return found
    }
}
