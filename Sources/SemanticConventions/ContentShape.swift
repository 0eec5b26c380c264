import JSON

/// Holds message content to the schemas of the conventions (semconv v1.40.0, docs/gen-ai/*.json;
/// v1.41.1 for tools). A schema alone passes any part with a `type`; here a part of a known type
/// must have what that type has.
enum ContentShape {
    /// What is wrong, and where.
    struct Problem {
        let message: String
        /// The text is JSON, but of another shape.
        let isJSON: Bool
    }

    /// What is wrong with the value of an attribute; nothing for names without a schema.
    static func problems(of attribute: String, json: String) -> [Problem] {
        var scanner = JSONScanner()
        let bytes = json.utf8.span
        do throws(JSONError) {
            try scanner.scan(bytes)
        } catch {
            return [Problem(message: "\(error.code) at byte \(error.offset)", isJSON: false)]
        }
        var reader = Reader(document: scanner.document(bytes))
        switch attribute {
        case "gen_ai.input.messages": reader.readMessages(areAnswers: false)
        case "gen_ai.output.messages": reader.readMessages(areAnswers: true)
        case "gen_ai.system_instructions": reader.readParts()
        case "gen_ai.tool.definitions": reader.readTools()
        default: break
        }
        return reader.problems
    }

    /// What a member of a part must be.
    enum Member {
        case text, anything
    }

    /// The members that a part of each known type must have.
    static let members: [(type: String, members: [(name: StaticString, is: Member)])] = [
        ("text", [("content", .text)]),
        ("reasoning", [("content", .text)]),
        ("tool_call", [("name", .text)]),
        ("tool_call_response", [("response", .anything)]),
        ("server_tool_call", [("name", .text), ("server_tool_call", .anything)]),
        ("server_tool_call_response", [("server_tool_call_response", .anything)]),
        ("blob", [("modality", .text), ("content", .text)]),
        ("file", [("modality", .text), ("file_id", .text)]),
        ("uri", [("modality", .text), ("uri", .text)]),
    ]
}

extension ContentShape {
    /// Walks one document.
    struct Reader: ~Escapable {
        private let document: JSONDocument
        private(set) var problems: [Problem] = []

        @_lifetime(copy document)
        init(document: consuming JSONDocument) {
            self.document = document
        }

        mutating func readMessages(areAnswers: Bool) {
            guard isArray(document.root, "$") else { return }
            var messages = document.elements(of: document.root)
            var index = 0
            while let message = messages.next() {
                let path = "$[\(index)]"
                index += 1
                guard isObject(message, path) else { continue }
                needText("role", of: message, path)
                if areAnswers { needText("finish_reason", of: message, path) }
                guard let parts = document.value("parts", of: message) else {
                    complain(path, "has no parts")
                    continue
                }
                readParts(parts, "\(path).parts")
            }
        }

        mutating func readParts() {
            readParts(document.root, "$")
        }

        mutating func readTools() {
            guard isArray(document.root, "$") else { return }
            var tools = document.elements(of: document.root)
            var index = 0
            while let tool = tools.next() {
                let path = "$[\(index)]"
                index += 1
                guard isObject(tool, path) else { continue }
                needText("type", of: tool, path)
                needText("name", of: tool, path)
            }
        }

        private mutating func readParts(_ list: JSONValue, _ path: String) {
            guard isArray(list, path) else { return }
            var parts = document.elements(of: list)
            var index = 0
            while let part = parts.next() {
                let path = "\(path)[\(index)]"
                index += 1
                guard isObject(part, path), needText("type", of: part, path),
                    let type = document.value("type", of: part).flatMap({ document.text($0) })
                else { continue }
                let known = ContentShape.members.first { $0.type == type }?.members ?? []
                for (name, kind) in known {
                    switch kind {
                    case .text: needText(name, of: part, path)
                    case .anything:
                        if document.value(name, of: part) == nil {
                            complain(path, "has no \(name)")
                        }
                    }
                }
            }
        }

        @discardableResult
        private mutating func needText(
            _ name: StaticString, of object: JSONValue, _ path: String
        ) -> Bool {
            guard let value = document.value(name, of: object) else {
                complain(path, "has no \(name)")
                return false
            }
            guard document.kind(of: value) == .string else {
                complain("\(path).\(name)", "is no string")
                return false
            }
            return true
        }

        private mutating func isArray(_ value: JSONValue, _ path: String) -> Bool {
            guard document.kind(of: value) != .array else { return true }
            complain(path, "is no array")
            return false
        }

        private mutating func isObject(_ value: JSONValue, _ path: String) -> Bool {
            guard document.kind(of: value) != .object else { return true }
            complain(path, "is no object")
            return false
        }

        private mutating func complain(_ path: String, _ message: String) {
            problems.append(Problem(message: "\(path) \(message)", isJSON: true))
        }
    }
}
