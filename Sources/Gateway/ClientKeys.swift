import Bytes
import Configuration
import Crypto
import HTTP1

/// The keys clients present to this gateway, as digests: a look-up compares no key itself.
struct ClientKeys: Sendable {
    /// Whose a key is.
    struct Holder: Sendable {
        /// What spans and rules call it; nil: it has no name.
        let name: String?
    }

    private let keys: [(digest: SHA256.Digest, holder: Holder)]

    /// A key without a name, or none.
    init(_ key: Secret?) {
        self.init(key.map { [ClientKeySettings(name: nil, key: $0)] } ?? [])
    }

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

    /// Whether a request shows a key at all.
    static func isShown(_ head: borrowing RequestHead) -> Bool {
        head.count(of: .authorization) + head.count(of: .apiKey) > 0
    }

    /// Whether a request shows one of the keys; see `holder(admitting:_:)`.
    func admit(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> Bool {
        holder(admitting: head, bytes) != nil
    }

    /// The holder of the key that a request shows; nil: it shows none of them. `bytes` are those of
    /// `head`.
    func holder(admitting head: borrowing RequestHead, _ bytes: Span<UInt8>) -> Holder? {
        guard let range = Self.key(in: head, bytes) else { return nil }
        return holder(of: bytes.extracting(range))
    }

    /// Where the key is that a request shows, once: as `Authorization: Bearer KEY` or
    /// `api-key: KEY`; nil: it shows none. `bytes` are those of `head`.
    static func key(in head: borrowing RequestHead, _ bytes: Span<UInt8>) -> Range<Int>? {
        guard head.count(of: .authorization) + head.count(of: .apiKey) == 1 else { return nil }
        if let field = head.first(.apiKey) { return field.value }
        guard let field = head.first(.authorization) else { return nil }
        var range = field.value
        // RFC 9110 section 11.1: the scheme's case does not matter.
        guard range.count > 7,
            bytes.extracting(range.prefix(7)).equalsIgnoringCase("bearer ")
        else { return nil }
        range = range.dropFirst(7)
        while let first = range.first, Self.isBlank(bytes[first]) { range = range.dropFirst() }
        while let last = range.last, Self.isBlank(bytes[last]) { range = range.dropLast() }
        return range
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }
}
