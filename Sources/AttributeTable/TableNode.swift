import YAML

/// A value of a table's file: the typed reading that the file's few shapes need.
struct TableNode {
    let file: String
    let node: YAMLNode

    /// The document in `text`.
    init(file: String, text: String) throws(TableError) {
        self.file = file
        let parsed: YAMLNode?
        do throws(YAMLError) {
            parsed = try YAMLNode.parse(Array(text.utf8))
        } catch {
            throw TableError(file: file, line: error.position.line, reason: error.reason)
        }
        guard let parsed else { throw TableError(file: file, line: 1, reason: "is empty") }
        node = parsed
    }

    private init(file: String, node: YAMLNode) {
        self.file = file
        self.node = node
    }

    func error(_ reason: String) -> TableError {
        TableError(file: file, line: node.position.line, reason: reason)
    }

    /// The entries of a mapping, each name once.
    func entries() throws(TableError) -> [(name: String, value: TableNode)] {
        guard case .mapping(let entries) = node.content else { throw error("is no mapping") }
        var names: Set<String> = []
        var result: [(name: String, value: TableNode)] = []
        for entry in entries {
            let value = TableNode(file: file, node: entry.value)
            guard names.insert(entry.key).inserted else {
                throw value.error("\(entry.key) stands there twice")
            }
            result.append((entry.key, value))
        }
        return result
    }

    /// The values of a mapping by name; a name that is not among `known` is an error.
    func fields(_ known: Set<String>) throws(TableError) -> [String: TableNode] {
        var result: [String: TableNode] = [:]
        for (name, value) in try entries() {
            guard known.contains(name) else { throw value.error("what is \(name)?") }
            result[name] = value
        }
        return result
    }

    /// The elements of a sequence.
    func elements() throws(TableError) -> [TableNode] {
        guard case .sequence(let nodes) = node.content else { throw error("is no list") }
        return nodes.map { TableNode(file: file, node: $0) }
    }

    /// Whether it is a scalar.
    var isText: Bool {
        guard case .scalar = node.content else { return false }
        return true
    }

    /// A text that is not empty.
    func text() throws(TableError) -> String {
        guard case .scalar(let text, _) = node.content, !text.isEmpty else {
            throw error("is no text")
        }
        return text
    }

    /// A list of texts.
    func texts() throws(TableError) -> [String] {
        var result: [String] = []
        for element in try elements() { result.append(try element.text()) }
        return result
    }

    /// The one of `Choice` that is written.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _ type: Choice.Type
    ) throws(TableError) -> Choice where Choice.RawValue == String {
        let text = try text()
        guard let choice = Choice(rawValue: text) else {
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw error("\(text) is none of \(known)")
        }
        return choice
    }
}
