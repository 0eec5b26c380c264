import Bytes
import Telemetry

/// Prints batches as OTLP/JSON, one a line (`console` of a signal that has no tree to show).
package final class ConsoleTransport: ExportTransport {
    private let output: Log.Output

    /// `output` takes a whole batch and may wait.
    package init(output: @escaping Log.Output) {
        self.output = output
    }

    /// JSON.
    package var encoding: ExportEncoding { .json }

    /// Prints; a broken output refuses.
    package func send(
        _ body: inout ByteBuffer, isGzip: Bool, timeout: UInt64
    ) async -> TransportOutcome {
        var line = ByteBuffer(capacity: body.count + 1)
        line.append(body)
        line.append("\n")
        let isTaken = output(line.bytes)
        return .answer(ExportAnswer(isTaken ? .taken(nil) : .refused, status: "console"))
    }
}
