/// A kind of span, and what the convention asks of it.
struct SpanRow {
    let id: String
    /// The attributes whose values make the name.
    let name: [String]
    let kinds: [String]
    /// Attributes of which the span has one of the values.
    let only: [(attribute: String, values: [String])]
    /// An attribute that the span carries.
    let carries: String?
    let levels: [LevelRow]

    /// `earlier` are the rows above, which this one may extend.
    init(_ node: TableNode, earlier: [SpanRow]) throws(TableError) {
        let fields = try node.fields([
            "id", "extends", "name", "kinds", "only", "carries", "attributes",
        ])
        guard let id = fields["id"], let attributes = fields["attributes"] else {
            throw node.error("needs id and attributes")
        }
        self.id = try id.text()
        var base: SpanRow?
        if let extends = try fields["extends"]?.text() {
            base = earlier.first { $0.id == extends }
            guard base != nil else { throw node.error("no entry above is \(extends)") }
        }
        name = try fields["name"]?.text().split(separator: " ").map(String.init) ?? base?.name ?? []
        kinds = try fields["kinds"]?.texts() ?? base?.kinds ?? []
        carries = try fields["carries"]?.text() ?? base?.carries
        guard !name.isEmpty, !kinds.isEmpty else { throw node.error("needs name and kinds") }
        var only: [(attribute: String, values: [String])] = []
        for (attribute, values) in try fields["only"]?.entries() ?? [] {
            only.append((attribute, try values.texts()))
        }
        self.only = only
        var levels = base?.levels ?? []
        for (attribute, level) in try attributes.entries() {
            let row = try LevelRow(attribute: attribute, level)
            if let index = levels.firstIndex(where: { $0.attribute == attribute }) {
                levels[index] = row
            } else {
                levels.append(row)
            }
        }
        self.levels = levels
    }
}

/// How much a span needs an attribute.
struct LevelRow {
    let attribute: String
    /// In Swift, as `RequirementLevel` has it.
    let level: String

    init(attribute: String, _ node: TableNode) throws(TableError) {
        self.attribute = attribute
        if node.isText {
            switch try node.text() {
            case "required": level = ".required"
            case "recommended": level = ".recommended"
            case "opt_in": level = ".optIn"
            case let other: throw node.error("\(other) is no level")
            }
            return
        }
        let fields = try node.fields(["conditional", "when"])
        guard let condition = fields["conditional"], let when = fields["when"] else {
            throw node.error("needs conditional and when")
        }
        let test: String
        switch try when.text() {
        case "failed": test = ".failed"
        case "answered": test = ".answered"
        case "several": test = ".severalChoices"
        case "given": test = ".given"
        case let other where other.hasPrefix("set "):
            test = ".carries(\(quoted(String(other.dropFirst(4)))))"
        case let other: throw when.error("\(other) is no test")
        }
        level = ".conditional(\(quoted(try condition.text())), when: \(test))"
    }
}
