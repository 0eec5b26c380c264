import Foundation

/// A text file of this package, as the house rules see it.
struct SourceFile: Sendable {
    /// From the package's root: `Sources/Bytes/ASCII.swift`.
    let path: String
    let lines: [Substring]

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// The name of the target, where the file belongs to one.
    var module: String? {
        let parts = path.split(separator: "/")
        return parts.count > 2 && (parts[0] == "Sources" || parts[0] == "Tests")
            ? String(parts[1]) : nil
    }

    var isSwift: Bool { path.hasSuffix(".swift") }
    var isShipped: Bool { path.hasPrefix("Sources/") }
    var isGenerated: Bool { path.hasSuffix(".generated.swift") }
    /// These name what they forbid.
    var isTidyTest: Bool { path.hasPrefix("Tests/TidyTests/") }

    /// Lines as an editor counts them: the empty piece after the last newline is none.
    var lineCount: Int { lines.last == "" ? lines.count - 1 : lines.count }
}

/// A Swift file and its tokens.
struct SwiftFile {
    let file: SourceFile
    let tokens: [Token]

    init(_ file: SourceFile) {
        self.file = file
        tokens = SwiftLexer.tokens(of: file.lines.joined(separator: "\n"))
    }

    /// The text `offset` tokens after the one at `index`, or "" past either end.
    func text(_ index: Int, _ offset: Int = 0) -> String {
        tokens.indices.contains(index + offset) ? tokens[index + offset].text : ""
    }
}

/// The package as it stands on disk.
enum Package {
    static let root: URL = {
        var url = URL(filePath: #filePath)
        for _ in 0..<3 { url.deleteLastPathComponent() }
        return url
    }()

    /// Every text file that is ours: build products and binary corpora are left out.
    static let files: [SourceFile] = {
        let kinds: Set = [
            "swift", "h", "cpp", "modulemap", "py", "sh", "md", "yaml", "yml", "json", "conf",
            "lua",
        ]
        let skipped: Set = [".build", ".git", "out", "__pycache__", ".venv", "corpus"]
        var found: [SourceFile] = []
        func visit(_ directory: String) {
            let url = directory.isEmpty ? root : root.appending(path: directory)
            let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
            for name in names.sorted() where !skipped.contains(name) {
                let path = directory.isEmpty ? name : "\(directory)/\(name)"
                var isDirectory: ObjCBool = false
                _ = FileManager.default.fileExists(
                    atPath: root.appending(path: path).path, isDirectory: &isDirectory)
                if isDirectory.boolValue {
                    visit(path)
                } else if kinds.contains(URL(filePath: name).pathExtension)
                    || !name.dropFirst().contains(".")
                {
                    guard
                        let text = try? String(
                            contentsOf: root.appending(path: path), encoding: .utf8)
                    else { continue }
                    found.append(SourceFile(path: path, text: text))
                }
            }
        }
        visit("")
        return found
    }()

    static let swiftFiles: [SwiftFile] = files.filter(\.isSwift).map { SwiftFile($0) }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).standardized.path)
    }
}
