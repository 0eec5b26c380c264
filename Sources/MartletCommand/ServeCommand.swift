import Configuration
import Gateway
import Glibc
import Networking
import Telemetry
import Upstream

/// `martlet serve`: runs the gateway until a signal ends it.
enum ServeCommand {
    static func run(_ invocation: Invocation) throws(UsageError) -> Int32 {
        let configuration = try StartUp.load(invocation)
        let settings = configuration.settings
        let log = StartUp.log(settings.log)
        for warning in configuration.warnings { Output.error("martlet: warning: \(warning)") }
        let pipeline = StartUp.pipeline(configuration, log: log)
        let services = GatewayServices(
            settings: settings, tracer: pipeline.tracer, exporters: pipeline.counters,
            capturesContent: pipeline.capturesContent, log: log,
            propagators: configuration.telemetry.propagators,
            exemplars: ExemplarFilter(configuration.telemetry.metricExport.exemplarFilter))
        pipeline.pushMetrics(of: services)
        let server = GatewayServer(services: services, workers: StartUp.workers(settings))
        StartUp.start(server)
        Output.error("martlet \(MartletProgram.version)")
        for line in StartUp.summary(
            configuration, addresses: server.addresses.map(\.description))
        {
            Output.error("martlet: \(line)")
        }
        Shutdown(server: server, settings: settings.shutdown).waitForSignal()
        pipeline.shutDown(within: 5_000)
        return 0
    }
}

/// The way a running gateway ends: SIGTERM or SIGINT begins it, a second one cuts it short.
final class Shutdown {
    private let server: GatewayServer
    private let settings: ShutdownSettings
    private let loop: EventLoop
    private var hasBegun = false
    private var isDraining = false

    /// `loop` runs while the gateway does; it may have other tasks.
    init(server: GatewayServer, settings: ShutdownSettings, loop: EventLoop = EventLoop()) {
        self.server = server
        self.settings = settings
        self.loop = loop
    }

    /// Returns when no request is left, or none is waited for any more.
    func waitForSignal() {
        for signal in [SIGTERM, SIGINT] {
            _ = SignalSource(loop: loop, signal: signal) { [self] in begin() }
        }
        loop.run()
        server.stop()
    }

    /// What a signal does; on the loop.
    func begin() {
        guard !hasBegun else {
            drain()
            server.abandon()
            return
        }
        hasBegun = true
        server.announceShutdown()
        loop.spawn { [self] in
            await loop.sleep(milliseconds: settings.delay.milliseconds)
            drain()
            await loop.sleep(milliseconds: settings.drain.milliseconds)
            server.abandon()
        }
    }

    private func drain() {
        guard !isDraining else { return }
        isDraining = true
        server.drain { [loop] in loop.stop() }
    }
}
