import Bytes
import Foundation
import GatewayTesting
import Glibc
import Networking
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5)), .ownThread) struct EventLoopTests {
    @Test func `tasks and what they call run on the loop's thread`() async throws {
        try await TestLoop.shared.run { loop in
            #expect(loop.isCurrent)
            await loop.sleep(milliseconds: 1)
            #expect(loop.isCurrent)
            let point = WaitPoint()
            loop.spawn {
                #expect(loop.isCurrent)
                await elsewhere(loop)
                #expect(loop.isCurrent)
                point.signal()
            }
            await point.wait()
            #expect(loop.isCurrent)
        }
        #expect(!TestLoop.shared.loop.isCurrent)
    }

    @Test func `nothing on a loop gets to the global executor`() async throws {
        let loop = TestLoop(name: "escapes")
        let escaped = try await loop.run { loop in
            EscapeCounter.watch(loop)
            for _ in 0..<50 {
                let point = WaitPoint()
                loop.spawn {
                    await loop.sleep(milliseconds: 0)
                    await elsewhere(loop)
                    point.signal()
                }
                await point.wait()
                await Task.yield()
            }
            let before = EscapeCounter.count
            // The counter can fail: this task has no executor preference.
            let bare = Task { 1 }
            let after = EscapeCounter.count
            _ = await bare.value
            EscapeCounter.stop()
            return (before, after)
        }
        #expect(escaped.0 == 0)
        #expect(escaped.1 == 1)
    }

    @Test func `a task from another thread wakes a loop that waits`() async throws {
        let journal = Journal<Bool>()
        let loop = TestLoop.shared.loop
        for _ in 0..<100 { loop.execute { journal.append(loop.isCurrent) } }
        let entries = journal.wait(for: 100)
        #expect(entries.count == 100 && entries.allSatisfy { $0 })
    }

    @Test func `tasks that wake each other for ever do not starve timers`() async throws {
        try await TestLoop(name: "busy").run { loop in
            nonisolated(unsafe) var isOver = false
            for _ in 0..<2 {
                loop.spawn { while !isOver { await Task.yield() } }
            }
            await loop.sleep(milliseconds: 20)
            isOver = true
        }
    }

    @Test(arguments: [0, 1, 5] as [UInt64])
    func `a timer that is due when the loop's turn begins is served in that turn`(
        milliseconds: UInt64
    ) async throws {
        let isRescued = try await TestLoop(name: "due").run { loop in
            // Without it nothing would ever wake a loop that waits in vain.
            let rescue = LoopTimer(loop: loop)
            var isRescued = false
            rescue.start(after: 20_000) { isRescued = true }
            for _ in 0..<20 {
                let point = WaitPoint()
                let timer = LoopTimer(loop: loop)
                timer.start(after: milliseconds) { point.signal() }
                // The timer is due before the turn is over.
                let end = Clock.monotonic + (milliseconds + 2) * 1_000_000
                while Clock.monotonic < end {}
                await point.wait()
                timer.close()
            }
            rescue.close()
            return isRescued
        }
        #expect(!isRescued)
    }

    @Test func `a stopped loop ends its thread`() async throws {
        let loop = EventLoop()
        let thread = LoopThread(name: "short", loop: loop)
        let ran = Journal<Bool>()
        loop.execute { ran.append(true) }
        #expect(ran.wait(for: 1).count == 1)
        loop.stop()
        thread.join()
        // A loop lives as long as its process.
        _ = Unmanaged.passRetained(loop)
    }

    @Test func `more jobs than the ring holds are run in their order`() async throws {
        let order = try await TestLoop.shared.run { loop in
            var order: [Int] = []
            let point = WaitPoint()
            for index in 0..<5000 {
                loop.spawn {
                    order.append(index)
                    if index == 4999 { point.signal() }
                }
            }
            await point.wait()
            return order
        }
        #expect(order == Array(0..<5000))
    }
}

@concurrent private func elsewhere(_ loop: EventLoop) async {
    #expect(loop.isCurrent)
}

/// Counts jobs that a loop's thread gives to the global executor.
private enum EscapeCounter {
    private static let watched = Mutex<EventLoop?>(nil)
    private static let escapes = Atomic<Int>(0)

    static var count: Int { escapes.load(ordering: .relaxed) }

    private typealias Original = @convention(c) (UnsafeRawPointer) -> Void
    private typealias Hook = @convention(c) (UnsafeRawPointer, Original) -> Void

    private static var variable: UnsafeMutablePointer<Hook?>? {
        dlsym(nil, "swift_task_enqueueGlobal_hook")?.assumingMemoryBound(to: Hook?.self)
    }

    static func watch(_ loop: EventLoop) {
        watched.withLock { $0 = loop }
        variable?.pointee = { job, original in
            if EscapeCounter.watched.withLock({ $0?.isCurrent == true }) {
                EscapeCounter.escapes.wrappingAdd(1, ordering: .relaxed)
            }
            original(job)
        }
    }

    static func stop() {
        watched.withLock { $0 = nil }
    }
}

@Suite(.timeLimit(.minutes(5)), .ownThread) struct TimeTests {
    @Test func `a timer fires once, and not when it was stopped or started again`() async throws {
        let fired = try await TestLoop.shared.run { loop in
            var fired: [String] = []
            let first = LoopTimer(loop: loop)
            let second = LoopTimer(loop: loop)
            first.start(after: 1) { fired.append("early") }
            first.start(after: 5) { fired.append("late") }
            second.start(after: 1) { fired.append("stopped") }
            second.stop()
            try await loop.wait(for: "the timer") { !fired.isEmpty }
            await loop.sleep(milliseconds: 10)
            first.close()
            second.close()
            first.close()
            return fired
        }
        #expect(fired == ["late"])
    }

    @Test func `a deadline fires in its time, and not when it was cleared`() async throws {
        let (elapsed, fired) = try await TestLoop(name: "deadline").run { loop in
            var fired: [String] = []
            let due = Deadline(loop: loop) { fired.append("due") }
            let cleared = Deadline(loop: loop) { fired.append("cleared") }
            let none = Deadline(loop: loop) { fired.append("none") }
            // The loop's time is that of its turn's begin.
            await loop.sleep(milliseconds: 1)
            let start = Clock.monotonic
            due.set(in: 100)
            cleared.set(in: 60)
            cleared.clear()
            none.set(in: 0)
            try await loop.wait(for: "the deadline") { !fired.isEmpty }
            let elapsed = (Clock.monotonic - start) / 1_000_000
            #expect(due.at == .max)
            for deadline in [due, cleared, none] {
                deadline.cancel()
                deadline.cancel()
            }
            #expect(loop.deadlines.count == 0)
            return (elapsed, fired)
        }
        #expect(fired == ["due"])
        #expect(elapsed >= 95)
    }

    @Test func `a deadline may cancel others, and make new ones, when it fires`() async throws {
        let fired = try await TestLoop(name: "deadlines").run { loop in
            var fired: [Int] = []
            var deadlines: [Deadline] = []
            for index in 0..<4 {
                deadlines.append(
                    Deadline(loop: loop) {
                        fired.append(index)
                        for other in deadlines { other.cancel() }
                        guard index < 4, deadlines.count == 4 else { return }
                        let last = Deadline(loop: loop) { fired.append(100) }
                        deadlines.append(last)
                        last.set(in: 1)
                    })
            }
            for deadline in deadlines { deadline.set(in: 10) }
            try await loop.wait(for: "the new deadline") { fired.contains(100) }
            for deadline in deadlines { deadline.cancel() }
            #expect(loop.deadlines.count == 0)
            return fired
        }
        #expect(fired == [0, 100])
    }

    @Test func `time stamps of one trace never run backwards`() {
        let clock = AnchoredClock()
        var last = clock.now
        for _ in 0..<1000 {
            let now = clock.now
            #expect(now >= last)
            last = now
        }
        let apart = Int64(bitPattern: last &- Clock.wall)
        #expect(abs(apart) < 1_000_000_000)
    }

    @Test func `a signal before the wait is kept, once`() async throws {
        try await TestLoop.shared.run { loop in
            let point = WaitPoint()
            point.signal()
            point.signal()
            await point.wait()
            var isSignalled = false
            loop.spawn {
                isSignalled = true
                point.signal()
            }
            await point.wait()
            #expect(isSignalled)
        }
    }
}
