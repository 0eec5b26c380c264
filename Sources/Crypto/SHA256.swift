import Bytes
import COpenSSL

/// SHA-256 (FIPS 180-4) of bytes that come in pieces.
///
/// One instance computes one digest after the other without an allocation. Confined to one
/// thread at a time.
@safe
package struct SHA256: ~Copyable {
    private let context: OpaquePointer

    package init() {
        // SAFETY: null means that memory is exhausted, where going on is worse.
        guard let context = unsafe EVP_MD_CTX_new() else { fatalError("no memory for a digest") }
        unsafe self.context = context
        begin()
    }

    deinit {
        // SAFETY: this is the context's one owner.
        unsafe EVP_MD_CTX_free(context)
    }

    /// The digest of `bytes`. Allocates; where many are computed, keep an instance.
    package static func digest(of bytes: Span<UInt8>) -> Digest {
        var hash = SHA256()
        return hash.digest(of: bytes)
    }

    /// The digest of `bytes` alone; what was fed before and not finished is forgotten.
    package mutating func digest(of bytes: Span<UInt8>) -> Digest {
        begin()
        update(bytes)
        return finish()
    }

    /// Feeds `bytes`.
    package mutating func update(_ bytes: Span<UInt8>) {
        // SAFETY: the pointer is valid for the call.
        let code = unsafe bytes.withUnsafeBytes { source in
            unsafe EVP_DigestUpdate(context, source.baseAddress, source.count)
        }
        precondition(code == 1, "EVP_DigestUpdate failed")
    }

    /// The digest of what was fed since the start or the last digest, and a new start.
    package mutating func finish() -> Digest {
        var digest = Digest()
        let code = unsafe digest.fill { room in
            // SAFETY: the room is 32 bytes, what a SHA-256 digest takes.
            unsafe EVP_DigestFinal_ex(context, room, nil)
        }
        precondition(code == 1, "EVP_DigestFinal_ex failed")
        begin()
        return digest
    }

    private mutating func begin() {
        // SAFETY: the context is valid until `deinit`, the algorithm for the process's life.
        let code = unsafe EVP_DigestInit_ex(context, Self.algorithm, nil)
        precondition(code == 1, "EVP_DigestInit_ex failed")
    }

    // SAFETY: set once, never freed, and OpenSSL allows concurrent use. Fetched explicitly,
    // because `EVP_sha256()` is looked up again in every `EVP_DigestInit_ex`.
    nonisolated(unsafe) private static let algorithm: OpaquePointer = {
        guard let algorithm = unsafe EVP_MD_fetch(nil, "SHA256", nil) else {
            fatalError("this OpenSSL has no SHA-256")
        }
        return unsafe algorithm
    }()
}
