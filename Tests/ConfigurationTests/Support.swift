import Configuration
import Foundation

/// The checked-out tree.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    static let fixtures = root.appending(path: "Tests/ConfigurationTests/Fixtures")
    static let examples = root.appending(path: "config/examples")

    /// Rewrites what tests compare with.
    static let updatesGoldens = ProcessInfo.processInfo.environment["MARTLET_UPDATE_GOLDENS"] == "1"

    static func files(in directory: URL, suffix: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path())) ?? []
        return names.filter { $0.hasSuffix(suffix) }.sorted()
    }

    /// The committed text, rewritten first where that was asked for.
    static func golden(_ path: String, becoming text: String) throws -> String {
        let url = root.appending(path: path)
        if updatesGoldens { try text.write(to: url, atomically: true, encoding: .utf8) }
        return try String(contentsOf: url, encoding: .utf8)
    }
}

struct NoSuchFile: Error {}

/// Loads a text as the file `test.yaml`.
func load(
    _ text: String? = nil, environment: [String: String] = [:], flags: [ConfigurationFlag] = [],
    files: [String: String] = [:]
) throws -> LoadedConfiguration {
    try ConfigurationLoader.load(
        file: text.map { ConfigurationFile(name: "test.yaml", text: $0) },
        environment: environment, flags: flags,
        readFile: { path in
            guard let text = files[path] else { throw NoSuchFile() }
            return text
        })
}

/// What loading complains of; empty where it does not.
func problems(
    _ text: String? = nil, environment: [String: String] = [:], flags: [ConfigurationFlag] = [],
    files: [String: String] = [:]
) -> [String] {
    do {
        _ = try load(text, environment: environment, flags: flags, files: files)
        return []
    } catch let error as ConfigurationError {
        return error.diagnostics.map(\.description)
    } catch {
        return ["\(error)"]
    }
}

/// A key's value as `check` shows it.
func value(_ path: String, _ settings: Settings) -> String? {
    settings.summary.first { $0.path == path }?.value
}
