import Networking
import Synchronization
import Telemetry

/// Reads all metrics every so often, and once more at the end (specification v1.60.0, "Metrics
/// SDK", "Periodic exporting MetricReader"). What it reads goes to queues, which never wait.
///
/// Belongs to the loop of its own thread, where `run` is its one task.
package final class MetricPusher {
    /// Whether the end has come; set from any thread.
    package final class Closing: Sendable {
        private let flag = Atomic(false)

        /// Not yet.
        package init() {}

        /// It has.
        package var isClosed: Bool { flag.load(ordering: .acquiring) }

        /// It has come; the pusher's schedule must be woken after this.
        package func close() { flag.store(true, ordering: .releasing) }
    }

    private let reader: MetricReader
    private let interval: UInt64
    private let schedule: any ExportSchedule
    private let closing: Closing
    private let submit: (MetricCollection) -> Void

    /// Reads every `interval` nanoseconds.
    package init(
        reader: MetricReader, interval: UInt64, schedule: any ExportSchedule, closing: Closing,
        submit: @escaping (MetricCollection) -> Void
    ) {
        self.reader = reader
        self.interval = interval
        self.schedule = schedule
        self.closing = closing
        self.submit = submit
    }

    /// Reads and submits until the end has come, and then a last time.
    package func run() async {
        var due = schedule.now &+ interval
        while true {
            while !closing.isClosed {
                let now = schedule.now
                guard now < due else { break }
                await schedule.wait(nanoseconds: due - now)
            }
            // Looked at before reading: what is counted until the end comes is told.
            let isLast = closing.isClosed
            submit(reader.collect(at: schedule.wallClock))
            if isLast { return }
            // What a stopped machine missed is not made up for.
            due = max(due &+ interval, schedule.now)
        }
    }
}

/// A pusher on a thread and loop of its own.
package final class MetricThread: Sendable {
    private let thread: LoopThread
    private let closing = MetricPusher.Closing()
    private let wakeUp: LoopSignal

    /// Starts it; `makeReader` is called on the thread, and so is `submit`.
    package init(
        interval: UInt64, makeReader: @escaping @Sendable () -> MetricReader,
        submit: @escaping @Sendable (MetricCollection) -> Void
    ) {
        let loop = EventLoop()
        let wakeUp = LoopSignal(loop: loop)
        let closing = closing
        self.wakeUp = wakeUp
        loop.spawn {
            let pusher = MetricPusher(
                reader: makeReader(), interval: interval,
                schedule: LoopSchedule(wakeUp: wakeUp), closing: closing, submit: submit)
            await pusher.run()
            loop.stop()
        }
        thread = LoopThread(name: "metrics", loop: loop)
    }

    /// Has it read and submit a last time, and waits for that. To be called once.
    package func finish() {
        closing.close()
        wakeUp.signal()
        thread.join()
    }
}
