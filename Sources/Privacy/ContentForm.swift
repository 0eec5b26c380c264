/// What of message content may leave the process, from nothing to all of it.
package enum ContentForm: UInt8, Sendable, CaseIterable, Comparable {
    /// Nothing.
    case off
    /// The messages' structure; a keyed hash in the place of each text.
    case hashed
    /// The texts with what looks like personal data or a credential taken out.
    case redacted
    /// As it was sent.
    case full

    /// As configuration and start-up write it.
    package var word: String {
        switch self {
        case .off: "off"
        case .hashed: "hashed"
        case .redacted: "redacted"
        case .full: "full"
        }
    }

    /// The stricter is the lesser.
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// The forms in which a call's content is wanted; `off` is no member.
package struct ContentForms: OptionSet, Sendable, Equatable {
    /// A bit for each form's own raw value.
    package let rawValue: UInt8

    /// The forms whose bits are set; that of `off` does not count.
    package init(rawValue: UInt8) { self.rawValue = rawValue & 0b1110 }

    /// The set of one form; of `off`, the empty set.
    package init(_ form: ContentForm) { self.init(rawValue: 1 << form.rawValue) }

    /// Adds a form.
    package mutating func insert(_ form: ContentForm) { formUnion(ContentForms(form)) }

    /// Whether the form is wanted.
    package func contains(_ form: ContentForm) -> Bool {
        form != .off && rawValue & 1 << form.rawValue != 0
    }

    /// Each form as `limit` leaves it: the stricter of the two.
    package func limited(to limit: ContentForm) -> ContentForms {
        var result = ContentForms()
        for form in ContentForm.allCases where contains(form) { result.insert(min(form, limit)) }
        return result
    }
}
