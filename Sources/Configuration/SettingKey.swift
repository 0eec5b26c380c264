/// A key of the configuration: everything there is to know about it.
struct SettingKey: Sendable {
    /// `limits.headerBytesMax`.
    let path: String
    let type: SettingType
    /// Short variables that set it too; its own name wins over them.
    let shortVariables: [String]
    /// A variable that is read where nothing else sets the key.
    let fallbackVariable: String?
    /// What the example file shows where there is no default.
    let example: String?
    /// One sentence.
    let doc: String

    init(
        _ path: String, _ type: SettingType, short: [String] = [], fallback: String? = nil,
        example: String? = nil, _ doc: String
    ) {
        self.path = path
        self.type = type
        shortVariables = short
        fallbackVariable = fallback
        self.example = example
        self.doc = doc
    }

    /// `MARTLET_LIMITS_HEADER_BYTES_MAX` for `limits.headerBytesMax`.
    var variable: String {
        var name = "MARTLET_"
        let characters = Array(path)
        for (index, character) in characters.enumerated() {
            let previous = index > 0 ? characters[index - 1] : "."
            let next = index + 1 < characters.count ? characters[index + 1] : "."
            if character == "." {
                name += "_"
                continue
            }
            let beginsWord =
                character.isUppercase && previous != "."
                && (!previous.isUppercase || next.isLowercase)
            name += (beginsWord ? "_" : "") + character.uppercased()
        }
        return name
    }

    /// The first part of the path, or nil for a key of the top level.
    var section: String? {
        path.firstIndex(of: ".").map { String(path[..<$0]) }
    }

    /// The last part of the path.
    var name: String {
        path.lastIndex(of: ".").map { String(path[path.index(after: $0)...]) } ?? path
    }

    /// The value in `settings` as the file would hold it; nil: not set.
    func valueText(in settings: Settings) -> String? {
        guard let values = type.render(settings) else { return nil }
        guard type.isList else { return values.first }
        return values.count == 1 ? values[0] : "[\(values.joined(separator: ", "))]"
    }
}
