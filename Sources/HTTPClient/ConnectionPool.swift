import Bytes
import Networking

/// The connections of a client that wait for a request.
final class ConnectionPool {
    private let settings: CurlClient.Settings
    private let loop: EventLoop
    private var origins: [Origin] = []
    /// Connections that idle.
    private(set) var idleCount = 0
    private var sweep: Deadline?

    /// Origins that are remembered; beyond, those without idle connections are forgotten.
    private static let originsMax = 64
    /// Milliseconds between looks for connections that have idled too long.
    private static let sweepInterval: UInt64 = 5000

    init(loop: EventLoop, settings: CurlClient.Settings) {
        self.loop = loop
        self.settings = settings
        sweep = Deadline(loop: loop) { [unowned self] in closeAged() }
    }

    /// The origin of that name: scheme and authority.
    func origin(_ name: Span<UInt8>, isTLS: Bool) -> Origin {
        for origin in origins where origin.matches(name) { return origin }
        if origins.count >= Self.originsMax { origins.removeAll { $0.idle.isEmpty } }
        let origin = Origin(name, isTLS: isTLS)
        origins.append(origin)
        return origin
    }

    /// The idle connection that was used last.
    func take(_ origin: Origin) -> PooledConnection? {
        while let connection = origin.idle.popLast() {
            if connection.isClosed { continue }
            idleCount -= 1
            if isFresh(connection) { return connection }
            connection.close()
        }
        return nil
    }

    /// Keeps a connection whose transfer has ended well, or closes it.
    func put(_ connection: PooledConnection) {
        guard idleCount < settings.idleConnectionsMax else { return connection.close() }
        connection.becomeIdle()
        guard isFresh(connection) else { return connection.close() }
        connection.origin.idle.append(connection)
        idleCount += 1
        if let sweep, sweep.at == .max { sweep.set(in: Self.sweepInterval) }
    }

    /// Closes an idle connection. Its place is given up when it is come upon.
    func drop(_ connection: PooledConnection) {
        guard connection.isIdle else { return }
        connection.close()
        idleCount -= 1
    }

    private func isFresh(_ connection: PooledConnection) -> Bool {
        let now = loop.now
        let lifetime = UInt64(settings.lifetimeMax) * 1000
        return now - connection.idleSince < UInt64(settings.idleAgeMax) * 1000
            && (lifetime == 0 || now - connection.madeAt < lifetime)
    }

    private func closeAged() {
        for origin in origins {
            origin.idle.removeAll { connection in
                if connection.isClosed { return true }
                if isFresh(connection) { return false }
                connection.close()
                idleCount -= 1
                return true
            }
        }
        if idleCount > 0 { sweep?.set(in: Self.sweepInterval) }
    }
}
