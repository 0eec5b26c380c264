import Testing

/// The house rules that a reader of the sources can decide. Each has an example that breaks it,
/// so that a rule which finds nothing any more is noticed.
@Suite struct TidyTests {
    static let rules =
        Rule.shape + Rule.modules + Rule.safety + Rule.calls + Rule.text

    @Test(arguments: rules)
    func `the package keeps the rule`(_ rule: Rule) {
        let findings = rule.findingsInPackage()
        let list = findings.map(\.description).joined(separator: "\n")
        #expect(findings.isEmpty, "\(rule.name):\n\(list)")
    }

    @Test(arguments: rules)
    func `the rule finds what breaks it, and only that`(_ rule: Rule) {
        #expect(!rule.bad.isEmpty)
        for example in rule.bad {
            #expect(!rule.findings(in: example).isEmpty, "not found: \(example.text)")
        }
        for example in rule.good {
            let findings = rule.findings(in: example)
            #expect(findings.isEmpty, "found in vain: \(findings) in \(example.text)")
        }
    }

    @Test func `the rules read the sources`() {
        let shipped = Package.swiftFiles.filter(\.file.isShipped)
        #expect(shipped.count > 5)
        #expect(shipped.contains { $0.file.path == "Sources/Bytes/ByteBuffer.swift" })
        #expect(Package.files.contains { $0.path == "script/build" })
        #expect(Package.files.contains { $0.path == "Package.swift" })
    }

    @Test func `the lexer sees code, not comments and text`() {
        let source = """
            /* a /* b */ c */ let d = "e \\(f("g")) h" // i
            let j = #"k" \\(l) \\#(m) "# + \"""
                n "o" \\(p)
                \"""; `q r`!
            """
        let words = SwiftLexer.tokens(of: source).filter { $0.kind == .word }.map(\.text)
        #expect(words == ["let", "d", "f", "let", "j", "m", "p", "`q r`"])
        let last = SwiftLexer.tokens(of: source).last
        #expect(last?.text == "!" && last?.touches == true && last?.line == 4)
    }

    @Test func `few files are long`() {
        let long = Package.files.filter { $0.isCode && !$0.isGenerated && $0.lineCount > 400 }
        let list = long.map { "\($0.path) (\($0.lineCount))" }.joined(separator: ", ")
        #expect(long.count <= 5, "over 400 lines: \(list)")
    }
}
