import Configuration
import Gateway
import HTTPClient
import MockProvider
import Networking
import SemanticConventions
import Telemetry
import Upstream

/// `martlet check --semconv`: sends three calls through the gateway, as it is configured, to a
/// mock provider in the same process, and judges their spans. Belongs to its loop.
final class SemconvCheck {
    private let loop: EventLoop
    private let client: CurlClient
    private let base: String
    private let key: String?
    private let traces: ExportQueue
    private let wakeUp: LoopSignal
    private let judge = SpanJudge()
    private var findings: [Finding] = []
    private var spanCount = 0

    /// Milliseconds a trace is waited for.
    private static let patience: UInt64 = 30_000

    /// Runs the check and prints what it finds: 0 where that is nothing, else 1.
    static func run(_ configuration: LoadedConfiguration) throws(UsageError) -> Int32 {
        let provider: ListenAddress
        do throws(SocketError) {
            provider = try MockServer.startOnOwnThread()
        } catch {
            Output.error("martlet: \(error)")
            return 1
        }
        guard case .tcp(_, let port) = provider else { return 1 }
        let settings = configuration.settings.selfChecked(
            mockPort: port,
            provider: UpstreamTarget(settings: configuration.settings.upstream).provider.name)
        let telemetry = configuration.telemetry.unsent
        // What is to be read here is the findings.
        let log = Log(
            level: .error, format: .text, now: { Clock.wall },
            output: { line in DescriptorOutput.standardError.writeIfReady(line) })
        let traces = ExportQueue(limits: .init(), counters: ExportCounters(exporter: "check"))
        let pipeline = TelemetryPipeline(
            environment: telemetry, settings: settings.telemetry, content: settings.content,
            version: MartletProgram.version, log: log, consoleStyle: .tree(isColoured: false),
            console: { _ in true }, watcher: traces)
        let server = GatewayServer(
            services: GatewayServices(
                settings: settings, tracer: pipeline.tracer, exporters: pipeline.counters,
                contentForms: pipeline.contentForms, log: log,
                propagators: telemetry.propagators),
            workers: 1)
        StartUp.start(server)
        let loop = EventLoop()
        let check = SemconvCheck(
            loop: loop, gateway: server.addresses[0],
            key: settings.keys.clientKeys.first?.key.reveal(), traces: traces)
        let shutdown = Shutdown(server: server, settings: settings.shutdown, log: log, loop: loop)
        shutdown.watchSignals()
        loop.spawn {
            for call in SemconvCall.all { await check.judge(call) }
            shutdown.begin()
        }
        shutdown.wait()
        pipeline.shutDown(within: 5_000)
        return check.report()
    }

    private init(loop: EventLoop, gateway: ListenAddress, key: String?, traces: ExportQueue) {
        self.loop = loop
        self.key = key
        self.traces = traces
        client = CurlClient(loop: loop)
        base = "http://\(gateway)"
        let wakeUp = LoopSignal(loop: loop)
        self.wakeUp = wakeUp
        traces.onWake { wakeUp.signal() }
    }

    private func judge(_ call: SemconvCall) async {
        let transfer = GatewayCall()
        await transfer.send(
            call.body, to: base + call.path, as: "check", by: client,
            headers: key.map { [("authorization", "Bearer \($0)")] } ?? [])
        if let failure = transfer.failure {
            findings.append(Finding(.call, span: call.title, failure))
        }
        guard let trace = await nextTrace() else {
            findings.append(Finding(.missingSpan, span: call.title, "no trace was recorded"))
            return
        }
        let spans = JudgedSpan.all(of: trace)
        spanCount += spans.count
        findings += judge.findings(
            trace: spans, title: call.title, given: call.given, givenHTTP: SemconvCall.givenHTTP)
    }

    private func nextTrace() async -> FinishedTrace? {
        let due = loop.now + Self.patience
        while true {
            if let trace = traces.take() {
                traces.counters.countExported(trace.spanCount)
                return trace
            }
            guard loop.now < due else { return nil }
            await wakeUp.wait(milliseconds: due - loop.now)
        }
    }

    /// Prints each finding once.
    private func report() -> Int32 {
        var seen: Set<String> = []
        let each = findings.filter { seen.insert($0.description).inserted }
        for finding in each {
            let word = finding.weight == .note ? "note" : "finding"
            Output.line("\(word): \(finding)")
        }
        let worse = each.count { $0.weight == .finding }
        let notes = each.count - worse
        Output.line(
            "\(SemconvCall.all.count) calls, \(spanCount) spans, judged by the semantic "
                + "conventions \(SpanJudge.versions): \(Self.count(worse, "finding")), "
                + "\(Self.count(notes, "note"))")
        return worse == 0 ? 0 : 1
    }

    private static func count(_ number: Int, _ word: String) -> String {
        number == 1 ? "1 \(word)" : "\(number) \(word)s"
    }
}
