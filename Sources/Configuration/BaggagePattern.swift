/// A baggage key, or with `.*` at its end all keys below a prefix.
package struct BaggagePattern: Sendable, Hashable, CustomStringConvertible {
    /// The key, or the prefix with its dot.
    package let name: String
    /// `name` is a prefix.
    package let isPrefix: Bool

    /// Reads `session.id` or `metadata.*`.
    package init(_ text: String) {
        isPrefix = text.hasSuffix(".*")
        name = isPrefix ? String(text.dropLast()) : text
    }

    /// Whether `key` is meant.
    package func matches(_ key: String) -> Bool {
        isPrefix ? key.count > name.count && key.hasPrefix(name) : key == name
    }

    /// As the configuration writes it.
    package var description: String { isPrefix ? name + "*" : name }
}
