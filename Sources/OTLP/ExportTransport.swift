import Bytes

/// What came of one request.
package enum TransportOutcome: Sendable {
    case response(ExportResponse)
    /// No complete answer; the sentence is for the log.
    case failed(reason: String)
}

/// An answer, as far as the exporter looks at it.
package struct ExportResponse: Sendable {
    /// The HTTP status.
    package let status: Int
    /// The header's value, if any.
    package let retryAfter: String?
    /// The header's value, if any.
    package let contentType: String?
    /// At most `BatchingExporter.responseBytesMax` bytes; empty where there were more.
    package let body: [UInt8]

    /// An answer; `retryAfter` and `contentType` are headers' values.
    package init(
        status: Int, retryAfter: String? = nil, contentType: String? = nil, body: [UInt8] = []
    ) {
        self.status = status
        self.retryAfter = retryAfter
        self.contentType = contentType
        self.body = body
    }
}

/// Carries encoded batches to the receiver. One request at a time, on the exporter's loop.
package protocol ExportTransport: AnyObject {
    /// Sends one request and waits for its answer, at most `timeout` nanoseconds.
    func send(
        _ body: borrowing ByteBuffer, isGzip: Bool, timeout: UInt64
    ) async -> TransportOutcome
}
