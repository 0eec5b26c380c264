import Bytes
import JSON
import OpenAIAPI

/// JSON by value: the order of members does not count, numbers are compared as written.
enum Tree: Equatable {
    case object([String: Tree])
    case array([Tree])
    case string(String)
    case other(String)

    /// nil for what is no JSON.
    init?(_ text: String) {
        var scanner = JSONScanner()
        let source = buffer(text)
        do {
            try scanner.scan(source.bytes)
        } catch {
            return nil
        }
        let document = scanner.document(source.bytes)
        self.init(document.root, document)
    }

    private init(_ value: JSONValue, _ document: borrowing JSONDocument) {
        switch document.kind(of: value) {
        case .object:
            var result: [String: Tree] = [:]
            var members = document.members(of: value)
            while let member = members.next() {
                result[document.text(member.key) ?? ""] = Tree(member.value, document)
            }
            self = .object(result)
        case .array:
            var result: [Tree] = []
            var elements = document.elements(of: value)
            while let element = elements.next() { result.append(Tree(element, document)) }
            self = .array(result)
        case .string: self = .string(document.text(value) ?? "")
        default: self = .other(String(decoding: document.source(of: value)))
        }
    }

    subscript(_ key: String) -> Tree? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }
}

/// What an assembly made of a stream.
enum Outcome: Equatable {
    case answer(String, hasUsage: Bool)
    case refused(AssemblyError)

    var text: String? {
        if case .answer(let text, _) = self { return text }
        return nil
    }
}

/// Reads a stream that comes in `pieces` and assembles it.
func assemble(
    _ pieces: [[UInt8]], _ endpoint: Endpoint = .chatCompletions, bytesMax: Int = 1 << 20
) -> Outcome {
    var scanner = JSONScanner()
    var reader = StreamReader(endpoint: endpoint)
    reader.assembly = AnswerAssembly(endpoint: endpoint, bytesMax: bytesMax)
    for piece in pieces { reader.read(piece.span, scanner: &scanner) }
    var answer = buffer("x")
    do throws(AssemblyError) {
        guard let assembled = try reader.assembly?.finish(to: &answer) else {
            return .refused(.endpoint)
        }
        return .answer(String(string(answer).dropFirst()), hasUsage: assembled.hasUsage)
    } catch {
        precondition(string(answer) == "x" && reader.assembly?.failure == error)
        return .refused(error)
    }
}

func assemble(_ text: String, _ endpoint: Endpoint = .chatCompletions) -> Outcome {
    assemble([Array(text.utf8)], endpoint)
}

/// A stream of events with this data, `[DONE]` at its end.
func stream(_ events: [String], isDone: Bool = true) -> String {
    (events + (isDone ? ["[DONE]"] : [])).map { "data: " + $0 + "\n\n" }.joined()
}

/// The stream of a plain answer, and how large its pieces were; nil where there is none.
func replay(
    _ plain: String, _ endpoint: Endpoint = .chatCompletions, includesUsage: Bool = true
) -> (text: String, pieceMax: Int)? {
    var scanner = JSONScanner()
    let source = buffer(plain)
    do {
        try scanner.scan(source.bytes)
    } catch {
        return nil
    }
    guard
        var replay = AnswerReplay(
            scanner.document(source.bytes), endpoint: endpoint, includesUsage: includesUsage)
    else { return nil }
    var text = ""
    var pieceMax = 0
    var hasMore = true
    var all: [UInt8] = []
    while hasMore {
        var piece = ByteBuffer()
        hasMore = replay.next(source.bytes, into: &piece)
        pieceMax = max(pieceMax, piece.count)
        all += array(piece)
    }
    text = String(decoding: all, as: UTF8.self)
    return (text, pieceMax)
}

/// The data of each event of a stream, as JSON but for the `[DONE]`.
func events(_ stream: String) -> [String] {
    stream.components(separatedBy: "\n\n").compactMap { block in
        block.split(separator: "\n").first { $0.hasPrefix("data: ") }.map {
            String($0.dropFirst(6))
        }
    }
}

extension String {
    /// As Foundation's, which is not needed for anything else here.
    fileprivate func components(separatedBy separator: String) -> [String] {
        var result: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            result.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        result.append(String(rest))
        return result
    }
}
