/// A function, initialiser or deinitialiser with a body.
struct Function {
    let name: String
    /// From the keyword's line to the closing brace's, from 1.
    let lines: ClosedRange<Int>
}

extension SwiftFile {
    private static let beginsDeclaration: Set = [
        "actor", "associatedtype", "case", "class", "deinit", "enum", "extension", "final", "func",
        "import", "init", "internal", "let", "mutating", "nonisolated", "package", "private",
        "protocol", "static", "struct", "subscript", "typealias", "var",
    ]

    /// Every function with a body, nested ones too.
    var functions: [Function] {
        tokens.indices.compactMap { index in
            let token = tokens[index]
            guard token.kind == .word, text(index, -1) != "." else { return nil }
            switch token.text {
            case "func", "deinit": break
            case "init" where ["(", "<", "?", "!"].contains(text(index, 1)): break
            default: return nil
            }
            guard let open = bodyStart(after: index), let close = closingBrace(of: open) else {
                return nil
            }
            let name = token.text == "func" ? text(index, 1) : token.text
            return Function(name: name, lines: token.line...tokens[close].line)
        }
    }

    /// The index of the brace that opens the body of the function at `keyword`, or nil for a
    /// protocol's requirement, which has none.
    private func bodyStart(after keyword: Int) -> Int? {
        var depth = 0
        for index in tokens.indices[(keyword + 1)...] {
            let token = tokens[index]
            switch token.text {
            case "(", "[": depth += 1
            case ")", "]": depth -= 1
            case "{" where depth == 0: return index
            case "}" where depth == 0: return nil
            default:
                let begins =
                    token.text.hasPrefix("@") || Self.beginsDeclaration.contains(token.text)
                if depth == 0, token.isFirstOnLine, begins { return nil }
            }
        }
        return nil
    }

    /// The index of the brace that closes the one at `open`.
    func closingBrace(of open: Int) -> Int? {
        var depth = 0
        for index in tokens.indices[open...] {
            if tokens[index].text == "{" { depth += 1 }
            if tokens[index].text == "}" {
                depth -= 1
                if depth == 0 { return index }
            }
        }
        return nil
    }
}
