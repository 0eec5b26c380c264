import Configuration
import Gateway
import MockProvider
import Networking
import Platform
import Telemetry

/// `martlet demo`: a mock provider, the gateway in front of it, two calls through both and their
/// trace.
enum DemoCommand {
    static func run(_ invocation: Invocation) throws(UsageError) -> Int32 {
        guard invocation.listen?.hasPrefix("unix:") != true else {
            throw UsageError("the demo calls itself over TCP: '--listen' takes host:port here")
        }
        let provider: ListenAddress
        do throws(SocketError) {
            provider = try MockServer.startOnOwnThread()
        } catch {
            Output.error("martlet: \(error)")
            return 1
        }
        let configuration = try load(invocation, upstream: "http://\(provider)/v1")
        for warning in configuration.warnings { Output.error("martlet: warning: \(warning)") }
        let writer = LineWriter(output: .standardError)
        defer { writer.close() }
        let log = StartUp.log(configuration.settings.log, writer: writer)
        let traces = ExportQueue(limits: .init(), counters: ExportCounters(exporter: "demo"))
        let pipeline = StartUp.pipeline(configuration, log: log, watcher: traces)
        let services = GatewayServices(
            settings: configuration.settings, tracer: pipeline.tracer,
            exporters: pipeline.counters, contentForms: pipeline.contentForms, log: log)
        pipeline.pushMetrics(of: services)
        let server = GatewayServer(services: services, workers: 1)
        StartUp.start(server, hint: "; for any free port: martlet demo --listen 127.0.0.1:0")
        let loop = EventLoop()
        let demo = Demo(
            loop: loop, gateway: server.addresses[0].callable, provider: provider, traces: traces)
        let shutdown = Shutdown(
            server: server, settings: configuration.settings.shutdown, log: log, loop: loop)
        shutdown.watchSignals()
        loop.spawn {
            await demo.run(destinations: StartUp.destinations(configuration))
            if invocation.once { return shutdown.begin() }
            demo.explain()
            await demo.watch()
        }
        shutdown.wait()
        pipeline.shutDown(within: 5_000)
        return demo.hasFailed ? 1 : 0
    }

    /// The defaults, with the exporters of the environment. What is set up for `serve` by file
    /// and MARTLET_* is left out, and so is the provider's key: the mock provider needs none.
    private static func load(
        _ invocation: Invocation, upstream: String
    ) throws(UsageError) -> LoadedConfiguration {
        var environment = ProcessEnvironment.variables.filter { name, _ in
            name == "MARTLET_LISTEN" || !(name.hasPrefix("MARTLET_") || name == "OPENAI_API_KEY")
        }
        environment["LOG_LEVEL"] = environment["LOG_LEVEL"] ?? "warn"
        // The demo prints every trace itself.
        if let exporters = environment["OTEL_TRACES_EXPORTER"] {
            let others = exporters.split(separator: ",").filter { !$0.contains("console") }
            environment["OTEL_TRACES_EXPORTER"] =
                others.isEmpty ? "none" : others.joined(separator: ",")
        }
        var invocation = invocation
        invocation.add(
            ConfigurationFlag(flag: "the demo's upstream", path: "upstream.url", value: upstream))
        invocation.add(
            ConfigurationFlag(flag: "the demo's drain", path: "shutdown.drain", value: "1s"))
        return try StartUp.load(invocation, environment: environment)
    }
}
