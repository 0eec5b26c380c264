/// A value that is used and never shown: whatever prints it prints `<redacted>`.
package struct Secret: Sendable, Equatable {
    private let value: String

    /// Wraps `value`.
    package init(_ value: String) {
        self.value = value
    }

    /// The value itself, for the one place that sends or compares it.
    package borrowing func reveal() -> String {
        value
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// What is shown in place of the value.
    package static let redacted = "<redacted>"

    /// Never the value.
    package var description: String { Self.redacted }
    /// Never the value.
    package var debugDescription: String { Self.redacted }
    /// Without children: reflection and `dump` see nothing.
    package var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
