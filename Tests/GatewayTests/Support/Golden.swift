import Bytes
import Foundation
import GatewayTesting
import JSON
import Telemetry

/// A file of `Goldens`: a request and the upstream's answer, and the GenAI span they become.
///
/// `request`: `host` (the upstream's, default `api.openai.com`), `path`, `headers`, `body`,
/// `leavesAfter` (the client leaves once it has that text).
/// `settings`: keys of the configuration. `answer`: `status`, `headers` and `body` (JSON) or
/// `text`, or `events`, each JSON for one `data:` line or text as it is; `isCut` breaks it off;
/// null closes the connection. `span`: what is expected, which MARTLET_UPDATE_GOLDENS=1 writes.
struct Golden {
    private(set) var host = "api.openai.com"
    private(set) var path = "/v1/chat/completions"
    private(set) var headers: [String] = []
    private(set) var settings: [String: String] = [:]
    private(set) var body = ""
    /// The client leaves once it has this.
    private(set) var leavesAfter: String?
    /// The answer as it stands on the wire; nil: none.
    private(set) var answer: String?
    /// The expected span as the file has it.
    private(set) var span: String?
    /// The file up to there.
    private(set) var inputs = ""

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Goldens")

    /// The names of all files, without their ending.
    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
    }()

    static func url(_ name: String) -> URL { folder.appendingPathComponent(name + ".json") }

    init(named name: String) throws {
        let source = try [UInt8](Data(contentsOf: Self.url(name)))
        var scanner = JSONScanner()
        try scanner.scan(source.span)
        let document = scanner.document(source.span)
        let root = document.root
        if let request = document.value("request", of: root) {
            host = document.value("host", of: request).flatMap { document.text($0) } ?? host
            path = document.value("path", of: request).flatMap { document.text($0) } ?? path
            leavesAfter = document.value("leavesAfter", of: request).flatMap { document.text($0) }
            headers = document.value("headers", of: request).map { document.fields($0) } ?? []
            body = document.value("body", of: request).map { document.raw($0) } ?? ""
        }
        if let object = document.value("settings", of: root) {
            var members = document.members(of: object)
            while let member = members.next() {
                settings[document.text(member.key) ?? ""] = document.text(member.value)
            }
        }
        answer = document.value("answer", of: root).flatMap { document.wire($0) }
        if let expected = document.value("span", of: root) {
            span = document.raw(expected)
            inputs = decoded(source.span.extracting(0..<document.range(of: expected).lowerBound))
        } else {
            let text = decoded(source.span)
            let end = text.lastIndex(of: "}") ?? text.endIndex
            inputs =
                text[..<end].trimmingCharacters(in: .whitespacesAndNewlines) + ",\n  \"span\": "
        }
    }
}

extension JSONDocument {
    fileprivate func raw(_ value: JSONValue) -> String { decoded(source(of: value)) }

    /// Header lines of an object.
    fileprivate func fields(_ object: JSONValue) -> [String] {
        var lines: [String] = []
        var members = members(of: object)
        while let member = members.next() {
            lines.append("\(text(member.key) ?? ""): \(text(member.value) ?? "")")
        }
        return lines
    }

    /// The answer on the wire.
    fileprivate func wire(_ answer: JSONValue) -> String? {
        guard kind(of: answer) == .object else { return nil }
        let isCut = value("isCut", of: answer).flatMap { bool($0) } ?? false
        let status = value("status", of: answer).flatMap { integer($0) } ?? 200
        let fields = value("headers", of: answer).map { self.fields($0) } ?? []
        guard let events = value("events", of: answer) else {
            let body =
                value("text", of: answer).flatMap { text($0) }
                ?? value("body", of: answer).map { raw($0) } ?? ""
            let whole = Wire.answer(body, status: "\(status) Status", fields)
            return isCut ? String(whole.dropLast(body.count / 2)) : whole
        }
        var wire = Wire.streamHead
        var elements = elements(of: events)
        while let event = elements.next() {
            if let text = text(event) {
                wire += Wire.chunk(text)
            } else {
                let type = value("type", of: event).flatMap { text($0) }
                wire += Wire.chunk(
                    (type.map { "event: \($0)\n" } ?? "") + "data: " + line(event) + "\n\n")
            }
        }
        return isCut ? wire : wire + Wire.lastChunk
    }

    /// A value on one line.
    private func line(_ value: JSONValue) -> String {
        raw(value).split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            .joined(separator: " ")
    }
}

/// A span as goldens hold it: sorted, and without what differs between two runs.
enum GoldenSpan {
    /// Times.
    private static let seconds: Set<String> = [
        "gen_ai.response.time_to_first_chunk", "martlet.time_to_first_byte",
        "martlet.time_to_first_token", "martlet.stream.tokens_per_second",
        "martlet.stream.gap.max", "martlet.stream.gap.offset", "martlet.stream.blocked.time",
    ]

    static func text(_ span: RecordedSpan) -> String {
        var lines: [String] = []
        for (key, text) in span.attributes.sorted(by: { $0.key < $1.key }) {
            lines.append("      \(quoted(key)): \(value(key, text, span))")
        }
        let events = span.events.map { quoted($0) }.joined(separator: ", ")
        return """
            {
                "name": \(quoted(span.name)),
                "kind": "\(span.kind)",
                "status": "\(span.status)",
                "message": \(quoted(span.message)),
                "attributes": {
            \(lines.joined(separator: ",\n"))
                },
                "events": [\(events)]
              }
            """
    }

    private static func value(_ key: String, _ text: String, _ span: RecordedSpan) -> String {
        if seconds.contains(key) {
            return span.types[key] == .double && (Double(text) ?? -1) >= 0 ? "\"<double>\"" : text
        }
        if key == "martlet.request.id", text.hasPrefix("req_") { return "\"<id>\"" }
        switch span.types[key] {
        case .int, .double, .bool: return text
        case .strings:
            return "[" + (span.arrays[key] ?? []).map { quoted($0) }.joined(separator: ", ") + "]"
        case .content: return pretty(text)
        default: return quoted(text)
        }
    }

    private static func quoted(_ text: String) -> String {
        var buffer = ByteBuffer()
        buffer.append(jsonString: text)
        return decoded(buffer.bytes)
    }

    /// Messages, each part on a line of its own.
    private static func pretty(_ json: String) -> String {
        let source = Array(json.utf8)
        var scanner = JSONScanner()
        guard (try? scanner.scan(source.span)) != nil else { return quoted("not JSON: " + json) }
        let document = scanner.document(source.span)
        let indent = String(repeating: " ", count: 8)
        var lines: [String] = []
        var elements = document.elements(of: document.root)
        while let element = elements.next() {
            guard let parts = document.value("parts", of: element), !document.isEmpty(parts) else {
                lines.append(indent + document.raw(element))
                continue
            }
            let whole = document.range(of: element)
            let range = document.range(of: parts)
            var inner: [String] = []
            var each = document.elements(of: parts)
            while let part = each.next() { inner.append(indent + "  " + document.raw(part)) }
            lines.append(
                indent + decoded(source.span.extracting(whole.lowerBound...range.lowerBound)) + "\n"
                    + inner.joined(separator: ",\n") + "\n" + indent
                    + decoded(source.span.extracting(range.upperBound - 1..<whole.upperBound)))
        }
        return "[\n" + lines.joined(separator: ",\n") + "\n      ]"
    }
}
