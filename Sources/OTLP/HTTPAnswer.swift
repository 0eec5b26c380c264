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
    /// "OTLP/HTTP Response") to a request of `signal` in `encoding`. `now` is in nanoseconds
    /// since 1970.
    package init(
        _ response: ExportResponse, to signal: Signal, in encoding: ExportEncoding, now: UInt64
    ) {
        let type = response.contentType?.lowercased() ?? ""
        // A page for people took nothing, whatever its status says.
        let isPage = type.hasPrefix("text/html")
        let body = AnswerBody(response.body, isJSON: type.hasPrefix("application/json"))
        let verdict: Verdict
        switch response.status {
        case 200...299 where isPage: verdict = .refused
        case 200...299: verdict = .taken(body.partialSuccess)
        case 413: verdict = .tooLarge
        case 401, 403: verdict = .unauthorized
        case 429, 502, 503, 504:
            verdict = .retry(
                after: response.retryAfter.flatMap {
                    RetryAfter.nanoseconds($0.utf8.span, now: now)
                })
        default: verdict = .refused
        }
        // What is wrong with credentials is not repeated: the words may hold them.
        let isSilent = isPage || verdict == .unauthorized || verdict.isTaken
        self.init(
            verdict, status: "\(response.status)",
            hint: isPage
                ? "the endpoint is a web page, not a receiver of OTLP"
                : ExportHint.text(status: response.status, signal, encoding),
            message: isSilent ? "" : body.statusMessage)
    }
}

extension ExportAnswer.Verdict {
    /// The receiver has the batch.
    package var isTaken: Bool {
        if case .taken = self { true } else { false }
    }
}

/// What an operator can do about a receiver that does not take what it is sent.
enum ExportHint {
    static let credentials =
        "the receiver wants other credentials: see the headers, OTEL_EXPORTER_OTLP_HEADERS"

    /// About a status of HTTP; empty where there is nothing to say.
    static func text(status: Int, _ signal: Signal, _ encoding: ExportEncoding) -> String {
        switch status {
        case 300...399: "redirects are not followed: configure the URL they lead to"
        case 401, 403: credentials
        case 404, 405: missing(signal)
        case 415:
            encoding == .json
                ? "the receiver does not take JSON: OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"
                : "the receiver does not take protobuf: OTEL_EXPORTER_OTLP_PROTOCOL=http/json"
        default: ""
        }
    }

    /// About a receiver that does not know the signal, or not at this place.
    static func missing(_ signal: Signal) -> String {
        let name = String(describing: signal.label).uppercased()
        return
            "nothing there takes \(signal.label): OTEL_EXPORTER_OTLP_\(name)_ENDPOINT is used as "
            + "it is, a base URL gets \(signal.httpPath); OTEL_\(name)_EXPORTER=none sends none"
    }
}
