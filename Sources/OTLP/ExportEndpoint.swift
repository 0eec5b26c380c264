import HTTPClient
import Networking
import Telemetry

/// How a receiver is spoken to (`OTEL_EXPORTER_OTLP_PROTOCOL`).
package enum ExportProtocol: Sendable, CaseIterable {
    case httpProtobuf, httpJSON, grpc
}

/// Where an exporter sends its batches, and how.
package struct ExportEndpoint: Sendable {
    /// By HTTP the complete URL, `/v1/traces` included where it belongs; by gRPC without a path.
    package var url: String
    /// Additional headers, e.g. `authorization`. They win over the transport's own, those about
    /// the body's format excepted.
    package var headers: [(name: String, value: String)]
    /// What is spoken there.
    package var wire: ExportProtocol
    /// Whom to trust, and what to show.
    package var tls = TLSFiles()

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
        if wire == .grpc {
            var settings = HTTP2Client.Settings()
            settings.tls = tls
            return GRPCExportTransport(
                client: HTTP2Client(loop: loop, settings: settings), endpoint: self,
                signal: signal, version: version)
        }
        var settings = CurlClient.Settings()
        settings.tls = tls
        return HTTPExportTransport(
            client: CurlClient(loop: loop, settings: settings), endpoint: self, signal: signal,
            version: version)
    }

    /// The URL of each request of `signal`: by gRPC with the path of the method.
    package func target(of signal: Signal) -> String {
        guard wire == .grpc else { return url }
        var base = url[...]
        while base.last == "/" { base.removeLast() }
        return base + signal.grpcPath
    }

    /// Whom a receiver sees (docs/specification.md of opentelemetry-specification v1.60.0,
    /// "OpenTelemetry Protocol Exporter", "User Agent").
    static func userAgent(version: String) -> String {
        "martlet/\(version) OTel-OTLP-Exporter-Swift/\(version)"
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
