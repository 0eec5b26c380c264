/// Which OTLP exporters the two families of variables ask for.
struct ExporterReader {
    /// What the variables ask for.
    struct Destinations {
        var exporters: [ExporterSettings] = []
        var console = false
    }

    /// An endpoint after the rules for its path.
    private struct Endpoint {
        let url: String
        let parts: URLParts
        /// The variable it is from; nil: the default.
        let variable: String?
    }

    /// What is appended to an endpoint's path.
    private enum Completion {
        /// gRPC: the transport adds the method.
        case none
        /// A URL that is used as it is: where it has no path.
        case slash
        /// A base URL: `/v1/traces` after exactly one slash.
        case traces
    }

    private static let switchName = "EXPERIMENTAL_GEN_AI_OTEL_TRACES_ENABLED"
    private static let experimentalEndpoint = "EXPERIMENTAL_GEN_AI_OTEL_EXPORTER_OTLP_ENDPOINT"
    private static let experimentalHeaders = "EXPERIMENTAL_GEN_AI_OTEL_EXPORTER_OTLP_HEADERS"
    private static let endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
    private static let tracesEndpoint = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"

    private let content: ContentDecision

    init(_ content: ContentDecision) {
        self.content = content
    }

    /// At most one exporter of each family; the same URL in both is one exporter.
    func read(_ reader: inout TelemetryReader) -> Destinations {
        let asked = standardDestinations(&reader)
        var result = Destinations(console: asked.console)
        let experimental = experimentalExporter(&reader)
        let standard = asked.otlp ? standardExporter(&reader, family: .standard) : nil
        if var experimental {
            if let standard, standard.url == experimental.url {
                let names = experimental.headers.map { $0.name.lowercased() }
                experimental.headers += standard.headers.filter {
                    !names.contains($0.name.lowercased())
                }
                result.exporters = [experimental]
                return result
            }
            result.exporters.append(experimental)
        }
        if let standard { result.exporters.append(standard) }
        return result
    }

    /// `OTEL_TRACES_EXPORTER`, or what follows from an endpoint being set.
    private func standardDestinations(
        _ reader: inout TelemetryReader
    ) -> (otlp: Bool, console: Bool) {
        let name = "OTEL_TRACES_EXPORTER"
        let known = ["otlp", "console", "none"]
        var words: [String] = []
        for word in reader.words(name) {
            if known.contains(word) {
                words.append(word)
            } else {
                reader.warn(
                    name, "\(quoted(word)) is not one of otlp, console, none; ignored",
                    suggestion: NearestName.of(word, among: known))
            }
        }
        if words.isEmpty {
            return (reader.first([Self.tracesEndpoint, Self.endpoint]) != nil, false)
        }
        if words.contains("none"), words.count > 1 {
            reader.warn(name, "`none` beside other exporters; nothing is exported by it")
        }
        if words.contains("none") { return (false, false) }
        return (words.contains("otlp"), words.contains("console"))
    }

    private func experimentalExporter(_ reader: inout TelemetryReader) -> ExporterSettings? {
        let isOn = reader.boolean(Self.switchName)
        let headers = reader.headers(Self.experimentalHeaders)
        guard isOn else {
            if reader.text(Self.experimentalEndpoint) != nil {
                reader.warn(
                    Self.experimentalEndpoint,
                    "is set, but \(Self.switchName) is not true: nothing is sent there")
            }
            return nil
        }
        guard let text = reader.text(Self.experimentalEndpoint) else {
            if reader.first([Self.tracesEndpoint, Self.endpoint]) == nil {
                reader.warn(
                    Self.switchName,
                    "is true, but no endpoint is set; traces go to http://localhost:4318")
            }
            var exporter = standardExporter(&reader, family: .experimental)
            if !headers.isEmpty { exporter?.headers = headers }
            return exporter
        }
        guard
            let endpoint = parse(
                text, from: Self.experimentalEndpoint, path: .traces, &reader)
        else { return nil }
        // The push is HTTP with protobuf, whatever the standard exporter speaks.
        return exporter(
            &reader, family: .experimental, endpoint, headers: headers, .httpProtobuf)
    }

    private func standardExporter(
        _ reader: inout TelemetryReader, family: ExporterSettings.Family
    ) -> ExporterSettings? {
        let word = reader.word(
            ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"],
            among: ExporterSettings.WireProtocol.allCases.map(\.rawValue))
        let wire = word.flatMap(ExporterSettings.WireProtocol.init) ?? .httpProtobuf
        guard let endpoint = standardEndpoint(wire, &reader) else { return nil }
        let name =
            reader.text("OTEL_EXPORTER_OTLP_TRACES_HEADERS") != nil
            ? "OTEL_EXPORTER_OTLP_TRACES_HEADERS" : "OTEL_EXPORTER_OTLP_HEADERS"
        let headers = reader.headers(name)
        return exporter(&reader, family: family, endpoint, headers: headers, wire)
    }

    /// The signal's endpoint as it is, else the base with the signal's path, else the default.
    private func standardEndpoint(
        _ wire: ExporterSettings.WireProtocol, _ reader: inout TelemetryReader
    ) -> Endpoint? {
        let set = reader.first([Self.tracesEndpoint, Self.endpoint])
        let isGRPC = wire == .grpc
        var text = set?.text ?? (isGRPC ? "http://localhost:4317" : "http://localhost:4318")
        if isGRPC, !text.contains("://") {
            let isInsecure = reader.first([
                "OTEL_EXPORTER_OTLP_TRACES_INSECURE", "OTEL_EXPORTER_OTLP_INSECURE",
            ])
            text = (isInsecure?.text.lowercased() == "true" ? "http://" : "https://") + text
        }
        return parse(
            text, from: set?.name,
            path: isGRPC ? .none : set?.name == Self.tracesEndpoint ? .slash : .traces, &reader)
    }

    private func parse(
        _ text: String, from variable: String?, path: Completion, _ reader: inout TelemetryReader
    ) -> Endpoint? {
        guard let parts = URLParts(text), ["http", "https"].contains(parts.scheme),
            parts.fragment == nil, parts.port != 0
        else {
            // Not shown: it may hold credentials.
            reader.warn(
                variable ?? Self.endpoint,
                "is not a URL such as http://host:4318; nothing is sent there")
            return nil
        }
        let tail = parts.query.map { "?" + $0 } ?? ""
        var front = String(text.dropLast(tail.count))
        switch path {
        case .traces:
            while front.last == "/" { front.removeLast() }
            if !front.hasSuffix("/v1/traces") { front += "/v1/traces" }
        case .slash:
            if parts.path.isEmpty { front += "/" }
        case .none:
            break
        }
        guard let final = URLParts(front + tail) else { return nil }
        return Endpoint(url: front + tail, parts: final, variable: variable)
    }

    private func exporter(
        _ reader: inout TelemetryReader, family: ExporterSettings.Family, _ endpoint: Endpoint,
        headers: [ExportHeader], _ wire: ExporterSettings.WireProtocol
    ) -> ExporterSettings {
        warnOfPort(endpoint, wire, &reader)
        let compression = reader.word(
            ["OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION"],
            among: ExporterSettings.Compression.allCases.map(\.rawValue))
        let timeout = reader.number(
            ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"],
            0...Int(Int32.max), default: 10_000)
        func file(_ name: String) -> String? {
            reader.first(["OTEL_EXPORTER_OTLP_TRACES_\(name)", "OTEL_EXPORTER_OTLP_\(name)"])?.text
        }
        let host = endpoint.parts.host
        let port = endpoint.parts.port.map { ":\($0)" } ?? ""
        return ExporterSettings(
            family: family,
            url: Secret(endpoint.url),
            displayURL: endpoint.parts.scheme + "://" + (host.contains(":") ? "[\(host)]" : host)
                + port + endpoint.parts.path,
            headers: headers,
            wireProtocol: wire,
            compression: compression.flatMap(ExporterSettings.Compression.init) ?? .none,
            timeout: timeout == 0 ? nil : .milliseconds(timeout),
            capturesContent: content.captures(family),
            caFile: file("CERTIFICATE"),
            clientCertificateFile: file("CLIENT_CERTIFICATE"),
            clientKeyFile: file("CLIENT_KEY"))
    }

    private func warnOfPort(
        _ endpoint: Endpoint, _ wire: ExporterSettings.WireProtocol,
        _ reader: inout TelemetryReader
    ) {
        guard let variable = endpoint.variable else { return }
        if wire != .grpc, endpoint.parts.port == 4317 {
            reader.warn(
                variable, "port 4317 usually speaks gRPC, not \(wire.rawValue): use port 4318")
        }
        if wire == .grpc, endpoint.parts.port == 4318 {
            reader.warn(variable, "port 4318 usually speaks HTTP, not gRPC: use port 4317")
        }
    }
}
