import Bytes
import JSON

/// JSON as OTLP's `AnyValue` (opentelemetry-proto v1.11.0, common.proto): objects become
/// `kvlist_value`, arrays `array_value`, null the empty value.
extension ProtobufWriter {
    /// Levels of objects and arrays that are taken apart; what lies deeper stays JSON text. A
    /// level is up to three messages inside each other, and decoders refuse more than 100.
    package static let structureDepthMax = 24

    /// Appends the fields of an `AnyValue` with the document `json`; with its text where it is no
    /// valid JSON.
    package mutating func appendValue(json: Span<UInt8>, scanner: inout JSONScanner) {
        guard (try? scanner.scan(json)) != nil else { return field(1, bytes: json) }
        let document = scanner.document(json)
        append(document.root, of: document, depth: 0)
    }

    private mutating func append(
        _ value: JSONValue, of document: borrowing JSONDocument, depth: Int
    ) {
        switch document.kind(of: value) {
        case .null: break
        case .true: field(2, varint: 1)
        case .false: field(2, varint: 0)
        case .string:
            var text = ByteBuffer(capacity: 64)
            document.appendString(value, to: &text)
            field(1, bytes: text.bytes)
        case .number: append(number: value, of: document)
        case .array, .object:
            guard depth < Self.structureDepthMax else {
                return field(1, bytes: document.source(of: value))
            }
            if document.kind(of: value) == .array {
                append(array: value, of: document, depth: depth)
            } else {
                append(object: value, of: document, depth: depth)
            }
        }
    }

    private mutating func append(number value: JSONValue, of document: borrowing JSONDocument) {
        if let integer = document.integer(value) {
            field(3, varint: UInt64(bitPattern: Int64(integer)))
        } else if let double = document.double(value) {
            field(4, fixed64: double.bitPattern)
        } else {
            field(1, bytes: document.source(of: value))
        }
    }

    private mutating func append(
        array: JSONValue, of document: borrowing JSONDocument, depth: Int
    ) {
        let list = open(5, lengthBytes: 2)
        var elements = document.elements(of: array)
        while let element = elements.next() {
            let message = open(1, lengthBytes: 2)
            append(element, of: document, depth: depth + 1)
            close(message)
        }
        close(list)
    }

    private mutating func append(
        object: JSONValue, of document: borrowing JSONDocument, depth: Int
    ) {
        let list = open(6, lengthBytes: 2)
        var members = document.members(of: object)
        while let member = members.next() {
            let pair = open(1, lengthBytes: 2)
            var name = ByteBuffer(capacity: 32)
            document.appendString(member.key, to: &name)
            field(1, bytes: name.bytes)
            let message = open(2, lengthBytes: 2)
            append(member.value, of: document, depth: depth + 1)
            close(message)
            close(pair)
        }
        close(list)
    }
}
