/// HTTP spans: semantic conventions v1.40.0, docs/http, stable.
package enum HTTPAttributes {
    /// The method, or `_OTHER` where it is no known one.
    package static let requestMethod = AttributeKey<String>("http.request.method")
    /// Set where `http.request.method` is `_OTHER`.
    package static let requestMethodOriginal = AttributeKey<String>(
        "http.request.method_original")
    /// The route's pattern, never the raw path.
    package static let route = AttributeKey<String>("http.route")
    /// The status, if one was received or sent.
    package static let responseStatusCode = AttributeKey<Int>("http.response.status_code")
    /// The name before v1.21, sent only where the configuration asks for old names.
    package static let legacyStatusCode = AttributeKey<Int>("http.status_code")
    /// 1 on the first repetition, absent on the first attempt.
    package static let requestResendCount = AttributeKey<Int>("http.request.resend_count")
    /// Bytes.
    package static let requestBodySize = AttributeKey<Int>("http.request.body.size")
    /// Bytes.
    package static let responseBodySize = AttributeKey<Int>("http.response.body.size")
}

/// URL parts: semantic conventions v1.40.0, docs/registry, stable. Never with credentials.
package enum URLAttributes {
    /// The whole URL.
    package static let full = AttributeKey<String>("url.full")
    /// The path.
    package static let path = AttributeKey<String>("url.path")
    /// What follows the "?".
    package static let query = AttributeKey<String>("url.query")
    /// "http" or "https".
    package static let scheme = AttributeKey<String>("url.scheme")
    /// The path's pattern, on client spans.
    package static let template = AttributeKey<String>("url.template")
}

/// Ends of connections: semantic conventions v1.40.0, docs/registry, stable.
package enum NetworkAttributes {
    /// The server's name: the upstream's, not a proxy's.
    package static let serverAddress = AttributeKey<String>("server.address")
    /// Its port.
    package static let serverPort = AttributeKey<Int>("server.port")
    /// The caller's address.
    package static let clientAddress = AttributeKey<String>("client.address")
    /// The caller's port.
    package static let clientPort = AttributeKey<Int>("client.port")
    /// The address at the other end of the connection.
    package static let peerAddress = AttributeKey<String>("network.peer.address")
    /// Its port.
    package static let peerPort = AttributeKey<Int>("network.peer.port")
    /// Left out where it is "http".
    package static let protocolName = AttributeKey<String>("network.protocol.name")
    /// "1.1" or "2".
    package static let protocolVersion = AttributeKey<String>("network.protocol.version")
    /// "tcp" or "unix".
    package static let transport = AttributeKey<String>("network.transport")
    /// The caller's user agent.
    package static let userAgentOriginal = AttributeKey<String>("user_agent.original")
}

/// Attributes that stand on spans of any kind: semantic conventions v1.40.0.
package enum GeneralAttributes {
    /// A low-cardinality identifier; set exactly when the status is an error.
    package static let errorType = AttributeKey<String>("error.type")
    /// Who uses the application, from baggage.
    package static let userID = AttributeKey<String>("user.id")
    /// The session there, from baggage.
    package static let sessionID = AttributeKey<String>("session.id")
}
