import Bytes
import Privacy
import W3CTraceContext

/// How traces look on a terminal.
package struct ConsoleOptions: Sendable {
    /// ANSI colours.
    package var isColoured = false
    /// Whether attributes with message content are printed.
    package var includesContent = false
    /// The fullest form in which they are.
    package var contentForm = ContentForm.full
    /// Nanoseconds the spans of a trace are waited for, so that they stand in one tree.
    package var delay: UInt64 = 100_000_000
    /// Unicode scalars of an attribute's value; what is longer is cut off.
    package var valueCharactersMax = 160
    /// Columns of a line in which short attributes stand side by side; nil: each has its line.
    package var columns: Int?

    /// The defaults: plain, without content.
    package init() {}
}

/// Prints a span tree for each trace (`OTEL_TRACES_EXPORTER=console`).
///
/// Belongs to the loop of its own thread, where `run` is its one task.
package final class ConsoleExporter {
    private let queue: ExportQueue
    private let options: ConsoleOptions
    private let schedule: any ExportSchedule
    private let output: Log.Output

    /// `output` takes a whole tree and may wait.
    package init(
        queue: ExportQueue, options: ConsoleOptions, schedule: any ExportSchedule,
        output: @escaping Log.Output
    ) {
        self.queue = queue
        self.options = options
        self.schedule = schedule
        self.output = output
    }

    /// Prints until the queue is closed and empty.
    package func run() async {
        while true {
            while !queue.hasItems, !queue.isClosed { await schedule.wait(nanoseconds: nil) }
            let due = schedule.now &+ options.delay
            while !queue.isUrgent {
                let now = schedule.now
                guard now < due else { break }
                await schedule.wait(nanoseconds: due - now)
            }
            printAll()
            if queue.isClosed, !queue.hasItems { return }
        }
    }

    private func printAll() {
        var traces: [FinishedTrace] = []
        while let trace = queue.take() { traces.append(trace) }
        while let first = traces.first {
            let group = traces.filter { $0.traceID == first.traceID }
            traces.removeAll { $0.traceID == first.traceID }
            var text = ByteBuffer(capacity: 4096)
            var tree = SpanTree(group, options: options)
            tree.append(to: &text)
            let spans = group.reduce(0) { $0 + $1.spanCount }
            if text.withBytes({ output($0) }) {
                queue.counters.countExported(spans)
            } else {
                queue.counters.countLost(spans, .refused)
            }
        }
    }
}
