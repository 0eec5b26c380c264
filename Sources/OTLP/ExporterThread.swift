import Networking
import Telemetry

/// One exporter on a thread and loop of its own: it never touches the request path.
///
/// It ends when its queue is closed: `queue.close(deadline:)`, then `join`.
package final class ExporterThread: Sendable {
    private let thread: LoopThread

    /// Starts the exporter of `queue` to `endpoint`, whatever the signal; `version` is the
    /// gateway's.
    package convenience init<Encoder: BatchEncoder>(
        queue: ItemQueue<Encoder.Entry>, encoder: Encoder, endpoint: ExportEndpoint,
        options: ExporterOptions, version: String, log: Log
    ) {
        self.init(queue: queue, encoder: encoder, options: options, log: log) { loop in
            endpoint.makeTransport(encoder.signal, version: version, loop: loop)
        }
    }

    /// Starts the exporter of `queue` by the transport that `makeTransport` makes for its loop.
    package init<Encoder: BatchEncoder>(
        queue: ItemQueue<Encoder.Entry>, encoder: Encoder, options: ExporterOptions, log: Log,
        makeTransport: @escaping @Sendable (EventLoop) -> any ExportTransport
    ) {
        let loop = EventLoop()
        let wakeUp = LoopSignal(loop: loop)
        queue.onWake { wakeUp.signal() }
        loop.spawn {
            let exporter = BatchingExporter(
                queue: queue, options: options, encoder: encoder, transport: makeTransport(loop),
                schedule: LoopSchedule(wakeUp: wakeUp), log: log)
            await exporter.run()
            loop.stop()
        }
        thread = LoopThread(name: "export", loop: loop)
    }

    /// Starts the console exporter of `queue`.
    package init(queue: ExportQueue, options: ConsoleOptions, output: @escaping Log.Output) {
        let loop = EventLoop()
        let wakeUp = LoopSignal(loop: loop)
        queue.onWake { wakeUp.signal() }
        loop.spawn {
            let exporter = ConsoleExporter(
                queue: queue, options: options, schedule: LoopSchedule(wakeUp: wakeUp),
                output: output)
            await exporter.run()
            loop.stop()
        }
        thread = LoopThread(name: "console", loop: loop)
    }

    /// Waits until the queue was closed and the exporter is done with it.
    package func join() {
        thread.join()
    }
}
