extension ConventionTable {
    /// The constants: an enum for each group, in Sources/Telemetry.
    package var names: String {
        var file = SwiftText()
        for (index, group) in groups.enumerated() {
            if index > 0 { file.line() }
            file.comment(group.about, indent: "")
            file.line("package enum \(group.name) {")
            for row in group.rows { row.appendConstant(to: &file) }
            file.line("}")
        }
        return file.text
    }

    /// What a judge must know of attributes and spans, in Sources/SemanticConventions.
    package var facts: String {
        var file = SwiftText()
        file.comment("The table: attributes, and what each kind of span asks for.", indent: "")
        file.line("package enum Conventions {")
        file.comment("Every name the table knows.", indent: "    ")
        file.line("    package static let attributes: [AttributeFact] = [")
        for row in groups.flatMap(\.rows) + others { row.appendFact(to: &file) }
        file.line("    ]")
        file.line()
        file.comment(
            "From the general to the particular: the last that fits counts.", indent: "    ")
        file.line("    package static let spans: [SpanFact] = [")
        for span in spans { span.appendFact(to: &file) }
        file.line("    ]")
        file.line("}")
        return file.text
    }
}

extension AttributeRow {
    /// The constant, under a comment with the facts.
    func appendConstant(to file: inout SwiftText) {
        guard let constant, let type = type.swift else { return }
        file.comment(about, indent: "    ")
        let fate = renamed.map { "; deprecated" + ($0 == "none" ? "" : ", now \($0)") } ?? ""
        file.comment(
            "\(stability == .stable ? "Stable" : "In development"), since \(since)\(fate).",
            indent: "    ")
        let head = "    package static let \(constant) = AttributeKey<\(type)>("
        let tail = "\(quoted(name)))"
        if head.count + tail.count > SwiftText.columnsMax {
            file.line(head)
            file.line("        " + tail)
        } else {
            file.line(head + tail)
        }
    }

    /// The fact for the judge.
    func appendFact(to file: inout SwiftText) {
        let values = "[" + values.map(quoted).joined(separator: ", ") + "]"
        let fields = [
            quoted(name), ".\(type)", "values: \(values)", "isCustom: \(isCustom)",
            "isStable: \(stability == .stable)", "since: \(quoted(since))",
            "renamed: \(renamed.map(quoted) ?? "nil")", "isAlias: \(isAlias)",
        ]
        file.line("        AttributeFact(" + fields.joined(separator: ", ") + "),")
    }
}

extension SpanRow {
    /// The fact for the judge.
    func appendFact(to file: inout SwiftText) {
        let name = name.map(quoted).joined(separator: ", ")
        let kinds = kinds.map { ".\($0)" }.joined(separator: ", ")
        let only = only.map { part in
            let values = part.values.map(quoted).joined(separator: ", ")
            return "\(quoted(part.attribute)): [\(values)]"
        }
        file.line("        SpanFact(")
        file.line("            id: \(quoted(id)), name: [\(name)], kinds: [\(kinds)],")
        file.line("            only: [\(only.isEmpty ? ":" : only.joined(separator: ", "))],")
        file.line("            carries: \(carries.map(quoted) ?? "nil"),")
        file.line("            levels: [")
        for level in levels {
            file.line("                (\(quoted(level.attribute)), \(level.level)),")
        }
        file.line("            ]),")
    }
}
