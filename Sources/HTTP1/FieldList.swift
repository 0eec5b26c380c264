import Bytes

/// The elements of a comma-separated field value (RFC 9110 section 5.6.1), white space around them
/// left out; empty elements are answered as such. Not for lists with quoted strings.
package struct FieldList: ~Escapable {
    private let bytes: Span<UInt8>
    private var position = 0

    /// The elements of `value`.
    @_lifetime(copy value)
    package init(_ value: Span<UInt8>) {
        self.bytes = value
    }

    /// The next element, or nil after the last. An empty value has one empty element.
    @_lifetime(copy self)
    package mutating func next() -> Span<UInt8>? {
        guard position <= bytes.count else { return nil }
        let end = bytes.firstIndex(of: UInt8(ascii: ","), from: position) ?? bytes.count
        let element = bytes.extracting(position..<end).trimmed
        position = end + 1
        return element
    }
}

extension Span<UInt8> {
    /// The same bytes but for the case of ASCII letters on either side.
    package func matchesIgnoringCase(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices
        where ASCII.lowercased(self[index]) != ASCII.lowercased(other[index]) { return false }
        return true
    }
}
