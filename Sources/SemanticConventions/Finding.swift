/// One thing about a span that the conventions would have otherwise.
package struct Finding: Sendable, Equatable, CustomStringConvertible {
    /// What kind of thing.
    package enum Code: String, Sendable {
        case unknownAttribute = "unknown attribute"
        case deprecatedAttribute = "deprecated attribute"
        case duplicateAttribute = "attribute twice"
        case wrongType = "wrong type"
        case unknownValue = "unknown value"
        case invalidJSON = "no JSON"
        case shape = "wrong shape"
        case spanName = "span name"
        case spanKind = "span kind"
        case missingRequired = "required attribute missing"
        case missingConditional = "conditionally required attribute missing"
        case missingRecommended = "recommended attribute missing"
        case status = "status"
        case usage = "token counts"
        case provider = "provider"
        case missingSpan = "span missing"
        case call = "call"
    }

    /// How it stands with the conventions.
    package enum Weight: Sendable, Equatable {
        /// They are not kept.
        case finding
        /// A liberty that they leave, or one taken on purpose and written down.
        case note
    }

    /// A note, or worse.
    package let weight: Weight
    /// What kind of thing.
    package let code: Code
    /// The span's name.
    package let span: String
    /// The attribute's name, where it is about one.
    package let attribute: String?
    /// What is wrong and, where it is not plain, what would be right.
    package let message: String

    package init(
        _ code: Code, span: String, attribute: String? = nil, _ message: String,
        weight: Weight = .finding
    ) {
        self.weight = weight
        self.code = code
        self.span = span
        self.attribute = attribute
        self.message = message
    }

    package var description: String {
        let place = attribute.map { " \($0)" } ?? ""
        let reason = message.isEmpty ? "" : ": \(message)"
        return "span \"\(span)\":\(place) \(code.rawValue)\(reason)"
    }
}
