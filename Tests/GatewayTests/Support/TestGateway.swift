import Configuration
import Foundation
import Gateway
import GatewayTesting
import Networking
import Privacy
import Synchronization
import Telemetry
import Testing

/// A whole gateway on a real socket, whose traces stay in memory.
///
/// When it goes away it is drained: a request or connection that cannot be ended fails the test.
final class TestGateway {
    let address: ListenAddress
    let log = LogLines()
    private let queue: ExportQueue
    private let server: GatewayServer

    /// A gateway in front of `upstream`, a base URL. `settings` are keys of the configuration.
    init(
        _ upstream: String, _ settings: [String: String] = [:],
        environment: [String: String] = [:], content: Bool = false,
        sampler: Sampler = .default, telemetry: Telemetry? = nil, workers: Int = 1,
        logsJSON: Bool = false, logsDebug: Bool = true, file: String = ""
    ) throws {
        SignalSource.ignoreBrokenPipes()
        let configuration = try TestGateway.configuration(
            upstream, settings, environment, file: file)
        let limits = ExportQueue.Limits()
        queue = ExportQueue(limits: limits, counters: ExportCounters(exporter: "memory"))
        let memory = Tracer(
            sampler: sampler, limits: SpanLimits(), queues: [queue],
            ring: TraceRing(configuration.settings.debug, content: content ? .full : .off))
        let lines = log
        let services = GatewayServices(
            settings: configuration.settings, tracer: telemetry?.tracer ?? memory,
            exporters: telemetry?.counters ?? [queue.counters],
            contentForms: telemetry?.contentForms ?? (content ? ContentForms(.full) : []),
            log: Log(
                level: logsDebug ? .debug : .info, format: logsJSON ? .json : .text,
                now: { Clock.wall }, output: { lines.write($0) }))
        telemetry?.pushMetrics(of: services)
        server = GatewayServer(services: services, workers: workers)
        try server.start()
        address = server.addresses[0]
    }

    convenience init(
        _ upstream: FaultyUpstream, _ settings: [String: String] = [:],
        environment: [String: String] = [:], content: Bool = false,
        sampler: Sampler = .default, telemetry: Telemetry? = nil,
        logsJSON: Bool = false, logsDebug: Bool = true
    ) throws {
        try self.init(
            upstream.url("/v1"), settings, environment: environment, content: content,
            sampler: sampler, telemetry: telemetry, logsJSON: logsJSON, logsDebug: logsDebug)
    }

    /// Exporters in place of the memory.
    typealias Telemetry = TelemetryPipeline

    deinit {
        if !end() { Issue.record("the gateway could not be drained") }
        server.stop()
    }

    /// Drains the gateway, giving up what is still in progress. Answers whether that worked.
    private func end() -> Bool {
        let drained = DispatchSemaphore(value: 0)
        server.drain { drained.signal() }
        server.abandon()
        return drained.wait(timeout: .now() + 30) == .success
    }

    /// What SIGTERM does before the listener closes.
    func announceShutdown() { server.announceShutdown() }

    /// Closes the listener; the journal gets an entry when no request is left.
    func drain() -> Journal<Bool> {
        let journal = Journal<Bool>()
        server.drain { journal.append(true) }
        return journal
    }

    func abandon() { server.abandon() }

    /// The port that is listened on.
    var port: UInt16 {
        if case .tcp(_, let port) = address { port } else { 0 }
    }

    /// A client's connection.
    func connect() throws -> RawClient {
        try RawClient(address)
    }

    /// The first response to `request` on a connection of its own.
    func answer(to request: String, within milliseconds: Int = 30_000) throws -> RawClient.Response?
    {
        let client = try connect()
        client.send(request)
        return client.response(within: milliseconds)
    }

    /// The next traces that ended; fewer where they do not come in time.
    func traces(_ count: Int, within seconds: Double = 30) -> [RecordedTrace] {
        var result: [RecordedTrace] = []
        let end = Date(timeIntervalSinceNow: seconds)
        while result.count < count, Date() < end {
            if let trace = queue.take() {
                result.append(RecordedTrace(trace))
            } else {
                usleep(500)
            }
        }
        return result
    }

    /// The next trace that ended.
    func trace(
        within seconds: Double = 30, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> RecordedTrace {
        try #require(
            traces(1, within: seconds).first, "no trace was recorded",
            sourceLocation: sourceLocation)
    }

    /// Whether nothing more was recorded, looked at after a moment.
    var hasNoFurtherTrace: Bool {
        usleep(20_000)
        return queue.take() == nil
    }

    /// `file` is the text of a configuration file.
    static func configuration(
        _ upstream: String, _ settings: [String: String], _ environment: [String: String],
        file: String = ""
    ) throws -> LoadedConfiguration {
        let all = ["listener.address": "127.0.0.1:0", "upstream.url": upstream]
            .merging(settings) { $1 }
        let flags = all.map { ConfigurationFlag(flag: "--\($0)", path: $0, value: $1) }
        return try ConfigurationLoader.load(
            file: ConfigurationFile(name: "test.yaml", text: file), environment: environment,
            flags: flags
        ) { _ in "" }
    }
}

/// The log's lines.
final class LogLines: Sendable {
    private let lines = Mutex("")
    private let full = Mutex(false)

    /// While set, no line is taken.
    var isFull: Bool {
        get { full.withLock { $0 } }
        set { full.withLock { $0 = newValue } }
    }

    var text: String { lines.withLock { $0 } }
    var all: [String] { text.split(separator: "\n").map(String.init) }

    /// The lines about `event`, once there are so many or the wait is over.
    func lines(of event: String, _ count: Int) -> [String] {
        let end = Date(timeIntervalSinceNow: 30)
        while true {
            let found = all.filter {
                $0.contains(" event=\(event)") || $0.contains("\"event\":\"\(event)\"")
            }
            if found.count >= count || Date() > end { return found }
            usleep(500)
        }
    }

    func write(_ line: borrowing Span<UInt8>) -> Bool {
        guard !isFull else { return false }
        let text = line.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        lines.withLock { $0 += text }
        return true
    }
}
