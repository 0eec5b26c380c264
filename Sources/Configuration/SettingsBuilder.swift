import Networking

/// Merges the sources over the defaults and keeps who set what.
struct SettingsBuilder {
    private(set) var settings = Settings()
    private(set) var diagnostics: [Diagnostic] = []
    private var origins: [String: Diagnostic.Location] = [:]
    private let environment: [String: String]
    private let readFile: (String) throws -> String

    init(environment: [String: String], readFile: @escaping (String) throws -> String) {
        self.environment = environment
        self.readFile = readFile
    }

    /// The file's keys and what is wrong in it.
    mutating func apply(_ file: ConfigurationFile) {
        let reader = FileReader(file)
        diagnostics += reader.diagnostics
        for setting in reader.settings {
            let places = setting.values.map { reader.location($0.position) }
            assign(
                setting.key, setting.values.map(\.text), isFile: true,
                places: places.isEmpty ? [reader.location(setting.position)] : places)
        }
    }

    /// The variables, the full name of a key winning over its short one.
    mutating func applyEnvironment() {
        for key in SettingsTable.keys {
            let names = [key.variable] + key.shortVariables
            if let name = names.first(where: { environment[$0]?.isEmpty == false }) {
                assign(key, variable: name)
            } else if origins[key.path] == nil, let name = key.fallbackVariable,
                environment[name]?.isEmpty == false
            {
                assign(key, variable: name)
            }
        }
        warnOfUnknownVariables()
    }

    /// The command line.
    mutating func apply(_ flag: ConfigurationFlag) {
        guard let key = SettingsTable.keys.first(where: { $0.path == flag.path }) else {
            preconditionFailure("\(flag.flag) sets the key \(flag.path), which is not there")
        }
        assign(key, values(flag.value, key), isFile: false, places: [.flag(flag.flag)])
    }

    /// What one key demands of another.
    mutating func checkTogether() {
        if settings.content.partBytesMax > settings.content.totalBytesMax {
            complain("content.partBytesMax", "is larger than content.totalBytesMax")
        }
        if settings.limits.heldEventBytesMax > settings.limits.streamBufferBytesMax {
            complain("limits.heldEventBytesMax", "is larger than limits.streamBufferBytesMax")
        }
        if settings.limits.requestLineBytesMax > settings.limits.headerBytesMax {
            complain("limits.requestLineBytesMax", "is larger than limits.headerBytesMax")
        }
        if let lifetime = settings.upstream.connectionLifetimeMax,
            lifetime < settings.upstream.connectionAgeMax
        {
            complain("upstream.connectionAgeMax", "is above upstream.connectionLifetimeMax")
        }
        if settings.cache.semanticModel != nil, settings.cache.kind == .off {
            complain("cache.semanticModel", "needs a cache.store")
        }
        checkCache()
        // Client keys that could not be read are said already.
        let areKeysMissing = !diagnostics.contains { $0.reason.hasPrefix("`keys.clientKeys`") }
        if areKeysMissing, let problem = settings.exposureProblem {
            diagnostics.append(
                Diagnostic(.error, at: origins["listener.address"] ?? .settings, problem))
        }
        sortDiagnostics()
    }

    /// The cache's store, and who could get whose answers from it.
    private mutating func checkCache() {
        let cache = settings.cache
        let isInRedis = cache.kind == .redis || cache.kind == .tiered
        // A URL that could not be read is said already.
        let isURLMissing = !diagnostics.contains { $0.reason.hasPrefix("`cache.redisURL`") }
        if isInRedis, cache.redisURL == nil, isURLMissing {
            complain(
                "cache.store",
                "is `\(cache.store.rawValue)`, and there is no URL: set cache.redisURL (REDIS_URL)")
        }
        if isInRedis, settings.secret == nil, cache.redisURL != nil {
            warn(
                "cache.redisURL",
                """
                answers in Redis are marked with a key of this process alone: others, and this \
                one once restarted, cannot read them; set MARTLET_SECRET to the same everywhere
                """)
        }
        if cache.kind != .off, cache.scope == .shared,
            let open = settings.listener.addresses.first(where: { !$0.isLoopback })
        {
            warn(
                "cache.scope",
                """
                `cache.scope` is `shared` and \(open) can be reached from other machines: \
                whoever may call gets the answers of all others
                """)
        }
    }

    private mutating func assign(_ key: SettingKey, variable name: String) {
        let text = environment[name] ?? ""
        assign(key, values(text, key), isFile: false, places: [.variable(name)])
    }

    private mutating func assign(
        _ key: SettingKey, _ values: [String], isFile: Bool, places: [Diagnostic.Location]
    ) {
        let source = ValueSource(isFile: isFile, environment: environment, readFile: readFile)
        for (index, problem) in key.type.assign(&settings, values, source) {
            diagnostics.append(
                Diagnostic(
                    .error, at: places[min(index, places.count - 1)],
                    "`\(key.path)` \(problem.reason)", suggestion: problem.suggestion))
        }
        origins[key.path] = places[0]
    }

    /// A variable's or flag's text as the values it stands for.
    private func values(_ text: String, _ key: SettingKey) -> [String] {
        // A comma list of secrets is cut up where it is resolved: it may be a reference.
        guard key.type.isList, !key.type.isSecret else { return [trimmed(text)] }
        // Members may hold commas.
        if !key.type.members.isEmpty {
            return text.split(separator: ";").map { trimmed($0) }.filter { !$0.isEmpty }
        }
        return text.split(separator: ",").map { trimmed($0) }.filter { !$0.isEmpty }
    }

    private mutating func complain(_ path: String, _ reason: String) {
        diagnostics.append(
            Diagnostic(.error, at: origins[path] ?? .settings, "`\(path)` \(reason)"))
    }

    private mutating func warn(_ path: String, _ reason: String) {
        diagnostics.append(Diagnostic(.warning, at: origins[path] ?? .settings, reason))
    }

    /// A misspelt variable is a warning: orchestrators set some of their own.
    private mutating func warnOfUnknownVariables() {
        let prefix = "MARTLET_"
        var known = ["CONFIG"]
        for key in SettingsTable.keys {
            known += ([key.variable] + key.shortVariables)
                .filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
        }
        for name in environment.keys.sorted() where name.hasPrefix(prefix) {
            let rest = String(name.dropFirst(prefix.count))
            guard !known.contains(rest), let near = NearestName.of(rest, among: known) else {
                continue
            }
            diagnostics.append(
                Diagnostic(
                    .warning, at: .variable(name), "no key has this variable",
                    suggestion: prefix + near))
        }
    }

    /// Those of the file by place, then the others in the order they were found.
    private mutating func sortDiagnostics() {
        func place(_ found: (index: Int, diagnostic: Diagnostic)) -> (Int, Int, Int) {
            if case .file(_, let line, let column) = found.diagnostic.location {
                return (line, column, found.index)
            }
            return (.max, .max, found.index)
        }
        let found = diagnostics.enumerated().map { (index: $0, diagnostic: $1) }
        diagnostics = found.sorted { place($0) < place($1) }.map(\.diagnostic)
    }
}

extension Settings {
    /// Why these settings would let strangers spend the provider's key; nil: they would not.
    ///
    /// A provider key or one for embeddings, a listener that is not loopback, and no client keys.
    package var exposureProblem: String? {
        guard upstream.apiKey != nil || cache.semanticKey != nil, keys.clientKeys.isEmpty,
            let open = listener.addresses.first(where: { !$0.isLoopback })
        else { return nil }
        return """
            `listener.address` \(open) can be reached from other machines and a provider key is \
            configured: set keys.clientKeys (MARTLET_API_KEYS), or listen on 127.0.0.1
            """
    }

    /// `path = value` for each key in the table's order; secrets are not shown.
    package var summary: [(path: String, value: String)] {
        SettingsTable.keys.map { ($0.path, $0.valueText(in: self) ?? "not set") }
    }
}
