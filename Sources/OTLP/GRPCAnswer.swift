import Bytes
import Compression
import Telemetry

/// The framing of messages in the body of a gRPC call (grpc/doc/PROTOCOL-HTTP2.md,
/// "Length-Prefixed-Message").
package enum GRPCFrame {
    /// Bytes before a message.
    package static let prefixBytes = 5

    /// Appends the prefix of a message of `count` bytes, then the message.
    package static func append(
        _ message: Span<UInt8>, isGzip: Bool, to output: inout ByteBuffer
    ) {
        output.append(isGzip ? 1 : 0)
        output.append(low: 4, of: UInt64(UInt32(clamping: message.count).byteSwapped))
        output.append(message)
    }

    /// The one message of an answer, unpacked; nil where there is none, or not a whole one.
    package static func message(in body: [UInt8], bytesMax: Int) -> [UInt8]? {
        guard body.count >= prefixBytes else { return nil }
        let length = body[1..<5].reduce(0) { $0 << 8 | Int($1) }
        guard length <= body.count - prefixBytes else { return nil }
        let message = Array(body[prefixBytes..<prefixBytes + length])
        guard body[0] & 1 == 1 else { return message }
        var plain = ByteBuffer()
        do {
            try Gzip.decompress(message.span, into: &plain, limit: bytesMax)
        } catch {
            return nil
        }
        return plain.withBytes { bytes in bytes.indices.map { bytes[$0] } }
    }
}

extension ExportAnswer {
    /// What an answer by gRPC means to a request of `signal` (opentelemetry-proto v1.11.0,
    /// docs/specification.md, "OTLP/gRPC Response", "Failures", "OTLP/gRPC Throttling").
    /// `message` is what was answered, empty where there is none.
    package init(_ status: GRPCStatus, message: [UInt8], to signal: Signal) {
        let verdict: Verdict
        switch status.code {
        case .ok: verdict = .taken(PartialSuccess(response: message.span))
        case .resourceExhausted, .outOfRange, .invalidArgument, .internal:
            if Self.speaksOfSize(status.message) {
                verdict = .tooLarge
            } else if status.code == .outOfRange
                || status.retryDelay != nil
                    && status.code == .resourceExhausted
            {
                verdict = .retry(after: status.retryDelay)
            } else {
                verdict = .refused
            }
        case .cancelled, .deadlineExceeded, .aborted, .unavailable, .dataLoss:
            verdict = .retry(after: status.retryDelay)
        case .unauthenticated, .permissionDenied: verdict = .unauthorized
        case .unknown, .notFound, .alreadyExists, .failedPrecondition, .unimplemented:
            verdict = .refused
        }
        let hint: String =
            switch status.code {
            case .unauthenticated, .permissionDenied: ExportHint.credentials
            case .unimplemented: ExportHint.missingMethod(signal)
            default: ""
            }
        // What is wrong with credentials is not repeated: the words may hold them.
        let isSilent = verdict == .unauthorized || status.code == .ok
        self.init(
            verdict, status: status.code.name, hint: hint,
            message: isSilent ? "" : status.message)
    }

    /// gRPC has no code for a message over the receiver's limit: its libraries say it in words,
    /// with RESOURCE_EXHAUSTED (C, Go, Java, JavaScript, .NET) or OUT_OF_RANGE (Rust).
    private static func speaksOfSize(_ message: String) -> Bool {
        let text = message.lowercased()
        return [
            "larger than max", "exceeds maximum size", "exceeds the maximum",
            "message length too large", "message too large", "decoded message too large",
        ].contains { text.contains($0) }
    }
}

extension ExportHint {
    /// About a server that does not have the service of a signal.
    static func missingMethod(_ signal: Signal) -> String {
        let name = String(describing: signal.label).uppercased()
        return "nothing there takes \(signal.label) by gRPC; OTEL_\(name)_EXPORTER=none sends none"
    }
}
