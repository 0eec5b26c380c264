import Bytes
import COpenSSL

/// HMAC (RFC 2104) with SHA-256 under one key.
///
/// One instance authenticates one message after the other without setting the key again.
/// Confined to one thread at a time.
@safe
package struct HMACSHA256: ~Copyable {
    private let context: OpaquePointer

    /// An authenticator under `key`, of any length; OpenSSL keeps a copy and clears it at the end.
    package init(key: Span<UInt8>) {
        // SAFETY: null means that memory is exhausted, where going on is worse.
        guard let context = unsafe EVP_MAC_CTX_new(Self.algorithm) else {
            fatalError("no memory for an authenticator")
        }
        unsafe self.context = context
        // SAFETY: the pointer is valid for the call; the key is copied.
        let code = unsafe key.withUnsafeBufferPointer { key in
            unsafe copenssl_hmac_sha256_init(context, key.baseAddress, key.count)
        }
        precondition(code == 1, "EVP_MAC_init failed")
    }

    deinit {
        // SAFETY: this is the context's one owner.
        unsafe EVP_MAC_CTX_free(context)
    }

    /// The code of `message` under `key`.
    package static func code(for message: Span<UInt8>, key: Span<UInt8>) -> SHA256.Digest {
        var authenticator = HMACSHA256(key: key)
        authenticator.update(message)
        return authenticator.finish()
    }

    /// Feeds `bytes`.
    package mutating func update(_ bytes: Span<UInt8>) {
        // SAFETY: the pointer is valid for the call.
        let code = unsafe bytes.withUnsafeBufferPointer { source in
            unsafe EVP_MAC_update(context, source.baseAddress, source.count)
        }
        precondition(code == 1, "EVP_MAC_update failed")
    }

    /// The code of what was fed since the start or the last code, and a new start.
    package mutating func finish() -> SHA256.Digest {
        var digest = SHA256.Digest()
        let code = unsafe digest.fill { room in
            var written = 0
            // SAFETY: the room is 32 bytes, what the code takes.
            return unsafe EVP_MAC_final(context, room, &written, SHA256.Digest.count)
        }
        precondition(code == 1, "EVP_MAC_final failed")
        // SAFETY: a null key means the one set before.
        let restarted = unsafe EVP_MAC_init(context, nil, 0, nil)
        precondition(restarted == 1, "EVP_MAC_init failed")
        return digest
    }

    // SAFETY: set once, never freed, and OpenSSL allows concurrent use.
    nonisolated(unsafe) private static let algorithm: OpaquePointer = {
        guard let algorithm = unsafe EVP_MAC_fetch(nil, "HMAC", nil) else {
            fatalError("this OpenSSL has no HMAC")
        }
        return unsafe algorithm
    }()
}
