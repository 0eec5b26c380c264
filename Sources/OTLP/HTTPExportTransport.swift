import Bytes
import HTTPClient
import Networking
import Telemetry

/// OTLP over HTTP (opentelemetry-proto v1.11.0, OTLP/HTTP), on a client of the exporter's own
/// loop. Redirects are not followed.
package final class HTTPExportTransport: ExportTransport {
    /// Bytes of an answer that are read.
    package static let responseBytesMax = 64 << 10

    /// Protobuf or JSON.
    package let encoding: ExportEncoding
    private let client: CurlClient
    private let signal: Signal
    private let url: String
    private let plainHeaders: [(name: String, value: String)]
    private let gzipHeaders: [(name: String, value: String)]

    /// `version` is the gateway's, for the user agent.
    package init(
        client: CurlClient, endpoint: ExportEndpoint, signal: Signal, version: String
    ) {
        self.client = client
        self.signal = signal
        encoding = endpoint.wire == .httpJSON ? .json : .protobuf
        url = endpoint.url
        let format = ["content-type", "content-encoding", "content-length"]
        var headers = endpoint.headers.filter { !format.contains($0.name.lowercased()) }
        if !headers.contains(where: { $0.name.lowercased() == "user-agent" }) {
            headers.append(("user-agent", ExportEndpoint.userAgent(version: version)))
        }
        headers.append(
            ("content-type", encoding == .json ? "application/json" : "application/x-protobuf"))
        plainHeaders = headers
        gzipHeaders = headers + [("content-encoding", "gzip")]
    }

    /// One POST on a pooled connection.
    package func send(
        _ body: inout ByteBuffer, isGzip: Bool, timeout: UInt64
    ) async -> TransportOutcome {
        let result = await client.send(
            url: url, headers: isGzip ? gzipHeaders : plainHeaders, body: &body,
            timeout: max(1, timeout / 1_000_000), responseBytesMax: Self.responseBytesMax)
        switch result {
        case .success(let response):
            let received = ExportResponse(
                status: response.status, retryAfter: response.header("retry-after"),
                contentType: response.header("content-type"),
                body: response.isCut ? [] : response.body)
            return .answer(ExportAnswer(received, to: signal, in: encoding, now: Clock.wall))
        case .failure(let error):
            return .failed(reason: error.reason)
        }
    }
}
