/// The whole table, read and checked.
package struct ConventionTable {
    let groups: [AttributeGroup]
    /// Names without a constant.
    let others: [AttributeRow]
    let spans: [SpanRow]

    /// Reads the texts of attributes.yaml and spans.yaml.
    package init(attributes: String, spans: String) throws(TableError) {
        let root = try TableNode(file: "attributes.yaml", text: attributes)
        let fields = try root.fields(["groups", "others", "deprecated"])
        var groups: [AttributeGroup] = []
        for node in try fields["groups"]?.elements() ?? [] {
            groups.append(try AttributeGroup(node))
        }
        var others: [AttributeRow] = []
        for (name, type) in try fields["others"]?.entries() ?? [] {
            others.append(AttributeRow(name: name, type: try type.choice(RowType.self)))
        }
        for (name, renamed) in try fields["deprecated"]?.entries() ?? [] {
            others.append(AttributeRow(name: name, type: .any, renamed: try renamed.text()))
        }
        self.groups = groups
        self.others = others
        var names: Set<String> = []
        for row in groups.flatMap(\.rows) + others {
            guard names.insert(row.name).inserted else {
                throw root.error("\(row.name) is there twice")
            }
        }
        let list = try TableNode(file: "spans.yaml", text: spans)
        var rows: [SpanRow] = []
        for node in try list.fields(["spans"])["spans"]?.elements() ?? [] {
            let row = try SpanRow(node, earlier: rows)
            let used = row.levels.map(\.attribute) + row.name + row.only.map(\.attribute)
            if let unknown = used.first(where: { !names.contains($0) }) {
                throw node.error("\(unknown) is not in attributes.yaml")
            }
            rows.append(row)
        }
        self.spans = rows
    }
}
