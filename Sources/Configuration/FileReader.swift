import YAML

/// Walks the file's tree by the table: finds each key's values and everything that is no key.
struct FileReader {
    /// One value as written.
    struct Value {
        let text: String
        let position: YAMLPosition
    }

    /// A key the file sets.
    struct Setting {
        let key: SettingKey
        let position: YAMLPosition
        let values: [Value]
    }

    let name: String
    private(set) var settings: [Setting] = []
    private(set) var diagnostics: [Diagnostic] = []

    init(_ file: ConfigurationFile) {
        name = file.name
        do throws(YAMLError) {
            guard let root = try YAMLNode.parse(file.bytes), !root.isNull else { return }
            readRoot(root)
        } catch {
            complain(at: error.position, error.reason, suggestion: hint(error, file))
        }
    }

    /// What a refused line of YAML most likely lacks.
    private func hint(_ error: YAMLError, _ file: ConfigurationFile) -> String? {
        let newline = UInt8(ascii: "\n")
        let lines = file.bytes.split(separator: newline, omittingEmptySubsequences: false)
        guard lines.indices.contains(error.position.line - 1) else { return nil }
        let line = String(decoding: lines[error.position.line - 1], as: UTF8.self)
        return line.contains("[:") ? "an IPv6 address in quotes, \"[::1]:8787\"" : nil
    }

    /// The place in diagnostics.
    func location(_ position: YAMLPosition) -> Diagnostic.Location {
        .file(name: name, line: position.line, column: position.column)
    }

    private mutating func readRoot(_ root: YAMLNode) {
        guard case .mapping(let entries) = root.content, root.tag == nil else {
            complain(at: root.position, "the file must hold `key: value` lines")
            return
        }
        let sections = SettingsTable.sections.map(\.name)
        let plain = SettingsTable.keys.filter { $0.section == nil }
        for entry in unique(entries, in: nil) {
            if let key = plain.first(where: { $0.name == entry.key }) {
                read(entry, key)
            } else if sections.contains(entry.key) {
                readSection(entry)
            } else {
                complain(
                    at: entry.keyPosition, "unknown key \(quoted(entry.key))",
                    suggestion: suggestion(for: entry.key, among: sections + plain.map(\.name)))
            }
        }
    }

    private mutating func readSection(_ section: YAMLNode.Entry) {
        // All of its keys may be commented out.
        if section.value.isNull { return }
        guard case .mapping(let entries) = section.value.content, section.value.tag == nil else {
            complain(
                at: section.value.position,
                "`\(section.key)` is a section; its keys stand indented below it")
            return
        }
        let keys = SettingsTable.keys.filter { $0.section == section.key }
        for entry in unique(entries, in: section.key) {
            if let key = keys.first(where: { $0.name == entry.key }) {
                read(entry, key)
            } else {
                complain(
                    at: entry.keyPosition,
                    "unknown key \(quoted(entry.key)) in `\(section.key)`",
                    suggestion: suggestion(for: entry.key, among: keys.map(\.name)))
            }
        }
    }

    /// A near name here, else the full path of a key that has this name elsewhere.
    private func suggestion(for name: String, among candidates: [String]) -> String? {
        if let near = NearestName.of(name, among: candidates) { return near }
        return SettingsTable.keys.first { $0.name.lowercased() == name.lowercased() }?.path
    }

    /// The entries without those whose key was there before.
    private mutating func unique(
        _ entries: [YAMLNode.Entry], in section: String?
    ) -> [YAMLNode.Entry] {
        var lines: [String: Int] = [:]
        var first: [YAMLNode.Entry] = []
        for entry in entries {
            if let line = lines[entry.key] {
                let path = section.map { "\($0).\(entry.key)" } ?? entry.key
                complain(
                    at: entry.keyPosition,
                    "\(quoted(path)) is here a second time; the first is in line \(line)")
            } else {
                lines[entry.key] = entry.keyPosition.line
                first.append(entry)
            }
        }
        return first
    }

    private mutating func read(_ entry: YAMLNode.Entry, _ key: SettingKey) {
        var values: [Value] = []
        let before = diagnostics.count
        if case .sequence(let items) = entry.value.content {
            if !key.type.isList || entry.value.tag != nil {
                complain(
                    at: entry.value.position, "`\(key.path)` takes one value, not a list")
                return
            }
            for item in items { values += scalar(item, key) }
        } else {
            values += scalar(entry.value, key)
        }
        guard diagnostics.count == before else { return }
        settings.append(Setting(key: key, position: entry.value.position, values: values))
    }

    /// An item of a list with its members, as `Record` reads it.
    private mutating func record(
        _ entries: [YAMLNode.Entry], at position: YAMLPosition, _ key: SettingKey
    ) -> [Value] {
        var members: [(key: String, value: String)] = []
        for entry in unique(entries, in: key.path) {
            guard key.type.members.contains(entry.key) else {
                complain(
                    at: entry.keyPosition, "`\(key.path)` has no member \(quoted(entry.key))",
                    suggestion: NearestName.of(entry.key, among: key.type.members))
                continue
            }
            guard case .scalar(let text, _) = entry.value.content, entry.value.tag == nil,
                !text.isEmpty, !text.contains("\u{1F}")
            else {
                complain(
                    at: entry.value.position, "`\(key.path)`: \(quoted(entry.key)) takes a value")
                continue
            }
            members.append((entry.key, text))
        }
        return [Value(text: Record.text(members), position: position)]
    }

    private mutating func scalar(_ node: YAMLNode, _ key: SettingKey) -> [Value] {
        if case .mapping(let entries) = node.content, !key.type.members.isEmpty, node.tag == nil {
            return record(entries, at: node.position, key)
        }
        guard case .scalar(let text, let isPlain) = node.content else {
            complain(at: node.position, "`\(key.path)` takes a value, not a section or a list")
            return []
        }
        if node.tag != nil {
            complain(at: node.position, "`\(key.path)` has a tag (`!`); tags are not used here")
            return []
        }
        if node.isNull {
            complain(at: node.position, "`\(key.path)` has no value")
            return []
        }
        if let problem = mismatch(text, isPlain: isPlain, key.type.form) {
            complain(at: node.position, "`\(key.path)` \(problem)")
            return []
        }
        return [Value(text: text, position: node.position)]
    }

    /// What is wrong with how a scalar is written.
    private func mismatch(_ text: String, isPlain: Bool, _ form: SettingType.Form) -> String? {
        switch form {
        case .boolean, .number:
            return isPlain ? nil : "is text; write it without quotes"
        case .text:
            let isBoolean = ["true", "false"].contains(text.lowercased())
            if isPlain, isBoolean { return "is a boolean; as text it needs quotes" }
            if isPlain, Double(text) != nil { return "is a number; as text it needs quotes" }
            return nil
        case .word:
            return nil
        }
    }

    private mutating func complain(
        at position: YAMLPosition, _ reason: String, suggestion: String? = nil
    ) {
        diagnostics.append(
            Diagnostic(.error, at: location(position), reason, suggestion: suggestion))
    }
}
