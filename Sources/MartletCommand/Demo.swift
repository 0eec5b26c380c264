import Bytes
import HTTPClient
import Networking
import OTLP
import Platform
import Telemetry
import W3CTraceContext

/// What the demo shows, in order. Belongs to its loop, where the calls are sent from too.
final class Demo {
    /// Something did not go as shown to the user.
    private(set) var hasFailed = false

    private let loop: EventLoop
    private let client: CurlClient
    private let base: String
    private let provider: ListenAddress
    private let traces: ExportQueue
    private let wakeUp: LoopSignal
    private let screen = DemoScreen(hasColours: Terminal.hasColours(ProcessEnvironment.variables))
    private let caller: TraceParent

    /// Milliseconds the trace of a finished call is waited for.
    private static let traceTimeout: UInt64 = 2000

    /// `traces` gets what the gateway at `gateway` records.
    init(
        loop: EventLoop, gateway: ListenAddress, provider: ListenAddress, traces: ExportQueue
    ) {
        self.loop = loop
        self.provider = provider
        self.traces = traces
        client = CurlClient(loop: loop)
        base = "http://\(gateway)/v1"
        let wakeUp = LoopSignal(loop: loop)
        self.wakeUp = wakeUp
        traces.onWake { wakeUp.signal() }
        var ids = IDGenerator()
        caller = TraceParent(
            traceID: ids.traceID(), spanID: ids.spanID(), flags: [.sampled, .random])
    }

    // MARK: The two calls and their trace

    /// Sends both calls and prints them and their trace. `destinations` are sentences.
    func run(destinations: [String]) async {
        screen.line(
            screen.bold("Martlet \(MartletProgram.version)")
                + " before a mock provider, in one process: no key, no network.\n")
        screen.line("  you  ->  gateway \(screen.cyan(base))  ->  provider http://\(provider)/v1")
        for destination in destinations { screen.line("  \(destination)") }
        screen.title("1. A streamed chat")
        await call("/chat/completions", Self.chat, DemoStream(screen: screen))
        screen.title("2. Embeddings of two texts")
        await call("/embeddings", Self.embeddings, DemoEmbeddings(screen: screen))
        screen.title("3. What the gateway recorded: both calls in the caller's trace")
        await showTraces()
    }

    private static let chat = """
        {"model": "mock-slow-40", "stream": true, "messages": [
          {"role": "system", "content": "Be brief."},
          {"role": "user", "content": "Tell me about the martlet."}]}
        """

    private static let embeddings = """
        {"model": "mock-embedding", "input": ["swift", "swallow"]}
        """

    private func call(_ path: String, _ body: String, _ reader: any AnswerReader) async {
        screen.request("\(screen.bold("POST")) \(base)\(path)")
        screen.request("\(screen.dim("traceparent:")) \(caller)")
        for line in body.split(separator: "\n") { screen.request(String(line)) }
        screen.line()
        let call = GatewayCall(reader: reader)
        await call.send(
            body, to: base + path, as: "demo", by: client,
            headers: [("traceparent", "\(caller)")])
        guard let failure = call.failure else { return }
        hasFailed = true
        screen.line(screen.red("The call failed: \(failure)."))
    }

    private func showTraces() async {
        var finished: [FinishedTrace] = []
        let due = loop.now + Self.traceTimeout
        while true {
            while let trace = traces.take() {
                traces.counters.countExported(trace.spanCount)
                finished.append(trace)
            }
            if finished.count >= 2 || loop.now >= due { break }
            await wakeUp.wait(milliseconds: due - loop.now)
        }
        guard !finished.isEmpty else {
            screen.line("Nothing: OTEL_TRACES_SAMPLER drops the trace.\n")
            return
        }
        var text = ByteBuffer(capacity: 4096)
        var tree = SpanTree(finished, options: options)
        tree.append(to: &text)
        DescriptorOutput.standardOutput.writeAll(text.bytes)
    }

    private var options: ConsoleOptions {
        var options = ConsoleOptions()
        options.isColoured = screen.hasColours
        options.includesContent = true
        options.columns = 110
        return options
    }

    // MARK: Afterwards

    /// Says what to do next.
    func explain() {
        screen.line(
            screen.bold("Now you.")
                + " The gateway stays up until Ctrl-C and prints the trace of each call.\n")
        let curl = """
            curl -N \(base)/chat/completions -H 'content-type: application/json' \\
              -d '{"model":"mock-gpt","stream":true,"messages":[{"role":"user","content":"Hi"}]}'
            """
        screen.line(screen.cyan(curl))
        screen.line("\nFrom Python, with the OpenAI SDK as it is:\n")
        let python = """
            from openai import OpenAI
            client = OpenAI(base_url="\(base)", api_key="none needed here")
            """
        screen.line(screen.cyan(python) + "\n")
    }

    /// Prints the traces of whoever calls, for as long as the loop runs.
    func watch() async {
        let exporter = ConsoleExporter(
            queue: traces, options: options, schedule: LoopSchedule(wakeUp: wakeUp),
            output: { tree in DescriptorOutput.standardOutput.writeAll(tree) })
        await exporter.run()
    }
}
