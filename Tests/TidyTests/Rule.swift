import Testing

/// What a rule found, printed as compilers do.
struct Finding: CustomStringConvertible {
    let path: String
    let line: Int
    let message: String

    var description: String { "\(path):\(line): \(message)" }
}

/// A rule of the house, why it is one, and examples that prove that it can fail.
struct Rule: Sendable, CustomTestStringConvertible {
    struct Example: Sendable {
        let path: String
        let text: String

        init(_ text: String, at path: String = "Sources/Gateway/Example.swift") {
            self.path = path
            self.text = text
        }
    }

    enum Check: Sendable {
        case swift(@Sendable (SwiftFile) -> [Finding])
        case text(@Sendable (SourceFile) -> [Finding])
    }

    /// A sentence.
    let name: String
    let check: Check
    /// Each must be found.
    let bad: [Example]
    /// None may be found.
    let good: [Example]

    var testDescription: String { name }

    func findings(in example: Example) -> [Finding] {
        let file = SourceFile(path: example.path, text: example.text)
        return switch check {
        case .swift(let check): check(SwiftFile(file))
        case .text(let check): check(file)
        }
    }

    func findingsInPackage() -> [Finding] {
        switch check {
        case .swift(let check): Package.swiftFiles.flatMap(check)
        case .text(let check): Package.files.flatMap(check)
        }
    }
}

extension SwiftFile {
    func finding(_ token: Token, _ message: String) -> Finding {
        Finding(path: file.path, line: token.line, message: message)
    }

    /// A finding at each token that `matches` (which gets its index).
    func findings(_ message: String, where matches: (Int) -> Bool) -> [Finding] {
        tokens.indices.filter(matches).map { finding(tokens[$0], message) }
    }
}
