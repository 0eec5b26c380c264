import Bytes

/// Finds personal data and credentials in text and puts a word in the place of each: `<email>`,
/// `<phone>`, `<card>`, `<iban>`, `<ip>`, `<key>`, `<token>`, `<credentials>`.
///
/// Patterns, not understanding: names, addresses and what people paraphrase stay. One pass over
/// the bytes; how far a match may look is bounded, so the time is linear in the text.
package enum Redaction {
    /// Which words count as credentials.
    package enum Words: Sendable, Equatable {
        /// Those that begin as keys of known services do, JWTs, and what follows `Bearer`.
        case known
        /// Also long words in which letters and digits take turns as in random ones.
        case random
        /// Also every word of 20 characters or more with a digit in it: for messages of errors,
        /// in which providers quote keys.
        case long
    }

    /// What is looked for.
    package struct Rules: Sendable, Equatable {
        /// E-mail addresses, telephone, card and account numbers.
        package var personalData = true
        /// IPv4 and IPv6 addresses.
        package var addresses = false
        /// Credentials.
        package var words = Words.random

        package init() {}

        /// Nothing but keys and tokens of known forms.
        package static var credentials: Rules {
            var rules = Rules()
            rules.personalData = false
            rules.words = .known
            return rules
        }

        /// The strictest: for a stranger's error message.
        package static var errors: Rules {
            var rules = Rules()
            rules.words = .long
            return rules
        }
    }

    /// A part of a text and the word for what it is.
    struct Match {
        let range: Range<Int>
        let word: StaticString

        init(_ range: Range<Int>, _ word: StaticString) {
            self.range = range
            self.word = word
        }
    }

    /// Appends `text` with what was found replaced. Answers whether anything was; where not,
    /// nothing is appended and the text can be used as it is.
    package static func appendIfChanged(
        _ text: Span<UInt8>, _ rules: Rules, to buffer: inout ByteBuffer
    ) -> Bool {
        var copied = 0
        var index = 0
        // Words before it were looked at as parts of a longer one.
        var judged = 0
        while index < text.count {
            let kind = kind(of: text[index])
            if kind == .plain {
                index += 1
                continue
            }
            if kind == .word, let end = plainWordEnd(text, from: index, rules) {
                index = end
                continue
            }
            if let found = match(kind, in: text, at: index, after: copied, rules, &judged) {
                buffer.append(text.extracting(copied..<found.range.lowerBound))
                buffer.append(found.word)
                copied = found.range.upperBound
                index = copied
            } else {
                index = kind == .word ? wordEnd(text, from: index) : index + 1
            }
        }
        guard copied > 0 else { return false }
        buffer.append(text.extracting(copied...))
        return true
    }

    /// Appends `text` with what was found replaced.
    package static func append(
        _ text: Span<UInt8>, _ rules: Rules, to buffer: inout ByteBuffer
    ) {
        if !appendIfChanged(text, rules, to: &buffer) { buffer.append(text) }
    }

    /// Letters from which a word can be more than a word.
    private static let plainWordMax = 20

    /// The end of a word that is nothing but a word, as nearly all are: short, without a digit,
    /// and not tied to more. nil where it has to be looked at.
    private static func plainWordEnd(
        _ text: Span<UInt8>, from start: Int, _ rules: Rules
    ) -> Int? {
        var end = start
        while end < text.count, isLetter(text[end]) { end += 1 }
        guard end > start, end - start < plainWordMax, text[start] | 0x20 != UInt8(ascii: "b")
        else { return nil }
        guard end < text.count else { return end }
        switch text[end] {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "~"),
            UInt8(ascii: "*"):
            return nil
        case UInt8(ascii: ":"): return rules.addresses ? nil : end
        default: return end
        }
    }

    // MARK: Dispatch

    private enum Kind {
        /// Nothing begins here.
        case plain
        /// A letter or a digit.
        case word
        /// `@`, or `%` as in `%40`.
        case at
        /// `+` or `(`, which telephone numbers begin with.
        case phone
        /// `:` as in `://user:password@host` and in IPv6 addresses.
        case colon
        /// `-` as in `-----BEGIN`.
        case dash
    }

    private static func kind(of byte: UInt8) -> Kind {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            .word
        case UInt8(ascii: "@"), UInt8(ascii: "%"): .at
        case UInt8(ascii: "+"), UInt8(ascii: "("): .phone
        case UInt8(ascii: ":"): .colon
        case UInt8(ascii: "-"): .dash
        default: .plain
        }
    }

    private static func match(
        _ kind: Kind, in text: Span<UInt8>, at index: Int, after copied: Int, _ rules: Rules,
        _ judged: inout Int
    ) -> Match? {
        switch kind {
        case .plain: return nil
        case .at: return rules.personalData ? email(text, at: index, after: copied) : nil
        case .phone: return rules.personalData ? phone(text, at: index) : nil
        case .dash: return privateKey(text, at: index)
        case .colon:
            if let found = urlCredentials(text, at: index) { return found }
            return rules.addresses ? address6(text, at: index, after: copied) : nil
        case .word:
            // The letter of an escape, as in the `\n` of JSON inside a string, is not the word's.
            var start = index
            if index > 0, text[index - 1] == UInt8(ascii: "\\"), isEscapeLetter(text[index]),
                index + 1 < text.count, isAlphanumeric(text[index + 1])
            {
                start += 1
            }
            return word(text, at: start, rules, &judged)
        }
    }

    private static func word(
        _ text: Span<UInt8>, at start: Int, _ rules: Rules, _ judged: inout Int
    ) -> Match? {
        let isDigit = isDigit(text[start])
        if rules.personalData {
            if isDigit {
                if let found = card(text, at: start) { return found }
                if let found = phone(text, at: start) { return found }
            } else if let found = iban(text, at: start) {
                return found
            }
        }
        if rules.addresses {
            if isDigit, let found = address4(text, at: start) { return found }
            if let found = address6(text, at: start, after: start) { return found }
        }
        if let found = knownCredential(text, at: start, rules.words) { return found }
        guard rules.words != .known, start >= judged else { return nil }
        let end = runEnd(text, from: start)
        judged = end
        return isCredential(text, start..<end, rules.words) ? Match(start..<end, "<token>") : nil
    }

    // MARK: Bytes

    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    static func isAlphanumeric(_ byte: UInt8) -> Bool { isDigit(byte) || isLetter(byte) }

    private static func isEscapeLetter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "n"), UInt8(ascii: "t"), UInt8(ascii: "r"), UInt8(ascii: "b"),
            UInt8(ascii: "f"):
            true
        default: false
        }
    }

    private static func wordEnd(_ text: Span<UInt8>, from start: Int) -> Int {
        var end = start
        while end < text.count, isAlphanumeric(text[end]) { end += 1 }
        return max(end, start + 1)
    }

    /// Whether a letter or digit of the same word stands before `index`: not that of an escape.
    static func isInsideWord(_ text: Span<UInt8>, at index: Int) -> Bool {
        guard index > 0, isAlphanumeric(text[index - 1]) else { return false }
        return
            !(index > 1 && text[index - 2] == UInt8(ascii: "\\")
            && isEscapeLetter(text[index - 1]))
    }

    /// Whether a letter or digit stands at `index`.
    static func continues(_ text: Span<UInt8>, at index: Int) -> Bool {
        index < text.count && isAlphanumeric(text[index])
    }
}
