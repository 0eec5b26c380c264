import Bytes
import Crypto
import Networking

/// What happens to a node that others want to know.
protocol RedisNodeOwner: AnyObject {
    /// Where the node's server is to be found now.
    func locate(_ node: RedisNode) async throws(RedisError) -> ListenAddress
    /// The layer for a connection to `address`; nil: none.
    func makeTLS(for address: ListenAddress) throws(RedisError) -> RedisTLS?
    /// It became unavailable, or (nil) available again.
    func nodeChanged(_ node: RedisNode, error: RedisError?)
}

/// One server: a connection that is made when it is needed, and the breaker in front of it.
/// Confined to its loop.
final class RedisNode {
    /// Commands that a replica refuses reconnect at most that often, in milliseconds: it may be
    /// one for good.
    private static let reconnectInterval: UInt64 = 1000

    let loop: EventLoop
    let settings: RedisSettings
    /// What it is known by, before it is found.
    let name: ListenAddress
    private unowned let owner: any RedisNodeOwner
    private let greeting: RedisGreeting
    private(set) var connection: RedisConnection?
    private var breaker: CircuitBreaker
    private let probeTimer: LoopTimer
    private var reconnectedAt: UInt64 = 0
    private var isStopped = false
    private var lastServer: ListenAddress?

    init(
        loop: EventLoop, settings: RedisSettings, name: ListenAddress, greeting: RedisGreeting,
        owner: any RedisNodeOwner
    ) {
        self.loop = loop
        self.settings = settings
        self.name = name
        self.greeting = greeting
        self.owner = owner
        breaker = CircuitBreaker(
            failuresMax: settings.failuresMax, delayMin: settings.backoffMin,
            delayMax: settings.backoffMax)
        probeTimer = LoopTimer(loop: loop)
    }

    /// A command would be tried.
    var isAvailable: Bool { !breaker.isOpen && !isStopped }

    /// Where the connection leads, or led.
    var server: ListenAddress { connection?.server ?? lastServer ?? name }

    /// Begins to connect.
    func prepare() {
        guard isAvailable, connection == nil else { return }
        _ = connect()
    }

    /// Sends the request's command and waits for the answer, which may be an error reply.
    /// `isAsking`: behind ASKING, for a slot that is on its way to this node.
    func call(
        _ request: RedisRequest, isAsking: Bool = false
    ) async throws(RedisError) -> RedisReply {
        try start(request, isAsking: isAsking)
        return try await answer(to: request)
    }

    /// Puts the request in line.
    func start(_ request: RedisRequest, isAsking: Bool = false) throws(RedisError) {
        guard isAvailable else {
            throw RedisError(.open, reason: "the server was unavailable a moment ago")
        }
        let connection = connection ?? connect()
        if isAsking { try connection.start(RedisRequest(RedisCommand("ASKING"), due: request.due)) }
        try connection.start(request)
    }

    /// Waits for the answer to a request that was started.
    func answer(to request: RedisRequest) async throws(RedisError) -> RedisReply {
        let reply = try await request.answer()
        if let error = reply.error {
            noticed(error)
        } else {
            breaker.succeeded()
        }
        return reply
    }

    /// What an error reply says about the server, and not about the command alone.
    private func noticed(_ error: RedisError) {
        switch error.code {
        case "LOADING", "NOAUTH", "MASTERDOWN": connection?.close(error)
        case "READONLY":
            let now = RedisRequest.now
            guard now >= reconnectedAt + Self.reconnectInterval else { return }
            reconnectedAt = now
            // No failure: the next command finds the server that is the master by now.
            let connection = connection
            self.connection = nil
            connection?.close(error)
        default: breaker.succeeded()
        }
    }

    /// Ends the connection; nothing is tried any more.
    func stop() {
        guard !isStopped else { return }
        isStopped = true
        probeTimer.close()
        connection?.close(RedisError(.down, reason: "the client was closed"))
    }

    // MARK: Connecting

    private func connect() -> RedisConnection {
        let connection = RedisConnection(loop: loop, settings: settings, owner: self)
        self.connection = connection
        connection.open(
            { [self] () async throws(RedisError) in try await owner.locate(self) },
            tls: { [self] address throws(RedisError) in try owner.makeTLS(for: address) },
            greet: { [greeting] connection async throws(RedisError) in
                try await greeting.send(on: connection)
            })
        return connection
    }

    private func probe() {
        guard !isStopped, connection == nil else { return }
        _ = connect()
    }

    private func trip(_ error: RedisError, isSevere: Bool) {
        if breaker.failed(isSevere: isSevere) { owner.nodeChanged(self, error: error) }
    }
}

extension RedisNode: RedisConnectionOwner {
    func connectionReady(_ connection: RedisConnection) {
        lastServer = connection.server
        if breaker.connected() { owner.nodeChanged(self, error: nil) }
    }

    /// The connection goes on opening and is the probe.
    func connectionKeepsWaiting(_ connection: RedisConnection) {
        trip(
            RedisError(.timeout, reason: "no connection within the budget"), isSevere: true)
    }

    func connectionClosed(_ connection: RedisConnection, _ error: RedisError) {
        guard connection === self.connection else { return }
        self.connection = nil
        guard !isStopped else { return }
        switch error.kind {
        case .timeout, .auth, .loading, .tls: trip(error, isSevere: true)
        case .tooLarge: break
        default: trip(error, isSevere: false)
        }
        guard breaker.isOpen else { return }
        let random = UInt8.random(in: 0...255)
        probeTimer.start(after: breaker.nextDelay(random: random)) { [unowned self] in probe() }
    }
}
