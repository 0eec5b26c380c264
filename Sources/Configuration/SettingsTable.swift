/// Every key, in the order of the example file and the reference.
///
/// Parsing, the environment's names, diagnostics and documents are derived from it; defaults
/// are those of `Settings`.
enum SettingsTable {
    /// The sections in order, with a sentence each.
    static let sections: [(name: String, doc: String)] = [
        ("listener", "Where clients come in."),
        ("upstream", "The provider calls are sent to."),
        ("keys", "Who may call."),
        ("limits", "Sizes and counts beyond which a request or an answer is refused."),
        ("timeouts", "How long anything may take."),
        ("telemetry", "What spans hold."),
        ("export", "Where traces, metrics and logs go; the `OTEL_*` variables win over each key."),
        ("content", "Prompts and answers on spans."),
        ("cache", "Answers that are given again without a call of the provider."),
        ("shutdown", "What happens after SIGTERM."),
        ("log", "The process's own log, on standard error."),
        ("debug", "Pages that show recent traces."),
        ("admin", "Who may see what the gateway knows."),
    ]

    static let keys: [SettingKey] =
        listener + upstream + clientKeys + limits + timeouts + telemetry + export + content
        + cache + semanticCache + shutdown + debug

    private static let second = Duration.seconds(1)
    private static let hour = Duration.seconds(3600)
    private static let day = Duration.seconds(86_400)
    private static let tick = Duration.milliseconds(1)
    private static let kibibyte = 1 << 10
    private static let gibibyte = 1 << 30

    private static let listener: [SettingKey] = [
        SettingKey(
            "workers", .count(\.workers, 1...1024, none: "auto"),
            """
            Worker threads, each with its own event loop; `auto` is one for each core that the \
            affinity mask and the cgroup allow.
            """),
        SettingKey(
            "secret", .secret(\.secret), example: "env:MARTLET_SECRET_VALUE",
            """
            Keys the hashes of content and users, so that nobody without it can try out what was \
            hashed, and the marks that protect answers in Redis from forgery; without one, the \
            process makes its own and no two agree.
            """),
        SettingKey(
            "listener.address", .addresses(\.listener.addresses), short: ["MARTLET_LISTEN"],
            """
            `host:port`, `"[::1]:port"` (in quotes) or `unix:/path`; anything but loopback needs \
            client keys where a provider key is configured.
            """),
        SettingKey(
            "listener.backlog", .count(\.listener.backlog, 1...65_535),
            "Connections the kernel completes before they are accepted, for each socket."),
        SettingKey(
            "listener.connectionsMax", .count(\.listener.connectionsMax, 1...1_000_000),
            "Open client connections of a worker; a further one is closed at once."),
        SettingKey(
            "listener.halfClose", .choice(\.listener.halfClose),
            """
            A client that closes its sending side during a request is taken as gone (`close`) \
            or still served (`answer`).
            """),
    ]

    private static let upstream: [SettingKey] = [
        SettingKey(
            "upstream.url", .baseURL(\.upstream.url),
            "Base URL of an OpenAI-compatible API."),
        SettingKey(
            "upstream.provider", .identifier(\.upstream.provider), example: "openai",
            "Value of `gen_ai.provider.name`; without it the URL's host decides."),
        SettingKey(
            "upstream.apiKey", .secret(\.upstream.apiKey), fallback: "OPENAI_API_KEY",
            example: "env:OPENAI_API_KEY",
            """
            The provider's key, sent where the caller sent none or sent a client key of this \
            gateway.
            """),
        SettingKey(
            "upstream.caFile", .path(\.upstream.caFile), example: "/etc/ssl/company.pem",
            "PEM bundle of the authorities trusted in place of the system's."),
        SettingKey(
            "upstream.proxy", .proxyURL(\.upstream.proxy),
            """
            Proxy between here and the upstream (`http`, `https`, `socks5`, `socks5h`); \
            `HTTPS_PROXY` and its kin are not read.
            """),
        SettingKey(
            "upstream.injectUsage", .boolean(\.upstream.injectUsage),
            """
            Ask for the usage of a stream where the caller did not, and take it out of what the \
            caller gets.
            """),
        SettingKey(
            "upstream.propagateTraceContext", .boolean(\.upstream.propagateTraceContext),
            "Send `traceparent` and `tracestate`."),
        SettingKey(
            "upstream.forwardBaggage", .boolean(\.upstream.forwardBaggage),
            "Send the caller's `baggage` on."),
        SettingKey(
            "upstream.forwardCookies", .boolean(\.upstream.forwardCookies),
            "Send the caller's `cookie` on."),
        SettingKey(
            "upstream.connectionsMax", .count(\.upstream.connectionsMax, 1...100_000),
            "Connections each worker keeps; fewer than calls in flight costs a connect a call."),
        SettingKey(
            "upstream.connectionAgeMax", .duration(\.upstream.connectionAgeMax, second...day),
            "A connection idle for longer is not used again; keep it below the upstream's own."),
        SettingKey(
            "upstream.connectionLifetimeMax",
            .duration(\.upstream.connectionLifetimeMax, second...day),
            "A connection older than this is not used again, so that a DNS change is noticed."),
    ]

    private static let clientKeys: [SettingKey] = [
        SettingKey(
            "keys.clientKeys", .clientKeys(\.keys.clientKeys), short: ["MARTLET_API_KEYS"],
            example: "[file:/run/secrets/client-keys, {name: acme, key: env:ACME_KEY}]",
            """
            Keys of which a client must present one; a file holds one a line, a variable a \
            comma list. A name says on spans and in rules whose it is. Without any, no key is \
            asked for.
            """)
    ]

    private static let limits: [SettingKey] = [
        SettingKey(
            "limits.requestLineBytesMax",
            .bytes(\.limits.requestLineBytesMax, 256...(1 << 20)),
            "A longer request line is answered 414."),
        SettingKey(
            "limits.headerBytesMax", .bytes(\.limits.headerBytesMax, kibibyte...(1 << 20)),
            "A larger request header is answered 431."),
        SettingKey(
            "limits.headerFieldsMax", .count(\.limits.headerFieldsMax, 1...10_000),
            "More header fields are answered 431."),
        SettingKey(
            "limits.bodyBytesMax", .bytes(\.limits.bodyBytesMax, kibibyte...gibibyte),
            "A larger body of a chat, completion, embeddings or responses call is answered 413."),
        SettingKey(
            "limits.passThroughBodyBytesMax",
            .bytes(\.limits.passThroughBodyBytesMax, kibibyte...(1 << 40)),
            "A larger body on any other path is answered 413."),
        SettingKey(
            "limits.streamBufferBytesMax",
            .bytes(\.limits.streamBufferBytesMax, (16 * kibibyte)...gibibyte),
            "Bytes of one answer that wait for a slow client before the upstream is paused."),
        SettingKey(
            "limits.heldEventBytesMax",
            .bytes(\.limits.heldEventBytesMax, kibibyte...(16 << 20)),
            "An unfinished event is held back to this size where usage is taken out of a stream."),
        SettingKey(
            "limits.jsonDepthMax", .count(\.limits.jsonDepthMax, 8...1024),
            "Deeper nesting in a JSON body is answered 400."),
        SettingKey(
            "limits.upstreamHeaderBytesMax",
            .bytes(\.limits.upstreamHeaderBytesMax, kibibyte...(1 << 20)),
            "A larger header of an upstream's answer is a protocol error (502)."),
        SettingKey(
            "limits.responseBytesMax",
            .bytes(\.limits.responseBytesMax, kibibyte...(1 << 40)),
            "A larger answer is refused (502), or cut where it has begun."),
        SettingKey(
            "limits.informationalResponsesMax",
            .count(\.limits.informationalResponsesMax, 0...1000),
            "More 1xx responses before an upstream's answer are a protocol error (502)."),
        SettingKey(
            "limits.streamDurationMax",
            .duration(\.limits.streamDurationMax, second...day),
            "A stream that lasts longer is cut."),
    ]

    private static let timeouts: [SettingKey] = [
        SettingKey(
            "timeouts.header", .duration(\.timeouts.header, tick...hour),
            "From a request's first byte to the end of its header (408)."),
        SettingKey(
            "timeouts.bodyIdle", .duration(\.timeouts.bodyIdle, tick...hour),
            "Without a byte of the request body (408)."),
        SettingKey(
            "timeouts.keepAliveIdle", .duration(\.timeouts.keepAliveIdle, tick...day),
            "Between two requests of a connection."),
        SettingKey(
            "timeouts.writeStall", .duration(\.timeouts.writeStall, tick...day),
            "Without the client taking a byte; the connection is cut."),
        SettingKey(
            "timeouts.connect", .duration(\.timeouts.connect, tick...hour),
            "To connect to the upstream, TLS included (504)."),
        SettingKey(
            "timeouts.firstByte", .duration(\.timeouts.firstByte, tick...day),
            "From the upstream call's start to the first byte of its answer (504)."),
        SettingKey(
            "timeouts.streamIdle", .duration(\.timeouts.streamIdle, tick...day),
            "Without a byte of the upstream's answer."),
        SettingKey(
            "timeouts.total", .duration(\.timeouts.total, tick...day),
            "The whole upstream call."),
    ]

    private static let telemetry: [SettingKey] = [
        SettingKey(
            "telemetry.baggageAttributes",
            .baggagePatterns(\.telemetry.baggageAttributes),
            "Baggage keys that become span attributes."),
        SettingKey(
            "telemetry.headerAttributes",
            .headerAttributes(\.telemetry.headerAttributes),
            example: "[x-session-id=gen_ai.conversation.id]",
            "Header fields of the caller whose values become span attributes."),
        SettingKey(
            "telemetry.streamStall", .duration(\.telemetry.streamStall, tick...hour),
            "A stream's wait for its next piece that is counted as a stall on the span."),
        SettingKey(
            "telemetry.traceContext", .choice(\.telemetry.traceContext),
            """
            A caller's trace is continued (`trust`), or a new one begins that links to it \
            (`restart`).
            """),
        SettingKey(
            "telemetry.genAISystemAlias", .boolean(\.telemetry.genAISystemAlias),
            "Write `gen_ai.system` beside `gen_ai.provider.name`."),
        SettingKey(
            "telemetry.legacyTokenNames", .boolean(\.telemetry.legacyTokenNames),
            "Write `gen_ai.usage.prompt_tokens` and its kin beside the current names."),
        SettingKey(
            "telemetry.systemMessagesInHistory",
            .boolean(\.telemetry.systemMessagesInHistory),
            """
            Keep a chat's system messages in `gen_ai.input.messages`, not in \
            `gen_ai.system_instructions`.
            """),
        SettingKey(
            "telemetry.metricNamesMax", .count(\.telemetry.metricNamesMax, 1...2000),
            """
            Models, and values of each other label that comes from outside, with a series of \
            their own in the metrics; the rest is `other`.
            """),
        SettingKey(
            "telemetry.exportBytesMax",
            .bytes(\.telemetry.exportBytesMax, (64 * kibibyte)...(64 << 20)),
            "Encoded bytes of one export request; many receivers take 4 MiB at most."),
        SettingKey(
            "telemetry.userID", .choice(\.telemetry.userID),
            """
            `user.id` of the body (`safety_identifier`, `user`), of baggage and of \
            `x-portkey-metadata`: as it is, hashed, or left out.
            """),
    ]

    private static let content: [SettingKey] = [
        SettingKey(
            "content.capture", .choice(\.content.capture),
            """
            Messages on spans: `auto` is on for the experimental push and off for the `OTEL_*` \
            exporter; `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` wins.
            """),
        SettingKey(
            "content.mode", .choice(\.content.mode),
            """
            The form in which it goes there: nothing, hashes that tell equal texts, texts \
            without personal data and credentials, or all.
            """),
        SettingKey(
            "content.experimentalMode", .choice(\.content.experimentalMode),
            "The most that the experimental push has of it; the stricter of two modes counts."),
        SettingKey(
            "content.otlpMode", .choice(\.content.otlpMode),
            "The most that the `OTEL_*` exporter has of it."),
        SettingKey(
            "content.consoleMode", .choice(\.content.consoleMode),
            "The most that the console exporter has of it."),
        SettingKey(
            "content.rules", .contentRules(\.content.rules),
            example: "[{tenant: acme, mode: hashed}, {path: /v1/embeddings, mode: off}]",
            """
            The first rule whose `tenant` (the name of a client key), `path` and `model` (`*` is \
            any text) are those of a call decides in place of `content.mode`.
            """),
        SettingKey(
            "content.patterns", .redactionPatterns(\.content.patterns),
            example: "[{name: employee, match: \"EMP-[0-9]{6}\"}]",
            """
            POSIX extended regular expressions whose matches `redacted` replaces by their names, \
            as `<employee>`.
            """),
        SettingKey(
            "content.redactAddresses", .boolean(\.content.redactAddresses),
            "`redacted` takes IP addresses out too."),
        SettingKey(
            "content.keepBlobs", .boolean(\.content.keepBlobs),
            "Base64 of images, sound and files up to `content.partBytesMax` stays in messages."),
        SettingKey(
            "content.partBytesMax", .bytes(\.content.partBytesMax, 256...(16 << 20)),
            "A longer part of a message is cut."),
        SettingKey(
            "content.totalBytesMax", .bytes(\.content.totalBytesMax, kibibyte...(16 << 20)),
            "Content of one attribute beyond this is left out."),
    ]

    private static let shutdown: [SettingKey] = [
        SettingKey(
            "shutdown.delay", .duration(\.shutdown.delay, .zero...hour),
            "How long connections are still accepted while `/readyz` already answers 503."),
        SettingKey(
            "shutdown.drain", .duration(\.shutdown.drain, .zero...day),
            "How long requests in progress may take."),
        SettingKey(
            "log.level", .choice(\.log.level, others: LogLevel.otherWords), short: ["LOG_LEVEL"],
            "The least important entries that are written."),
        SettingKey(
            "log.format", .choice(\.log.format), short: ["LOG_FORMAT"],
            "Text for people, or a JSON object a line."),
    ]
}
