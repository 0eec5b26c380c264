import Networking
import Platform

/// The program: picks the command, and turns what goes wrong into a sentence and an exit code.
enum MartletProgram {
    static let version = "0.1.0"

    /// Runs `arguments`, the program's name first, and answers the exit code: 0 for success, 1
    /// when the command failed, 2 for what the user wrote wrong.
    static func run(_ arguments: [String]) -> Int32 {
        SignalSource.ignoreBrokenPipes()
        do throws(UsageError) {
            let invocation = try Invocation(Array(arguments.dropFirst()))
            switch invocation.command {
            case .serve: return try ServeCommand.run(invocation)
            case .check: return try CheckCommand.run(invocation)
            case .cache: return try CacheCommand.run(invocation)
            case .demo: return try DemoCommand.run(invocation)
            case .mock: return try MockCommand.run(invocation)
            case .version: Output.line("martlet \(version)")
            case .help: Output.line(Invocation.help)
            }
            return 0
        } catch {
            Output.error("martlet: \(error.message)")
            return 2
        }
    }
}
