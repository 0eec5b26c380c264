import Foundation

extension Rule {
    static let text: [Rule] = [leftovers, privatePaths, links]

    private static let leftovers = Rule(
        name: "nothing is left to do in the text",
        check: .text { file in
            guard !file.isTidyTest else { return [] }
            let words = ["TODO", "FIXME", "XXX", "HACK"]
            return file.findings("finish it, or write down what is not done where users look") {
                line in words.contains { line.contains(word: $0) }
            }
        },
        bad: [Example("// TODO: later\n"), Example("# FIXME\n", at: "script/build")],
        good: [Example("let autodoc = \"XXXXXX\"\n"), Example("let TODOS = 1\n")])

    private static let privatePaths = Rule(
        name: "no path of a private machine",
        check: .text { file in
            guard !file.isTidyTest else { return [] }
            return file.findings("a path that only one machine has") { line in
                ["/work/", "/root/"].contains { path in
                    line.ranges(of: path).contains { found in
                        let before = line[..<found.lowerBound].last
                        return before.map { !$0.isLetter && !$0.isNumber && $0 != "." } ?? true
                    }
                }
            }
        },
        bad: [
            Example("cp /work/x y\n", at: "script/build"), Example("let x = \"/root/y\"\n"),
            Example("/work/z\n", at: "README.md"),
        ],
        good: [Example("Sources/network/x, ./work/, https://example.com/work\n", at: "README.md")])

    private static let links = Rule(
        name: "relative links lead somewhere",
        check: .text { file in
            guard file.path.hasSuffix(".md") else { return [] }
            let directory = (file.path as NSString).deletingLastPathComponent
            return file.lines.indices.flatMap { index in
                file.lines[index].links.compactMap { link -> Finding? in
                    let target = link.prefix { $0 != "#" }
                    guard !target.isEmpty, !target.contains(":") else { return nil }
                    let path = target.hasPrefix("/") ? "\(target)" : "\(directory)/\(target)"
                    return Package.exists(path)
                        ? nil
                        : Finding(
                            path: file.path, line: index + 1, message: "\(target) does not exist")
                }
            }
        },
        bad: [
            Example("See [the plan](docs/none.md#here).\n", at: "README.md"),
            Example("[a](../README.md) [b](Missing.md)\n", at: "Sources/Gateway/Gateway.docc/X.md"),
            Example("![a picture](none.svg)\n", at: "README.md"),
        ],
        good: [
            Example("[x](LICENSE) [y](https://example.com/a) [z](#there)\n", at: "README.md"),
            Example("[x](../../../LICENSE#top)\n", at: "Sources/Gateway/Gateway.docc/X.md"),
        ])
}

extension Substring {
    /// `word` stands in the line with no letter, digit or underscore on either side.
    fileprivate func contains(word: String) -> Bool {
        func isWord(_ character: Character?) -> Bool {
            character.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false
        }
        return ranges(of: word).contains {
            !isWord(self[..<$0.lowerBound].last) && !isWord(self[$0.upperBound...].first)
        }
    }

    /// The targets of Markdown's inline links.
    fileprivate var links: [Substring] {
        ranges(of: "](").compactMap { found in
            self[found.upperBound...].firstIndex(of: ")").map { self[found.upperBound..<$0] }
        }
    }
}
