/// The type the convention gives an attribute.
package enum AttributeFactType: Sendable {
    case string, int, double, bool, strings
    /// What people wrote, structured: a JSON text on spans.
    case content
    /// Anything.
    case any
    /// The name is a prefix, and the rest of a name its key.
    case stringTemplate, stringsTemplate
}

/// What the table knows of an attribute.
package struct AttributeFact: Sendable {
    /// As the convention spells it.
    package let name: String
    /// What its values must be.
    package let type: AttributeFactType
    /// The values the convention knows; empty where it names none.
    package let values: [String]
    /// Values of one's own are lawful where none of `values` applies.
    package let isCustom: Bool
    /// The convention changes it no more.
    package let isStable: Bool
    /// The release it came with; "1.36.0" stands for older ones too, "" for not recorded.
    package let since: String
    /// What took its place, or "none"; nil unless it is deprecated.
    package let renamed: String?
    /// Deprecated, and sent on purpose beside what took its place.
    package let isAlias: Bool

    init(
        _ name: String, _ type: AttributeFactType, values: [String], isCustom: Bool,
        isStable: Bool, since: String, renamed: String?, isAlias: Bool
    ) {
        self.name = name
        self.type = type
        self.values = values
        self.isCustom = isCustom
        self.isStable = isStable
        self.since = since
        self.renamed = renamed
        self.isAlias = isAlias
    }
}

/// How much a kind of span needs an attribute.
package enum RequirementLevel: Sendable {
    case required
    /// Required where the condition, which the text says, holds.
    case conditional(String, when: RequirementTest)
    case recommended
    case optIn
}

/// What decides whether a condition holds.
package enum RequirementTest: Sendable {
    /// The span's status is an error.
    case failed
    /// The span has no `error.type`.
    case answered
    /// More than one choice came back.
    case severalChoices
    /// The span carries another attribute.
    case carries(String)
    /// Nothing on the span: who made the call knows.
    case given
}

/// What the table knows of a kind of span.
package struct SpanFact: Sendable {
    /// The convention's id without "span.".
    package let id: String
    /// The attributes whose values make the span's name; the last may be missing.
    package let name: [String]
    /// The places in a call that it may have.
    package let kinds: [SpanFactKind]
    /// Attributes of which a span of this kind has one of the values.
    package let only: [String: [String]]
    /// An attribute a span of this kind has.
    package let carries: String?
    /// Every attribute the convention lists for it.
    package let levels: [(attribute: String, level: RequirementLevel)]
}

/// A span's place in a call.
package enum SpanFactKind: String, Sendable {
    case `internal`, server, client, producer, consumer
}
