import Bytes
import CCurl
import Glibc
import Networking

/// HTTP/1.1 transfers on pooled connections, on one event loop.
///
/// libcurl makes the connections: names, addresses, proxies, TLS. What is said on them is
/// `HTTPTransfer`'s. Transfers and their callbacks belong to the loop's thread. The client lives
/// as long as its loop, which is as long as the process.
@safe
package final class CurlClient {
    /// How connections are made; the same for all transfers of a client.
    package struct Settings: Sendable {
        /// Idle connections kept for reuse. Below the number in flight, connections are closed
        /// and opened all the time, which costs three times the CPU.
        package var idleConnectionsMax = 20_000
        /// Seconds a connection may idle and still be used again: below the server's own limit,
        /// because a server's close may cross with the request.
        package var idleAgeMax = 55
        /// Seconds after which a connection is not used again, so that a changed name is seen;
        /// 0 is no limit.
        package var lifetimeMax = 300
        /// A file of PEM certificates in place of the system's.
        package var caFile: String? {
            get { tls.caFile }
            set { tls.caFile = newValue }
        }
        /// Whom to trust, and what to show.
        package var tls = TLSFiles()
        /// A proxy's URL; requests go through it by CONNECT. The environment's are never used.
        package var proxy: String?
        /// Bytes of an answer's head that are accepted.
        package var headBytesMax = 64 << 10
        /// Interim answers (1xx) that are skipped before one is refused.
        package var interimHeadsMax = 16

        package init() {}
    }

    let loop: EventLoop
    let settings: Settings
    let pool: ConnectionPool
    /// What any connection reads into; bytes are handled at once.
    let readBuffer: UnsafeMutableRawBufferPointer
    let driver: CurlDriver
    private var idle: [HTTPTransfer] = []
    private var easies: [CurlEasy] = []

    /// Bytes one read may bring.
    static let readBufferBytes = 64 << 10
    /// curl's handles kept for further connections: as many as are made at a time.
    private static let easiesMax = 64
    /// Transfers kept for others; they are a few KB each.
    private static let idleTransfersMax = 1024

    package init(loop: EventLoop, settings: Settings = Settings()) {
        self.loop = loop
        self.settings = settings
        pool = ConnectionPool(loop: loop, settings: settings)
        // SAFETY: the buffer lives as long as the client; what is read into it is read from there.
        unsafe readBuffer = .allocate(byteCount: Self.readBufferBytes, alignment: 16)
        // The pool is the client's: curl is never to close one of its connections.
        driver = CurlDriver(loop: loop, connectionsMax: Int(Int32.max))
        // The client lives as long as its driver: connections that are made hold it.
        driver.onFinished = { [self] handle, code in
            finished(handle.owner(as: CurlEasy.self), code)
        }
    }

    /// A transfer to fill in and start; its owner gives it back by `release`.
    package func makeTransfer() -> HTTPTransfer {
        idle.popLast() ?? HTTPTransfer(client: self)
    }

    /// Connections that wait for a request.
    package var idleConnections: Int { pool.idleCount }

    func recycle(_ transfer: HTTPTransfer) {
        // Keep what a burst may want again, not what it left behind.
        if idle.count < Self.idleTransfersMax { idle.append(transfer) } else { transfer.close() }
    }

    // MARK: Making connections

    /// Has curl connect for `transfer`, which hears `connectionIsMade` or `connectionFailed`.
    /// The handle is what `abandon` gives up; nil where curl refuses.
    func connect(to origin: Origin, for transfer: HTTPTransfer) -> CurlEasy? {
        let easy = easies.popLast() ?? CurlEasy(client: self)
        easy.aim(at: origin, for: transfer)
        guard driver.add(easy.handle) else { return nil }
        easy.isAdded = true
        return easy
    }

    /// Gives up an attempt to connect.
    func abandon(_ easy: CurlEasy) {
        remove(easy)
    }

    /// Ends a connection through TLS, and keeps the handle, which knows the TLS session.
    func discard(_ easy: CurlEasy) {
        remove(easy)
        if easies.count < Self.easiesMax { easies.append(easy) }
    }

    private func remove(_ easy: CurlEasy) {
        easy.transfer = nil
        guard easy.isAdded else { return }
        easy.isAdded = false
        // curl closes the connection.
        driver.remove(easy.handle)
    }

    private func finished(_ easy: CurlEasy, _ code: CURLcode) {
        guard let transfer = easy.transfer, let origin = easy.origin else { return }
        easy.transfer = nil
        guard code == CURLE_OK else {
            abandon(easy)
            return transfer.connectionFailed(HTTPClientError(connecting: code))
        }
        guard let connection = takeOver(easy, origin) else {
            return transfer.connectionFailed(
                HTTPClientError(.connect, reason: "the connection could not be taken over"))
        }
        transfer.connectionIsMade(connection)
    }

    /// The connection curl made. A plain one is a socket, of which a duplicate serves as well:
    /// curl may forget its own, and the handle makes the next connection.
    private func takeOver(_ easy: CurlEasy, _ origin: Origin) -> PooledConnection? {
        let socket = easy.socket
        let peer = easy.peer
        let isPlain = !origin.isTLS && settings.proxy?.hasPrefix("https:") != true
        var own: Int32 = -1
        if socket >= 0 {
            own = isPlain ? fcntl(socket, F_DUPFD_CLOEXEC, 0) : socket
            driver.forget(socket)
        }
        if isPlain || own < 0 { discard(easy) }
        guard own >= 0 else { return nil }
        let connection = PooledConnection(
            client: self, origin: origin, socket: own, tls: isPlain ? nil : easy, peer: peer)
        guard connection.isUsable else {
            connection.close()
            return nil
        }
        return connection
    }
}
