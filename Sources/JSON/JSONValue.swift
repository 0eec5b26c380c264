/// What a JSON value is.
package enum JSONKind: Sendable {
    case object, array, string, number, `true`, `false`, null
}

/// A value of a scanned document: the index of its first token, without the document.
///
/// Trivial to copy and store; it means something only to the `JSONDocument` it came from.
package struct JSONValue: Equatable, Sendable {
    @usableFromInline let token: UInt32

    @inlinable
    init(token: UInt32) {
        self.token = token
    }
}

/// A name and a value of an object.
package struct JSONMember: Equatable, Sendable {
    /// The name: a value of kind `string`.
    package let key: JSONValue
    /// The value after the colon.
    package let value: JSONValue

    @inlinable
    init(key: JSONValue, value: JSONValue) {
        self.key = key
        self.value = value
    }
}
