/// The configuration file as the caller read it.
package struct ConfigurationFile: Sendable {
    /// As diagnostics show it: the path the user gave.
    package let name: String
    /// UTF-8, at most 1 MiB.
    package let bytes: [UInt8]

    /// The file's bytes as they are.
    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    /// A file that is at hand as text.
    package init(name: String, text: String) {
        self.init(name: name, bytes: Array(text.utf8))
    }
}

/// A value given on the command line; it wins over the environment and the file.
package struct ConfigurationFlag: Sendable {
    /// As the user wrote it, with its dashes: for diagnostics.
    package let flag: String
    /// The key it sets: `listener.address`.
    package let path: String
    /// As the environment would write it.
    package let value: String

    /// `path` must be a key of the table: anything else is a programmer's error.
    package init(flag: String, path: String, value: String) {
        self.flag = flag
        self.path = path
        self.value = value
    }
}

/// What loading yields.
package struct LoadedConfiguration: Sendable {
    /// Validated, all sources merged.
    package let settings: Settings
    /// Where telemetry goes.
    package let telemetry: TelemetryEnvironment
    /// To be logged at start-up; `telemetry.warnings` are among them.
    package let warnings: [Diagnostic]
}

/// Why loading failed: every error found, in the order file, environment, flags.
package struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    /// Errors only, at least one.
    package let diagnostics: [Diagnostic]

    /// A line for each.
    package var description: String {
        diagnostics.map(\.description).joined(separator: "\n")
    }
}

/// File, environment and flags to `Settings`. Pure: the caller reads files.
package enum ConfigurationLoader {
    /// The file to read: the flag's, else that of `MARTLET_CONFIG`, else none.
    package static func filePath(
        flag: String?, environment: [String: String]
    ) -> String? {
        if let flag { return flag }
        guard let path = environment["MARTLET_CONFIG"], !path.isEmpty else { return nil }
        return path
    }

    /// Merges and validates.
    ///
    /// - Parameters:
    ///   - file: nil runs on defaults.
    ///   - environment: the process's.
    ///   - flags: later ones win.
    ///   - readFile: the text of the file a `file:PATH` secret names; its error is not shown.
    package static func load(
        file: ConfigurationFile? = nil,
        environment: [String: String] = [:],
        flags: [ConfigurationFlag] = [],
        readFile: @escaping (String) throws -> String
    ) throws(ConfigurationError) -> LoadedConfiguration {
        var builder = SettingsBuilder(environment: environment, readFile: readFile)
        if let file { builder.apply(file) }
        builder.applyEnvironment()
        for flag in flags { builder.apply(flag) }
        builder.checkTogether()
        let errors = builder.diagnostics.filter { $0.severity == .error }
        guard errors.isEmpty else { throw ConfigurationError(diagnostics: errors) }
        let (complete, keys) = builder.settings.export.completing(environment)
        let telemetry = TelemetryEnvironment.read(
            complete, keys: keys, capture: builder.settings.content.capture)
        return LoadedConfiguration(
            settings: builder.settings, telemetry: telemetry,
            warnings: builder.diagnostics + telemetry.warnings)
    }
}
