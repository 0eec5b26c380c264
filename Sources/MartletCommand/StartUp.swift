import Configuration
import Gateway
import Networking
import Platform
import Privacy
import Telemetry

/// What the commands that run a gateway have in common.
enum StartUp {
    /// Loads file, environment and flags; every mistake in them is one line of the error.
    static func load(
        _ invocation: Invocation, environment: [String: String] = ProcessEnvironment.variables
    ) throws(UsageError) -> LoadedConfiguration {
        var file: ConfigurationFile?
        if let path = ConfigurationLoader.filePath(
            flag: invocation.configPath, environment: environment)
        {
            do throws(FileError) {
                file = ConfigurationFile(name: path, bytes: try FileContents.read(path))
            } catch {
                throw UsageError("\(path): \(error.reason)")
            }
        }
        do throws(ConfigurationError) {
            return try ConfigurationLoader.load(
                file: file, environment: environment, flags: invocation.flags
            ) { path in String(decoding: try FileContents.read(path), as: UTF8.self) }
        } catch {
            let count = error.diagnostics.count
            let mistakes = count == 1 ? "a mistake" : "\(count) mistakes"
            throw UsageError("the configuration has \(mistakes)\n\(error.description)")
        }
    }

    /// The log that the settings ask for, on standard error by way of `writer`.
    static func log(_ settings: LogSettings, writer: LineWriter) -> Log {
        let level: Telemetry.LogLevel =
            switch settings.level {
            case .debug: .debug
            case .info: .info
            case .warn: .warning
            case .error: .error
            }
        return Log(
            level: level, format: settings.format == .json ? .json : .text,
            now: { Clock.wall }, output: { line in writer.append(line) })
    }

    /// The exporters the environment asks for. Trees of the console exporter go to standard
    /// output, and every trace to `watcher`.
    static func pipeline(
        _ configuration: LoadedConfiguration, log: Log, watcher: ExportQueue? = nil
    ) -> TelemetryPipeline {
        TelemetryPipeline(
            environment: configuration.telemetry, settings: configuration.settings.telemetry,
            content: configuration.settings.content, version: MartletProgram.version, log: log,
            consoleStyle: ConsoleStyle(
                configuration.settings.log.format,
                isTerminal: Terminal.hasColours(ProcessEnvironment.variables)),
            console: { tree in DescriptorOutput.standardOutput.writeAll(tree) },
            debug: configuration.settings.debug, watcher: watcher)
    }

    /// Starts the workers, or ends the process with the reason and a `hint`. Not by returning:
    /// loops that were made live as long as the process.
    static func start(_ server: GatewayServer, hint: String = "") {
        do throws(SocketError) {
            try server.start()
        } catch {
            Output.error("martlet: \(error)\(hint)")
            Termination.exit(1)
        }
    }

    /// How many workers run.
    static func workers(_ settings: Settings) -> Int {
        settings.workers ?? min(EventLoop.processorCount, Processors.quota ?? .max)
    }

    /// What the start-up says, a sentence a line: where it listens, where calls go, and where
    /// each exporter sends what. `listening` is the word before an address.
    static func summary(
        _ configuration: LoadedConfiguration, addresses: [String],
        listening: String = "listening on"
    ) -> [String] {
        let settings = configuration.settings
        let telemetry = configuration.telemetry
        var lines = addresses.map { "\(listening) \($0)" }
        let workers = workers(settings)
        lines.append("workers: \(workers)")
        lines.append("upstream: \(settings.upstream.url)")
        lines.append(cache(settings.cache))
        lines += destinations(configuration)
        if telemetry.isRecording { lines += privacy(settings) }
        if !telemetry.isRecording { lines.append("traces go nowhere: no exporter is configured") }
        return lines
    }

    /// Says what runs: to people, or to a log that is read by programs.
    static func tell(_ lines: [String], to log: Log?) {
        guard let log else {
            Output.error("martlet \(MartletProgram.version)")
            for line in lines { Output.error("martlet: \(line)") }
            return
        }
        log.info("the gateway started") { $0.add("version", MartletProgram.version) }
        for line in lines { log.info("what runs") { $0.add("detail", line) } }
    }

    /// A sentence for each place where telemetry goes.
    static func destinations(_ configuration: LoadedConfiguration) -> [String] {
        let telemetry = configuration.telemetry
        let content = configuration.settings.content
        var lines: [String] = []
        for signal in TelemetrySignal.allCases {
            let settings = telemetry.destinations(of: signal)
            lines += settings.exporters.map { exporter in
                var line = "\(signal) go to \(exporter.displayURL) by "
                line += exporter.wireProtocol.rawValue
                if signal == .traces || (signal == .logs && telemetry.sendsDetails) {
                    line += ", " + words(for: content.form(exporter), content)
                }
                return line
            }
            guard settings.console else { continue }
            var line = "\(signal) are printed to standard output"
            if signal == .traces {
                let form = telemetry.consoleCapturesContent ? content.consoleMode.form : .off
                line += ", " + words(for: form, content)
            }
            lines.append(line)
        }
        return lines
    }

    /// What an exporter that may have `form` gets of message content.
    private static func words(for form: ContentForm, _ settings: ContentSettings) -> String {
        let policy = ContentPolicy(settings, exporters: ContentForms(form))
        let standard = min(form, settings.mode.form)
        var words =
            switch standard {
            case .off: "without message content"
            case .full: "with message content"
            case .hashed, .redacted: "with message content \(standard.word)"
            }
        if policy.captures, !settings.rules.isEmpty {
            words += " unless one of the rules says otherwise"
        }
        return words
    }

    /// What keys the hashes, where there can be any.
    private static func privacy(_ settings: Settings) -> [String] {
        let content = settings.content
        let isHashing =
            settings.telemetry.userID == .hashed || content.rules.contains { $0.form == .hashed }
            || [content.mode, content.experimentalMode, content.otlpMode, content.consoleMode]
                .contains(.hashed)
        guard isHashing else { return [] }
        return [
            settings.secret == nil
                ? "hashes are keyed at random: they are others after a restart; "
                    + "MARTLET_SECRET makes them last"
                : "hashes are keyed with MARTLET_SECRET"
        ]
    }
}
