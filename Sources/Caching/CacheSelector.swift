import Bytes
import Crypto

/// Which entries a flush takes: those that agree in every part that is given.
package struct CacheSelector: Hashable, Sendable {
    /// As `CacheKey.tenant`.
    package var tenant: UInt64?
    /// As `CacheKey.namespace`.
    package var namespace: UInt32?
    /// As `CacheKey.model`.
    package var model: UInt32?

    /// All entries.
    package init() {}

    /// The entries of a caller, a namespace and a model, each where given. `secret` is the one
    /// that the keys were made with.
    package init(
        credential: Span<UInt8>? = nil, namespace: Span<UInt8>? = nil, model: Span<UInt8>? = nil,
        secret: Span<UInt8>
    ) {
        var names = KeyedNames(secret: secret)
        if let credential { tenant = KeyedNames.short(names.tenant(credential)) }
        if let namespace { self.namespace = names.namespace(namespace) }
        if let model { self.model = KeyedNames.model(model) }
    }

    /// Takes the tenant from its 16 hexadecimal digits, as store keys and spans show them; false,
    /// and nothing changed, where `digits` are none.
    package mutating func setTenant(digits: Span<UInt8>) -> Bool {
        guard digits.count == 16 else { return false }
        var value: UInt64 = 0
        for index in digits.indices {
            guard let nibble = ASCII.hexValue(digits[index]) else { return false }
            value = value << 4 | UInt64(nibble)
        }
        tenant = value
        return true
    }

    /// Whether a flush takes the entry of `key`.
    package func matches(_ key: CacheKey) -> Bool {
        (tenant == nil || tenant == key.tenant)
            && (namespace == nil || namespace == key.namespace)
            && (model == nil || model == key.model)
    }

    /// Appends the pattern of the store keys that match, as Redis' `SCAN ... MATCH` takes it.
    package func appendMatchPattern(to buffer: inout ByteBuffer) {
        buffer.append("martlet:1:")
        append(tenant, digits: 16, to: &buffer)
        append(namespace.map { UInt64($0) }, digits: 8, to: &buffer)
        append(model.map { UInt64($0) }, digits: 8, to: &buffer)
        buffer.append(UInt8(ascii: "*"))
    }

    private func append(_ part: UInt64?, digits: Int, to buffer: inout ByteBuffer) {
        if let part {
            buffer.append(digits: digits, of: part)
        } else {
            buffer.append(UInt8(ascii: "*"))
        }
        buffer.append(UInt8(ascii: ":"))
    }
}

/// The hashes by which keys name callers, namespaces and models.
struct KeyedNames: ~Copyable {
    private static let tenantLabel: StaticString = "martlet cache tenant:"
    private static let namespaceLabel: StaticString = "martlet cache namespace:"

    private var authenticator: HMACSHA256

    init(secret: Span<UInt8>) {
        authenticator = HMACSHA256(key: secret)
    }

    /// A caller's credential: without the secret, nobody can try out whose it is.
    mutating func tenant(_ credential: Span<UInt8>) -> SHA256.Digest {
        authenticator.update(Self.tenantLabel.bytes)
        authenticator.update(credential)
        return authenticator.finish()
    }

    /// A namespace, which may name a person.
    mutating func namespace(_ name: Span<UInt8>) -> UInt32 {
        authenticator.update(Self.namespaceLabel.bytes)
        authenticator.update(name)
        return authenticator.finish().bytes.littleEndian32(at: 0)
    }

    /// What a key shows of a tenant. Never zero, which stands for all.
    static func short(_ tenant: SHA256.Digest) -> UInt64 {
        max(1, tenant.bytes.littleEndian64(at: 0))
    }

    /// A model's name: FNV-1a, 32 bits.
    static func model(_ name: Span<UInt8>) -> UInt32 {
        var hash: UInt32 = 0x811C_9DC5
        for index in name.indices { hash = (hash ^ UInt32(name[index])) &* 0x0100_0193 }
        return hash
    }
}
