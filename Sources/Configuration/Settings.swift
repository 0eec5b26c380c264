import Networking
import Privacy

/// What a process of the gateway runs with: file, environment and flags, merged and validated.
///
/// A snapshot: made once by `ConfigurationLoader` and shared by all workers. The values below
/// are the defaults, here and nowhere else; `SettingsTable` describes, parses and documents
/// each key and reads its default from here.
package struct Settings: Sendable, Equatable {
    /// Where clients come in.
    package internal(set) var listener = ListenerSettings()
    /// Keys hashes that must not be tried out; nil: random for the process.
    package internal(set) var secret: Secret?
    /// Worker threads, each with a loop; nil: one for each core this process may use.
    package internal(set) var workers: Int?
    /// The provider.
    package internal(set) var upstream = UpstreamSettings()
    /// Who may call.
    package internal(set) var keys = KeySettings()
    /// Sizes and counts.
    package internal(set) var limits = LimitSettings()
    /// How long anything may take.
    package internal(set) var timeouts = TimeoutSettings()
    /// What spans hold.
    package internal(set) var telemetry = TelemetrySettings()
    /// Where telemetry goes, below the `OTEL_*` variables.
    package internal(set) var export = ExportSettings()
    /// Prompts and answers on spans.
    package internal(set) var content = ContentSettings()
    /// Answers that are given again.
    package internal(set) var cache = CacheSettings()
    /// After SIGTERM.
    package internal(set) var shutdown = ShutdownSettings()
    /// The process's log.
    package internal(set) var log = LogSettings()
    /// The pages that show recent traces.
    package internal(set) var debug = DebugSettings()
    /// Who may see what the gateway knows.
    package internal(set) var admin = AdminSettings()

    /// The defaults.
    package init() {}
}

/// `listener`: where clients come in.
package struct ListenerSettings: Sendable, Equatable {
    /// At least one.
    package internal(set) var addresses = [ListenAddress.tcp(host: "127.0.0.1", port: 8787)]
    /// Connections the kernel completes before they are accepted, for each listening socket.
    package internal(set) var backlog = 1024
    /// Open client connections of a worker; a further one is closed at once.
    package internal(set) var connectionsMax = 10_000
    /// What EOF from a client during its request means.
    package internal(set) var halfClose = HalfClose.close
}

/// What a client's half-close (EOF while its request is in progress) means.
package enum HalfClose: String, Sendable, CaseIterable {
    /// The client is gone: the upstream call is cancelled.
    case close
    /// The client still reads: the answer is sent.
    case answer
}

/// `upstream`: the provider.
package struct UpstreamSettings: Sendable, Equatable {
    /// Base URL of an OpenAI-compatible API.
    package internal(set) var url = BaseURL.openAI
    /// Overrides `gen_ai.provider.name`; nil: told by the URL's host.
    package internal(set) var provider: String?
    /// Sent where the caller sent no key or a gateway key. Default: `OPENAI_API_KEY`, when set.
    package internal(set) var apiKey: Secret?
    /// PEM bundle used in place of the system's; a path.
    package internal(set) var caFile: String?
    /// Proxy URL, which may hold a password; nil: none, also where the environment names one.
    package internal(set) var proxy: Secret?
    /// Ask for `stream_options.include_usage` where the caller did not.
    package internal(set) var injectUsage = true
    /// Send `traceparent` and `tracestate`.
    package internal(set) var propagateTraceContext = true
    /// Send the caller's `baggage` on.
    package internal(set) var forwardBaggage = false
    /// Send the caller's `cookie` on.
    package internal(set) var forwardCookies = false
    /// Connections kept, for each worker. Fewer than calls in flight costs a connect a call.
    package internal(set) var connectionsMax = 2048
    /// Idle connections older than this are not used again; below the upstream's idle timeout.
    package internal(set) var connectionAgeMax = Duration.seconds(50)
    /// Connections older than this are not used again, so that a DNS change is noticed.
    package internal(set) var connectionLifetimeMax: Duration? = .seconds(600)
}

/// `keys`: who may call.
package struct KeySettings: Sendable, Equatable {
    /// Keys clients must present; empty: no key is asked for.
    package internal(set) var clientKeys: [ClientKeySettings] = []
}

/// A key of `keys.clientKeys`.
package struct ClientKeySettings: Sendable, Equatable {
    /// What spans and rules call its holder; several keys may have the same.
    package let name: String?
    /// The key itself.
    package let key: Secret

    /// A key; nil: nobody in particular's.
    package init(name: String?, key: Secret) {
        self.name = name
        self.key = key
    }
}

/// `limits`: sizes and counts. Bytes where the name says so; nil: off.
package struct LimitSettings: Sendable, Equatable {
    /// Beyond it 414.
    package internal(set) var requestLineBytesMax = 8 << 10
    /// All header fields of a request together; beyond it 431.
    package internal(set) var headerBytesMax = 64 << 10
    /// Beyond it 431.
    package internal(set) var headerFieldsMax = 100
    /// A request body on a typed path, which is buffered; beyond it 413.
    package internal(set) var bodyBytesMax = 32 << 20
    /// A request body that is streamed through; beyond it 413.
    package internal(set) var passThroughBodyBytesMax: Int?
    /// Bytes of one response waiting for a slow client before the upstream is paused.
    package internal(set) var streamBufferBytesMax = 256 << 10
    /// An unfinished event held back until its kind is known; beyond it, it is passed on.
    package internal(set) var heldEventBytesMax = 64 << 10
    /// Levels of nesting in a JSON body; beyond it 400.
    package internal(set) var jsonDepthMax = 128
    /// All header fields of an upstream's response together; beyond it 502.
    package internal(set) var upstreamHeaderBytesMax = 64 << 10
    /// A response body; beyond it 502, or the stream is cut.
    package internal(set) var responseBytesMax: Int?
    /// 1xx responses skipped before the upstream's answer; beyond it 502.
    package internal(set) var informationalResponsesMax = 10
    /// A stream is cut after this time.
    package internal(set) var streamDurationMax: Duration?
}

/// `timeouts`. nil: off.
package struct TimeoutSettings: Sendable, Equatable {
    /// From the first byte of a request to the end of its header; beyond it 408.
    package internal(set) var header = Duration.seconds(10)
    /// Between two reads of a request body; beyond it 408.
    package internal(set) var bodyIdle = Duration.seconds(30)
    /// Between two requests of a connection.
    package internal(set) var keepAliveIdle = Duration.seconds(75)
    /// A client that takes no byte for this long is cut off.
    package internal(set) var writeStall = Duration.seconds(60)
    /// To the upstream, TLS included; beyond it 504.
    package internal(set) var connect = Duration.seconds(10)
    /// From the request's start to the first byte of the upstream's answer; beyond it 504.
    package internal(set) var firstByte: Duration? = .seconds(600)
    /// Between two reads of the upstream's answer.
    package internal(set) var streamIdle: Duration? = .seconds(120)
    /// The whole upstream call.
    package internal(set) var total: Duration?
}

/// `telemetry`: what spans hold. Where they go is `TelemetryEnvironment`.
package struct TelemetrySettings: Sendable, Equatable {
    /// Baggage keys that become span attributes.
    package internal(set) var baggageAttributes: [BaggagePattern] = [
        BaggagePattern("session.id"), BaggagePattern("user.id"),
        BaggagePattern("gen_ai.conversation.id"), BaggagePattern("gen_ai.agent.*"),
        BaggagePattern("metadata.*"),
    ]
    /// Header fields that become span attributes.
    package internal(set) var headerAttributes: [HeaderAttribute] = []
    /// A wait for the next piece of a stream that counts as a stall.
    package internal(set) var streamStall = Duration.seconds(2)
    /// What a caller's `traceparent` does.
    package internal(set) var traceContext = IncomingTraceContext.trust
    /// `gen_ai.system` beside `gen_ai.provider.name`.
    package internal(set) var genAISystemAlias = true
    /// `gen_ai.usage.prompt_tokens` and its kin beside the current names.
    package internal(set) var legacyTokenNames = false
    /// System messages of a chat stay in `gen_ai.input.messages`.
    package internal(set) var systemMessagesInHistory = false
    /// Values of a metric's label with series of their own.
    package internal(set) var metricNamesMax = 200
    /// Encoded bytes of one export request.
    package internal(set) var exportBytesMax = 3584 << 10
    /// How `user.id` is recorded.
    package internal(set) var userID = UserIDForm.full
}

/// What a caller's `traceparent` does.
package enum IncomingTraceContext: String, Sendable, CaseIterable {
    /// Its trace is continued.
    case trust
    /// A new trace begins, linked to it.
    case restart
}

/// How the id of the user behind a call is recorded.
package enum UserIDForm: String, Sendable, CaseIterable {
    /// As the caller sent it.
    case full
    /// HMAC-SHA256 under `secret`.
    case hashed
    /// Not at all.
    case off
}

/// `content`: prompts and answers on spans.
package struct ContentSettings: Sendable, Equatable {
    /// Where content goes, unless the `OTEL_*` variable says otherwise.
    package internal(set) var capture = ContentCapture.auto
    /// The form in which it goes there where no rule says otherwise.
    package internal(set) var mode = ContentMode.full
    /// The most that the experimental push has of it.
    package internal(set) var experimentalMode = ContentMode.full
    /// The most that the `OTEL_*` exporter has of it.
    package internal(set) var otlpMode = ContentMode.full
    /// The most that is printed of it.
    package internal(set) var consoleMode = ContentMode.full
    /// The first that covers a call decides, in place of `mode`.
    package internal(set) var rules: [ContentRule] = []
    /// What is redacted beside what is built in.
    package internal(set) var patterns: [RedactionPattern] = []
    /// IP addresses are redacted too.
    package internal(set) var redactAddresses = false
    /// Base64 up to `partBytesMax` stays in messages.
    package internal(set) var keepBlobs = false
    /// One part of a message.
    package internal(set) var partBytesMax = 64 << 10
    /// All content of one attribute.
    package internal(set) var totalBytesMax = 256 << 10
}

/// The forms of content, as the file names them.
package enum ContentMode: String, Sendable, CaseIterable {
    case off, hashed, redacted, full

    /// The same in the terms of those who make it.
    package var form: ContentForm {
        switch self {
        case .off: .off
        case .hashed: .hashed
        case .redacted: .redacted
        case .full: .full
        }
    }
}

/// Whether message content goes on spans.
package enum ContentCapture: String, Sendable, CaseIterable {
    /// On for the experimental push, off for the `OTEL_*` exporter.
    case auto
    /// Nowhere.
    case off
    /// To every exporter.
    case span
}

/// `shutdown`: after SIGTERM.
package struct ShutdownSettings: Sendable, Equatable {
    /// How long the listener stays open while `/readyz` already answers 503.
    package internal(set) var delay = Duration.zero
    /// How long requests in progress may take.
    package internal(set) var drain = Duration.seconds(25)
}

/// `log`.
package struct LogSettings: Sendable, Equatable {
    /// The least important entries written.
    package internal(set) var level = LogLevel.info
    /// How they are written.
    package internal(set) var format = LogFormat.text
}

/// From chatty to quiet.
package enum LogLevel: String, Sendable, CaseIterable {
    case debug, info, warn, error

    /// What other programs call them.
    static let otherWords: [String: LogLevel] = [
        "trace": .debug, "warning": .warn, "critical": .error, "fatal": .error,
    ]
}

/// One line an entry either way.
package enum LogFormat: String, Sendable, CaseIterable {
    case text, json
}
