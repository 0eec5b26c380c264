import Bytes

/// The field names the gateway looks at. Any other is `other` and only its bytes say which.
package enum FieldName: UInt8, Sendable, CaseIterable {
    case other
    case te, age, via
    case host, date, vary, etag
    case allow
    case accept, cookie, origin, expect, server
    case apiKey, upgrade, trailer, baggage, altSvc, referer
    case location, forwarded
    case connection, keepAlive, setCookie, userAgent, xTraceID, tracestate
    case retryAfter
    case contentType, traceparent
    case xRequestID, openaiBeta
    case cacheControl, serverTiming
    case contentLength, authorization, openaiProject, xForwardedFor
    case acceptEncoding
    case contentEncoding
    case xForwardedHost
    case transferEncoding, proxyConnection, wwwAuthenticate
    case xForwardedProto
    case xAccelBuffering, xPortkeyMetadata, xPortkeyTraceID
    case proxyAuthenticate, openaiOrganization
    case proxyAuthorization
    case strictTransportSecurity

    /// The name in lower case; empty for `other`.
    package var name: StaticString {
        switch self {
        case .other: ""
        case .te: "te"
        case .age: "age"
        case .via: "via"
        case .host: "host"
        case .date: "date"
        case .vary: "vary"
        case .etag: "etag"
        case .allow: "allow"
        case .accept: "accept"
        case .cookie: "cookie"
        case .origin: "origin"
        case .expect: "expect"
        case .server: "server"
        case .apiKey: "api-key"
        case .upgrade: "upgrade"
        case .trailer: "trailer"
        case .baggage: "baggage"
        case .altSvc: "alt-svc"
        case .referer: "referer"
        case .location: "location"
        case .forwarded: "forwarded"
        case .connection: "connection"
        case .keepAlive: "keep-alive"
        case .setCookie: "set-cookie"
        case .userAgent: "user-agent"
        case .xTraceID: "x-trace-id"
        case .tracestate: "tracestate"
        case .retryAfter: "retry-after"
        case .contentType: "content-type"
        case .traceparent: "traceparent"
        case .xRequestID: "x-request-id"
        case .openaiBeta: "openai-beta"
        case .cacheControl: "cache-control"
        case .serverTiming: "server-timing"
        case .contentLength: "content-length"
        case .authorization: "authorization"
        case .openaiProject: "openai-project"
        case .xForwardedFor: "x-forwarded-for"
        case .acceptEncoding: "accept-encoding"
        case .contentEncoding: "content-encoding"
        case .xForwardedHost: "x-forwarded-host"
        case .transferEncoding: "transfer-encoding"
        case .proxyConnection: "proxy-connection"
        case .wwwAuthenticate: "www-authenticate"
        case .xForwardedProto: "x-forwarded-proto"
        case .xAccelBuffering: "x-accel-buffering"
        case .xPortkeyMetadata: "x-portkey-metadata"
        case .xPortkeyTraceID: "x-portkey-trace-id"
        case .proxyAuthenticate: "proxy-authenticate"
        case .openaiOrganization: "openai-organization"
        case .proxyAuthorization: "proxy-authorization"
        case .strictTransportSecurity: "strict-transport-security"
        }
    }

    /// Meant for one connection only and never passed on (RFC 9110 section 7.6.1), whatever
    /// `Connection` says. `Trailer` is among them because trailers are dropped.
    package var isHopByHop: Bool {
        switch self {
        case .connection, .keepAlive, .proxyConnection, .proxyAuthenticate, .proxyAuthorization,
            .te, .trailer, .transferEncoding, .upgrade:
            true
        default: false
        }
    }
}
