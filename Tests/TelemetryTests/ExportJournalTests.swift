import OTLP
import Telemetry
import Testing

/// What an exporter tells the log of its receiver's words.
@Suite struct ExportJournalTests {
    private static let words =
        "no tenant for Bearer abcdef0123456 of jane@example.org, key sk-abcdefgh12 at "
        + "https://u:hunter2@h/, id abcdefghijklmnopqrst1"

    /// The log's lines after a batch that was answered so.
    private func lines(_ response: ExportResponse) async -> [String] {
        let schedule = ManualSchedule()
        let transport = ScriptedTransport(schedule, script: [.response(response)])
        let queue = spanQueue()
        let sink = LineSink()
        let exporter = BatchingExporter(
            queue: queue.encoded, options: ExporterOptions(),
            encoder: TraceEncoder(resource: ExportResource(attributes: [], version: "0")),
            transport: transport, schedule: schedule, log: quietLog(sink))
        queue.submit(trace(spans: 2))
        queue.close(deadline: schedule.now + 1_000_000_000)
        await exporter.run()
        return sink.all
    }

    @Test(
        "a receiver's words are logged without keys and personal data",
        arguments: [
            (
                400, #"{"message":"\#(words)"}"#,
                "a receiver of telemetry did not take a batch"
            ),
            (
                200, #"{"partialSuccess":{"rejectedSpans":"1","errorMessage":"\#(words)"}}"#,
                "a receiver of telemetry rejected a part of a batch it took"
            ),
        ])
    func redacts(_ status: Int, _ body: String, _ sentence: String) async throws {
        let lines = await lines(
            ExportResponse(
                status: status, contentType: "application/json", body: Array(body.utf8)))
        let line = try #require(lines.first { $0.contains(sentence) })
        #expect(line.contains("no tenant for Bearer <token> of <email>, key <key>"))
        for word in ["abcdef", "jane", "hunter2", "opqrst1"] {
            #expect(!lines.contains { $0.contains(word) }, "\(word)")
        }
    }
}
