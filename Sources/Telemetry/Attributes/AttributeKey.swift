/// The name of an attribute together with the type its values must have: a wrong type does not
/// compile. `Value` is `String`, `Int`, `Double`, `Bool`, `[String]` or `MessageContent`.
package struct AttributeKey<Value>: Sendable {
    /// The name as the convention spells it, at most 255 bytes of UTF-8.
    package let name: StaticString

    /// A key of that name, which must be the convention's for that type.
    package init(_ name: StaticString) {
        self.name = name
    }
}

/// The type of attributes that hold what people wrote to a model or what it answered, as JSON
/// text. Each exporter includes or leaves out all of them.
package enum MessageContent {}

extension GenAIAttributes {
    /// The names of all attributes with message content.
    package static let contentNames: [StaticString] = [
        inputMessages.name, outputMessages.name, systemInstructions.name, toolDefinitions.name,
    ]
}
