import Bytes
import JSON

/// A member of which it is known whether it came, and its value or pieces.
struct Part {
    enum Presence {
        case absent, null, value
    }

    var presence = Presence.absent
    var strand = Strand()
}

// How a value, or a piece of one, is put to what came before.
extension Strands {
    /// Appends a piece of a text. Null says nothing.
    mutating func append(
        _ value: JSONValue, _ document: borrowing JSONDocument, to part: inout Part
    ) throws(AssemblyError) {
        switch document.kind(of: value) {
        case .null:
            if part.presence == .absent { part.presence = .null }
        case .string:
            part.presence = .value
            try append(document.rawString(value), to: &part.strand)
        default: throw .unmergeable
        }
    }

    /// Keeps a text that is told whole, once or each time the same.
    mutating func takeOnce(
        _ value: JSONValue, _ document: borrowing JSONDocument, to part: inout Part
    ) throws(AssemblyError) {
        guard part.presence == .value, document.isString(value) else {
            return try append(value, document, to: &part)
        }
        guard equals(part.strand, document.rawString(value)) else { throw .unmergeable }
    }

    private static let comma: StaticString = ","

    /// Appends the elements of an array. Null says nothing.
    mutating func append(
        elementsOf value: JSONValue, _ document: borrowing JSONDocument, to part: inout Part
    ) throws(AssemblyError) {
        switch document.kind(of: value) {
        case .null:
            if part.presence == .absent { part.presence = .null }
        case .array:
            part.presence = .value
            guard !document.isEmpty(value) else { return }
            if !part.strand.isEmpty { try append(Self.comma.bytes, to: &part.strand) }
            let source = document.source(of: value)
            try append(source.extracting(1..<source.count - 1), to: &part.strand)
        default: throw .unmergeable
        }
    }

    /// Keeps a text that is told whole: once, or again as it was, empty or null.
    mutating func takeName(
        _ value: JSONValue, _ document: borrowing JSONDocument, to part: inout Part
    ) throws(AssemblyError) {
        if document.isString(value), document.rawString(value).isEmpty { return }
        try takeOnce(value, document, to: &part)
    }

    /// Keeps the first value that says something: no null and no empty string.
    mutating func takeFirst(
        _ value: JSONValue, _ document: borrowing JSONDocument, to part: inout Part
    ) throws(AssemblyError) {
        switch document.kind(of: value) {
        case .null:
            if part.presence == .absent { part.presence = .null }
        case .string, .number:
            let source = document.source(of: value)
            guard source.count <= AnswerReplay.nameBytesMax else { throw .tooLarge }
            guard part.presence != .value, source.count > 2 || source[0] != UInt8(ascii: "\"")
            else { return }
            part.presence = .value
            try append(source, to: &part.strand)
        default: throw .unmergeable
        }
    }

    /// Keeps the last value that says something.
    mutating func takeLast(
        _ value: JSONValue, _ document: borrowing JSONDocument, to part: inout Part
    ) throws(AssemblyError) {
        if part.presence == .value, document.kind(of: value) != .null {
            if equals(part.strand, document.source(of: value)) { return }
            part = Part()
        }
        try takeFirst(value, document, to: &part)
    }
}
