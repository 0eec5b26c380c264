extension Rule {
    static let safety: [Rule] = [unsafeHomes, safetySentences, unwraps, unchecked]

    /// Where `unsafe` may stand: the byte buffer and what talks to C.
    static let unsafeModules = Set(["Bytes"] + Storeys.drivers)

    /// Files outside of those where `unsafe` may stand, each with its reason.
    private static let unsafeSeams: Set<String> = []

    /// Files outside of those that may vouch for Sendable: a finished trace is handed over to the
    /// exporter's thread, and a worker is told to end from another one.
    private static let uncheckedSeams: Set = [
        "Sources/Telemetry/Spans/FinishedTrace.swift", "Sources/Gateway/WorkerHandle.swift",
    ]

    private static let unsafeHomes = Rule(
        name: "unsafe code stays in the drivers",
        check: .swift { file in
            guard file.file.isShipped, let module = file.file.module,
                !unsafeModules.contains(module), !unsafeSeams.contains(file.file.path)
            else { return [] }
            return file.findings("unsafe belongs in Bytes, a driver or a named seam") {
                ["unsafe", "@unsafe"].contains(file.text($0))
            }
        },
        bad: [
            Example("let x = unsafe f()\n"),
            Example("nonisolated(unsafe) var x = 1\n"),
            Example("@unsafe func f() {}\n"),
        ],
        good: [
            Example("// unsafe\nlet text = \"unsafe\"\n"),
            Example("let x = unsafe f()\n", at: "Sources/Networking/Example.swift"),
        ])

    /// Lines above an `unsafe` in which its sentence is looked for outside of functions.
    private static let sentenceLines = 12

    private static let safetySentences = Rule(
        name: "unsafe code says why it is safe",
        check: .swift { file in
            guard file.file.isShipped else { return [] }
            let sentences = file.file.lines.indices.filter {
                file.file.lines[$0].contains("// SAFETY:")
            }.map { $0 + 1 }
            let functions = file.functions.map(\.lines)
            return file.findings("no `// SAFETY:` sentence near") { index in
                guard ["unsafe", "@unchecked"].contains(file.text(index)) else { return false }
                let line = file.tokens[index].line
                let near =
                    functions.filter { $0.contains(line) } + [line - sentenceLines...line + 1]
                return !sentences.contains { sentence in
                    near.contains { $0.contains(sentence) }
                }
            }
        },
        bad: [
            Example("func f() {\n    unsafe g()\n}\n", at: "Sources/JSON/Example.swift"),
            Example(
                "// SAFETY: it is.\n" + String(repeating: "\n", count: 20) + "let x = unsafe g()\n",
                at: "Sources/JSON/Example.swift"),
            Example("final class L: @unchecked Sendable {}\n", at: "Sources/Networking/L.swift"),
        ],
        good: [
            Example("// SAFETY: it is.\nunsafe g()\n", at: "Sources/JSON/Example.swift")
        ])

    private static let unwraps = Rule(
        name: "nothing is unwrapped or cast by force",
        check: .swift { file in
            guard file.file.isShipped, let module = file.file.module else { return [] }
            return file.findings("answer or throw instead") { index in
                guard file.text(index) == "!", file.tokens[index].touches else { return false }
                let before = file.tokens[index - 1]
                if ["try", "as"].contains(before.text) { return true }
                let isPostfix = before.kind == .word || [")", "]", "}"].contains(before.text)
                let isUnequal = file.text(index, 1) == "=" && file.tokens[index + 1].touches
                return isPostfix && !isUnequal && !unsafeModules.contains(module)
            }
        },
        bad: [
            Example("let x = a!\n"), Example("let x = f(1)!.b\n"), Example("let x = try! f()\n"),
            Example("let x = y as! Int\n"), Example("let x = a[0]!\n"),
            Example("let x = try! f()\n", at: "Sources/JSON/Example.swift"),
        ],
        good: [
            Example("let x = !a && b != c && (!d)\nreturn !e\nif f!=g {}\n"),
            Example("let x = \"wow!\"\n"),
            Example("let x = malloc(1)!\n", at: "Sources/Bytes/Example.swift"),
        ])

    private static let unchecked = Rule(
        name: "only a driver vouches for Sendable",
        check: .swift { file in
            guard file.file.isShipped, let module = file.file.module,
                !unsafeModules.contains(module), !uncheckedSeams.contains(file.file.path)
            else { return [] }
            return file.findings("share by Mutex or Atomic; @unchecked is the drivers'") {
                file.text($0) == "@unchecked"
            }
        },
        bad: [Example("final class C: @unchecked Sendable {}\n")],
        good: [Example("final class L: @unchecked Sendable {}\n", at: "Sources/Networking/L.swift")]
    )
}
