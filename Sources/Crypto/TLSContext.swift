import COpenSSL

/// Why TLS could not be set up or did not come about.
package struct TLSError: Error, Sendable, Equatable {
    /// A constant sentence's end, without names or paths.
    package let reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}

/// Whom the sessions of a client trust, and who the client is: TLS 1.2 or newer, the peer's
/// certificate always checked. Confined to one thread at a time.
@safe
package final class TLSContext {
    let pointer: OpaquePointer

    /// Trusts the authorities of the PEM file `caFile`, or the system's. `certificate` names the
    /// PEM files of the client's certificate, with its chain, and of its key.
    package init(
        caFile: String? = nil, certificate: (chain: String, key: String)? = nil
    ) throws(TLSError) {
        // SAFETY: null means that memory is exhausted, where going on is worse.
        guard let context = unsafe SSL_CTX_new(TLS_client_method()) else {
            fatalError("no memory for TLS")
        }
        unsafe pointer = context
        // SAFETY: the context is valid until `deinit`; paths are copied.
        unsafe _ = copenssl_set_min_tls12(context)
        unsafe copenssl_release_idle_buffers(context)
        unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        defer { ERR_clear_error() }
        if let caFile {
            guard unsafe SSL_CTX_load_verify_locations(context, caFile, nil) == 1 else {
                throw TLSError("the file of trusted authorities cannot be read")
            }
        } else {
            guard unsafe SSL_CTX_set_default_verify_paths(context) == 1 else {
                throw TLSError("the system's trusted authorities cannot be read")
            }
        }
        guard let certificate else { return }
        guard unsafe SSL_CTX_use_certificate_chain_file(context, certificate.chain) == 1 else {
            throw TLSError("the file of the client's certificate cannot be read")
        }
        let loaded = unsafe SSL_CTX_use_PrivateKey_file(
            context, certificate.key, SSL_FILETYPE_PEM)
        guard loaded == 1, unsafe SSL_CTX_check_private_key(context) == 1 else {
            throw TLSError("the file of the client's key cannot be read, or is another's")
        }
    }

    deinit {
        // SAFETY: sessions hold references of their own.
        unsafe SSL_CTX_free(pointer)
    }
}
