import Configuration
import Gateway
import Glibc
import Networking
import Platform
import Telemetry
import Upstream

/// `martlet serve`: runs the gateway until a signal ends it.
enum ServeCommand {
    /// Milliseconds in which the last telemetry is sent.
    private static let flushMax: UInt64 = 5_000

    static func run(_ invocation: Invocation) throws(UsageError) -> Int32 {
        ProcessMemory.keepFreed()
        let configuration = try StartUp.load(invocation)
        let settings = configuration.settings
        let writer = LineWriter(output: .standardError)
        defer { writer.close() }
        let log = StartUp.log(settings.log, writer: writer)
        let isJSON = settings.log.format == .json
        for warning in configuration.warnings {
            if isJSON {
                log.warning("a warning about the configuration") { $0.add("detail", "\(warning)") }
            } else {
                Output.error("martlet: warning: \(warning)")
            }
        }
        let pipeline = StartUp.pipeline(configuration, log: log)
        let services = GatewayServices(
            settings: settings, tracer: pipeline.tracer, exporters: pipeline.counters,
            contentForms: pipeline.contentForms, log: log,
            propagators: configuration.telemetry.propagators,
            exemplars: ExemplarFilter(configuration.telemetry.metricExport.exemplarFilter))
        pipeline.pushMetrics(of: services)
        let server = GatewayServer(services: services, workers: StartUp.workers(settings))
        // Whoever sees it listen may end it.
        let shutdown = Shutdown(server: server, settings: settings.shutdown, log: log)
        shutdown.watchSignals()
        StartUp.start(server)
        StartUp.tell(
            StartUp.summary(configuration, addresses: server.addresses.map(\.description)),
            to: isJSON ? log : nil)
        shutdown.wait()
        LastWatch.begin(milliseconds: flushMax + 500, log: log, writer: writer)
        pipeline.shutDown(within: flushMax)
        log.info("the gateway ended")
        return 0
    }
}

/// Ends a process that has answered its last request: where sending the last telemetry takes longer
/// than it may (an export under way, an output that nobody reads), or where a signal comes again.
private enum LastWatch {
    static func begin(milliseconds: UInt64, log: Log, writer: LineWriter) {
        let loop = EventLoop()
        for signal in [SIGTERM, SIGINT] {
            _ = SignalSource(loop: loop, signal: signal) { Termination.exit(0) }
        }
        loop.spawn {
            await loop.sleep(milliseconds: milliseconds)
            log.warning("the time to send the last telemetry is over: what is left is given up")
            writer.close()
            Termination.exit(0)
        }
        _ = LoopThread(name: "last-watch", loop: loop)
    }
}

/// The way a running gateway ends: SIGTERM or SIGINT begins it, a second one cuts it short.
final class Shutdown {
    private let server: GatewayServer
    private let settings: ShutdownSettings
    private let log: Log
    private let loop: EventLoop
    private var hasBegun = false
    private var isDraining = false

    /// `loop` runs while the gateway does; it may have other tasks.
    init(
        server: GatewayServer, settings: ShutdownSettings, log: Log,
        loop: EventLoop = EventLoop()
    ) {
        self.server = server
        self.settings = settings
        self.log = log
        self.loop = loop
    }

    /// Takes the signals over; what comes before `wait` is not lost.
    func watchSignals() {
        for signal in [SIGTERM, SIGINT] {
            _ = SignalSource(loop: loop, signal: signal) { [self] in begin() }
        }
    }

    /// Returns when a signal came and no request is left, or none is waited for any more.
    func wait() {
        loop.run()
        server.stop()
    }

    /// What a signal does; on the loop.
    func begin() {
        guard !hasBegun else {
            log.warning("a second signal came: requests in progress are given up")
            drain()
            server.abandon()
            return
        }
        hasBegun = true
        log.info("a signal to end came: the gateway drains") { line in
            line.add("delay_ms", Int(settings.delay.milliseconds))
            line.add("drain_ms", Int(settings.drain.milliseconds))
        }
        server.announceShutdown()
        loop.spawn { [self] in
            await loop.sleep(milliseconds: settings.delay.milliseconds)
            drain()
            await loop.sleep(milliseconds: settings.drain.milliseconds)
            log.warning("the drain time is over: requests in progress are given up")
            server.abandon()
        }
    }

    private func drain() {
        guard !isDraining else { return }
        isDraining = true
        server.drain { [loop, log] in
            log.info("no request is left")
            loop.stop()
        }
    }
}
