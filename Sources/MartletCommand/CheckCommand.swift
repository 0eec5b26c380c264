import Configuration
import Networking

/// `martlet check`: validates the configuration and prints what would run.
enum CheckCommand {
    static func run(_ invocation: Invocation) throws(UsageError) -> Int32 {
        let configuration = try StartUp.load(invocation)
        for warning in configuration.warnings { Output.error("martlet: warning: \(warning)") }
        let addresses = configuration.settings.listener.addresses.map(\.description)
        for line in StartUp.summary(
            configuration, addresses: addresses, listening: "would listen on")
        { Output.line(line) }
        Output.line("the configuration is valid")
        return 0
    }
}
