import HTTPClient
import Networking
import Telemetry

/// How a receiver is spoken to (`OTEL_EXPORTER_OTLP_PROTOCOL`).
package enum ExportProtocol: Sendable, CaseIterable {
    case httpProtobuf, httpJSON, grpc
}

/// Where an exporter sends its batches, and how.
package struct ExportEndpoint: Sendable {
    /// The complete URL: by HTTP it is used as it is, `/v1/traces` included where it belongs; by
    /// gRPC its path is what comes before the method's, usually nothing.
    package var url: String
    /// Additional headers, e.g. `authorization`. They win over the transport's own, those about
    /// the body's format excepted.
    package var headers: [(name: String, value: String)]
    /// What is spoken there.
    package var wire: ExportProtocol
    /// A file of PEM certificates in place of the system's authorities.
    package var caFile: String?
    /// A PEM file with the certificate shown to the receiver.
    package var clientCertificateFile: String?
    /// A PEM file with its key.
    package var clientKeyFile: String?

    /// A receiver at `url`.
    package init(
        url: String, headers: [(name: String, value: String)] = [],
        wire: ExportProtocol = .httpProtobuf
    ) {
        self.url = url
        self.headers = headers
        self.wire = wire
    }

    /// A transport of `signal` to it on `loop`; `version` is the gateway's, for the user agent.
    package func makeTransport(
        _ signal: Signal, version: String, loop: EventLoop
    ) -> any ExportTransport {
        var settings = CurlClient.Settings()
        settings.caFile = caFile
        return HTTPExportTransport(
            client: CurlClient(loop: loop, settings: settings), endpoint: self, version: version)
    }
}

extension Signal {
    /// What is appended to a base URL for OTLP/HTTP (docs/specification.md, "OTLP/HTTP Request").
    package var httpPath: String {
        switch self {
        case .traces: "/v1/traces"
        case .metrics: "/v1/metrics"
        case .logs: "/v1/logs"
        }
    }

    /// The path of the method of OTLP/gRPC.
    package var grpcPath: String {
        switch self {
        case .traces: "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
        case .metrics: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
        case .logs: "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
        }
    }
}
