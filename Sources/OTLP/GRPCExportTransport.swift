import Bytes
import HTTPClient
import Networking
import Telemetry

/// OTLP over gRPC (opentelemetry-proto v1.11.0, OTLP/gRPC): one unary call a request, on an
/// HTTP/2 connection of the exporter's own loop.
package final class GRPCExportTransport: ExportTransport {
    /// Bytes of an answer that are read.
    private static let responseBytesMax = 64 << 10
    /// Headers that are the protocol's own (PROTOCOL-HTTP2.md, "Requests").
    private static let reserved = [
        "content-type", "content-encoding", "content-length", "te", "host", "connection",
        "transfer-encoding", "expect",
    ]

    private let client: HTTP2Client
    private let signal: Signal
    private let url: String
    private let headers: [(name: String, value: String)]

    /// `version` is the gateway's, for the user agent.
    package init(
        client: HTTP2Client, endpoint: ExportEndpoint, signal: Signal, version: String
    ) {
        self.client = client
        self.signal = signal
        url = endpoint.target(of: signal)
        var headers = endpoint.headers.map { (name: $0.name.lowercased(), value: $0.value) }
            .filter { !Self.reserved.contains($0.name) && !$0.name.hasPrefix("grpc-") }
        if !headers.contains(where: { $0.name == "user-agent" }) {
            headers.append(("user-agent", ExportEndpoint.userAgent(version: version)))
        }
        self.headers =
            [("te", "trailers"), ("content-type", "application/grpc")] + headers
            + [("grpc-accept-encoding", "identity,gzip")]
    }

    /// Always protobuf.
    package var encoding: ExportEncoding { .protobuf }

    /// One call on the kept connection.
    package func send(
        _ body: inout ByteBuffer, isGzip: Bool, timeout: UInt64
    ) async -> TransportOutcome {
        var framed = ByteBuffer(capacity: body.count + GRPCFrame.prefixBytes)
        GRPCFrame.append(body.bytes, isGzip: isGzip, to: &framed)
        let milliseconds = timeout == .max ? 0 : max(1, timeout / 1_000_000)
        var headers = headers
        if milliseconds > 0 { headers.append(("grpc-timeout", Self.timeoutText(milliseconds))) }
        if isGzip { headers.append(("grpc-encoding", "gzip")) }
        let answer = await client.send(
            url: url, headers: headers, body: framed, timeout: milliseconds,
            responseBytesMax: Self.responseBytesMax)
        return outcome(of: answer)
    }

    /// At most eight digits and a unit (PROTOCOL-HTTP2.md, "Timeout").
    private static func timeoutText(_ milliseconds: UInt64) -> String {
        milliseconds < 100_000_000
            ? "\(milliseconds)m" : "\(min(milliseconds / 1_000, 99_999_999))S"
    }

    private func outcome(of answer: HTTP2Answer) -> TransportOutcome {
        // A server may answer before it has read everything, and end the stream at once.
        let status =
            GRPCStatus(fields: answer.trailers) ?? GRPCStatus(fields: answer.headers)
        if status == nil, let error = answer.error { return .failed(reason: error.reason) }
        let type = answer.headers.first { $0.name == "content-type" }?.value.lowercased() ?? ""
        guard let status else {
            // Some proxy's answer, or another server than was meant.
            if answer.status == 413 { return .answer(ExportAnswer(.tooLarge, status: "413")) }
            let code = GRPCCode(httpStatus: answer.status)
            let verdict = ExportAnswer(GRPCStatus(code), message: [], to: signal).verdict
            let isGRPC = answer.isHTTP2 && type.hasPrefix("application/grpc")
            return .answer(
                ExportAnswer(
                    verdict, status: "\(answer.status)",
                    hint: isGRPC
                        ? "the call ended without a status"
                        : "no gRPC is spoken there: OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"))
        }
        let message = GRPCFrame.message(in: answer.body, bytesMax: Self.responseBytesMax)
        return .answer(ExportAnswer(status, message: message ?? [], to: signal))
    }
}
