import Bytes
import JSON

// Streams of the Responses API, whose last event has the whole response.
extension AnswerAssembly {
    mutating func takeResponseEvent(
        _ document: borrowing JSONDocument
    ) throws(AssemblyError) {
        let root = document.root
        guard let type = document.value("type", of: root), document.isString(type)
        else { throw .unmergeable }
        if let error = document.value("error", of: root), !document.isNull(error) { throw .error }
        switch document.rawString(type).count {
        case 5 where document.string(type, equals: "error"),
            15 where document.string(type, equals: "response.failed"):
            throw .error
        case 19 where document.string(type, equals: "response.incomplete"): throw .unfinished
        case 25 where document.string(type, equals: "response.output_item.done"): itemsDone += 1
        case 18 where document.string(type, equals: "response.completed"):
            guard let response = document.value("response", of: root) else { throw .unmergeable }
            try takeCompleted(response, document)
        default: break
        }
    }

    private mutating func takeCompleted(
        _ response: JSONValue, _ document: borrowing JSONDocument
    ) throws(AssemblyError) {
        guard document.kind(of: response) == .object else { throw .unmergeable }
        try checkNames(of: response, document)
        if let error = document.value("error", of: response), !document.isNull(error) {
            throw .error
        }
        guard let status = document.value("status", of: response),
            document.string(status, equals: "completed"),
            let output = document.value("output", of: response),
            document.kind(of: output) == .array
        else { throw .unfinished }
        var count = 0
        var items = document.elements(of: output)
        while items.next() != nil { count += 1 }
        // Some leave the items out here: then the response is not whole.
        guard count > 0, itemsDone == 0 || itemsDone == count else { throw .unfinished }
        let source = document.source(of: response)
        guard source.count <= bytesMax else { throw .tooLarge }
        head.hasUsage = document.value("usage", of: response).map { !document.isNull($0) } ?? false
        latest.append(source)
        isDone = true
    }

    /// A response stands in the event, where a name twice is not found; as an answer it is refused.
    private func checkNames(
        of response: JSONValue, _ document: borrowing JSONDocument
    ) throws(AssemblyError) {
        var names: [JSONValue] = []
        var members = document.members(of: response)
        while let member = members.next() {
            guard names.count < Self.unknownMembersMax else { throw .tooMany }
            guard !document.hasEscapes(member.key) else { throw .unmergeable }
            let name = document.rawString(member.key)
            for other in names where document.rawString(other).equals(name) {
                throw .unmergeable
            }
            names.append(member.key)
        }
    }
}
