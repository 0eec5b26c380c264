import Bytes
import Compression
import OTLP
import Telemetry
import Testing

private let second: UInt64 = 1_000_000_000

@Suite struct HTTPAnswerTests {
    private func answer(
        _ status: Int, type: String? = nil, body: String = "", signal: Signal = .traces,
        encoding: ExportEncoding = .protobuf
    ) -> ExportAnswer {
        let response = ExportResponse(status: status, contentType: type, body: Array(body.utf8))
        return ExportAnswer(response, to: signal, in: encoding, now: 0)
    }

    @Test(arguments: [
        (#"{"partialSuccess":{"rejectedSpans":"2","errorMessage":"old"}}"#, 2, "old"),
        (#"{"partialSuccess":{"rejectedDataPoints":7}}"#, 7, ""),
        (#"{"partialSuccess":{"rejectedLogRecords":"1","other":[{}]}}"#, 1, ""),
        (#"{"partialSuccess":{"errorMessage":"a \"warning\""}}"#, 0, "a \"warning\""),
    ])
    func `a partial success in JSON is read`(body: String, rejected: Int, message: String) {
        let answer = answer(200, type: "application/json; charset=utf-8", body: body)
        guard case .taken(let partial?) = answer.verdict else {
            Issue.record("\(answer)")
            return
        }
        #expect(partial.rejectedItems == rejected)
        #expect(partial.message == message)
    }

    @Test(arguments: [
        "", "{}", #"{"partialSuccess":{}}"#, #"{"partialSuccess":null}"#, "[]", "{", "7",
        #"{"partialSuccess":{"rejectedSpans":"-3"}}"#, #"{"partialSuccess":{"rejectedSpans":{}}}"#,
    ])
    func `other JSON is a full success`(body: String) {
        #expect(answer(200, type: "application/json", body: body).verdict == .taken(nil))
    }

    @Test func `what a receiver says of a failure is kept, in either encoding`() {
        let json = answer(400, type: "application/json", body: #"{"code":3,"message":"bad id"}"#)
        #expect(json.message == "bad id")
        #expect(json.verdict == .refused)
        let binary = answer(400, type: "application/x-protobuf", body: "\u{8}\u{3}\u{12}\u{2}no")
        #expect(binary.message == "no")
        #expect(answer(400, type: "text/plain", body: "broken").message == "")
        let long = String(repeating: "x", count: 1_000)
        let cut = answer(500, type: "application/json", body: #"{"message":"\#(long)"}"#)
        #expect(cut.message.count == 256)
    }

    @Test(arguments: [401, 403])
    func `refused credentials are not repeated, and the headers are named`(status: Int) {
        let answer = answer(
            status, type: "application/json", body: #"{"message":"bad key sk-secret"}"#)
        #expect(answer.message == "")
        #expect(answer.status == "\(status)")
        #expect(answer.hint.contains("OTEL_EXPORTER_OTLP_HEADERS"))
        #expect(answer.verdict == .unauthorized)
    }

    @Test func `an encoding that is not taken has a remedy`() {
        #expect(answer(415).hint.hasSuffix("OTEL_EXPORTER_OTLP_PROTOCOL=http/json"))
        #expect(
            answer(415, encoding: .json).hint.hasSuffix(
                "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"))
    }

    @Test(arguments: Signal.allCases)
    func `a place where nothing is names the signal's variables`(signal: Signal) {
        let hint = answer(404, signal: signal).hint
        let name = "\(signal.label)".uppercased()
        #expect(hint.contains("OTEL_EXPORTER_OTLP_\(name)_ENDPOINT"))
        #expect(hint.contains("OTEL_\(name)_EXPORTER=none"))
    }
}

@Suite struct GRPCAnswerTests {
    private func verdict(
        _ code: GRPCCode, _ message: String = "", retry: UInt64? = nil
    ) -> ExportAnswer.Verdict {
        let status = GRPCStatus(code, message: message, retryDelay: retry)
        return ExportAnswer(status, message: [], to: .traces).verdict
    }

    @Test(arguments: [
        GRPCCode.cancelled, .deadlineExceeded, .aborted, .outOfRange, .unavailable, .dataLoss,
    ])
    func `codes that allow a retry`(code: GRPCCode) {
        #expect(verdict(code) == .retry(after: nil))
        #expect(verdict(code, retry: 3 * second) == .retry(after: 3 * second))
    }

    @Test(arguments: [
        GRPCCode.unknown, .invalidArgument, .notFound, .alreadyExists, .failedPrecondition,
        .unimplemented, .internal,
    ])
    func `codes that forbid a retry`(code: GRPCCode) {
        #expect(verdict(code, retry: 3 * second) == .refused)
    }

    @Test(arguments: [GRPCCode.unauthenticated, .permissionDenied])
    func `codes that ask for other credentials`(code: GRPCCode) {
        #expect(verdict(code, retry: 3 * second) == .unauthorized)
    }

    @Test func `an exhausted receiver is tried again only where it says when`() {
        #expect(verdict(.resourceExhausted) == .refused)
        #expect(verdict(.resourceExhausted, "quota") == .refused)
        #expect(verdict(.resourceExhausted, retry: second) == .retry(after: second))
        #expect(verdict(.resourceExhausted, retry: 0) == .retry(after: 0))
    }

    @Test(
        arguments: [
            (.resourceExhausted, "Received message larger than max (5000000 vs. 4194304)"),
            (.resourceExhausted, "grpc: received message larger than max (5 vs. 4)"),
            (.resourceExhausted, "gRPC message exceeds maximum size 4194304: 5000000"),
            (.outOfRange, "Error, message length too large: found 5 bytes, the limit is: 4"),
        ] as [(GRPCCode, String)])
    func `a message over the receiver's limit is halved`(code: GRPCCode, message: String) {
        #expect(verdict(code, message) == .tooLarge)
    }

    @Test func `a success may be a partial one`() {
        let message: [UInt8] = [0x0A, 0x07, 0x08, 0x02, 0x12, 0x03] + Array("bad".utf8)
        let answer = ExportAnswer(GRPCStatus(.ok), message: message, to: .logs)
        guard case .taken(let partial?) = answer.verdict else {
            Issue.record("\(answer)")
            return
        }
        #expect(partial.rejectedItems == 2)
        #expect(verdict(.ok) == .taken(nil))
    }

    @Test func `the trailers hold the status, a message in percent code, and details`() throws {
        let status = try #require(
            GRPCStatus(fields: [
                ("content-type", "application/grpc"), ("grpc-status", "8"),
                ("grpc-message", "na%C3%AFve 100% %zz%4"), ("grpc-status-details-bin", ""),
            ]))
        #expect(status == GRPCStatus(.resourceExhausted, message: "naïve 100% %zz%4"))
        let slow = GRPCStatus(fields: [
            ("grpc-status", "8"), ("grpc-status-details-bin", retryDetails(2, 500_000_000)),
        ])
        #expect(slow?.retryDelay == 2_500_000_000)
        #expect(GRPCStatus(fields: [("grpc-message", "x")]) == nil)
        #expect(GRPCStatus(fields: [("grpc-status", "99")])?.code == .unknown)
        #expect(GRPCStatus(fields: [("grpc-status", "x")])?.code == .unknown)
    }

    /// `google.rpc.Status` with a `RetryInfo`, in base64.
    private func retryDetails(_ seconds: UInt64, _ nanos: UInt64) -> String {
        var writer = ProtobufWriter(into: ByteBuffer())
        writer.field(1, varint: 8)
        let other = writer.open(3)
        writer.field(1, string: "type.googleapis.com/google.rpc.DebugInfo")
        writer.field(2, bytes: ([0xFF] as [UInt8]).span)
        writer.close(other)
        let detail = writer.open(3)
        writer.field(1, string: "type.googleapis.com/google.rpc.RetryInfo")
        let info = writer.open(2)
        let delay = writer.open(1)
        writer.field(1, varint: seconds)
        writer.field(2, varint: nanos)
        writer.close(delay)
        writer.close(info)
        writer.close(detail)
        return text { output in
            writer.buffer.withBytes { Base64.encode($0, into: &output) }
        }
    }

    @Test(arguments: ["!!!", "CAg", "Gv8", "////"])
    func `details that make no sense say nothing`(details: String) {
        let status = GRPCStatus(fields: [
            ("grpc-status", "8"), ("grpc-status-details-bin", details),
        ])
        #expect(status == GRPCStatus(.resourceExhausted))
    }

    @Test func `a receiver cannot stop the export for longer than five minutes`() {
        let fields = [("grpc-status", "14"), ("grpc-status-details-bin", retryDetails(86_400, 0))]
        #expect(GRPCStatus(fields: fields)?.retryDelay == 300 * second)
    }

    @Test(
        arguments: [
            (400, .internal), (401, .unauthenticated), (403, .permissionDenied),
            (404, .unimplemented), (429, .unavailable), (502, .unavailable), (503, .unavailable),
            (504, .unavailable), (500, .unknown), (200, .unknown), (0, .unknown),
        ] as [(Int, GRPCCode)])
    func `a status of HTTP alone stands for one of gRPC`(status: Int, code: GRPCCode) {
        #expect(GRPCCode(httpStatus: status) == code)
    }

    @Test func `a message is framed, and the one of an answer is unpacked`() throws {
        let framed = text { GRPCFrame.append("abc".utf8.span, isGzip: false, to: &$0) }
        #expect(Array(framed.utf8) == [0, 0, 0, 0, 3] + Array("abc".utf8))
        #expect(GRPCFrame.message(in: Array(framed.utf8), bytesMax: 100) == Array("abc".utf8))
        var packed = ByteBuffer()
        try Gzip.compress(String(repeating: "x", count: 80).utf8.span, into: &packed)
        var frame = ByteBuffer()
        packed.withBytes { GRPCFrame.append($0, isGzip: true, to: &frame) }
        let bytes = frame.withBytes { bytes in bytes.indices.map { bytes[$0] } }
        #expect(bytes[0] == 1)
        #expect(GRPCFrame.message(in: bytes, bytesMax: 100)?.count == 80)
        #expect(GRPCFrame.message(in: bytes, bytesMax: 10) == nil)
    }

    @Test(arguments: [[], [0, 0, 0, 0], [0, 0, 0, 0, 9, 1], [1, 0, 0, 0, 1, 7]] as [[UInt8]])
    func `a message that is cut or no gzip is none`(body: [UInt8]) {
        #expect(GRPCFrame.message(in: body, bytesMax: 100) == nil)
    }
}
