// Bytes choose spans and what is set on them; their request goes through the encoder, and is read
// back by the reader of the wire format: it says what was set. The spans are those of
// Tests/ExportGenerator, which a decoder that is not ours reads as well. Built by script/fuzz.

import Bytes
import JSON
import OTLP
import Telemetry

extension JSONDocument {
    fileprivate func string(_ name: StaticString, of object: JSONValue) -> String {
        value(name, of: object).flatMap { text($0) } ?? ""
    }

    fileprivate func number(_ name: StaticString, of object: JSONValue) -> Int {
        value(name, of: object).flatMap { integer($0) } ?? 0
    }

    fileprivate func elements(_ name: StaticString, of object: JSONValue) -> [JSONValue] {
        var result: [JSONValue] = []
        guard let array = value(name, of: object) else { return result }
        var elements = elements(of: array)
        while let element = elements.next() { result.append(element) }
        return result
    }

    fileprivate func attributes(of object: JSONValue) -> ExpectedAttributes {
        var result = ExpectedAttributes()
        for pair in elements("attributes", of: object) {
            let key = Array(string("key", of: pair).utf8)
            precondition(result.values[key] == nil, "a key stands twice")
            result.values[key] = value("value", of: pair).flatMap { anyValue($0) }
        }
        result.droppedCount = number("droppedAttributesCount", of: object)
        return result
    }

    private func anyValue(_ object: JSONValue) -> ExpectedValue? {
        if let text = value("stringValue", of: object) {
            return self.text(text).map { .string($0) }
        }
        if let number = value("intValue", of: object) {
            return text(number).flatMap { Int($0) }.map { .int($0) }
        }
        if let number = value("doubleValue", of: object) {
            switch text(number) {
            case "NaN": return .double(Double.nan)
            case "Infinity": return .double(Double.infinity)
            case "-Infinity": return .double(-Double.infinity)
            default: return double(number).map { .double($0) }
            }
        }
        if let flag = value("boolValue", of: object) { return bool(flag).map { .bool($0) } }
        guard let array = value("arrayValue", of: object) else { return nil }
        return .strings(elements("values", of: array).map { string("stringValue", of: $0) })
    }

    fileprivate func span(_ object: JSONValue) -> ExpectedSpan {
        var span = ExpectedSpan()
        span.traceID = string("traceId", of: object)
        span.spanID = string("spanId", of: object)
        span.parentID = string("parentSpanId", of: object)
        span.traceState = string("traceState", of: object)
        span.name = string("name", of: object)
        span.kind = number("kind", of: object)
        span.start = UInt64(string("startTimeUnixNano", of: object)) ?? 0
        span.end = UInt64(string("endTimeUnixNano", of: object)) ?? 0
        span.attributes = attributes(of: object)
        span.events = elements("events", of: object).map {
            ExpectedEvent(
                name: string("name", of: $0),
                time: UInt64(string("timeUnixNano", of: $0)) ?? 0, attributes: attributes(of: $0))
        }
        span.droppedEventsCount = number("droppedEventsCount", of: object)
        span.links = elements("links", of: object).map {
            ExpectedLink(
                traceID: string("traceId", of: $0), spanID: string("spanId", of: $0),
                flags: number("flags", of: $0))
        }
        span.droppedLinksCount = number("droppedLinksCount", of: object)
        if let status = value("status", of: object) {
            span.status = number("code", of: status)
            span.message = string("message", of: status)
        }
        span.flags = number("flags", of: object)
        return span
    }

    fileprivate func export() -> ExpectedExport {
        var result = ExpectedExport()
        for outer in elements("resourceSpans", of: root) {
            precondition(string("schemaUrl", of: outer) == ExportResource.schemaURL)
            if let resource = value("resource", of: outer) {
                result.resource = attributes(of: resource).values
            }
            for inner in elements("scopeSpans", of: outer) {
                result.spans += elements("spans", of: inner).map { span($0) }
            }
        }
        return result
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzExport(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let export = RandomExport(choosing: Array(UnsafeBufferPointer(start: start, count: count)))
    var json = ByteBuffer()
    let isRead = JSONTranscoder.transcode(export.encoded.bytes, of: .traces, into: &json)
    precondition(isRead, "the request cannot be read")
    var scanner = JSONScanner()
    guard (try? scanner.scan(json.bytes)) != nil else { preconditionFailure("it is no JSON") }
    precondition(scanner.document(json.bytes).export() == export.expected, "it says other things")
    return 0
}
