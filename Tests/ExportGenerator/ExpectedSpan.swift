import Bytes

/// An attribute's value as it is to arrive.
enum ExpectedValue: Equatable {
    case string(String)
    case int(Int)
    /// By its bits; every NaN is one.
    case double(UInt64)
    case bool(Bool)
    case strings([String])

    static func double(_ value: Double) -> ExpectedValue {
        .double(value.isNaN ? Double.nan.bitPattern : value.bitPattern)
    }
}

/// Attributes as they are to arrive, in whatever order. Keys are bytes: two that print alike are
/// not one.
struct ExpectedAttributes: Equatable {
    var values: [[UInt8]: ExpectedValue] = [:]
    var droppedCount = 0
}

struct ExpectedEvent: Equatable {
    var name = ""
    var time: UInt64 = 0
    var attributes = ExpectedAttributes()
}

struct ExpectedLink: Equatable {
    var traceID = ""
    var spanID = ""
    var flags = 0
}

/// A span as it is to arrive; ids are in hexadecimal.
struct ExpectedSpan: Equatable {
    var traceID = ""
    var spanID = ""
    var parentID = ""
    var traceState = ""
    var name = ""
    var kind = 0
    var start: UInt64 = 0
    var end: UInt64 = 0
    var attributes = ExpectedAttributes()
    var events: [ExpectedEvent] = []
    var droppedEventsCount = 0
    var links: [ExpectedLink] = []
    var droppedLinksCount = 0
    var status = 0
    var message = ""
    var flags = 0
}

/// What a whole request is to say.
struct ExpectedExport: Equatable {
    var resource: [[UInt8]: ExpectedValue] = [:]
    var spans: [ExpectedSpan] = []
}

// As JSON, for readers in other languages: numbers of 64 bits are strings, doubles their bits.
extension ExpectedExport {
    func append(to buffer: inout ByteBuffer) {
        buffer.append("{\"resource\":")
        buffer.append(resource)
        buffer.append(",\"spans\":[")
        for (index, span) in spans.enumerated() {
            if index > 0 { buffer.append(",") }
            buffer.append(span)
        }
        buffer.append("]}")
    }
}

extension ByteBuffer {
    fileprivate mutating func append(_ span: ExpectedSpan) {
        append("{\"traceID\":")
        append(jsonString: span.traceID.utf8.span)
        member("spanID", span.spanID)
        member("parentID", span.parentID)
        member("traceState", span.traceState)
        member("name", span.name)
        member("kind", span.kind)
        member("start", String(span.start))
        member("end", String(span.end))
        append(members: span.attributes)
        append(",\"events\":[")
        for (index, event) in span.events.enumerated() {
            append(index > 0 ? ",{\"time\":" : "{\"time\":")
            append(jsonString: String(event.time).utf8.span)
            member("name", event.name)
            append(members: event.attributes)
            append("}")
        }
        append("]")
        member("droppedEvents", span.droppedEventsCount)
        append(",\"links\":[")
        for (index, link) in span.links.enumerated() {
            append(index > 0 ? ",{\"traceID\":" : "{\"traceID\":")
            append(jsonString: link.traceID.utf8.span)
            member("spanID", link.spanID)
            member("flags", link.flags)
            append("}")
        }
        append("]")
        member("droppedLinks", span.droppedLinksCount)
        member("status", span.status)
        member("message", span.message)
        member("flags", span.flags)
        append("}")
    }

    private mutating func member(_ name: StaticString, _ text: String) {
        open(name)
        append(jsonString: text.utf8.span)
    }

    private mutating func member(_ name: StaticString, _ number: Int) {
        open(name)
        append(decimal: number)
    }

    private mutating func open(_ name: StaticString) {
        append(",\"")
        append(name)
        append("\":")
    }

    private mutating func append(members attributes: ExpectedAttributes) {
        append(",\"attributes\":")
        append(attributes.values)
        member("droppedAttributes", attributes.droppedCount)
    }

    fileprivate mutating func append(_ values: [[UInt8]: ExpectedValue]) {
        append("{")
        for (index, (name, value)) in values.enumerated() {
            if index > 0 { append(",") }
            append(jsonString: name.span)
            append(":")
            append(value)
        }
        append("}")
    }

    /// As an array of the type's name and the value.
    private mutating func append(_ value: ExpectedValue) {
        append("[\"")
        switch value {
        case .string(let text):
            append("string\",")
            append(jsonString: text.utf8.span)
        case .int(let number):
            append("int\",")
            append(jsonString: String(number).utf8.span)
        case .double(let bits):
            append("double\",")
            append(jsonString: String(bits).utf8.span)
        case .bool(let value):
            append("bool\",")
            append(jsonBool: value)
        case .strings(let texts):
            append("strings\"")
            for text in texts {
                append(",")
                append(jsonString: text.utf8.span)
            }
        }
        append("]")
    }
}
