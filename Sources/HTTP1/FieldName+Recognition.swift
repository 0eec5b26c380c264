import Bytes

extension FieldName {
    /// The name of that spelling in any case; `other` for one that is not known.
    package static func recognise(_ name: Span<UInt8>) -> FieldName {
        switch name.count {
        case 2...7: recogniseShort(name)
        case 8...13: recogniseMiddle(name)
        case 14...25: recogniseLong(name)
        default: .other
        }
    }

    private static func recogniseShort(_ name: Span<UInt8>) -> FieldName {
        switch name.count {
        case 2: name.equalsIgnoringCase("te") ? .te : .other
        case 3:
            if name.equalsIgnoringCase("age") {
                .age
            } else if name.equalsIgnoringCase("via") {
                .via
            } else {
                .other
            }
        case 4:
            if name.equalsIgnoringCase("host") {
                .host
            } else if name.equalsIgnoringCase("date") {
                .date
            } else if name.equalsIgnoringCase("vary") {
                .vary
            } else if name.equalsIgnoringCase("etag") {
                .etag
            } else {
                .other
            }
        case 5: name.equalsIgnoringCase("allow") ? .allow : .other
        case 6:
            if name.equalsIgnoringCase("accept") {
                .accept
            } else if name.equalsIgnoringCase("cookie") {
                .cookie
            } else if name.equalsIgnoringCase("origin") {
                .origin
            } else if name.equalsIgnoringCase("expect") {
                .expect
            } else if name.equalsIgnoringCase("server") {
                .server
            } else {
                .other
            }
        case 7:
            if name.equalsIgnoringCase("api-key") {
                .apiKey
            } else if name.equalsIgnoringCase("upgrade") {
                .upgrade
            } else if name.equalsIgnoringCase("trailer") {
                .trailer
            } else if name.equalsIgnoringCase("baggage") {
                .baggage
            } else if name.equalsIgnoringCase("alt-svc") {
                .altSvc
            } else if name.equalsIgnoringCase("referer") {
                .referer
            } else {
                .other
            }
        default: .other
        }
    }

    private static func recogniseMiddle(_ name: Span<UInt8>) -> FieldName {
        switch name.count {
        case 8: name.equalsIgnoringCase("location") ? .location : .other
        case 9: name.equalsIgnoringCase("forwarded") ? .forwarded : .other
        case 10:
            if name.equalsIgnoringCase("connection") {
                .connection
            } else if name.equalsIgnoringCase("keep-alive") {
                .keepAlive
            } else if name.equalsIgnoringCase("set-cookie") {
                .setCookie
            } else if name.equalsIgnoringCase("user-agent") {
                .userAgent
            } else if name.equalsIgnoringCase("x-trace-id") {
                .xTraceID
            } else if name.equalsIgnoringCase("tracestate") {
                .tracestate
            } else {
                .other
            }
        case 11:
            if name.equalsIgnoringCase("retry-after") {
                .retryAfter
            } else if name.equalsIgnoringCase("traceparent") {
                .traceparent
            } else if name.equalsIgnoringCase("openai-beta") {
                .openaiBeta
            } else {
                .other
            }
        case 12:
            if name.equalsIgnoringCase("content-type") {
                .contentType
            } else if name.equalsIgnoringCase("x-request-id") {
                .xRequestID
            } else {
                .other
            }
        case 13:
            if name.equalsIgnoringCase("cache-control") {
                .cacheControl
            } else if name.equalsIgnoringCase("server-timing") {
                .serverTiming
            } else if name.equalsIgnoringCase("authorization") {
                .authorization
            } else {
                .other
            }
        default: .other
        }
    }

    private static func recogniseLong(_ name: Span<UInt8>) -> FieldName {
        switch name.count {
        case 14:
            if name.equalsIgnoringCase("content-length") {
                .contentLength
            } else if name.equalsIgnoringCase("openai-project") {
                .openaiProject
            } else {
                .other
            }
        case 15:
            if name.equalsIgnoringCase("x-forwarded-for") {
                .xForwardedFor
            } else if name.equalsIgnoringCase("accept-encoding") {
                .acceptEncoding
            } else {
                .other
            }
        case 16:
            if name.equalsIgnoringCase("content-encoding") {
                .contentEncoding
            } else if name.equalsIgnoringCase("x-forwarded-host") {
                .xForwardedHost
            } else if name.equalsIgnoringCase("proxy-connection") {
                .proxyConnection
            } else if name.equalsIgnoringCase("www-authenticate") {
                .wwwAuthenticate
            } else {
                .other
            }
        case 17:
            if name.equalsIgnoringCase("transfer-encoding") {
                .transferEncoding
            } else if name.equalsIgnoringCase("x-forwarded-proto") {
                .xForwardedProto
            } else if name.equalsIgnoringCase("x-accel-buffering") {
                .xAccelBuffering
            } else {
                .other
            }
        case 18:
            if name.equalsIgnoringCase("x-portkey-metadata") {
                .xPortkeyMetadata
            } else if name.equalsIgnoringCase("x-portkey-trace-id") {
                .xPortkeyTraceID
            } else if name.equalsIgnoringCase("proxy-authenticate") {
                .proxyAuthenticate
            } else {
                .other
            }
        case 19:
            if name.equalsIgnoringCase("openai-organization") {
                .openaiOrganization
            } else if name.equalsIgnoringCase("proxy-authorization") {
                .proxyAuthorization
            } else {
                .other
            }
        case 25:
            name.equalsIgnoringCase("strict-transport-security") ? .strictTransportSecurity : .other
        default: .other
        }
    }
}
