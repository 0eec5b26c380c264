import Telemetry

/// Judges spans by the table.
package struct SpanJudge: Sendable {
    let facts: [String: AttributeFact]
    let templates: [AttributeFact]
    /// First parts of names that belong to the conventions or to the gateway.
    let namespaces: Set<String>

    /// A judge with the committed table.
    package init() {
        var facts: [String: AttributeFact] = [:]
        var templates: [AttributeFact] = []
        for fact in Conventions.attributes {
            switch fact.type {
            case .stringTemplate, .stringsTemplate: templates.append(fact)
            default: facts[fact.name] = fact
            }
        }
        self.facts = facts
        self.templates = templates
        namespaces = Set(Conventions.attributes.map { Self.namespace(of: $0.name) })
    }

    /// The releases that the table has its facts of.
    package static let versions = "v1.40.0, with the additions of v1.41"

    /// Everything that is to be said of the spans of one call of a model, which was answered at
    /// the first attempt. `title` stands for a span that is missing; `given` are attributes of
    /// the operation's span and `givenHTTP` of the spans around it, as in `findings(_:given:)`.
    package func findings(
        trace spans: [JudgedSpan], title: String, given: Set<String>, givenHTTP: Set<String>
    ) -> [Finding] {
        var findings: [Finding] = []
        let facts = spans.map { Self.fact(of: $0)?.id ?? "" }
        let wanted = [
            ("http.server", "the request's SERVER span"), ("inference", "the operation's span"),
            ("http.client", "the attempt's CLIENT span"),
        ]
        for (part, words) in wanted {
            let isThere = facts.contains { id in
                id == part || part == "inference" && !id.hasPrefix("http.") && !id.isEmpty
            }
            if !isThere { findings.append(Finding(.missingSpan, span: title, words)) }
        }
        for (span, id) in zip(spans, facts) {
            findings += self.findings(span, given: id.hasPrefix("http.") ? givenHTTP : given)
        }
        return findings
    }

    /// Everything that is to be said of a span. `given` are the attributes that the call had a
    /// value for, so that recommended ones and those required on a condition that only the caller
    /// knows are missed.
    package func findings(_ span: JudgedSpan, given: Set<String> = []) -> [Finding] {
        var findings: [Finding] = []
        var names: Set<String> = []
        for (name, value) in span.attributes {
            if !names.insert(name).inserted {
                findings.append(Finding(.duplicateAttribute, span: span.name, attribute: name, ""))
            }
            findings += judge(name, value).map { finding in
                Finding(
                    finding.code, span: span.name, attribute: name, finding.message,
                    weight: finding.weight)
            }
        }
        findings += statusFindings(span)
        if let fact = Self.fact(of: span) {
            findings += shapeFindings(span, fact)
            findings += levelFindings(span, fact, given: given)
        }
        findings += tieFindings(span)
        return findings
    }

    /// The kind of span it is, the most particular one.
    static func fact(of span: JudgedSpan) -> SpanFact? {
        let isGenAI = span["gen_ai.operation.name"] != nil
        return Conventions.spans.last { fact in
            if fact.id.hasPrefix("http."), isGenAI || !fact.kinds.contains(span.kind) {
                return false
            }
            if let name = fact.carries, span[name] == nil { return false }
            return fact.only.allSatisfy { name, values in
                span[name]?.text.map(values.contains) ?? false
            } && !(fact.carries == nil && fact.only.isEmpty)
        }
    }

    static func namespace(of name: String) -> String {
        String(name.prefix { $0 != "." })
    }

    // MARK: An attribute by itself

    private typealias Remark = (code: Finding.Code, message: String, weight: Finding.Weight)

    private func judge(_ name: String, _ value: JudgedValue) -> [Remark] {
        guard let fact = fact(named: name) else {
            guard namespaces.contains(Self.namespace(of: name)) else { return [] }
            return [(.unknownAttribute, "is not in the table", .finding)]
        }
        var remarks: [Remark] = []
        if let renamed = fact.renamed {
            let advice = renamed == "none" ? "nothing took its place" : "now \(renamed)"
            remarks.append((.deprecatedAttribute, advice, fact.isAlias ? .note : .finding))
        }
        guard let wanted = Self.mismatch(value, fact.type) else {
            return remarks + valueRemarks(name, value, fact)
        }
        return remarks + [(.wrongType, "is \(value.typeName), should be \(wanted)", .finding)]
    }

    private func fact(named name: String) -> AttributeFact? {
        facts[name] ?? templates.first { name.hasPrefix($0.name + ".") }
    }

    /// The type that was wanted, where `value` has another.
    private static func mismatch(_ value: JudgedValue, _ type: AttributeFactType) -> String? {
        switch (type, value) {
        case (.string, .string), (.stringTemplate, .string), (.int, .int), (.double, .double),
            (.bool, .bool), (.strings, .strings), (.stringsTemplate, .strings), (.any, _),
            (.content, .content), (.content, .string):
            nil
        case (.string, _), (.stringTemplate, _): "string"
        case (.int, _): "int"
        case (.double, _): "double"
        case (.bool, _): "bool"
        case (.strings, _), (.stringsTemplate, _): "string[]"
        case (.content, _): "a JSON text"
        }
    }

    private func valueRemarks(
        _ name: String, _ value: JudgedValue, _ fact: AttributeFact
    ) -> [Remark] {
        switch value {
        case .content(let text):
            return ContentShape.problems(of: name, json: text).map { problem in
                (problem.isJSON ? .shape : .invalidJSON, problem.message, .finding)
            }
        case .string(let text) where fact.type == .content:
            return ContentShape.problems(of: name, json: text).map { problem in
                (problem.isJSON ? .shape : .invalidJSON, problem.message, .finding)
            }
        case .string(let text) where !fact.values.isEmpty && !fact.values.contains(text):
            guard !fact.isCustom else {
                return [(.unknownValue, "\"\(text)\" is none of the convention's", .note)]
            }
            let known = fact.values.joined(separator: ", ")
            return [(.unknownValue, "\"\(text)\" is none of \(known)", .finding)]
        default: return []
        }
    }
}
