/// `export`: where telemetry goes, for those who would rather write a file; the `OTEL_*`
/// variables win over each key.
package struct ExportSettings: Sendable, Equatable {
    /// `OTEL_TRACES_EXPORTER` and its kin.
    package enum Destination: String, Sendable, CaseIterable {
        /// By OTLP, once an endpoint is set.
        case auto
        case otlp, console, none
    }

    /// Base URL; each signal's path is appended.
    package internal(set) var endpoint: Secret?
    /// Full URL of traces alone.
    package internal(set) var tracesEndpoint: Secret?
    /// What is spoken there.
    package internal(set) var wireProtocol = ExporterSettings.WireProtocol.httpProtobuf
    /// `key=value,key=value`.
    package internal(set) var headers: Secret?
    /// Of request bodies.
    package internal(set) var compression = ExporterSettings.Compression.none
    /// One request; nil: no limit.
    package internal(set) var timeout: Duration? = .seconds(10)
    /// PEM bundle that replaces the system's, a path.
    package internal(set) var caFile: String?
    /// PEM, a path.
    package internal(set) var clientCertificateFile: String?
    /// PEM, a path.
    package internal(set) var clientKeyFile: String?
    /// Where traces go.
    package internal(set) var traces = Destination.auto
    /// Where metrics are pushed to.
    package internal(set) var metrics = Destination.auto
    /// Where log records are pushed to.
    package internal(set) var logs = Destination.auto
    /// `service.name`.
    package internal(set) var serviceName: String?

    /// What is set, as the variables that mean the same: key of the file, variable, value.
    var variables: [(key: String, variable: String, value: String)] {
        var found: [(String, String, String)] = []
        func add(_ key: String, _ variable: String, _ value: String?) {
            if let value { found.append(("export.\(key)", variable, value)) }
        }
        func destination(_ destination: Destination) -> String? {
            destination == .auto ? nil : destination.rawValue
        }
        let standard = ExportSettings()
        let prefix = "OTEL_EXPORTER_OTLP_"
        add("endpoint", prefix + "ENDPOINT", endpoint?.reveal())
        add("tracesEndpoint", prefix + "TRACES_ENDPOINT", tracesEndpoint?.reveal())
        if wireProtocol != standard.wireProtocol {
            add("protocol", prefix + "PROTOCOL", wireProtocol.rawValue)
        }
        add("headers", prefix + "HEADERS", headers?.reveal())
        if compression != standard.compression {
            add("compression", prefix + "COMPRESSION", compression.rawValue)
        }
        if timeout != standard.timeout {
            let milliseconds = timeout.map { Int($0 / .milliseconds(1)) } ?? 0
            add("timeout", prefix + "TIMEOUT", "\(milliseconds)")
        }
        add("caFile", prefix + "CERTIFICATE", caFile)
        add("clientCertificateFile", prefix + "CLIENT_CERTIFICATE", clientCertificateFile)
        add("clientKeyFile", prefix + "CLIENT_KEY", clientKeyFile)
        add("traces", "OTEL_TRACES_EXPORTER", destination(traces))
        add("metrics", "OTEL_METRICS_EXPORTER", destination(metrics))
        add("logs", "OTEL_LOGS_EXPORTER", destination(logs))
        add("serviceName", "OTEL_SERVICE_NAME", serviceName)
        return found
    }

    /// `environment` with what it does not say, and the keys that the values are from.
    func completing(
        _ environment: [String: String]
    ) -> (environment: [String: String], keys: [String: String]) {
        func isSet(_ name: String) -> Bool {
            environment[name].map { !trimmed($0).isEmpty } ?? false
        }
        var complete = environment
        var keys: [String: String] = [:]
        for (key, variable, value) in variables where !isSet(variable) {
            // The endpoint of one signal would win over the variable for all.
            if key == "export.tracesEndpoint", isSet("OTEL_EXPORTER_OTLP_ENDPOINT") { continue }
            complete[variable] = value
            keys[variable] = key
        }
        return (complete, keys)
    }
}

extension SettingsTable {
    /// The section `export`.
    static let export: [SettingKey] = [
        SettingKey(
            "export.endpoint", .receiverURL(\.export.endpoint), example: "http://localhost:4318",
            "Base URL; `/v1/traces`, `/v1/metrics` and `/v1/logs` are appended."),
        SettingKey(
            "export.tracesEndpoint", .receiverURL(\.export.tracesEndpoint),
            example: "https://us.i.posthog.com/i/v0/ai/otel",
            "Full URL for traces, used as it is; wins over `endpoint`."),
        SettingKey(
            "export.protocol", .choice(\.export.wireProtocol),
            "`grpc` has port 4317 as a rule, the others 4318."),
        SettingKey(
            "export.headers", .headerList(\.export.headers), example: "env:OTLP_HEADERS",
            "`key=value,key=value`, values percent-decoded; they may hold spaces."),
        SettingKey(
            "export.compression", .choice(\.export.compression), "Of request bodies."),
        SettingKey(
            "export.timeout",
            .duration(\.export.timeout, .milliseconds(1)...Duration.seconds(3600)),
            "One request to a receiver."),
        SettingKey(
            "export.caFile", .path(\.export.caFile), example: "/etc/ssl/company.pem",
            "PEM bundle of the authorities trusted in place of the system's."),
        SettingKey(
            "export.clientCertificateFile", .path(\.export.clientCertificateFile),
            example: "/etc/ssl/martlet.pem", "PEM certificate shown to the receiver."),
        SettingKey(
            "export.clientKeyFile", .path(\.export.clientKeyFile),
            example: "/etc/ssl/martlet.key", "PEM key that belongs to it."),
        SettingKey(
            "export.traces", .choice(\.export.traces),
            "`auto`: by OTLP, once an endpoint is set."),
        SettingKey(
            "export.metrics", .choice(\.export.metrics), "Likewise; `/metrics` is there anyway."),
        SettingKey(
            "export.logs", .choice(\.export.logs), "Likewise; the log itself is there anyway."),
        SettingKey(
            "export.serviceName", .identifier(\.export.serviceName), example: "martlet",
            "`service.name` of everything that is sent."),
    ]
}

extension SettingType {
    /// A receiver's URL; by reference where it holds a password.
    fileprivate static func receiverURL(_ path: Path<Secret?>) -> SettingType {
        url(path, schemes: ["http", "https"], like: "http://localhost:4318")
    }

    /// Headers, which hold keys as a rule; spaces are allowed.
    fileprivate static func headerList(_ path: Path<Secret?>) -> SettingType {
        var type = optional(
            path, name: "`env:NAME` or `file:PATH`", none: "none",
            parse: { text, source throws(ValueProblem) in
                let value = try SecretReference.text(text, source)
                guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                    throw ValueProblem("finds a control character in a header")
                }
                return Secret(value)
            },
            text: \.description)
        type.isSecret = true
        return type
    }
}
