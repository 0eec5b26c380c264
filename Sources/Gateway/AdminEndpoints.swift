import Bytes
import HTTP1
import HTTPServer
import Telemetry

/// The gateway's own endpoints: no trace, no upstream.
enum AdminEndpoints {
    /// Answers `GET` and `HEAD` of `/healthz`, `/readyz` and `/metrics`; false for anything else.
    static func answer(_ connection: HTTPConnection, _ services: GatewayServices) -> Bool {
        let method = connection.parser.head.method
        guard method == .get || method == .head else { return false }
        let head = connection.parser.head
        var body = ByteBuffer()
        var status = 200
        var contentType: StaticString = "application/json"
        let isKnown = connection.withHead { bytes in
            let path = bytes.extracting(head.path)
            if path.equals("/healthz") {
                body.append("{\"status\":\"ok\"}\n")
            } else if path.equals("/readyz") {
                status = appendReadiness(services, to: &body)
            } else if path.equals("/metrics") {
                let format = head.first(.accept).map {
                    PrometheusText(accept: bytes.extracting($0.value))
                }
                contentType = (format ?? .plain).contentType
                (format ?? .plain).append(services.collectMetrics(), to: &body)
            } else {
                return false
            }
            return true
        }
        guard isKnown else { return false }
        OwnPage.send(body, status: status, contentType: contentType, on: connection)
        return true
    }

    /// Whether traffic should come here. A collector or a Redis that is away degrades the gateway;
    /// it does not make it unready.
    private static func appendReadiness(
        _ services: GatewayServices, to body: inout ByteBuffer
    ) -> Int {
        if services.isDraining {
            body.append("{\"status\":\"draining\"}\n")
            return 503
        }
        var reasons = services.exporters.filter(\.isFailing).map {
            "the last export of \($0.signal.label) to \($0.exporter) failed"
        }
        if services.cache?.isDegraded == true {
            reasons.append("the cache's Redis does not answer")
        }
        guard !reasons.isEmpty else {
            body.append("{\"status\":\"ready\"}\n")
            return 200
        }
        body.append("{\"status\":\"degraded\",\"reasons\":[")
        for (index, reason) in reasons.enumerated() {
            if index > 0 { body.append(",") }
            body.append("\"")
            body.append(string: reason)
            body.append("\"")
        }
        body.append("]}\n")
        return 200
    }
}
