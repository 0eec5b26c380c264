/// One field line, as offsets into the bytes of its head.
package struct HTTPField: Sendable, Equatable {
    /// Where the name stands: a token, in the case it was sent in.
    package var name: Range<Int>
    /// Where the value stands, spaces and tabs around it left out; may be empty.
    package var value: Range<Int>
    /// The name, where it is one the gateway looks at.
    package var known: FieldName

    /// A field line at these offsets.
    package init(name: Range<Int>, value: Range<Int>, known: FieldName) {
        self.name = name
        self.value = value
        self.known = known
    }
}
