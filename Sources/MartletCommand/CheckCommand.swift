import Configuration
import Networking

/// `martlet check`: validates the configuration and prints what would run, or, with `--semconv`,
/// judges the spans that it makes.
enum CheckCommand {
    static func run(_ invocation: Invocation) throws(UsageError) -> Int32 {
        let configuration = try StartUp.load(invocation)
        for warning in configuration.warnings { Output.error("martlet: warning: \(warning)") }
        if invocation.semconv { return try SemconvCheck.run(configuration) }
        let addresses = configuration.settings.listener.addresses.map(\.description)
        for line in StartUp.summary(
            configuration, addresses: addresses, listening: "would listen on")
        { Output.line(line) }
        Output.line("the configuration is valid")
        return invocation.export ? ExportCheck(configuration.telemetry).run() : 0
    }
}
