/// Which exporters the two families of variables ask for.
struct ExporterReader {
    /// An endpoint after the rules for its path.
    private struct Endpoint {
        let url: String
        let parts: URLParts
        /// The variable it is from; nil: the default.
        let variable: String?
    }

    /// What is appended to an endpoint's path.
    private enum Completion {
        /// gRPC: nothing, and what is there is taken off; the transport adds the method.
        case none
        /// A URL that is used as it is: where it has no path.
        case slash
        /// A base URL: the signal's path after exactly one slash.
        case signal
    }

    private static let switchName = "EXPERIMENTAL_GEN_AI_OTEL_TRACES_ENABLED"
    private static let experimentalEndpoint = "EXPERIMENTAL_GEN_AI_OTEL_EXPORTER_OTLP_ENDPOINT"
    private static let experimentalHeaders = "EXPERIMENTAL_GEN_AI_OTEL_EXPORTER_OTLP_HEADERS"
    private static let experimentalTracesEndpoint =
        "EXPERIMENTAL_GEN_AI_OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
    private static let endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"

    private let content: ContentDecision

    init(_ content: ContentDecision) {
        self.content = content
    }

    /// At most one exporter of each family; the same URL in both is one exporter.
    func readTraces(_ reader: inout TelemetryReader) -> SignalSettings {
        var result = read(.traces, &reader)
        guard var experimental = experimentalExporter(&reader) else { return result }
        if let standard = result.exporters.first, standard.url == experimental.url {
            let names = experimental.headers.map { $0.name.lowercased() }
            experimental.headers += standard.headers.filter {
                !names.contains($0.name.lowercased())
            }
            result.exporters = []
        }
        result.exporters.insert(experimental, at: 0)
        return result
    }

    /// What the `OTEL_*` variables ask for.
    func read(_ signal: TelemetrySignal, _ reader: inout TelemetryReader) -> SignalSettings {
        let asked = standardDestinations(signal, &reader)
        let exporter =
            asked.otlp ? standardExporter(signal, &reader, family: .standard) : nil
        return SignalSettings(exporters: exporter.map { [$0] } ?? [], console: asked.console)
    }

    /// `OTEL_TRACES_EXPORTER`, or what follows from an endpoint being set.
    private func standardDestinations(
        _ signal: TelemetrySignal, _ reader: inout TelemetryReader
    ) -> (otlp: Bool, console: Bool) {
        let name = signal.exporterVariable
        let known = ["otlp", "console", "none"]
        // Metrics can always be fetched from /metrics: there is nothing to be done for that.
        let silent = signal == .metrics ? ["prometheus"] : []
        var words: [String] = []
        for word in reader.words(name) {
            if (known + silent).contains(word) {
                words.append(word)
            } else {
                reader.warn(
                    name, "\(quoted(word)) is not one of otlp, console, none; ignored",
                    suggestion: NearestName.of(word, among: known))
            }
        }
        if words.isEmpty {
            return (reader.first(signal.variables("ENDPOINT")) != nil, false)
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
        let set = reader.first([Self.experimentalTracesEndpoint, Self.experimentalEndpoint])
        guard isOn else {
            if let set {
                reader.warn(
                    set.name, "is set, but \(Self.switchName) is not true: nothing is sent there")
            }
            return nil
        }
        guard let set else {
            if reader.first(TelemetrySignal.traces.variables("ENDPOINT")) == nil {
                reader.warn(
                    Self.switchName,
                    "is true, but no endpoint is set; traces go to http://localhost:4318")
            }
            var exporter = standardExporter(.traces, &reader, family: .experimental)
            if !headers.isEmpty { exporter?.headers = headers }
            return exporter
        }
        let isBase = set.name == Self.experimentalEndpoint
        guard
            let endpoint = parse(
                set.text, from: set.name, path: isBase ? .signal : .slash, .traces, &reader)
        else { return nil }
        // The push is HTTP with protobuf, whatever the standard exporter speaks.
        return exporter(
            .traces, &reader, family: .experimental, endpoint, headers: headers, .httpProtobuf)
    }

    private func standardExporter(
        _ signal: TelemetrySignal, _ reader: inout TelemetryReader,
        family: ExporterSettings.Family
    ) -> ExporterSettings? {
        let word = reader.word(
            signal.variables("PROTOCOL"),
            among: ExporterSettings.WireProtocol.allCases.map(\.rawValue))
        let wire = word.flatMap(ExporterSettings.WireProtocol.init) ?? .httpProtobuf
        guard let endpoint = standardEndpoint(signal, wire, &reader) else { return nil }
        let headers = reader.first(signal.variables("HEADERS")).map { reader.headers($0.name) }
        return exporter(signal, &reader, family: family, endpoint, headers: headers ?? [], wire)
    }

    /// The signal's endpoint as it is, else the base with the signal's path, else the default.
    private func standardEndpoint(
        _ signal: TelemetrySignal, _ wire: ExporterSettings.WireProtocol,
        _ reader: inout TelemetryReader
    ) -> Endpoint? {
        let set = reader.first(signal.variables("ENDPOINT"))
        let isGRPC = wire == .grpc
        var text = set?.text ?? (isGRPC ? "http://localhost:4317" : "http://localhost:4318")
        if isGRPC, !text.contains("://") {
            let isInsecure = reader.first(signal.variables("INSECURE"))
            text = (isInsecure?.text.lowercased() == "true" ? "http://" : "https://") + text
        }
        let isOwn = set?.name == signal.signalVariable("ENDPOINT")
        return parse(
            text, from: set?.name, path: isGRPC ? .none : isOwn ? .slash : .signal, signal,
            &reader)
    }

    private func parse(
        _ text: String, from variable: String?, path: Completion, _ signal: TelemetrySignal,
        _ reader: inout TelemetryReader
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
        case .signal:
            while front.last == "/" { front.removeLast() }
            // A base URL that names a signal already means that place for all.
            for known in TelemetrySignal.allCases where front.hasSuffix(known.path) {
                front.removeLast(known.path.count)
            }
            front += signal.path
        case .slash:
            if parts.path.isEmpty { front += "/" }
        case .none:
            if parts.path.count > 1 || parts.query != nil {
                reader.warn(
                    variable ?? Self.endpoint,
                    "has a path, which gRPC does not: it is left out")
            }
            return Endpoint(
                url: text.prefix(text.count - tail.count - parts.path.count).description,
                parts: parts.withoutPath, variable: variable)
        }
        guard let final = URLParts(front + tail) else { return nil }
        return Endpoint(url: front + tail, parts: final, variable: variable)
    }

    private func exporter(
        _ signal: TelemetrySignal, _ reader: inout TelemetryReader,
        family: ExporterSettings.Family, _ endpoint: Endpoint, headers: [ExportHeader],
        _ wire: ExporterSettings.WireProtocol
    ) -> ExporterSettings {
        warnOfPort(endpoint, wire, &reader)
        let compression = reader.word(
            signal.variables("COMPRESSION"),
            among: ExporterSettings.Compression.allCases.map(\.rawValue))
        let timeout = reader.number(
            signal.variables("TIMEOUT"), 0...Int(Int32.max), default: 10_000)
        func file(_ name: String) -> String? {
            reader.first(signal.variables(name))?.text
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
            capturesContent: captures(signal, family),
            caFile: file("CERTIFICATE"),
            clientCertificateFile: file("CLIENT_CERTIFICATE"),
            clientKeyFile: file("CLIENT_KEY"))
    }

    private func captures(_ signal: TelemetrySignal, _ family: ExporterSettings.Family) -> Bool {
        switch signal {
        case .traces: content.captures(family)
        case .metrics: false
        case .logs: content.onEvents
        }
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
