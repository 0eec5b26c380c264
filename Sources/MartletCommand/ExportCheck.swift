import Configuration
import Gateway
import Networking
import OTLP
import Telemetry
import Upstream
import W3CTraceContext

/// `martlet check --export`: one small request to every receiver, and what each answers.
final class ExportCheck {
    private let telemetry: TelemetryEnvironment
    private let loop = EventLoop()
    private var failures = 0
    private var requests = 0

    init(_ telemetry: TelemetryEnvironment) {
        self.telemetry = telemetry
    }

    /// Prints a line for each receiver and answers the exit code: 0 where all took what they were
    /// sent, 1 where one did not, or where there is none.
    func run() -> Int32 {
        loop.spawn { [self] in
            await sendAll()
            loop.stop()
        }
        loop.run()
        if requests == 0 {
            Output.line("nothing was sent: no receiver of OTLP is configured")
            return 1
        }
        Output.line(failures == 0 ? "every receiver answered well" : "\(failures) failed")
        return failures == 0 ? 0 : 1
    }

    private func sendAll() async {
        var ids = IDGenerator()
        let context = SpanContext(
            traceID: ids.traceID(), spanID: ids.spanID(), flags: [.sampled, .random])
        for signal in TelemetrySignal.allCases {
            for exporter in telemetry.destinations(of: signal).exporters {
                await send(context, Signal(signal), exporter)
            }
        }
        if requests > failures { Output.line("look for trace \(context.traceID)") }
    }

    private func send(
        _ context: SpanContext, _ signal: Signal, _ exporter: ExporterSettings
    ) async {
        requests += 1
        let probe = ExportProbe(
            signal: signal, endpoint: ExportEndpoint(exporter),
            resource: ExportResource(telemetry, version: MartletProgram.version))
        let timeout = exporter.timeout.map { $0.milliseconds * 1_000_000 } ?? .max
        let outcome = await probe.send(
            context, isGzip: exporter.compression == .gzip, timeout: timeout, loop: loop)
        let (isGood, text) = Self.report(outcome)
        if !isGood { failures += 1 }
        var url = exporter.displayURL
        if exporter.wireProtocol == .grpc { url += signal.grpcPath }
        let wire = exporter.wireProtocol.rawValue
        Output.line("\(signal.label): \(url) by \(wire): \(text)")
    }

    /// Whether the receiver took it, and what it said.
    private static func report(_ outcome: TransportOutcome) -> (isGood: Bool, text: String) {
        switch outcome {
        case .failed(let reason): return (false, "no answer: \(reason)")
        case .answer(let answer):
            var text = answer.status
            switch answer.verdict {
            case .taken(nil): return (true, text + ", taken")
            case .taken(let partial?):
                text += partial.rejectedItems > 0 ? ", rejected" : ", taken with a warning"
                if !partial.message.isEmpty { text += ": \(partial.message)" }
                return (partial.rejectedItems == 0, text)
            case .retry: text += ", not now"
            case .tooLarge: text += ", too large"
            case .refused, .unauthorized: text += ", refused"
            }
            if !answer.message.isEmpty { text += ": \(answer.message)" }
            if !answer.hint.isEmpty { text += "; \(answer.hint)" }
            return (false, text)
        }
    }
}
