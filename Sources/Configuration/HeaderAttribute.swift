/// A header field of a caller whose value becomes a span attribute: `x-session-id=session.id`.
package struct HeaderAttribute: Sendable, Hashable, CustomStringConvertible {
    /// The field's name in lower case.
    package let header: String
    /// The attribute's name.
    package let attribute: String

    /// Bytes of a value; a longer one is left out.
    package static let valueBytesMax = 256

    /// Attributes that a field may fill, beside those below `metadata.`: the gateway knows no
    /// value of its own for them, or a weaker one.
    static let attributes = [
        "gen_ai.conversation.id", "gen_ai.agent.id", "gen_ai.agent.name",
        "gen_ai.agent.description", "gen_ai.agent.version", "gen_ai.data_source.id",
        "aws.bedrock.guardrail.id", "aws.bedrock.knowledge_base.id", "session.id", "user.id",
        "enduser.id", "enduser.pseudo.id",
    ]

    /// Fields that hold secrets, or that have a meaning for the gateway itself.
    static let refusedHeaders = [
        "authorization", "proxy-authorization", "cookie", "api-key", "x-api-key",
        "x-goog-api-key", "x-portkey-api-key", "x-portkey-virtual-key",
    ]

    /// A field and the attribute it fills.
    package init(header: String, attribute: String) {
        self.header = header.lowercased()
        self.attribute = attribute
    }

    /// As the configuration writes it.
    package var description: String { "\(header)=\(attribute)" }

    /// The field where Bedrock's API takes a guardrail: read without being configured.
    package static let bedrockGuardrail = HeaderAttribute(
        header: "x-amzn-bedrock-guardrailidentifier", attribute: "aws.bedrock.guardrail.id")
}

extension SettingType {
    /// Header fields and the attributes they fill.
    static func headerAttributes(_ path: Path<[HeaderAttribute]>) -> SettingType {
        list(
            path, name: "list of `header=attribute`",
            parse: { text, _ throws(ValueProblem) in
                let parts = text.split(separator: "=", omittingEmptySubsequences: false)
                guard parts.count == 2, !parts[0].isEmpty, isToken(String(parts[0])) else {
                    throw ValueProblem("is \(quoted(text)), not header=attribute")
                }
                let pair = HeaderAttribute(
                    header: String(parts[0]), attribute: String(parts[1]))
                guard !HeaderAttribute.refusedHeaders.contains(pair.header) else {
                    throw ValueProblem("is \(quoted(text)); that header may hold a secret")
                }
                let isMetadata =
                    pair.attribute.hasPrefix("metadata.") && pair.attribute.count > 9
                    && isToken(pair.attribute)
                guard isMetadata || HeaderAttribute.attributes.contains(pair.attribute) else {
                    throw ValueProblem(
                        "is \(quoted(text)); the attributes are `metadata.*` and "
                            + HeaderAttribute.attributes.joined(separator: ", "),
                        suggestion: NearestName.of(
                            pair.attribute, among: HeaderAttribute.attributes
                        ).map { "\(pair.header)=\($0)" })
                }
                return [pair]
            },
            text: \.description)
    }
}
