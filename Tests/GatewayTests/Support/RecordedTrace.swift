import Foundation
import GatewayTesting
import Telemetry
import Testing
import W3CTraceContext

/// The spans of one request, read back.
struct RecordedTrace {
    let id: String
    let state: String
    let spans: [RecordedSpan]

    init(_ trace: FinishedTrace) {
        id = "\(trace.traceID)"
        var state = ""
        trace.withTracestate { state = decoded($0) }
        self.state = state
        var spans: [RecordedSpan] = []
        var next = trace.firstSpan
        while let span = next {
            spans.append(RecordedSpan(span))
            next = span.next
        }
        self.spans = spans
    }

    var servers: [RecordedSpan] { spans.filter { $0.kind == .server } }
    /// Spans of an operation of a model.
    var operations: [RecordedSpan] {
        spans.filter { $0["gen_ai.operation.name"] != nil }
    }
    /// Spans of requests on the wire.
    var attempts: [RecordedSpan] {
        spans.filter { $0.kind == .client && $0["gen_ai.operation.name"] == nil }
    }
    var server: RecordedSpan { servers[0] }
    /// Everything that could be exported, for looking for what must not be there.
    var allText: String {
        spans.map { span in
            span.name + " " + span.message + " "
                + span.attributes.map { "\($0)=\($1)" }.joined(separator: " ")
        }.joined(separator: "\n") + state
    }
}

struct RecordedSpan {
    let name: String
    let message: String
    let kind: SpanKind
    let status: SpanStatusCode
    let id: String
    let flags: TraceFlags
    let parent: SpanParent
    let links: [SpanLink]
    let start: UInt64
    let end: UInt64
    /// Values as text; content is marked by `isContent`.
    let attributes: [String: String]
    let types: [String: AttributeType]
    /// The elements of arrays.
    let arrays: [String: [String]]
    /// The names of its events.
    let events: [String]

    init(_ span: SpanRecord) {
        kind = span.kind
        status = span.status
        id = "\(span.context.spanID)"
        flags = span.context.flags
        parent = span.parent
        links = span.links
        start = span.startTime
        end = span.endTime
        name = span.withBytes { decoded($0.extracting(span.name)) }
        message = span.withBytes { decoded($0.extracting(span.statusMessage)) }
        events = span.events.map { "\($0.name)" }
        var attributes: [String: String] = [:]
        var types: [String: AttributeType] = [:]
        var arrays: [String: [String]] = [:]
        span.withBytes { bytes in
            var offset = 0
            while let entry = AttributeEntry.next(in: bytes, at: &offset) {
                let key = decoded(bytes.extracting(entry.key))
                attributes[key] = Self.text(entry, bytes)
                types[key] = entry.type
                if entry.type == .strings { arrays[key] = Self.elements(entry, bytes) }
            }
        }
        self.attributes = attributes
        self.types = types
        self.arrays = arrays
    }

    subscript(key: String) -> String? { attributes[key] }
    var errorType: String? { attributes["error.type"] }
    /// The id of the span above, of this process or another.
    var parentID: String? {
        switch parent {
        case .none: nil
        case .local(let id), .remote(let id): "\(id)"
        }
    }

    private static func text(_ entry: AttributeEntry, _ bytes: Span<UInt8>) -> String {
        let value = bytes.extracting(entry.value)
        func word() -> UInt64 {
            value.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
        }
        switch entry.type {
        case .dead: return ""
        case .string, .content: return decoded(value)
        case .int: return "\(Int64(bitPattern: word()))"
        case .double: return "\(Double(bitPattern: word()))"
        case .bool: return value[0] == 1 ? "true" : "false"
        case .strings: return elements(entry, bytes).joined(separator: ",")
        }
    }

    private static func elements(_ entry: AttributeEntry, _ bytes: Span<UInt8>) -> [String] {
        var elements: [String] = []
        var offset = 0
        while let element = AttributeEntry.nextElement(of: entry.value, in: bytes, at: &offset) {
            elements.append(decoded(bytes.extracting(element)))
        }
        return elements
    }
}

func decoded(_ bytes: Span<UInt8>) -> String {
    bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
}

extension RecordedTrace {
    /// The rule of every fault: one SERVER span, so many attempts, every span ended.
    func expectShape(
        attempts count: Int, operations: Int? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(servers.count == 1, sourceLocation: sourceLocation)
        #expect(attempts.count == count, sourceLocation: sourceLocation)
        if let operations {
            #expect(self.operations.count == operations, sourceLocation: sourceLocation)
        }
        #expect(
            spans.allSatisfy { $0.end >= $0.start && $0.end > 0 }, sourceLocation: sourceLocation)
        #expect(Set(spans.map(\.id)).count == spans.count, sourceLocation: sourceLocation)
    }

    /// The gateway's own error: in OpenAI's shape, and the same on the spans.
    func expectError(
        _ response: RawClient.Response?, _ status: Int, _ code: String,
        attempts: [String] = [], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        expectShape(attempts: attempts.count, sourceLocation: sourceLocation)
        guard let response, servers.count == 1 else {
            Issue.record("no response came", sourceLocation: sourceLocation)
            return
        }
        #expect(response.status == status, sourceLocation: sourceLocation)
        let error = GatewayErrorBody(response)
        #expect(error?.code == code, sourceLocation: sourceLocation)
        #expect(error?.type == "gateway_error", sourceLocation: sourceLocation)
        #expect(error?.traceID == id, sourceLocation: sourceLocation)
        #expect(response.header("x-trace-id") == id, sourceLocation: sourceLocation)
        #expect(
            error?.requestID == response.header("x-request-id"), sourceLocation: sourceLocation)
        #expect(response.header("x-martlet-error") == "true", sourceLocation: sourceLocation)
        #expect(
            response.header("content-type") == "application/json", sourceLocation: sourceLocation)
        #expect(
            server["http.response.status_code"] == "\(status)", sourceLocation: sourceLocation)
        #expect(server.status == (status >= 500 ? .error : .unset), sourceLocation: sourceLocation)
        #expect(self.attempts.map(\.errorType) == attempts, sourceLocation: sourceLocation)
        if status >= 500 {
            #expect(
                server.errorType == (attempts.last ?? code), sourceLocation: sourceLocation)
        }
    }
}

/// The body of an error of the gateway's own.
struct GatewayErrorBody: Decodable {
    let message: String
    let type: String
    let param: String?
    let code: String
    let requestID: String
    let traceID: String

    private enum CodingKeys: String, CodingKey {
        case message, type, param, code
        case requestID = "request_id"
        case traceID = "trace_id"
    }

    private struct Whole: Decodable {
        let error: GatewayErrorBody
    }

    init?(_ response: RawClient.Response) {
        self.init(text: response.text)
    }

    init?(text: String) {
        guard let whole = try? JSONDecoder().decode(Whole.self, from: Data(text.utf8)) else {
            return nil
        }
        self = whole.error
    }
}
