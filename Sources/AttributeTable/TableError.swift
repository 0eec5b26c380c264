/// The table says something that cannot be: which file, which line, and what.
package struct TableError: Error, CustomStringConvertible {
    /// "attributes.yaml" or "spans.yaml".
    package let file: String
    /// From 1.
    package let line: Int
    /// A sentence without full stop.
    package let reason: String

    package var description: String { "\(file):\(line): \(reason)" }
}
