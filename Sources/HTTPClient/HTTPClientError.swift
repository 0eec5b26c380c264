import CCurl

/// Why a transfer ended without a complete answer.
package struct HTTPClientError: Error, Sendable {
    /// What went wrong, as far as a caller decides by it.
    package enum Kind: Sendable, Equatable {
        /// The host's name could not be resolved.
        case resolve
        /// No connection came about.
        case connect
        /// The TLS handshake failed, or the certificate is not good.
        case tls
        /// No connection within `HTTPTimeouts.connect`.
        case connectTimeout
        /// No byte of an answer within `HTTPTimeouts.firstByte`.
        case firstByteTimeout
        /// No further byte within `HTTPTimeouts.idle`.
        case idleTimeout
        /// Not complete within `HTTPTimeouts.total`.
        case totalTimeout
        /// The connection ended before the head of an answer.
        case closed
        /// The connection ended inside the answer.
        case cut
        /// The answer is not HTTP, or what HTTP forbids.
        case malformed
        /// The answer's head is over the limit.
        case headTooLarge
        /// The answer's body is over the limit.
        case bodyTooLarge
        /// `cancel` was called.
        case cancelled
        /// The URL or the request cannot be sent.
        case invalidRequest
    }

    /// What went wrong.
    package let kind: Kind
    /// A constant sentence without addresses or contents.
    package let reason: String
    /// The transfer ran on a connection that had served another one before. A `closed` one may
    /// have died of age: the request was most probably never read.
    package let reusedConnection: Bool

    package init(_ kind: Kind, reason: String, reusedConnection: Bool = false) {
        self.kind = kind
        self.reason = reason
        self.reusedConnection = reusedConnection
    }

    /// From curl's code for a connection that did not come about.
    init(connecting code: CURLcode) {
        // SAFETY: curl's texts are constants.
        let reason = unsafe String(cString: curl_easy_strerror(code)).lowercased()
        self.init(Self.kind(of: code), reason: reason)
    }

    private static func kind(of code: CURLcode) -> Kind {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .resolve
        case CURLE_OPERATION_TIMEDOUT: .connectTimeout
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_ENGINE_NOTFOUND, CURLE_USE_SSL_FAILED:
            .tls
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT,
            CURLE_OUT_OF_MEMORY:
            .invalidRequest
        default: .connect
        }
    }
}

/// How long the parts of a transfer may take, in milliseconds; 0 is no limit.
package struct HTTPTimeouts: Sendable {
    /// From the start until the connection, with its TLS, stands.
    package var connect: UInt64
    /// From there until the answer's first byte.
    package var firstByte: UInt64
    /// Between two pieces of the answer, while it is wanted.
    package var idle: UInt64
    /// From the start to the end.
    package var total: UInt64

    package init(
        connect: UInt64 = 10_000, firstByte: UInt64 = 600_000, idle: UInt64 = 120_000,
        total: UInt64 = 0
    ) {
        self.connect = connect
        self.firstByte = firstByte
        self.idle = idle
        self.total = total
    }
}
