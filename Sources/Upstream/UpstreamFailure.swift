import HTTPClient

/// Why an upstream gave no complete answer.
package enum UpstreamFailure: Error, Sendable, Equatable {
    case resolve, connect, tls
    case connectTimeout, firstByteTimeout, idleTimeout, totalTimeout
    /// Closed before an answer.
    case closed
    /// Closed inside the answer.
    case cut
    /// Not HTTP, or over a limit.
    case malformed
    /// The client left, so the call was ended.
    case clientGone

    init(_ error: HTTPClientError) {
        self =
            switch error.kind {
            case .resolve: .resolve
            case .connect, .invalidRequest: .connect
            case .tls: .tls
            case .connectTimeout: .connectTimeout
            case .firstByteTimeout: .firstByteTimeout
            case .idleTimeout: .idleTimeout
            case .totalTimeout: .totalTimeout
            case .closed: .closed
            case .cut: .cut
            case .malformed, .headTooLarge, .bodyTooLarge: .malformed
            case .cancelled: .clientGone
            }
    }

    /// Something went wrong, and not because the client left.
    package var isException: Bool { self != .clientGone }

    /// `error.type` of the attempt's span and of the GenAI span.
    package var errorType: StaticString {
        switch self {
        case .resolve: "upstream_resolve_error"
        case .connect: "upstream_connect_error"
        case .tls: "upstream_tls_error"
        case .connectTimeout: "upstream_connect_timeout"
        case .firstByteTimeout: "upstream_first_byte_timeout"
        case .idleTimeout: "upstream_idle_timeout"
        case .totalTimeout: "upstream_total_timeout"
        case .closed: "upstream_closed"
        case .cut: "upstream_cut"
        case .malformed: "upstream_protocol_error"
        case .clientGone: "client_disconnected"
        }
    }

    /// A sentence for the client.
    package var sentence: StaticString {
        switch self {
        case .resolve: "The upstream's name could not be resolved."
        case .connect: "The upstream refused the connection or cannot be reached."
        case .tls: "No trusted TLS connection to the upstream came about."
        case .connectTimeout: "The upstream did not accept a connection in time."
        case .firstByteTimeout: "The upstream did not begin to answer in time."
        case .idleTimeout: "The upstream stopped in the middle of its answer."
        case .totalTimeout: "The upstream took too long to answer."
        case .closed: "The upstream closed the connection before it answered."
        case .cut: "The upstream closed the connection in the middle of its answer."
        case .malformed: "The upstream's answer is not valid HTTP or exceeds a limit."
        case .clientGone: "The client closed the connection."
        }
    }
}
