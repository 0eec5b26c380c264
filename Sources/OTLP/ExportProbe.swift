import Bytes
import Networking
import Telemetry
import W3CTraceContext

/// Sends one small request of a signal to a receiver, once: how `martlet check --export` learns
/// what the receiver says. Belongs to the loop of its transport.
package struct ExportProbe {
    private let signal: Signal
    private let endpoint: ExportEndpoint
    private let resource: ExportResource

    /// A probe of `endpoint` with one item of `signal`, sent by `resource`.
    package init(signal: Signal, endpoint: ExportEndpoint, resource: ExportResource) {
        self.signal = signal
        self.endpoint = endpoint
        self.resource = resource
    }

    /// Sends a span, data point or log record of `context`, and waits for the answer at most
    /// `timeout` nanoseconds.
    package func send(
        _ context: SpanContext, isGzip: Bool, timeout: UInt64, loop: EventLoop
    ) async -> TransportOutcome {
        let transport = endpoint.makeTransport(signal, version: resource.version, loop: loop)
        var body = ByteBuffer()
        let now = Clock.wall
        let count = resource.encode([context][...], bytesMax: 64 << 10, into: &body) {
            append($0, at: now, to: &$1)
        }
        guard count == 1 else { return .failed(reason: "the resource attributes are too large") }
        if transport.encoding == .json {
            var json = ByteBuffer()
            _ = body.withBytes { JSONTranscoder.transcode($0, of: signal, into: &json) }
            body = json
        }
        let isCompressed = isGzip && body.gzip()
        return await transport.send(&body, isGzip: isCompressed, timeout: timeout)
    }

    private func append(
        _ context: SpanContext, at now: UInt64, to writer: inout ProtobufWriter
    ) {
        let item = writer.open(2, lengthBytes: 2)
        switch signal {
        case .traces:
            writer.traceID(1, context.traceID)
            writer.spanID(2, context.spanID)
            writer.field(5, string: "martlet check")
            writer.field(6, varint: UInt64(SpanKind.internal.rawValue))
            writer.field(7, fixed64: now)
            writer.field(8, fixed64: now + 1)
            writer.flags(16, context.flags, isRemote: false)
        case .metrics:
            writer.field(1, string: "martlet.check")
            writer.field(2, string: "Sent by martlet check.")
            writer.field(3, string: "1")
            let gauge = writer.open(5)
            let point = writer.open(1)
            writer.field(3, fixed64: now)
            writer.field(6, fixed64: 1)
            writer.close(point)
            writer.close(gauge)
        case .logs:
            writer.field(1, fixed64: now)
            // INFO
            writer.field(2, varint: 9)
            writer.field(3, string: "INFO")
            let body = writer.open(5)
            writer.field(1, string: "martlet check")
            writer.close(body)
            writer.field(8, fixed32: UInt32(context.flags.rawValue))
            writer.traceID(9, context.traceID)
            writer.spanID(10, context.spanID)
            writer.field(11, fixed64: now)
        }
        writer.close(item)
    }
}
