import Bytes
import Telemetry

/// A value of an attribute as a judge sees it.
package enum JudgedValue: Sendable, Equatable {
    case string(String)
    /// A JSON text with what people wrote.
    case content(String)
    case int(Int)
    case double(Double)
    case bool(Bool)
    case strings([String])

    /// The text of a string; of any other value nil.
    var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// What it is, in the table's words.
    var typeName: String {
        switch self {
        case .string: "string"
        case .content: "content"
        case .int: "int"
        case .double: "double"
        case .bool: "bool"
        case .strings: "string[]"
        }
    }
}

/// A span that ended, in values that a judge and its tests can make and compare.
package struct JudgedSpan: Sendable {
    /// One attribute.
    package typealias Attribute = (name: String, value: JudgedValue)

    /// The span's name.
    package var name: String
    /// Its place in the call.
    package var kind: SpanFactKind
    /// Its status.
    package var status: SpanStatusCode
    /// What went wrong, empty where nothing did.
    package var message: String
    /// In the order they were set.
    package var attributes: [Attribute]

    package init(
        name: String, kind: SpanFactKind, status: SpanStatusCode = .unset, message: String = "",
        attributes: [Attribute] = []
    ) {
        self.name = name
        self.kind = kind
        self.status = status
        self.message = message
        self.attributes = attributes
    }

    /// Copies a recorded span.
    package init(_ span: SpanRecord) {
        kind =
            switch span.kind {
            case .internal: .internal
            case .server: .server
            case .client: .client
            case .producer: .producer
            case .consumer: .consumer
            }
        status = span.status
        (name, message, attributes) = span.withBytes { bytes in
            var attributes: [Attribute] = []
            var offset = 0
            while let entry = AttributeEntry.next(in: bytes, at: &offset) {
                let name = String(decoding: bytes.extracting(entry.key))
                attributes.append((name, JudgedValue(entry, in: bytes)))
            }
            return (
                String(decoding: bytes.extracting(span.name)),
                String(decoding: bytes.extracting(span.statusMessage)), attributes
            )
        }
    }

    /// The value of the attribute with that name.
    package subscript(name: String) -> JudgedValue? {
        attributes.first { $0.name == name }?.value
    }

    /// Every span of a trace, in the order they began.
    package static func all(of trace: FinishedTrace) -> [JudgedSpan] {
        var spans: [JudgedSpan] = []
        var next = trace.firstSpan
        while let span = next {
            spans.append(JudgedSpan(span))
            next = span.next
        }
        return spans
    }
}

extension JudgedValue {
    init(_ entry: AttributeEntry, in bytes: Span<UInt8>) {
        let value = bytes.extracting(entry.value)
        switch entry.type {
        case .dead, .string: self = .string(String(decoding: value))
        case .content: self = .content(String(decoding: value))
        case .int: self = .int(Int(Int64(bitPattern: value.littleEndian64(at: 0))))
        case .double: self = .double(Double(bitPattern: value.littleEndian64(at: 0)))
        case .bool: self = .bool(value[0] == 1)
        case .strings:
            var elements: [String] = []
            var offset = 0
            while let element = AttributeEntry.nextElement(
                of: entry.value, in: bytes, at: &offset)
            {
                elements.append(String(decoding: bytes.extracting(element)))
            }
            self = .strings(elements)
        }
    }
}
