import Configuration
import HTTP1
import HTTPClient
import HTTPServer
import JSON
import Networking
import Telemetry
import Upstream

/// One thread of the gateway: a loop with its connections, its client for upstreams and its
/// memory. Everything in it but `services` is confined to the loop.
final class Worker {
    let services: GatewayServices
    let loop: EventLoop
    let ids: IDSource
    let bench: Workbench
    let meter: WorkerMeter
    let upstream: UpstreamServices
    /// nil where no answers are kept.
    let cache: WorkerCache?
    private(set) lazy var connections = Connections(
        loop: loop, settings: ConnectionSettings(services.settings),
        connectionsMax: services.settings.listener.connectionsMax
    ) { [unowned self] connection in await serve(connection) }

    init(_ number: Int, services: GatewayServices, loop: EventLoop) {
        ids = IDSource(lane: number)
        self.services = services
        self.loop = loop
        let settings = services.settings
        bench = Workbench(settings: settings, secret: services.secret)
        meter = services.metrics.meters.makeWorkerMeter()
        cache = services.cache.map {
            WorkerCache($0, secret: services.secret, loop: loop, log: services.log)
        }
        upstream = UpstreamServices(
            loop: loop, client: CurlClient(loop: loop, settings: .init(settings)), bench: bench,
            settings: settings, meter: meter, content: services.content)
    }

    /// Answers a connection's requests, one after another.
    private func serve(_ connection: HTTPConnection) async {
        services.metrics.connections.add(1)
        defer { services.metrics.connections.add(-1) }
        let template = ServerSpanTemplate()
        repeat {
            switch await connection.nextRequest() {
            case .closed: return
            case .request:
                if AdminEndpoints.answer(connection, services) { continue }
                if DebugEndpoints.answer(connection, services) { continue }
                if let page = CacheEndpoints.page(connection) {
                    await CacheEndpoints.answer(page, connection, self)
                    continue
                }
                let method = Int(connection.parser.head.method.rawValue)
                services.metrics.activeRequests.add(1)
                meter.requestBegan(method: method)
                if services.isDraining { connection.closeAfterResponse() }
                await Exchange(connection: connection, worker: self, template: template).run()
                meter.requestIsOver(method: method)
                services.metrics.activeRequests.add(-1)
            case .refused(let error):
                Exchange(connection: connection, worker: self, template: template).refuse(
                    GatewayError(error))
            case .timedOut:
                Exchange(connection: connection, worker: self, template: template).refuse(
                    GatewayError(.requestTimeout, "The request's head did not arrive in time."))
            }
        } while await connection.finishResponse()
    }
}

extension CurlClient.Settings {
    init(_ settings: Settings) {
        self.init()
        let upstream = settings.upstream
        idleConnectionsMax = upstream.connectionsMax
        idleAgeMax = Int(upstream.connectionAgeMax.milliseconds / 1000)
        lifetimeMax = Int((upstream.connectionLifetimeMax?.milliseconds ?? 0) / 1000)
        caFile = upstream.caFile
        proxy = upstream.proxy?.reveal()
        headBytesMax = settings.limits.upstreamHeaderBytesMax
        interimHeadsMax = settings.limits.informationalResponsesMax
    }
}

extension ConnectionSettings {
    init(_ settings: Settings) {
        self.init()
        http.requestLineBytesMax = settings.limits.requestLineBytesMax
        http.headerBytesMax = settings.limits.headerBytesMax
        http.headerFieldsMax = settings.limits.headerFieldsMax
        headerTimeout = settings.timeouts.header.milliseconds
        bodyIdleTimeout = settings.timeouts.bodyIdle.milliseconds
        keepAliveTimeout = settings.timeouts.keepAliveIdle.milliseconds
        writeStallTimeout = settings.timeouts.writeStall.milliseconds
        answersHalfClosed = settings.listener.halfClose == .answer
    }
}
