import HTTPServer
import Networking
import Synchronization

/// A worker as other threads see it.
// SAFETY: the worker is made and set up before its thread starts, and touched after that only by
// what runs on its loop.
final class WorkerHandle: @unchecked Sendable {
    let loop: EventLoop
    private let worker: Worker

    /// The worker with that number, from 0.
    init(_ number: Int, services: GatewayServices) {
        loop = EventLoop()
        worker = Worker(number, services: services, loop: loop)
    }

    /// Before the thread starts.
    func listen(
        on descriptor: Int32, _ address: ListenAddress, backlog: Int32
    ) throws(SocketError) {
        try worker.connections.listen(on: descriptor, address: address, backlog: backlog)
    }

    /// From any thread. `drained` is called on the loop.
    func drain(_ drained: @escaping @Sendable () -> Void) {
        loop.execute { [self] in
            worker.connections.stopListening()
            worker.connections.drain(drained)
        }
    }

    /// Ends the loop. From any thread; nothing is in progress.
    func stop() {
        loop.execute { [self] in
            worker.cache?.close()
            loop.stop()
        }
    }

    /// From any thread.
    func abandon() {
        loop.execute { [self] in worker.connections.abandonAll() }
    }
}

/// Calls back when it was stepped so many times, from any threads.
final class Countdown: Sendable {
    private let left: Atomic<Int>
    private let finished: @Sendable () -> Void

    init(_ count: Int, then finished: @escaping @Sendable () -> Void) {
        left = Atomic(count)
        self.finished = finished
    }

    func step() {
        if left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { finished() }
    }
}
