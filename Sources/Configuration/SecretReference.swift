/// Where a secret is: `env:NAME` or `file:PATH`.
enum SecretReference {
    case variable(String)
    case file(String)

    /// nil: not a reference.
    init?(_ text: String) {
        if text.hasPrefix("env:") {
            self = .variable(String(text.dropFirst(4)))
        } else if text.hasPrefix("file:") {
            self = .file(String(text.dropFirst(5)))
        } else {
            return nil
        }
    }

    /// The secret `text` refers to; in the environment also the secret itself.
    static func resolve(
        _ text: String, _ source: ValueSource
    ) throws(ValueProblem) -> Secret {
        let (value, origin) = try read(text, source)
        return try checked(value, origin)
    }

    /// The secrets `text` refers to: a file holds one a line, anything else a comma list.
    static func resolveAll(
        _ text: String, _ source: ValueSource
    ) throws(ValueProblem) -> [Secret] {
        let (value, origin) = try read(text, source)
        var separator: Character = ","
        if case .file = SecretReference(text) { separator = "\n" }
        let parts = value.split { $0 == separator || (separator == "\n" && $0 == "\r\n") }
        var secrets: [Secret] = []
        for part in parts {
            let trimmed = trimmed(part)
            if !trimmed.isEmpty { secrets.append(try checked(trimmed, origin)) }
        }
        guard !secrets.isEmpty else { throw ValueProblem("finds no key in \(origin)") }
        return secrets
    }

    /// The text that `text` refers to, whatever is in it.
    static func text(_ text: String, _ source: ValueSource) throws(ValueProblem) -> String {
        try read(text, source).value
    }

    /// The text there, without the newline at a file's end, and what to call the place.
    private static func read(
        _ text: String, _ source: ValueSource
    ) throws(ValueProblem) -> (value: String, origin: String) {
        switch SecretReference(text) {
        case .variable(let name):
            guard let value = source.environment[name], !value.isEmpty else {
                throw ValueProblem(
                    "names the environment variable \(quoted(name)), which is not set")
            }
            return (value, "the environment variable \(quoted(name))")
        case .file(let path):
            guard !path.isEmpty, var value = try? source.readFile(path) else {
                throw ValueProblem("names the file \(quoted(path)), which cannot be read")
            }
            // "\r\n" is one Character.
            if value.last == "\n" || value.last == "\r\n" { value.removeLast() }
            return (value, "the file \(quoted(path))")
        case nil:
            if source.isFile {
                // The value may be the secret itself: it is not shown.
                throw ValueProblem("is a secret; write env:NAME or file:PATH in its place")
            }
            return (text, "it")
        }
    }

    /// A secret goes into a header: visible ASCII only.
    private static func checked(
        _ value: String, _ origin: String
    ) throws(ValueProblem) -> Secret {
        guard !value.isEmpty else { throw ValueProblem("finds no value in \(origin)") }
        guard value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ValueProblem("finds a space or a control character in \(origin)")
        }
        return Secret(value)
    }
}

/// Without spaces and tabs at both ends.
func trimmed(_ text: some StringProtocol) -> String {
    let blanks: Set<Character> = [" ", "\t"]
    let front = text.drop { blanks.contains($0) }
    guard let last = front.lastIndex(where: { !blanks.contains($0) }) else { return "" }
    return String(front[...last])
}
