import Configuration
import Networking
import Testing

struct LoaderTests {
    /// Each key, its variable, and a value that is not the default.
    static let keys: [(path: String, variable: String, text: String)] = [
        ("workers", "MARTLET_WORKERS", "3"),
        ("listener.address", "MARTLET_LISTENER_ADDRESS", "127.0.0.1:9000"),
        ("listener.backlog", "MARTLET_LISTENER_BACKLOG", "17"),
        ("listener.connectionsMax", "MARTLET_LISTENER_CONNECTIONS_MAX", "18"),
        ("listener.halfClose", "MARTLET_LISTENER_HALF_CLOSE", "answer"),
        ("upstream.url", "MARTLET_UPSTREAM_URL", "http://127.0.0.1:1/v1"),
        ("upstream.provider", "MARTLET_UPSTREAM_PROVIDER", "groq"),
        ("upstream.apiKey", "MARTLET_UPSTREAM_API_KEY", "<redacted>"),
        ("upstream.caFile", "MARTLET_UPSTREAM_CA_FILE", "/ca.pem"),
        ("upstream.proxy", "MARTLET_UPSTREAM_PROXY", "http://u:p@proxy:3128"),
        ("upstream.injectUsage", "MARTLET_UPSTREAM_INJECT_USAGE", "false"),
        (
            "upstream.propagateTraceContext", "MARTLET_UPSTREAM_PROPAGATE_TRACE_CONTEXT",
            "false"
        ),
        ("upstream.forwardBaggage", "MARTLET_UPSTREAM_FORWARD_BAGGAGE", "true"),
        ("upstream.forwardCookies", "MARTLET_UPSTREAM_FORWARD_COOKIES", "true"),
        ("upstream.connectionsMax", "MARTLET_UPSTREAM_CONNECTIONS_MAX", "5"),
        ("upstream.connectionAgeMax", "MARTLET_UPSTREAM_CONNECTION_AGE_MAX", "5s"),
        ("upstream.connectionLifetimeMax", "MARTLET_UPSTREAM_CONNECTION_LIFETIME_MAX", "off"),
        ("keys.clientKeys", "MARTLET_KEYS_CLIENT_KEYS", "<redacted>"),
        ("limits.requestLineBytesMax", "MARTLET_LIMITS_REQUEST_LINE_BYTES_MAX", "4KiB"),
        ("limits.headerBytesMax", "MARTLET_LIMITS_HEADER_BYTES_MAX", "32KiB"),
        ("limits.headerFieldsMax", "MARTLET_LIMITS_HEADER_FIELDS_MAX", "50"),
        ("limits.bodyBytesMax", "MARTLET_LIMITS_BODY_BYTES_MAX", "1MiB"),
        (
            "limits.passThroughBodyBytesMax", "MARTLET_LIMITS_PASS_THROUGH_BODY_BYTES_MAX",
            "2GiB"
        ),
        ("limits.streamBufferBytesMax", "MARTLET_LIMITS_STREAM_BUFFER_BYTES_MAX", "128KiB"),
        ("limits.heldEventBytesMax", "MARTLET_LIMITS_HELD_EVENT_BYTES_MAX", "1023KiB"),
        ("limits.jsonDepthMax", "MARTLET_LIMITS_JSON_DEPTH_MAX", "64"),
        ("limits.upstreamHeaderBytesMax", "MARTLET_LIMITS_UPSTREAM_HEADER_BYTES_MAX", "12KiB"),
        ("limits.responseBytesMax", "MARTLET_LIMITS_RESPONSE_BYTES_MAX", "1025"),
        (
            "limits.informationalResponsesMax", "MARTLET_LIMITS_INFORMATIONAL_RESPONSES_MAX",
            "0"
        ),
        ("limits.streamDurationMax", "MARTLET_LIMITS_STREAM_DURATION_MAX", "90s"),
        ("timeouts.header", "MARTLET_TIMEOUTS_HEADER", "1500ms"),
        ("timeouts.bodyIdle", "MARTLET_TIMEOUTS_BODY_IDLE", "2s"),
        ("timeouts.keepAliveIdle", "MARTLET_TIMEOUTS_KEEP_ALIVE_IDLE", "3s"),
        ("timeouts.writeStall", "MARTLET_TIMEOUTS_WRITE_STALL", "4s"),
        ("timeouts.connect", "MARTLET_TIMEOUTS_CONNECT", "5s"),
        ("timeouts.firstByte", "MARTLET_TIMEOUTS_FIRST_BYTE", "1h"),
        ("timeouts.streamIdle", "MARTLET_TIMEOUTS_STREAM_IDLE", "off"),
        ("timeouts.total", "MARTLET_TIMEOUTS_TOTAL", "5m"),
        ("telemetry.baggageAttributes", "MARTLET_TELEMETRY_BAGGAGE_ATTRIBUTES", "tenant.*"),
        (
            "telemetry.headerAttributes", "MARTLET_TELEMETRY_HEADER_ATTRIBUTES",
            "x-agent=gen_ai.agent.name"
        ),
        ("telemetry.streamStall", "MARTLET_TELEMETRY_STREAM_STALL", "500ms"),
        ("telemetry.traceContext", "MARTLET_TELEMETRY_TRACE_CONTEXT", "restart"),
        ("telemetry.genAISystemAlias", "MARTLET_TELEMETRY_GEN_AI_SYSTEM_ALIAS", "false"),
        ("telemetry.legacyTokenNames", "MARTLET_TELEMETRY_LEGACY_TOKEN_NAMES", "true"),
        (
            "telemetry.systemMessagesInHistory", "MARTLET_TELEMETRY_SYSTEM_MESSAGES_IN_HISTORY",
            "true"
        ),
        ("telemetry.metricNamesMax", "MARTLET_TELEMETRY_METRIC_NAMES_MAX", "7"),
        ("telemetry.exportBytesMax", "MARTLET_TELEMETRY_EXPORT_BYTES_MAX", "1MiB"),
        ("export.endpoint", "MARTLET_EXPORT_ENDPOINT", "http://h:4318"),
        ("export.tracesEndpoint", "MARTLET_EXPORT_TRACES_ENDPOINT", "http://h/traces"),
        ("export.protocol", "MARTLET_EXPORT_PROTOCOL", "grpc"),
        ("export.headers", "MARTLET_EXPORT_HEADERS", "<redacted>"),
        ("export.compression", "MARTLET_EXPORT_COMPRESSION", "gzip"),
        ("export.timeout", "MARTLET_EXPORT_TIMEOUT", "3s"),
        ("export.caFile", "MARTLET_EXPORT_CA_FILE", "/ca.pem"),
        (
            "export.clientCertificateFile", "MARTLET_EXPORT_CLIENT_CERTIFICATE_FILE",
            "/client.pem"
        ),
        ("export.clientKeyFile", "MARTLET_EXPORT_CLIENT_KEY_FILE", "/client.key"),
        ("export.traces", "MARTLET_EXPORT_TRACES", "console"),
        ("export.metrics", "MARTLET_EXPORT_METRICS", "none"),
        ("export.logs", "MARTLET_EXPORT_LOGS", "otlp"),
        ("export.serviceName", "MARTLET_EXPORT_SERVICE_NAME", "shop"),
        ("secret", "MARTLET_SECRET", "<redacted>"),
        ("telemetry.userID", "MARTLET_TELEMETRY_USER_ID", "hashed"),
        ("content.mode", "MARTLET_CONTENT_MODE", "hashed"),
        ("content.experimentalMode", "MARTLET_CONTENT_EXPERIMENTAL_MODE", "redacted"),
        ("content.otlpMode", "MARTLET_CONTENT_OTLP_MODE", "off"),
        ("content.consoleMode", "MARTLET_CONTENT_CONSOLE_MODE", "hashed"),
        ("content.rules", "MARTLET_CONTENT_RULES", "{tenant: acme, mode: hashed}"),
        ("content.patterns", "MARTLET_CONTENT_PATTERNS", "{name: staff, match: 'EMP-[0-9]+'}"),
        ("content.redactAddresses", "MARTLET_CONTENT_REDACT_ADDRESSES", "true"),
        ("content.capture", "MARTLET_CONTENT_CAPTURE", "span"),
        ("content.keepBlobs", "MARTLET_CONTENT_KEEP_BLOBS", "true"),
        ("content.partBytesMax", "MARTLET_CONTENT_PART_BYTES_MAX", "1KiB"),
        ("content.totalBytesMax", "MARTLET_CONTENT_TOTAL_BYTES_MAX", "1MiB"),
        ("cache.store", "MARTLET_CACHE_STORE", "memory"),
        ("cache.redisURL", "MARTLET_CACHE_REDIS_URL", "redis://:pw@cache:6379/1"),
        ("cache.redisCAFile", "MARTLET_CACHE_REDIS_CA_FILE", "/ca.pem"),
        ("cache.redisBudget", "MARTLET_CACHE_REDIS_BUDGET", "20ms"),
        ("cache.ttl", "MARTLET_CACHE_TTL", "24h"),
        ("cache.entryBytesMax", "MARTLET_CACHE_ENTRY_BYTES_MAX", "2MiB"),
        ("cache.memoryBytesMax", "MARTLET_CACHE_MEMORY_BYTES_MAX", "1GiB"),
        ("cache.scope", "MARTLET_CACHE_SCOPE", "shared"),
        ("cache.namespace", "MARTLET_CACHE_NAMESPACE", "team-a"),
        ("cache.coalesce", "MARTLET_CACHE_COALESCE", "false"),
        ("cache.semanticModel", "MARTLET_CACHE_SEMANTIC_MODEL", "org/embed:latest"),
        ("cache.semanticThreshold", "MARTLET_CACHE_SEMANTIC_THRESHOLD", "0.875"),
        ("cache.semanticDefault", "MARTLET_CACHE_SEMANTIC_DEFAULT", "true"),
        ("cache.semanticURL", "MARTLET_CACHE_SEMANTIC_URL", "http://127.0.0.1:2/v1"),
        ("cache.semanticKey", "MARTLET_CACHE_SEMANTIC_KEY", "<redacted>"),
        ("cache.semanticTimeout", "MARTLET_CACHE_SEMANTIC_TIMEOUT", "250ms"),
        ("cache.semanticEntriesMax", "MARTLET_CACHE_SEMANTIC_ENTRIES_MAX", "500"),
        ("cache.semanticBytesMax", "MARTLET_CACHE_SEMANTIC_BYTES_MAX", "2MiB"),
        ("shutdown.delay", "MARTLET_SHUTDOWN_DELAY", "5s"),
        ("shutdown.drain", "MARTLET_SHUTDOWN_DRAIN", "1m"),
        ("log.level", "MARTLET_LOG_LEVEL", "debug"),
        ("log.format", "MARTLET_LOG_FORMAT", "json"),
        ("debug.tracesMax", "MARTLET_DEBUG_TRACES_MAX", "7"),
        ("debug.traceBytesMax", "MARTLET_DEBUG_TRACE_BYTES_MAX", "1MiB"),
        ("admin.key", "MARTLET_ADMIN_KEY", "<redacted>"),
    ]

    /// What a variable holds where that is not what is shown.
    static let spoken = [
        "content.rules": "tenant=acme mode=hashed",
        "content.patterns": "name=staff match=EMP-[0-9]+",
    ]

    @Test func `the table of this test names every key`() {
        #expect(Self.keys.map(\.path).sorted() == Settings().summary.map(\.path).sorted())
    }

    @Test(arguments: keys)
    func `each key can be set by its variable`(path: String, variable: String, text: String) throws
    {
        // Another limit would be in the way of this one.
        var environment = ["MARTLET_LIMITS_STREAM_BUFFER_BYTES_MAX": "2MiB"]
        if path == "cache.semanticModel" { environment["MARTLET_CACHE_STORE"] = "memory" }
        environment[variable] = Self.spoken[path] ?? text
        let settings = try load(environment: environment).settings
        let isSecret = [
            "upstream.apiKey", "upstream.proxy", "keys.clientKeys", "admin.key", "cache.redisURL",
            "secret", "export.endpoint", "export.tracesEndpoint", "export.headers",
        ].contains(path)
        #expect(value(path, settings) == (isSecret ? "<redacted>" : text))
        #expect(value(path, Settings()) != text)
    }

    @Test(arguments: keys)
    func `each key can be set by the file`(path: String, variable: String, text: String) throws {
        let parts = path.split(separator: ".")
        var value = Self.spoken[path] == nil ? text : "[\(text)]"
        if text == "<redacted>" { value = "env:CANARY" }
        if path == "cache.redisURL" { value = "env:REDIS" }
        if ["upstream.proxy", "export.endpoint", "export.tracesEndpoint"].contains(path) {
            value = "env:PROXY"
        }
        var yaml = parts.count == 1 ? "\(path): \(value)" : "\(parts[0]):\n  \(parts[1]): \(value)"
        if path == "limits.heldEventBytesMax" { yaml += "\n  streamBufferBytesMax: 2MiB" }
        if path == "cache.semanticModel" { yaml += "\n  store: memory" }
        let environment = [
            "CANARY": "sk-canary", "PROXY": "http://proxy:3128", "REDIS": "redis://cache",
        ]
        let settings = try load(yaml, environment: environment).settings
        let shown = ConfigurationTests.value(path, settings)
        #expect(shown == (value.hasPrefix("env:") ? "<redacted>" : text))
    }

    @Test func `nothing given is the defaults`() throws {
        let loaded = try load()
        #expect(loaded.settings == Settings())
        #expect(loaded.telemetry == TelemetryEnvironment())
        #expect(loaded.warnings.isEmpty)
    }

    @Test(arguments: [
        ("MARTLET_LISTEN", "127.0.0.1:1", "listener.address"),
        ("LOG_LEVEL", "debug", "log.level"),
        ("LOG_FORMAT", "json", "log.format"),
        ("MARTLET_API_KEYS", "k1", "keys.clientKeys"),
    ])
    func `a short variable wins over the file, and a full one over it`(
        short: String, text: String, path: String
    ) throws {
        let full = try #require(Self.keys.first { $0.path == path })
        let file = """
            listener: {address: "127.0.0.1:2"}
            log: {level: error, format: text}
            """
        let byShort = try load(file, environment: [short: text]).settings
        let isSecret = path == "keys.clientKeys"
        #expect(value(path, byShort) == (isSecret ? "<redacted>" : text))
        let byFull = try load(file, environment: [short: "1:1:1", full.variable: full.text])
            .settings
        #expect(value(path, byFull) == full.text)
    }

    @Test func `a flag wins over the environment, and the last flag over the first`() throws {
        let settings = try load(
            "listener: {address: '127.0.0.1:1'}",
            environment: ["MARTLET_LISTEN": "127.0.0.1:2"],
            flags: [
                ConfigurationFlag(flag: "--listen", path: "listener.address", value: "[::1]:3"),
                ConfigurationFlag(flag: "--listen", path: "listener.address", value: "[::1]:4"),
            ]
        ).settings
        #expect(settings.listener.addresses == [.tcp(host: "::1", port: 4)])
    }

    @Test func `an empty variable is as good as none`() throws {
        let empty = Dictionary(
            uniqueKeysWithValues: Self.keys.map { ($0.variable, "") } + [("OPENAI_API_KEY", "")])
        #expect(try load(environment: empty).settings == Settings())
    }

    @Test func `the file to read is the flag's, else the variable's`() {
        let set = ["MARTLET_CONFIG": "/b.yaml"]
        #expect(ConfigurationLoader.filePath(flag: "/a.yaml", environment: set) == "/a.yaml")
        #expect(ConfigurationLoader.filePath(flag: nil, environment: set) == "/b.yaml")
        #expect(ConfigurationLoader.filePath(flag: nil, environment: ["MARTLET_CONFIG": ""]) == nil)
    }

    @Test(arguments: [
        ("1ms", Duration.milliseconds(1)), ("10s", .seconds(10)), ("2m", .seconds(120)),
        ("1h", .seconds(3600)), ("1500ms", .milliseconds(1500)),
    ])
    func `times are read`(text: String, expected: Duration) throws {
        #expect(try load("timeouts: {total: \(text)}").settings.timeouts.total == expected)
    }

    @Test(arguments: [
        ("1024", 1024), ("2000", 2000), ("64KiB", 65_536), ("32MiB", 33_554_432),
        ("1GiB", 1_073_741_824), ("1TiB", 1_099_511_627_776),
    ])
    func `sizes are read`(text: String, expected: Int) throws {
        let settings = try load("limits: {responseBytesMax: \(text)}").settings
        #expect(settings.limits.responseBytesMax == expected)
    }

    @Test func `an address can be one or a list, in the file and in a variable`() throws {
        let two: [ListenAddress] = [.tcp(host: "::1", port: 1), .unix(path: "/run/m.sock")]
        let file = "listener:\n  address: ['[::1]:1', 'unix:/run/m.sock']\n"
        #expect(try load(file).settings.listener.addresses == two)
        let variable = ["MARTLET_LISTEN": "[::1]:1, unix:/run/m.sock"]
        #expect(try load(environment: variable).settings.listener.addresses == two)
        #expect(two.map(\.description) == ["[::1]:1", "unix:/run/m.sock"])
    }

    @Test func `an empty list of addresses is an error, an empty list of baggage keys is not`()
        throws
    {
        #expect(
            problems("listener: {address: []}")
                == ["test.yaml:1:21: `listener.address` is empty; at least one is needed"])
        let none = try load("telemetry: {baggageAttributes: []}").settings
        #expect(none.telemetry.baggageAttributes.isEmpty)
    }

    @Test(arguments: [
        ("https://API.example", "https://api.example", "api.example"),
        ("https://api.example/", "https://api.example", "api.example"),
        ("https://api.example:443/v1//", "https://api.example/v1", "api.example"),
        ("http://api.example:8080/a/b", "http://api.example:8080/a/b", "api.example:8080"),
        ("http://[::1]:80/v1", "http://[::1]/v1", "[::1]"),
    ])
    func `an upstream URL is cut up`(text: String, whole: String, authority: String) throws {
        let url = try load(environment: ["MARTLET_UPSTREAM_URL": text]).settings.upstream.url
        #expect(url.description == whole)
        #expect(url.authority == authority)
    }

    @Test(arguments: [
        "api.example/v1", "ftp://api.example", "https://", "https://:443/v1", "https://a b/v1",
        "https://a:70000", "https://a:0", "https://a?x=1", "https://a#x", "https://1.2.3.999/",
        "https://[::1", "https://exa\u{301}mple/", "https://a\\b/", "https://-a/", "://a",
    ])
    func `what is no base URL is refused`(text: String) {
        let found = problems(environment: ["MARTLET_UPSTREAM_URL": text])
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("MARTLET_UPSTREAM_URL: `upstream.url` ") == true)
    }

    @Test func `problems of file, environment and flags come together, each with its place`() {
        let found = problems(
            "workers: x\nlog: {level: loud}\n",
            environment: ["MARTLET_TIMEOUTS_TOTAL": "5", "LOG_FORMAT": "xml"],
            flags: [ConfigurationFlag(flag: "--workers", path: "workers", value: "-1")])
        #expect(
            found == [
                "test.yaml:1:10: `workers` is `x`, not a whole number",
                "test.yaml:2:14: `log.level` is `loud`, not one of debug, info, warn, error",
                "MARTLET_TIMEOUTS_TOTAL: `timeouts.total` is `5`, which lacks a unit: 5s or 5ms",
                "LOG_FORMAT: `log.format` is `xml`, not one of text, json",
                "--workers: `workers` is -1; the range is 1 to 1024",
            ])
    }

    @Test func `a value is shown cut and without control characters`() {
        let long = "a\u{1B}[31m\n" + String(repeating: "x", count: 5000)
        let found = problems(environment: ["LOG_LEVEL": long])
        #expect(found.count == 1)
        #expect(found[0].count < 160)
        #expect(found[0].allSatisfy { !$0.unicodeScalars.contains { $0.value < 0x20 } })
    }

    @Test func `booleans and words of the environment have no case`() throws {
        let settings = try load(environment: [
            "MARTLET_UPSTREAM_INJECT_USAGE": "FALSE", "LOG_LEVEL": "WARN",
        ]).settings
        #expect(!settings.upstream.injectUsage)
        #expect(settings.log.level == .warn)
    }

    @Test(
        "levels are known by the names that other programs have for them",
        arguments: [
            ("warning", LogLevel.warn), ("WARNING", .warn), ("trace", .debug), ("fatal", .error),
            ("critical", .error), ("Warn", .warn), ("info", .info),
        ])
    func knowsLevels(_ word: String, _ level: LogLevel) throws {
        #expect(try load(environment: ["LOG_LEVEL": word]).settings.log.level == level)
        let lower = word.lowercased()
        #expect(try load("log:\n  level: \(lower)\n").settings.log.level == level)
    }

    @Test func `a misspelt variable is warned of, one that others set is not`() throws {
        let warnings = try load(environment: [
            "MARTLET_LISTN": "x", "MARTLET_LIMITS_JSON_DEPT_MAX": "1",
            "MARTLET_SERVICE_HOST": "10.0.0.1", "MARTLET_PORT_8787_TCP_ADDR": "10.0.0.1",
            "MARTLET_CONFIG": "/x",
        ]).warnings
        #expect(
            warnings.map(\.description) == [
                "MARTLET_LIMITS_JSON_DEPT_MAX: no key has this variable "
                    + "(did you mean MARTLET_LIMITS_JSON_DEPTH_MAX?)",
                "MARTLET_LISTN: no key has this variable (did you mean MARTLET_LISTEN?)",
            ])
        #expect(warnings.allSatisfy { $0.severity == .warning })
    }

    @Test(arguments: [
        ("session.id", "session.id", true), ("session.id", "session.id2", false),
        ("metadata.*", "metadata.x", true), ("metadata.*", "metadata.", false),
        ("metadata.*", "metadata", false), ("metadata.*", "metadatax", false),
    ])
    func `baggage patterns match keys or prefixes`(pattern: String, key: String, matches: Bool) {
        #expect(BaggagePattern(pattern).matches(key) == matches)
    }
}
