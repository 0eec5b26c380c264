/// Where one task waits for a callback of its loop.
///
/// A signal that comes before the wait is kept, so the pattern is a loop that checks its
/// condition again: `while !condition { await point.wait() }`. One waiter at a time.
package final class WaitPoint {
    private var waiter: Continuation?
    private var isSignalled = false

    package init() {}

    /// Suspends until `signal`, or returns at once when it came already.
    package func wait() async {
        if isSignalled {
            isSignalled = false
            return
        }
        precondition(waiter == nil, "two tasks wait at one point")
        await Continuation.suspend { waiter = $0 }
    }

    /// Lets the waiting task go on, at the end of the loop's turn.
    package func signal() {
        guard let waiter else {
            isSignalled = true
            return
        }
        self.waiter = nil
        waiter.resume()
    }
}

#if DEBUG
    /// A suspended task; resuming it twice, or never, is reported.
    private struct Continuation {
        let base: CheckedContinuation<Void, Never>

        static func suspend(_ body: (Continuation) -> Void) async {
            await withCheckedContinuation { body(Continuation(base: $0)) }
        }

        func resume() {
            base.resume()
        }
    }
#else
    /// A suspended task.
    @safe
    private struct Continuation {
        let base: UnsafeContinuation<Void, Never>

        static func suspend(_ body: (Continuation) -> Void) async {
            // SAFETY: `WaitPoint.signal` takes the continuation out before it resumes it.
            await unsafe withUnsafeContinuation { body(Continuation(base: unsafe $0)) }
        }

        func resume() {
            unsafe base.resume()
        }
    }
#endif
