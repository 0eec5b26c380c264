import Bytes

// Facts about a request: in the line, and as attributes of the record that says the same.
extension LogLine {
    /// Adds text from anywhere.
    package mutating func add(_ key: LogKey, _ value: Span<UInt8>) {
        add(key.name, value)
        record?.set(key.attribute.bytes, string: value)
    }

    /// Adds a literal.
    package mutating func add(_ key: LogKey, _ value: StaticString) {
        add(key, value.bytes)
    }

    /// Adds text, as from anywhere.
    package mutating func add(_ key: LogKey, _ value: String) {
        add(key, value.utf8.span)
    }

    /// Adds a number.
    package mutating func add(_ key: LogKey, _ value: Int) {
        add(key.name, value)
        record?.set(key.attribute.bytes, int: value)
    }

    /// Adds `true` or `false`.
    package mutating func add(_ key: LogKey, _ value: Bool) {
        add(key.name, value)
        record?.set(key.attribute.bytes, bool: value)
    }

    /// Adds a duration: milliseconds with three decimals, and seconds.
    package mutating func add(_ key: LogKey, nanoseconds: UInt64) {
        add(key.name, milliseconds: nanoseconds)
        record?.set(key.attribute.bytes, double: Double(nanoseconds) / 1e9)
    }
}
