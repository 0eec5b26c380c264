/// One item of a list whose items have members: `{tenant: acme, mode: hashed}` in a file,
/// `tenant=acme mode=hashed` in a variable, where items are separated by semicolons.
struct Record {
    /// Between the members of an item of a file, whose values may hold anything else.
    private static let separator: Character = "\u{1F}"

    private let values: [String: String]

    /// The text of a mapping.
    static func text(_ members: [(key: String, value: String)]) -> String {
        members.map { "\($0.key)=\($0.value)\(separator)" }.joined()
    }

    /// The members that `text` holds.
    init(_ text: String, members: [String]) throws(ValueProblem) {
        var values: [String: String] = [:]
        let isOfFile = text.contains(Self.separator)
        for part in isOfFile ? text.split(separator: Self.separator) : Self.parts(text, members) {
            guard let equals = part.firstIndex(of: "=") else {
                throw ValueProblem("is \(quoted(text)), not `\(members[0])=VALUE ...`")
            }
            let key = trimmed(part[..<equals])
            guard members.contains(key) else {
                throw ValueProblem(
                    "has no member \(quoted(key))",
                    suggestion: NearestName.of(key, among: members))
            }
            guard values[key] == nil else {
                throw ValueProblem("has \(quoted(key)) twice")
            }
            let value = part[part.index(after: equals)...]
            values[key] = isOfFile ? String(value) : trimmed(value)
        }
        self.values = values
    }

    /// The value of a member, which is not empty; nil: it is not there.
    subscript(key: String) -> String? {
        values[key].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The value of a member that must be there.
    func required(_ key: String) throws(ValueProblem) -> String {
        guard let value = self[key] else { throw ValueProblem("needs \(quoted(key))") }
        return value
    }

    /// Cuts a variable's text before each ` member=`: values may hold blanks.
    private static func parts(_ text: String, _ members: [String]) -> [Substring] {
        var parts: [Substring] = []
        var start = text.startIndex
        var index = start
        while index < text.endIndex {
            let next = text.index(after: index)
            if text[index] == " ", members.contains(where: { text[next...].hasPrefix("\($0)=") }) {
                parts.append(text[start..<index])
                start = next
            }
            index = next
        }
        parts.append(text[start...])
        return parts
    }
}
