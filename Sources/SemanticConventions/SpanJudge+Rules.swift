import Telemetry

// What ties a span's attributes, name, kind and status together.
extension SpanJudge {
    /// The status by semconv v1.40.0, docs/general/recording-errors.md.
    func statusFindings(_ span: JudgedSpan) -> [Finding] {
        var findings: [Finding] = []
        func add(_ message: String) {
            findings.append(Finding(.status, span: span.name, message))
        }
        let errorType = span["error.type"]
        if span.status == .ok { add("is OK; it stays unset where nothing failed") }
        if errorType != nil, span.status != .error {
            add("is no error, although error.type is set")
        }
        if span.status == .error, errorType == nil {
            add("is an error, but error.type is not set")
        }
        if let text = errorType?.text, !span.message.isEmpty, text == span.message {
            add("its description repeats error.type")
        }
        if case .int(let status) = span["http.response.status_code"] {
            let fails = status >= 500 || status >= 400 && span.kind == .client
            if fails, span.status != .error {
                add("is no error, although http.response.status_code is \(status)")
            }
            if !fails, span.kind == .server, status >= 400, span.status == .error {
                add("is an error, although a server's \(status) is the client's fault")
            }
        }
        return findings
    }

    /// Name and kind.
    func shapeFindings(_ span: JudgedSpan, _ fact: SpanFact) -> [Finding] {
        var findings: [Finding] = []
        if !fact.kinds.contains(span.kind) {
            let kinds = fact.kinds.map { $0.rawValue.uppercased() }.joined(separator: " or ")
            findings.append(
                Finding(
                    .spanKind, span: span.name,
                    "is \(span.kind.rawValue.uppercased()), should be \(kinds)"))
        }
        var parts: [String] = []
        for name in fact.name {
            guard let text = span[name]?.text else { continue }
            parts.append(name == "http.request.method" && text == "_OTHER" ? "HTTP" : text)
        }
        let wanted = parts.joined(separator: " ")
        // A recorded name is cut at 256 characters, with control characters written out.
        let isCut = wanted.count > SpanLimits.nameCharactersMax
        if !isCut, !wanted.isEmpty, span.name != wanted {
            findings.append(Finding(.spanName, span: span.name, "should be \"\(wanted)\""))
        }
        return findings
    }

    /// Attributes that are not there.
    func levelFindings(
        _ span: JudgedSpan, _ fact: SpanFact, given: Set<String>
    ) -> [Finding] {
        var findings: [Finding] = []
        for (name, level) in fact.levels where span[name] == nil {
            func add(_ code: Finding.Code, _ message: String) {
                findings.append(Finding(code, span: span.name, attribute: name, message))
            }
            switch level {
            case .required: add(.missingRequired, "")
            case .conditional(let condition, let test):
                if given.contains(name) || Self.holds(test, span) {
                    add(.missingConditional, condition)
                }
            case .recommended:
                if given.contains(name) {
                    add(.missingRecommended, "although the call had a value for it")
                }
            case .optIn: break
            }
        }
        return findings
    }

    private static func holds(_ test: RequirementTest, _ span: JudgedSpan) -> Bool {
        switch test {
        case .failed: span.status == .error
        case .answered: span["error.type"] == nil
        case .severalChoices:
            if case .strings(let reasons) = span["gen_ai.response.finish_reasons"] {
                reasons.count > 1
            } else {
                false
            }
        case .carries(let name): span[name] != nil
        case .given: false
        }
    }

    /// Sums of tokens, and whose names may stand beside which provider.
    func tieFindings(_ span: JudgedSpan) -> [Finding] {
        var findings: [Finding] = []
        for (whole, parts) in Self.sums {
            guard case .int(let count) = span[whole] else { continue }
            var sum = 0
            for part in parts {
                if case .int(let tokens) = span[part] { sum += tokens }
            }
            if sum > count {
                findings.append(
                    Finding(
                        .usage, span: span.name, attribute: whole,
                        "is \(count), which does not include \(parts.joined(separator: " and "))"))
            }
        }
        if let provider = span["gen_ai.provider.name"]?.text {
            for (prefix, providers) in Self.vendors where !providers.contains(provider) {
                for (name, _) in span.attributes where name.hasPrefix(prefix) {
                    findings.append(
                        Finding(
                            .provider, span: span.name, attribute: name,
                            "does not belong to the provider \(provider)"))
                }
            }
        }
        return findings
    }

    private static let sums = [
        (
            whole: "gen_ai.usage.input_tokens",
            parts: [
                "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_creation.input_tokens",
            ]
        ),
        (
            whole: "gen_ai.usage.output_tokens",
            parts: ["gen_ai.usage.reasoning.output_tokens"]
        ),
    ]

    private static let vendors = [
        (prefix: "openai.", providers: ["openai", "azure.ai.openai"]),
        (prefix: "aws.bedrock.", providers: ["aws.bedrock"]),
    ]
}
