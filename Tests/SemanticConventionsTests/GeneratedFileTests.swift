import AttributeTable
import Foundation
import Testing

struct GeneratedFileTests {
    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    private static func table() throws -> ConventionTable {
        try ConventionTable(
            attributes: try text("Sources/AttributeTable/attributes.yaml"),
            spans: try text("Sources/AttributeTable/spans.yaml"))
    }

    @Test func `the committed files are what script/semconv makes of it`() throws {
        let table = try Self.table()
        let names = try Self.text("Sources/Telemetry/Attributes/GenAIAttributes.generated.swift")
        let facts = try Self.text("Sources/SemanticConventions/Conventions.generated.swift")
        #expect(names == table.names, "run script/semconv")
        #expect(facts == table.facts, "run script/semconv")
    }

    private static let attribute = """
        groups:
          - group: Names
            about: Some.
            attributes:
              - name: a.b
                constant: ab
                type: int
                stability: stable
                since: 1.40.0
                about: One.
        """
    private static let span = """
        spans:
          - id: s
            name: a.b
            kinds: [client]
            attributes: {a.b: required}
        """

    @Test func `a constant has the type of the table`() throws {
        let names = try ConventionTable(attributes: Self.attribute, spans: Self.span).names
        #expect(names.contains("static let ab = AttributeKey<Int>(\"a.b\")"))
    }

    @Test(arguments: [
        ("type: int", "type: number", "attributes.yaml:7: number is none of"),
        ("about: One.", "abuot: One.", "attributes.yaml:10: what is abuot?"),
        ("stability: stable\n", "\n", "needs name, constant, type"),
        ("type: int", "type: any", "is no attribute that a constant can stand for"),
        ("about: Some.", "about: Some.\n    about: More.", "about stands there twice"),
    ]) func `a mistake in attributes is refused with its line`(
        right: String, wrong: String, reason: String
    ) {
        #expect {
            _ = try ConventionTable(
                attributes: Self.attribute.replacing(right, with: wrong), spans: Self.span)
        } throws: { error in
            "\(error)".contains(reason)
        }
    }

    @Test(arguments: [
        ("required", "demanded", "spans.yaml:5: demanded is no level"),
        ("{a.b: required}", "{a.c: required}", "a.c is not in attributes.yaml"),
        ("{a.b: required}", "{a.b: {conditional: maybe}}", "needs conditional and when"),
        ("{a.b: required}", "{a.b: {conditional: x, when: y}}", "y is no test"),
        ("id: s", "id: s\n    extends: t", "no entry above is t"),
    ]) func `a mistake in spans is refused with its line`(
        right: String, wrong: String, reason: String
    ) {
        #expect {
            _ = try ConventionTable(
                attributes: Self.attribute, spans: Self.span.replacing(right, with: wrong))
        } throws: { error in
            "\(error)".contains(reason)
        }
    }
}
