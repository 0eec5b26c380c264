/// The type an attribute's values must have.
enum RowType: String, CaseIterable {
    case string, int, double, bool
    case strings = "string[]"
    case content, any
    case stringTemplate = "template[string]"
    case stringsTemplate = "template[string[]]"

    /// The type of the key's values in Swift.
    var swift: String? {
        switch self {
        case .string: "String"
        case .int: "Int"
        case .double: "Double"
        case .bool: "Bool"
        case .strings: "[String]"
        case .content: "MessageContent"
        case .any, .stringTemplate, .stringsTemplate: nil
        }
    }
}

/// How firm a name is.
enum RowStability: String, CaseIterable {
    case development, alpha, beta
    case releaseCandidate = "release_candidate"
    case stable
}

/// One attribute of the table.
struct AttributeRow {
    let name: String
    let type: RowType
    /// The constant's name; nil for names that only the judge knows.
    private(set) var constant: String?
    /// The values the convention knows; empty where any will do.
    private(set) var values: [String] = []
    /// Other values than `values` are lawful.
    private(set) var isCustom = false
    private(set) var stability = RowStability.development
    private(set) var since = ""
    /// Deprecated: what to use instead, or "none".
    private(set) var renamed: String?
    /// Sent on purpose although deprecated.
    private(set) var isAlias = false
    private(set) var about = ""

    /// A name without a constant.
    init(name: String, type: RowType, renamed: String? = nil) {
        self.name = name
        self.type = type
        self.renamed = renamed
    }

    init(_ node: TableNode) throws(TableError) {
        let fields = try node.fields([
            "name", "constant", "type", "values", "custom", "stability", "since", "renamed",
            "alias", "about",
        ])
        guard let name = fields["name"], let constant = fields["constant"],
            let type = fields["type"], let stability = fields["stability"],
            let since = fields["since"], let about = fields["about"]
        else {
            throw node.error("needs name, constant, type, stability, since and about")
        }
        self.name = try name.text()
        self.constant = try constant.text()
        self.type = try type.choice(RowType.self)
        guard self.type.swift != nil, self.name.utf8.count <= 255 else {
            throw node.error("is no attribute that a constant can stand for")
        }
        self.stability = try stability.choice(RowStability.self)
        self.since = try since.text()
        self.about = try about.text()
        values = try fields["values"]?.texts() ?? []
        isCustom =
            try fields["custom"].map { value throws(TableError) in
                try value.text() == "true"
            } ?? false
        renamed = try fields["renamed"]?.text()
        isAlias =
            try fields["alias"].map { value throws(TableError) in
                try value.text() == "true"
            } ?? false
    }
}

/// The attributes whose constants are in one enum.
struct AttributeGroup {
    let name: String
    let about: String
    let rows: [AttributeRow]

    init(_ node: TableNode) throws(TableError) {
        let fields = try node.fields(["group", "about", "attributes"])
        guard let name = fields["group"], let about = fields["about"],
            let attributes = fields["attributes"]
        else { throw node.error("needs group, about and attributes") }
        self.name = try name.text()
        self.about = try about.text()
        var rows: [AttributeRow] = []
        for element in try attributes.elements() {
            let row = try AttributeRow(element)
            guard !rows.contains(where: { $0.constant == row.constant }) else {
                throw element.error("the constant's name is taken")
            }
            rows.append(row)
        }
        self.rows = rows
    }
}
