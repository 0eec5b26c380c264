import Privacy

// Lists whose items have members.
extension SettingType {
    /// Client keys: references to some, or one with the name of its holder.
    static func clientKeys(_ path: Path<[ClientKeySettings]>) -> SettingType {
        let members = ["name", "key"]
        var type = list(
            path, name: "list of `env:NAME`, `file:PATH` and `{name: NAME, key: env:NAME}`",
            parse: { text, source throws(ValueProblem) in
                guard source.isRecord(text) else {
                    return try SecretReference.resolveAll(text, source)
                        .map { ClientKeySettings(name: nil, key: $0) }
                }
                let record = try Record(text, members: members)
                let name = try checkedName(record.required("name"))
                return try SecretReference.resolveAll(record.required("key"), source)
                    .map { ClientKeySettings(name: name, key: $0) }
            },
            text: { $0.key.description })
        type.isSecret = true
        type.members = members
        return type
    }

    /// Rules on message content.
    static func contentRules(_ path: Path<[ContentRule]>) -> SettingType {
        let members = ["tenant", "path", "model", "mode"]
        var type = list(
            path, name: "list of `{tenant: NAME, path: PATH, model: MODEL, mode: MODE}`",
            parse: { text, _ throws(ValueProblem) in
                let record = try Record(text, members: members)
                let word = try record.required("mode")
                guard let mode = ContentMode(rawValue: word) else {
                    let words = ContentMode.allCases.map(\.rawValue)
                    throw ValueProblem(
                        "has the mode \(quoted(word)), not one of "
                            + words.joined(separator: ", "),
                        suggestion: NearestName.of(word, among: words))
                }
                if let path = record["path"], path.first != "/", path.first != "*" {
                    throw ValueProblem("has the path \(quoted(path)), which does not begin with /")
                }
                let tenant = try record["tenant"].map { name throws(ValueProblem) in
                    try checkedName(name)
                }
                return [
                    ContentRule(
                        tenant: tenant, path: record["path"], model: record["model"],
                        form: mode.form)
                ]
            },
            text: { rule in
                let conditions = [
                    rule.tenant.map { "tenant: \($0)" }, rule.path.map { "path: \"\($0)\"" },
                    rule.model.map { "model: \"\($0)\"" },
                ]
                let members = conditions.compactMap(\.self) + ["mode: \(rule.form.word)"]
                return "{\(members.joined(separator: ", "))}"
            })
        type.members = members
        return type
    }

    /// Expressions of `redacted`.
    static func redactionPatterns(_ path: Path<[RedactionPattern]>) -> SettingType {
        let members = ["name", "match"]
        var type = list(
            path, name: "list of `{name: NAME, match: EXPRESSION}`",
            parse: { text, _ throws(ValueProblem) in
                let record = try Record(text, members: members)
                let pattern = RedactionPattern(
                    name: try checkedName(record.required("name")),
                    expression: try record.required("match"))
                if let problem = pattern.problem {
                    throw ValueProblem("`match` of \(quoted(pattern.name)) \(problem)")
                }
                return [pattern]
            },
            text: { "{name: \($0.name), match: '\($0.expression)'}" })
        type.members = members
        return type
    }
}

extension ValueSource {
    /// Whether an item of a list is written with members: only in a file can it be mistaken for
    /// nothing else.
    func isRecord(_ text: String) -> Bool { isFile && text.contains("\u{1F}") }
}

/// A name as spans and rules have it.
private func checkedName(_ text: String) throws(ValueProblem) -> String {
    let isAllowed = text.utf8.allSatisfy {
        switch $0 {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: false
        }
    }
    guard isAllowed, (1...64).contains(text.utf8.count) else {
        throw ValueProblem(
            "has the name \(quoted(text)); 1 to 64 letters, digits, `.`, `_` and `-` are allowed")
    }
    return text
}
