import Configuration
import HTTPServer
import Networking
import Telemetry
import Upstream

/// The running gateway: its workers, each a thread, and the way it ends.
package final class GatewayServer {
    private let services: GatewayServices
    private let workers: [WorkerHandle]
    private var threads: [LoopThread] = []
    private var unixPaths: [String] = []
    /// The addresses that are listened on, with the ports the system chose.
    package private(set) var addresses: [ListenAddress] = []

    /// A gateway of so many workers, which do not run yet.
    package init(services: GatewayServices, workers count: Int) {
        self.services = services
        workers = (0..<count).map { WorkerHandle($0, services: services) }
    }

    /// Binds every listener, then starts the workers.
    package func start() throws(SocketError) {
        let settings = services.settings.listener
        let backlog = Int32(settings.backlog)
        for address in settings.addresses {
            let socket = try ListeningSocket(
                binding: address, workers: workers.count, backlog: backlog)
            addresses.append(socket.address)
            if case .unix(let path) = socket.address { unixPaths.append(path) }
            for (worker, descriptor) in zip(workers, socket.descriptors) {
                try worker.listen(on: descriptor, socket.address, backlog: backlog)
            }
        }
        for (index, worker) in workers.enumerated() {
            threads.append(LoopThread(name: "worker-\(index)", loop: worker.loop))
        }
    }

    /// `/readyz` answers 503 from now on, and responses close their connections; the listeners
    /// stay open.
    package func announceShutdown() {
        services.beginDraining()
    }

    /// Closes the listeners and lets requests in progress end; `drained` is called once none is
    /// left, on any thread.
    package func drain(_ drained: @escaping @Sendable () -> Void) {
        let countdown = Countdown(workers.count, then: drained)
        for worker in workers { worker.drain { countdown.step() } }
        for path in unixPaths { SocketFile.remove(path) }
    }

    /// Gives up the requests that are left. `drained` of `drain` is called soon after.
    package func abandon() {
        for worker in workers { worker.abandon() }
    }

    /// Ends the workers' threads. Nothing may be in progress.
    package func stop() {
        for worker in workers { worker.stop() }
        for thread in threads { thread.join() }
        threads.removeAll()
    }
}
