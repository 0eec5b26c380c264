import Networking

/// An event loop on a thread of its own, which lasts until the test process ends.
package struct TestLoop: Sendable {
    package let loop: EventLoop

    /// For tests that do not mind company.
    package static let shared = TestLoop(name: "test loop")

    package init(name: String) {
        SignalSource.ignoreBrokenPipes()
        loop = EventLoop()
        _ = LoopThread(name: name, loop: loop)
    }

    /// Runs `body` as a task of the loop and waits for its end.
    package func run<Result: Sendable>(
        _ body: @escaping @Sendable (EventLoop) async throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            loop.execute { [loop] in
                loop.spawn {
                    do {
                        continuation.resume(returning: try await body(loop))
                    } catch {
                        continuation.resume(throwing: error)
                    }
                }
            }
        }
    }
}

/// Something did not come about in time.
package struct TimedOut: Error {
    package let what: String

    package init(_ what: String) {
        self.what = what
    }
}

extension EventLoop {
    /// Waits on the loop until `condition` holds, which is looked at every millisecond.
    package func wait(
        for what: String, within milliseconds: UInt64 = 30_000, _ condition: () -> Bool
    ) async throws {
        let end = Clock.monotonic + milliseconds * 1_000_000
        while !condition() {
            guard Clock.monotonic < end else { throw TimedOut(what) }
            await sleep(milliseconds: 1)
        }
    }
}

/// An object of a loop on its way through other threads, which do not look into it.
package struct Confined<Value>: @unchecked Sendable {
    package let value: Value

    package init(_ value: Value) {
        self.value = value
    }
}
