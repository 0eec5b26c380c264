import Synchronization

// SAFETY: `signal` touches an atomic and enqueues on the loop; the other members are used on the
// loop's thread only.

/// Wakes one task of a loop from any thread.
///
/// A signal that comes before the wait is kept; several are one. Everything but `signal` belongs
/// to the loop's thread.
package final class LoopSignal: @unchecked Sendable {
    private let loop: EventLoop
    private let isSignalled = Atomic<Bool>(false)
    private let point = WaitPoint()
    private var isWaiting = false

    /// A signal for a task of `loop`.
    package init(loop: EventLoop) {
        self.loop = loop
    }

    /// Lets the waiting task go on, soon. From any thread.
    package func signal() {
        // The first of several tells the loop, and only once until the task has seen it.
        guard !isSignalled.exchange(true, ordering: .acquiringAndReleasing) else { return }
        loop.execute { self.resume() }
    }

    /// Suspends the calling task of the loop until `signal`, or for `milliseconds` (nil: without
    /// end). One waiter at a time.
    package func wait(milliseconds: UInt64?) async {
        if !isSignalled.load(ordering: .acquiring) {
            isWaiting = true
            let timer = LoopTimer(loop: loop)
            if let milliseconds { timer.start(after: milliseconds) { [self] in resume() } }
            await point.wait()
            timer.close()
        }
        isSignalled.store(false, ordering: .releasing)
    }

    private func resume() {
        guard isWaiting else { return }
        isWaiting = false
        point.signal()
    }
}
