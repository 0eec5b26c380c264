import Bytes
import JSON

/// The refusal of a document, or nil.
func refusal(of bytes: [UInt8], depthMax: Int = JSONScanner.depthMax) -> JSONError? {
    var scanner = JSONScanner(depthMax: depthMax)
    do throws(JSONError) {
        try scanner.scan(bytes.span)
        return nil
    } catch {
        return error
    }
}

func refusal(of text: String, depthMax: Int = JSONScanner.depthMax) -> JSONError? {
    refusal(of: Array(text.utf8), depthMax: depthMax)
}

/// Scans `text` and answers what `body` makes of the document.
func scanned<Result>(_ text: String, _ body: (borrowing JSONDocument) -> Result) throws -> Result {
    let bytes = Array(text.utf8)
    var scanner = JSONScanner()
    try scanner.scan(bytes.span)
    return body(scanner.document(bytes.span))
}

/// A value as a tree, to compare with what other parsers make of it.
indirect enum Tree: Equatable {
    case object([String: Tree])
    case array([Tree])
    case string(String)
    case number(Double)
    case bool(Bool)
    case null

    init(_ value: JSONValue, _ document: borrowing JSONDocument) {
        switch document.kind(of: value) {
        case .object:
            var result: [String: Tree] = [:]
            var members = document.members(of: value)
            while let member = members.next() {
                result[document.text(member.key) ?? "?"] = Tree(member.value, document)
            }
            self = .object(result)
        case .array:
            var result: [Tree] = []
            var elements = document.elements(of: value)
            while let element = elements.next() { result.append(Tree(element, document)) }
            self = .array(result)
        case .string: self = .string(document.text(value) ?? "?")
        case .number: self = .number(document.double(value) ?? .infinity)
        case .true, .false: self = .bool(document.bool(value) ?? false)
        case .null: self = .null
        }
    }
}

/// A buffer's bytes as text.
func text(of buffer: borrowing ByteBuffer) -> String { String(decoding: buffer.bytes) }

/// A generator with a fixed start, so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
