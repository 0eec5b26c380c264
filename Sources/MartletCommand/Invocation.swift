import Configuration

/// What the user wrote cannot be carried out.
struct UsageError: Error {
    let message: String

    init(_ message: String) {
        self.message = message
    }
}

/// A command line, taken apart.
struct Invocation {
    enum Command: String, CaseIterable {
        case serve, demo, check, cache, mock, version, help
    }

    let command: Command
    /// `--config`.
    private(set) var configPath: String?
    /// Flags that set keys of the configuration.
    private(set) var flags: [ConfigurationFlag] = []
    /// `--listen`, as written.
    private(set) var listen: String?
    /// `--once`: the demo ends when it has shown everything.
    private(set) var once = false
    /// `--semconv`: the check is one of spans.
    private(set) var semconv = false

    /// `--export`: the check sends something to every exporter.
    private(set) var export = false
    /// What `cache` is to do.
    private(set) var cacheAction = CacheAction.stats
    /// `--url`: the gateway to talk to.
    private(set) var url: String?
    /// `--json`: what the gateway answers is printed as it is.
    private(set) var json = false
    /// `--namespace`, `--tenant`, `--model`, by their names: which answers to forget.
    private(set) var selectors: [(name: String, value: String)] = []

    enum CacheAction: String {
        case stats, flush
    }

    /// Reads everything behind the program's name. Without a command: `serve`.
    init(_ arguments: [String]) throws(UsageError) {
        var rest = arguments[...]
        if rest.contains(where: { $0 == "--help" || $0 == "-h" }) {
            command = .help
            return
        }
        if rest.contains("--version") {
            command = .version
            return
        }
        if let first = rest.first, !first.hasPrefix("-") {
            guard let known = Command(rawValue: first) else {
                throw UsageError(
                    "unknown command '\(first)'; there are serve, demo, check, cache, mock and "
                        + "version")
            }
            command = known
            rest = rest.dropFirst()
        } else {
            command = .serve
        }
        if command == .cache {
            guard let word = rest.popFirst(), let action = CacheAction(rawValue: word) else {
                throw UsageError("'cache' needs to be told what to do: stats or flush")
            }
            cacheAction = action
        }
        while let flag = rest.popFirst() {
            try read(flag, &rest)
        }
    }

    /// Sets a key of the configuration as a last flag would.
    mutating func add(_ flag: ConfigurationFlag) {
        flags.append(flag)
    }

    /// Takes `--flag value` or `--flag=value`.
    private mutating func read(
        _ word: String, _ rest: inout ArraySlice<String>
    ) throws(UsageError) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let flag = String(parts[0])
        guard let use = Self.uses.first(where: { $0.flag == flag }),
            use.commands.contains(command), !use.isSelector || cacheAction == .flush
        else {
            let name = command == .cache ? "cache \(cacheAction.rawValue)" : command.rawValue
            throw UsageError("unknown flag '\(flag)' for '\(name)'; see martlet --help")
        }
        if use.isSwitch {
            guard parts.count == 1 else { throw UsageError("'\(flag)' takes no value") }
            if flag == "--once" { once = true }
            if flag == "--export" { export = true }
            if flag == "--semconv" { semconv = true }
            if flag == "--json" { json = true }
            return
        }
        guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst(), !value.isEmpty
        else { throw UsageError("'\(flag)' needs a value") }
        if flag == "--config" { configPath = value }
        if flag == "--listen" { listen = value }
        if flag == "--url" { url = value }
        if use.isSelector { selectors.append((String(flag.dropFirst(2)), value)) }
        if flag == "--key", !value.hasPrefix("env:"), !value.hasPrefix("file:") {
            throw UsageError(
                "'--key' takes env:NAME or file:PATH: others can see what a command line holds")
        }
        if let path = use.path {
            flags.append(ConfigurationFlag(flag: flag, path: path, value: value))
        }
    }

    private struct Use {
        let flag: String
        let commands: [Command]
        /// The key of the configuration it sets.
        let path: String?
        /// Takes no value.
        var isSwitch = false
        /// Says which answers to forget.
        var isSelector = false
    }

    private static let uses = [
        Use(flag: "--config", commands: [.serve, .check, .cache], path: nil),
        Use(
            flag: "--listen", commands: [.serve, .check, .demo, .mock],
            path: "listener.address"),
        Use(flag: "--upstream", commands: [.serve, .check], path: "upstream.url"),
        Use(flag: "--workers", commands: [.serve, .check], path: "workers"),
        Use(flag: "--once", commands: [.demo], path: nil, isSwitch: true),
        Use(flag: "--export", commands: [.check], path: nil, isSwitch: true),
        Use(flag: "--semconv", commands: [.check], path: nil, isSwitch: true),
        Use(flag: "--url", commands: [.cache], path: nil),
        Use(flag: "--key", commands: [.cache], path: "admin.key"),
        Use(flag: "--json", commands: [.cache], path: nil, isSwitch: true),
        Use(flag: "--namespace", commands: [.cache], path: nil, isSelector: true),
        Use(flag: "--tenant", commands: [.cache], path: nil, isSelector: true),
        Use(flag: "--model", commands: [.cache], path: nil, isSelector: true),
    ]

    static let help = """
        Martlet, an LLM gateway that leaves a trace of every call.

        usage: martlet [serve] [--config FILE] [--listen ADDRESS] [--upstream URL] [--workers N]
               martlet demo [--listen ADDRESS] [--once]
               martlet check [--export] [--semconv] [--config FILE]
               martlet cache stats | flush [--namespace N] [--tenant T] [--model M]
                     [--url URL] [--key env:NAME|file:PATH] [--json] [--config FILE]
               martlet mock [--listen ADDRESS]
               martlet version | --help

        serve    runs the gateway; needs no configuration. Point an OpenAI SDK at
                 http://127.0.0.1:8787/v1
        demo     runs the gateway before a mock provider, sends two calls and prints their
                 trace; needs no key and no network, and stays up unless --once is given
        check    validates the configuration and prints what would run; --export sends a test
                 span to every exporter and prints what each receiver answers; --semconv sends
                 a chat, a stream and an embeddings call through the gateway, as configured,
                 to a mock provider in this process, judges the spans by OpenTelemetry's
                 conventions and exits 1 where it finds something
        cache    asks a running gateway what its cache holds and has done (stats), or has it
                 forget answers (flush): all, or those of a namespace, of a tenant (the name
                 of a client key, or the 16 digits of keys in Redis) and of a model. The
                 gateway is the one that serve would be with this configuration, or that of
                 --url; the admin key is the configuration's (MARTLET_ADMIN_KEY), or --key
        mock     runs the mock provider alone

        Everything else is set by the environment (MARTLET_*, OTEL_*,
        EXPERIMENTAL_GEN_AI_OTEL_*) or a file: see config/martlet.yaml.
        """
}
