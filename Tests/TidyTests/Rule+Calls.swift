extension Rule {
    static let calls: [Rule] = bannedCalls.map(\.rule)

    /// Code that is never written in Sources, as a run of tokens, and why.
    private struct Banned {
        let tokens: [String]
        let reason: String
        /// The modules that may.
        var except: Set<String> = []

        var rule: Rule {
            let shown = tokens.joined()
            return Rule(
                name: "`\(shown)` is not used: \(reason)",
                check: .swift { file in
                    guard file.file.isShipped, let module = file.file.module,
                        !except.contains(module)
                    else { return [] }
                    return file.findings("`\(shown)`: \(reason)") { index in
                        guard ![".", "func"].contains(file.text(index, -1)) else { return false }
                        return tokens.indices.allSatisfy { file.text(index, $0) == tokens[$0] }
                    }
                },
                bad: [Example("func f() {\n    " + tokens.joined(separator: " ") + "\n}\n")],
                good: [Example("// \(shown)\nlet x = \"\(shown)\"\n")]
                    + except.map { Example(shown, at: "Sources/\($0)/Example.swift") })
        }
    }

    private static let bannedCalls = [
        Banned(
            tokens: ["Task", "{"],
            reason: "it leaves the loop for the global pool; Task(executorPreference:) stays"),
        Banned(
            tokens: ["Task", "(", "priority"],
            reason: "it leaves the loop for the global pool; Task(executorPreference:) stays"),
        Banned(
            tokens: ["Task", ".", "detached"],
            reason: "it leaves the loop for the global pool, and nobody waits for it"),
        Banned(
            tokens: ["Task", ".", "sleep"],
            reason: "its clock is the global pool's; a LoopTimer is the loop's"),
        Banned(
            tokens: ["withTaskGroup", "("],
            reason: "what runs beside a request is another connection or another thread"),
        Banned(
            tokens: ["@MainActor"], reason: "no main actor runs under a libuv loop"),
        Banned(
            tokens: ["DispatchQueue"], reason: "a worker is one thread; there is no other pool"),
        Banned(
            tokens: ["Thread", ".", "sleep"], reason: "it stops every request of the loop"),
        Banned(tokens: ["sleep", "("], reason: "it stops every request of the loop"),
        Banned(
            tokens: ["usleep", "("], reason: "it stops every request of the loop"),
        Banned(
            tokens: ["nanosleep", "("], reason: "it stops every request of the loop"),
        Banned(
            tokens: ["fatalError", "("],
            reason: "handle the likely; only a driver traps, where its library has no memory left",
            except: unsafeModules),
        Banned(
            tokens: ["print", "("], reason: "the log has levels and keys; stdout is the command's",
            except: ["MartletCommand"]),
        Banned(
            tokens: ["debugPrint", "("], reason: "left over from looking for a bug"),
        Banned(
            tokens: ["assertionFailure", "("],
            reason: "a release build goes on; trap by preconditionFailure or handle it"),
        Banned(
            tokens: ["#file"], reason: "#fileID: a path of the building machine is in the binary"),
        Banned(
            tokens: ["#filePath"],
            reason: "#fileID: a path of the building machine is in the binary"),
    ]
}
