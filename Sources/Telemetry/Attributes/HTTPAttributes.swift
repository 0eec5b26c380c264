/// HTTP spans: semantic conventions v1.40.0, docs/http, stable.
package enum HTTPAttributes {
    package static let requestMethod = AttributeKey<String>("http.request.method")
    /// Set where `http.request.method` is `_OTHER`.
    package static let requestMethodOriginal = AttributeKey<String>(
        "http.request.method_original")
    package static let route = AttributeKey<String>("http.route")
    package static let responseStatusCode = AttributeKey<Int>("http.response.status_code")
    /// 1 on the first repetition, absent on the first attempt.
    package static let requestResendCount = AttributeKey<Int>("http.request.resend_count")
    /// Bytes.
    package static let requestBodySize = AttributeKey<Int>("http.request.body.size")
    /// Bytes.
    package static let responseBodySize = AttributeKey<Int>("http.response.body.size")
}

/// URL parts: semantic conventions v1.40.0, docs/registry, stable. Never with credentials.
package enum URLAttributes {
    package static let full = AttributeKey<String>("url.full")
    package static let path = AttributeKey<String>("url.path")
    package static let query = AttributeKey<String>("url.query")
    package static let scheme = AttributeKey<String>("url.scheme")
    package static let template = AttributeKey<String>("url.template")
}

/// Ends of connections: semantic conventions v1.40.0, docs/registry, stable.
package enum NetworkAttributes {
    package static let serverAddress = AttributeKey<String>("server.address")
    package static let serverPort = AttributeKey<Int>("server.port")
    package static let clientAddress = AttributeKey<String>("client.address")
    package static let clientPort = AttributeKey<Int>("client.port")
    package static let peerAddress = AttributeKey<String>("network.peer.address")
    package static let peerPort = AttributeKey<Int>("network.peer.port")
    package static let protocolName = AttributeKey<String>("network.protocol.name")
    /// "1.1" or "2".
    package static let protocolVersion = AttributeKey<String>("network.protocol.version")
    package static let transport = AttributeKey<String>("network.transport")
    package static let userAgentOriginal = AttributeKey<String>("user_agent.original")
}

/// Attributes that stand on spans of any kind: semantic conventions v1.40.0.
package enum GeneralAttributes {
    /// A low-cardinality identifier; set exactly when the status is an error.
    package static let errorType = AttributeKey<String>("error.type")
    package static let userID = AttributeKey<String>("user.id")
    package static let sessionID = AttributeKey<String>("session.id")
}
