import Bytes
import Telemetry

/// An answer by HTTP, as far as the exporter looks at it.
package struct ExportResponse: Sendable {
    /// The HTTP status.
    package let status: Int
    /// The header's value, if any.
    package let retryAfter: String?
    /// The header's value, if any.
    package let contentType: String?
    /// At most `HTTPExportTransport.responseBytesMax` bytes; empty where there were more.
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

extension ExportAnswer {
    /// What an answer by HTTP means (opentelemetry-proto v1.11.0, docs/specification.md,
    /// "OTLP/HTTP Response"). `now` is in nanoseconds since 1970.
    package init(_ response: ExportResponse, now: UInt64) {
        let type = response.contentType?.lowercased() ?? ""
        // A page for people took nothing, whatever its status says.
        let isPage = type.hasPrefix("text/html")
        let isSuccess = (200...299).contains(response.status)
        let verdict: Verdict
        switch response.status {
        case 200...299 where isPage:
            verdict = .refused
        case 200...299:
            verdict = .taken(PartialSuccess(response: response.body.span))
        case 413:
            verdict = .tooLarge
        case 429, 502, 503, 504:
            verdict = .retry(
                after: response.retryAfter.flatMap {
                    RetryAfter.nanoseconds($0.utf8.span, now: now)
                })
        default:
            verdict = .refused
        }
        self.init(
            verdict, status: "\(response.status)",
            hint: isPage ? Self.pageHint : isSuccess ? "" : Self.hint(status: response.status))
    }

    private static let pageHint = "the endpoint is a web page, not a receiver of OTLP"

    private static func hint(status: Int) -> String {
        (300...399).contains(status) ? "redirects are not followed" : ""
    }
}
