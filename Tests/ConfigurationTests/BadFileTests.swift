import Configuration
import Foundation
import Testing

/// `Fixtures/bad_*.yaml`, each beside the diagnostics it must give.
struct BadFileTests {
    @Test(arguments: Repository.files(in: Repository.fixtures, suffix: ".yaml"))
    func `a bad file gives all its diagnostics at once`(name: String) throws {
        let path = "Tests/ConfigurationTests/Fixtures/\(name)"
        let bytes = try Data(contentsOf: Repository.root.appending(path: path))
        var found = ""
        do {
            _ = try ConfigurationLoader.load(
                file: ConfigurationFile(name: name, bytes: Array(bytes)),
                environment: ["CANARY": "sk-canary", "SPACED": "sk canary"],
                readFile: { _ in throw NoSuchFile() })
        } catch {
            found = error.description + "\n"
        }
        let expected = path.replacing(".yaml", with: ".expected")
        #expect(!found.isEmpty)
        #expect(!found.contains("canary"))
        #expect(try Repository.golden(expected, becoming: found) == found)
    }

    @Test func `there are bad files`() {
        #expect(Repository.files(in: Repository.fixtures, suffix: ".yaml").count >= 10)
    }
}
