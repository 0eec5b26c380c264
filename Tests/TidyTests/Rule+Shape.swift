extension Rule {
    static let shape: [Rule] = [fileLength, functionLength, lineLength, endOfFile]

    /// Lines of a file; the aim is 200, and what is over 400 wants a split.
    static let fileLinesMax = 600
    static let functionLinesMax = 70
    static let lineColumnsMax = 100

    private static let fileLength = Rule(
        name: "a file has at most 600 lines",
        check: .text { file in
            guard file.isCode, !file.isGenerated, file.lineCount > fileLinesMax else { return [] }
            return [
                Finding(
                    path: file.path, line: fileLinesMax + 1,
                    message: "\(file.lineCount) lines; split it by concern")
            ]
        },
        bad: [Example(String(repeating: "let x = 1\n", count: 601))],
        good: [
            Example(String(repeating: "let x = 1\n", count: 600)),
            Example(
                String(repeating: "let x = 1\n", count: 700),
                at: "Sources/Gateway/Names.generated.swift"),
        ])

    private static let functionLength = Rule(
        name: "a function has at most 70 lines",
        check: .swift { file in
            file.functions.filter { $0.lines.count > functionLinesMax }.map {
                Finding(
                    path: file.file.path, line: $0.lines.lowerBound,
                    message: "\($0.name) has \($0.lines.count) lines")
            }
        },
        bad: [
            Example("func f() {\n" + String(repeating: "    g()\n", count: 69) + "}\n"),
            Example(
                "init?(\n    a: [Int] = { [1] }()\n) where T: S\n{\n"
                    + String(repeating: "    if x { g(\"}\") }\n", count: 70) + "}\n"),
        ],
        good: [
            Example("func f() {\n" + String(repeating: "    g()\n", count: 68) + "}\n"),
            Example(
                "protocol P {\n    func f()\n    func g() -> Int\n}\n"
                    + "struct S {\n" + String(repeating: "    let x = 1\n", count: 80) + "}\n"),
            Example("let x = S.init(1)\nlet y = {\n" + String(repeating: "g()\n", count: 80) + "}"),
        ])

    private static let lineLength = Rule(
        name: "a line has at most 100 columns",
        check: .text { file in
            guard file.isCode, !file.isGenerated else { return [] }
            return file.findings("over 100 columns") { $0.count > lineColumnsMax }
        },
        bad: [Example(String(repeating: "x", count: 101))],
        good: [Example(String(repeating: "ä", count: 100))])

    private static let endOfFile = Rule(
        name: "a file ends in one newline, and no line in white space",
        check: .text { file in
            guard file.isCode else { return [] }
            var found = file.findings("white space at the end") {
                $0.last == " " || $0.last == "\t"
            }
            if file.lines.last != "" || file.lines.dropLast().last == "" {
                found.append(
                    Finding(
                        path: file.path, line: file.lineCount, message: "ends not in one newline"))
            }
            return found
        },
        bad: [Example("let x = 1"), Example("let x = 1 \n"), Example("let x = 1\n\n")],
        good: [Example("let x = 1\n\nlet y = 2\n")])
}

extension SourceFile {
    /// Written by hand in a language that lines are counted in: not data, not prose.
    var isCode: Bool {
        let kinds = [".swift", ".h", ".cpp", ".py", ".sh", ".modulemap"]
        return kinds.contains { path.hasSuffix($0) } || path.hasPrefix("script/")
            || path == ".ci/run"
    }

    /// A finding on each line that `matches`.
    func findings(_ message: String, where matches: (Substring) -> Bool) -> [Finding] {
        lines.indices.filter { matches(lines[$0]) }.map {
            Finding(path: path, line: $0 + 1, message: message)
        }
    }
}
