import Bytes
import Synchronization

/// The values that labels may have whose values come from outside: a bounded set of each kind.
///
/// Shared by all workers, so that a name is the same everywhere; they ask here only for names
/// that they have not met. What finds no place is `other`.
package final class LabelNames: Sendable {
    /// What a value is of; each kind has a set of its own.
    package enum Kind: Int, Sendable, CaseIterable {
        case requestModel, responseModel, serviceTier, fingerprint, errorType
    }

    /// Unicode scalars of a value; a longer one is cut, before it is counted.
    package static let charactersMax = 128
    /// Stands for all values that found no place.
    package static let other = "other"
    /// The same for `error.type`, for which the conventions have a word.
    package static let otherError = "_OTHER"

    /// Values of each kind that get a series of their own.
    package let namesMax: Int
    private let names: Mutex<[Set<String>]>

    /// Sets of at most `namesMax` values each.
    package init(namesMax: Int) {
        self.namesMax = namesMax
        names = Mutex(Array(repeating: [], count: Kind.allCases.count))
    }

    /// The label for a value, and whether it is the value's own. `text` may be anything; it is
    /// made printable.
    ///
    /// What only failed calls have named takes half of the places at most: who asks for models
    /// that do not exist cannot keep those out that do.
    func label(
        _ kind: Kind, _ text: Span<UInt8>, isProven: Bool
    ) -> (value: String, isOwn: Bool) {
        var printable = ByteBuffer(capacity: text.count)
        Text.appendEscaped(text, charactersMax: Self.charactersMax, to: &printable)
        let value = String(decoding: printable.bytes)
        let room = isProven ? namesMax : (namesMax + 1) / 2
        let isOwn = names.withLock { names in
            if names[kind.rawValue].contains(value) { return true }
            guard names[kind.rawValue].count < room else { return false }
            names[kind.rawValue].insert(value)
            return true
        }
        if isOwn { return (value, true) }
        return (kind == .errorType ? Self.otherError : Self.other, false)
    }
}
