import HTTP1
import HTTPServer
import OpenAIAPI
import Telemetry
import Upstream

/// The one currency of failure of the house: what the client is told, and what the trace says.
struct GatewayError: Error {
    /// What went wrong, in the words clients and spans get.
    enum Code: String, CaseIterable {
        case invalidRequest = "invalid_request"
        case invalidJSON = "invalid_json"
        case unauthorized
        case forbidden
        case forbiddenOrigin = "forbidden_origin"
        case notFound = "not_found"
        case methodNotAllowed = "method_not_allowed"
        case requestTimeout = "request_timeout"
        case payloadTooLarge = "payload_too_large"
        case uriTooLong = "uri_too_long"
        case unsupportedMediaType = "unsupported_media_type"
        case expectationFailed = "expectation_failed"
        case headersTooLarge = "headers_too_large"
        case notImplemented = "not_implemented"
        case httpVersionNotSupported = "http_version_not_supported"
        case upstreamConnectError = "upstream_connect_error"
        case upstreamProtocolError = "upstream_protocol_error"
        case overloaded
        case upstreamTimeout = "upstream_timeout"
        /// Nobody is there to be told.
        case clientDisconnected = "client_disconnected"
    }

    /// Whose fault it is.
    enum Source {
        case downstream, upstream, gateway
    }

    /// Whether another try can make sense.
    enum Retry {
        case never, beforeFirstByte, ifReusedConnection
    }

    let code: Code
    let source: Source
    let retry: Retry
    /// A sentence for the client, without secrets and contents.
    let message: String
    /// The key of the request that is wrong.
    var param: String?
    /// What stands behind it, more finely than `code`: the span's `error.type`.
    var cause: String?
    /// The methods that would do, for 405 and OPTIONS.
    var allow: AllowList?

    init(
        _ code: Code, source: Source = .downstream, retry: Retry = .never, _ message: String,
        param: String? = nil, cause: String? = nil, allow: AllowList? = nil
    ) {
        self.code = code
        self.source = source
        self.retry = retry
        self.message = message
        self.param = param
        self.cause = cause
        self.allow = allow
    }
}

extension GatewayError {
    /// The status the client gets.
    var status: Int {
        switch code {
        case .invalidRequest, .invalidJSON: 400
        case .unauthorized: 401
        case .forbidden, .forbiddenOrigin: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .requestTimeout: 408
        case .payloadTooLarge: 413
        case .uriTooLong: 414
        case .unsupportedMediaType: 415
        case .expectationFailed: 417
        case .headersTooLarge: 431
        case .clientDisconnected: 499
        case .notImplemented: 501
        case .upstreamConnectError, .upstreamProtocolError: 502
        case .overloaded: 503
        case .upstreamTimeout: 504
        case .httpVersionNotSupported: 505
        }
    }

    /// The error object the client gets.
    var object: ErrorObject {
        ErrorObject(message: message, param: param, code: code.rawValue)
    }

    /// `error.type` of the spans that end with it.
    var errorType: String { cause ?? code.rawValue }

    /// How urgent its log line is.
    var logLevel: LogLevel {
        switch source {
        case .downstream: .info
        case .upstream, .gateway: .warning
        }
    }
}

// Where errors of the modules below become the house's.
extension GatewayError {
    init(_ error: HTTP1ParseError) {
        let code = Code(rawValue: String(describing: error.code)) ?? .invalidRequest
        self.init(code, String(describing: error.reason))
    }

    init(_ failure: BodyFailure) {
        switch failure {
        case .refused(let error): self.init(error)
        case .timedOut:
            self.init(.requestTimeout, "The request's body did not arrive in time.")
        case .clientGone: self.init(.clientDisconnected, "The client closed the connection.")
        }
    }

    init(_ error: CallRequestError) {
        let object = ErrorObject(error)
        self.init(
            Code(rawValue: object.code) ?? .invalidRequest, object.message, param: object.param)
    }

    init(_ failure: UpstreamFailure) {
        let code: Code =
            switch failure {
            case .resolve, .connect, .tls: .upstreamConnectError
            case .connectTimeout, .firstByteTimeout, .idleTimeout, .totalTimeout:
                .upstreamTimeout
            case .closed, .cut, .malformed: .upstreamProtocolError
            case .clientGone: .clientDisconnected
            }
        let retry: Retry =
            switch failure {
            case .resolve, .connect, .tls, .connectTimeout: .beforeFirstByte
            case .closed: .ifReusedConnection
            default: .never
            }
        self.init(
            code, source: failure == .clientGone ? .downstream : .upstream, retry: retry,
            String(describing: failure.sentence), cause: String(describing: failure.errorType))
    }
}
