import Bytes
import Foundation
import Networking
import Telemetry
import Testing
import W3CTraceContext

@Suite struct LogTests {
    private let sink = LineSink()
    private let span = SpanContext(
        traceID: traceID(0xa3ce_929d_0e0e_4736), spanID: SpanID(0xf0)!, flags: .sampled)

    private func log(_ format: LogFormat, level: LogLevel = .info) -> Log {
        let sink = sink
        return Log(
            level: level, format: format, now: { 1_763_638_496_007_000_000 },
            output: { sink.write($0) })
    }

    @Test func `a text line has time, level, sentence, data and ids`() {
        log(.text).info("request finished", span: span) { line in
            line.add("status", 200)
            line.add("path", "/v1/models".utf8.span)
            line.add("reason", "two words")
            line.add("empty", "")
            line.add("ok", true)
            line.add("took", milliseconds: 1_234_567)
        }
        #expect(
            sink.all == [
                "2025-11-20T11:34:56.007Z info    request finished status=200 path=/v1/models"
                    + " reason=\"two words\" empty=\"\" ok=true took=1.234"
                    + " [trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00000000000000f0]\n"
            ])
    }

    @Test(arguments: UInt8(0)...127) func `a value is in quotes where a character asks for it`(
        byte: UInt8
    ) throws {
        let isPlain = (0x21...0x7E).contains(byte) && !"\"=\\[]".utf8.contains(byte)
        let bytes = [byte]
        log(.text).info("it happened") { $0.add("key", bytes.span) }
        let line = try #require(sink.all.last)
        #expect(line.contains(" key=\"") == !isPlain)
    }

    @Test func `a JSON line is one object`() throws {
        log(.json).error("it failed", span: span) { line in
            line.add("reason", "a \"quote\"\n\u{1B}[31m \u{2028} é".utf8.span)
            line.add("status", -1)
            line.add("took", milliseconds: 1_500_000)
        }
        let line = try #require(sink.all.first)
        #expect(line.hasSuffix("}\n"))
        #expect(line.dropLast().allSatisfy { $0 != "\n" && $0 != "\u{1B}" })
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        #expect(object?["timestamp"] as? String == "2025-11-20T11:34:56.007Z")
        #expect(object?["level"] as? String == "error")
        #expect(object?["message"] as? String == "it failed")
        #expect(object?["reason"] as? String == "a \"quote\"\n\u{1B}[31m \u{2028} é")
        #expect(object?["status"] as? Int == -1)
        #expect(object?["took"] as? Double == 1.5)
        #expect(object?["trace_id"] as? String == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(object?["span_id"] as? String == "00000000000000f0")
    }

    @Test(arguments: [
        ("a\nb", "\"a\\nb\""), ("\u{1B}[31m", "\"\\u001b[31m\""), ("a=b", "\"a=b\""),
        ("\u{9B}x", "\"\\u009bx\""), ("\u{202E}x", "\"\\u202ex\""), ("plain", "plain"),
        ("[trace_id=1]", "\"[trace_id=1]\""), ("é", "\"é\""),
    ])
    func `no value can fake a line, a field or an escape`(value: String, wanted: String) {
        log(.text).info("m") { $0.add("k", value) }
        #expect(sink.all.first?.hasSuffix(" m k=\(wanted)\n") == true)
    }

    @Test func `bytes that are not UTF-8 are printed as text`() {
        log(.text).info("m") { $0.add("k", ([0xFF, 0x61] as [UInt8]).span) }
        #expect(sink.all.first?.hasSuffix(" m k=\"\u{FFFD}a\"\n") == true)
    }

    @Test(arguments: [LogFormat.text, .json])
    func `values and lines are bounded`(format: LogFormat) throws {
        log(format).info("m", span: span) { line in
            for _ in 0..<40 { line.add("k", String(repeating: "\u{1F600}", count: 5_000)) }
        }
        let line = try #require(sink.all.first)
        #expect(line.utf8.count <= 4096)
        #expect(line.contains("log.truncated"))
        #expect(line.contains("trace_id"))
    }

    @Test func `levels below the threshold cost nothing`() {
        log(.text, level: .warning).info("m") { _ in Issue.record("the fields were asked for") }
        log(.text, level: .warning).warning("w")
        #expect(sink.all.count == 1)
    }

    @Test func `a full output drops lines, counts them and tells later`() {
        let log = log(.text)
        sink.isFull = true
        log.info("a")
        log.info("b")
        sink.isFull = false
        log.info("c")
        log.info("d")
        #expect(log.droppedCount == 2)
        #expect(sink.all.map { $0.hasSuffix("c log.dropped=2\n") } == [true, false])
    }

    @Test func `a pipe that nobody reads never blocks the writer`() throws {
        let pipe = Pipe()
        let output = DescriptorOutput(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        let line = [UInt8](repeating: 0x61, count: 4096)
        var written = 0
        while output.writeIfReady(line.span) {
            written += 1
            try #require(written < 10_000)
        }
        #expect(written > 0)
        _ = pipe.fileHandleForReading.readData(ofLength: 8192)
        let isWritten = output.writeIfReady(line.span)
        #expect(isWritten)
        try pipe.fileHandleForWriting.close()
    }

    @Test func `a socket that nobody reads never blocks the writer`() throws {
        var pair: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
        defer { for descriptor in pair { close(descriptor) } }
        let output = DescriptorOutput(descriptor: pair[0])
        // Not a divisor of the buffer's size: the last one fits in part at most.
        let line = [UInt8](repeating: 0x61, count: 4001)
        var written = 0
        while output.writeIfReady(line.span) {
            written += 1
            try #require(written < 100_000)
        }
        #expect(written > 0)
        var received = 0
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while received < written * 4001 {
            let count = recv(pair[1], &buffer, buffer.count, 0)
            try #require(count > 0)
            received += count
        }
        #expect(received == written * 4001)
        let isWritten = output.writeIfReady(line.span)
        #expect(isWritten)
    }

    @Test func `an output whose reader is gone drops lines and goes on`() throws {
        SignalSource.ignoreBrokenPipes()
        for isSocket in [true, false] {
            var ends: [Int32] = [0, 0]
            let made =
                isSocket
                ? socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends)
                : pipe(&ends)
            try #require(made == 0)
            // A pipe is written to at its second end.
            close(ends[isSocket ? 1 : 0])
            let writer = ends[isSocket ? 0 : 1]
            let output = DescriptorOutput(descriptor: writer)
            let log = Log(
                level: .info, format: .json, now: { 0 }, output: { output.writeIfReady($0) })
            for _ in 0..<3 { log.info("m") }
            #expect(log.droppedCount == 3)
            close(writer)
            log.info("m")
            #expect(log.droppedCount == 4)
        }
    }

    @Test(arguments: [("INFO", LogLevel.info), ("warn", .warning), ("fatal", .error)])
    func `levels have names`(name: String, level: LogLevel) {
        #expect(LogLevel(name: name) == level)
        #expect(LogLevel(name: "loud") == nil)
    }
}
