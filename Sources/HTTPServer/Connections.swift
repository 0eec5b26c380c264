import Networking

/// The connections of one worker: accepts them on its loop, gives each a task, and ends them.
package final class Connections {
    private let loop: EventLoop
    private let settings: ConnectionSettings
    private let connectionsMax: Int
    private let serve: (HTTPConnection) async -> Void
    private var listeners: [Listener] = []
    private var open: ContiguousArray<HTTPConnection> = []
    private var isDraining = false
    private var drained: (() -> Void)?
    /// Connections that were closed at once because `connectionsMax` were open.
    package private(set) var refusedCount = 0

    /// `serve` loops over a connection's requests and returns when it is over; the connection is
    /// closed behind it. Beyond `connectionsMax` open ones (0: no limit) a new one is closed.
    package init(
        loop: EventLoop, settings: ConnectionSettings, connectionsMax: Int = 0,
        serve: @escaping (HTTPConnection) async -> Void
    ) {
        self.loop = loop
        self.settings = settings
        self.connectionsMax = connectionsMax
        self.serve = serve
    }

    /// Open connections, idle ones included.
    package var count: Int { open.count }

    /// Accepts connections of a listening descriptor, which becomes this object's.
    package func listen(
        on descriptor: Int32, address: ListenAddress, backlog: Int32
    ) throws(SocketError) {
        let listener = try Listener(
            loop: loop, descriptor: descriptor, address: address, backlog: backlog
        ) { [unowned self] stream in accepted(stream, at: address) }
        listeners.append(listener)
    }

    private func accepted(_ stream: SocketStream, at address: ListenAddress) {
        guard connectionsMax == 0 || open.count < connectionsMax else {
            refusedCount += 1
            stream.close()
            return
        }
        let connection = HTTPConnection(loop: loop, stream: stream, settings: settings)
        connection.listener = address
        connection.index = open.count
        open.append(connection)
        if isDraining { connection.drain() }
        loop.spawn { [self] in
            await serve(connection)
            remove(connection)
        }
    }

    private func remove(_ connection: HTTPConnection) {
        connection.close()
        let last = open.removeLast()
        if last !== connection {
            open[connection.index] = last
            last.index = connection.index
        }
        if isDraining, open.isEmpty { drained?() }
    }

    /// Accepts nothing any more.
    package func stopListening() {
        for listener in listeners { listener.close() }
        listeners.removeAll()
    }

    /// Lets every connection end with its current response. `drained` is called when none is
    /// left, at once where there is none.
    package func drain(_ drained: @escaping () -> Void) {
        isDraining = true
        self.drained = drained
        for connection in open { connection.drain() }
        if open.isEmpty { drained() }
    }

    /// Gives up the connections that are left: their clients count as gone.
    package func abandonAll() {
        for connection in open { connection.abandon() }
    }
}

extension HTTPConnection {
    /// The server cannot wait for this connection any longer.
    package func abandon() {
        lost()
    }
}
