import Bytes
import COpenSSL

/// The client's side of one TLS connection, over memory: bytes in, bytes out, no I/O.
///
/// After an error it is not to be used. Confined to one thread at a time.
@safe
package final class TLSSession {
    /// Bytes moved in a step: a record holds 16 KiB.
    private static let stepBytes = 16 << 10

    private let session: OpaquePointer
    /// What came from the peer; belongs to the session.
    private let input: OpaquePointer
    /// What is to go to the peer; belongs to the session.
    private let output: OpaquePointer
    /// The handshake is over, and the peer is who it should be.
    package private(set) var isEstablished = false

    /// A session with the server `host`, a name or a numeric address, which its certificate has
    /// to be for.
    package init(_ context: TLSContext, host: String) throws(TLSError) {
        // SAFETY: null means that memory is exhausted, where going on is worse.
        guard let session = unsafe SSL_new(context.pointer),
            let input = unsafe BIO_new(BIO_s_mem()), let output = unsafe BIO_new(BIO_s_mem())
        else { fatalError("no memory for TLS") }
        unsafe self.session = session
        unsafe self.input = input
        unsafe self.output = output
        // SAFETY: the session takes both over and frees them with itself.
        unsafe SSL_set_bio(session, input, output)
        unsafe SSL_set_connect_state(session)
        let parameters = unsafe SSL_get0_param(session)
        // SAFETY: the texts are copied.
        if unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, host) == 1 { return }
        ERR_clear_error()
        guard unsafe SSL_set1_host(session, host) == 1,
            unsafe copenssl_set_server_name(session, host) == 1
        else {
            ERR_clear_error()
            throw TLSError("the host's name cannot be on a certificate")
        }
    }

    deinit {
        // SAFETY: this is the one owner.
        unsafe SSL_free(session)
    }

    /// Begins the handshake: appends to `outgoing` what is to be sent.
    package func begin(into outgoing: inout ByteBuffer) throws(TLSError) {
        try handshake()
        takeOutput(into: &outgoing)
    }

    /// Takes what the peer sent; appends to `plain` what it says and to `outgoing` what is to be
    /// sent. True: the peer has ended the session.
    package func receive(
        _ bytes: Span<UInt8>, into plain: inout ByteBuffer, outgoing: inout ByteBuffer
    ) throws(TLSError) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let piece = bytes.extracting(offset..<min(bytes.count, offset + (1 << 20)))
            // SAFETY: the pointer is valid for the call; memory grows as it is written to.
            let count = unsafe piece.withUnsafeBytes {
                unsafe BIO_write(input, $0.baseAddress, Int32($0.count))
            }
            guard count > 0 else { throw TLSError("there is no memory for what came") }
            offset += Int(count)
        }
        // What the handshake has to say of a failure is sent all the same.
        defer { takeOutput(into: &outgoing) }
        if !isEstablished { try handshake() }
        guard isEstablished else { return false }
        return try read(into: &plain)
    }

    /// Appends to `outgoing` what says `plain` to the peer. Only once established.
    package func send(
        _ plain: Span<UInt8>, into outgoing: inout ByteBuffer
    ) throws(TLSError) {
        var offset = 0
        while offset < plain.count {
            let piece = plain.extracting(offset..<min(plain.count, offset + (1 << 20)))
            // SAFETY: as above.
            let count = unsafe piece.withUnsafeBytes {
                unsafe SSL_write(session, $0.baseAddress, Int32($0.count))
            }
            guard count > 0 else {
                ERR_clear_error()
                throw TLSError("the TLS session has failed")
            }
            offset += Int(count)
        }
        takeOutput(into: &outgoing)
    }

    private func handshake() throws(TLSError) {
        // SAFETY: the session is valid until `deinit`, here and below.
        let status = unsafe SSL_do_handshake(session)
        if status == 1 {
            isEstablished = true
            return
        }
        let error = unsafe SSL_get_error(session, status)
        ERR_clear_error()
        guard error == SSL_ERROR_WANT_READ else {
            let verified = unsafe SSL_get_verify_result(session)
            throw TLSError(
                verified == X509_V_OK
                    ? "the TLS handshake failed" : "the server's certificate is not trusted")
        }
    }

    private func read(into plain: inout ByteBuffer) throws(TLSError) -> Bool {
        while true {
            var count: Int32 = 0
            // SAFETY: writes within the room.
            unsafe plain.appendUnsafe(upTo: Self.stepBytes) { room in
                unsafe count = SSL_read(session, room.baseAddress, Int32(room.count))
                return max(0, Int(count))
            }
            if count > 0 { continue }
            let error = unsafe SSL_get_error(session, count)
            ERR_clear_error()
            switch error {
            case SSL_ERROR_WANT_READ: return false
            case SSL_ERROR_ZERO_RETURN: return true
            default: throw TLSError("what came is not of the TLS session")
            }
        }
    }

    private func takeOutput(into outgoing: inout ByteBuffer) {
        while true {
            // SAFETY: the memory is valid until `deinit`; reads write within the room.
            let waiting = unsafe copenssl_pending(output)
            guard waiting > 0 else { return }
            unsafe outgoing.appendUnsafe(upTo: waiting) { room in
                unsafe max(0, Int(BIO_read(output, room.baseAddress, Int32(clamping: room.count))))
            }
        }
    }
}
