import Bytes
import Platform

/// An expression of the configuration and the word for what it matches.
package struct RedactionPattern: Sendable, Equatable {
    /// What stands in angle brackets in the place of a match: letters, digits, `_` and `-`.
    package let name: String
    /// A POSIX extended regular expression.
    package let expression: String

    /// Nothing is compiled here: `Redactor` does, `problem` tells beforehand.
    package init(name: String, expression: String) {
        self.name = name
        self.expression = expression
    }

    /// Why the expression cannot be used, or nil.
    package var problem: String? {
        do throws(RegularExpression.Failure) {
            let compiled = try RegularExpression(expression)
            let matchesNothing = compiled.firstMatch(in: "".utf8.span, from: 0, to: 0) != nil
            return matchesNothing ? "matches an empty text" : nil
        } catch {
            return error.reason
        }
    }
}

/// Takes personal data and credentials out of texts: those `Redaction` knows, and what the
/// configuration's expressions match. One serves a worker.
package final class Redactor {
    /// Bytes an expression is shown at once.
    package static let windowBytes = 8 << 10
    /// Bytes of a window that the next one shows again: a longer match can be missed where two
    /// windows meet.
    package static let overlapBytes = 1 << 10

    private let rules: Redaction.Rules
    private let patterns: [(word: String, expression: RegularExpression)]
    private var first = ByteBuffer()
    private var second = ByteBuffer()

    /// Expressions that do not compile are left out: the configuration has refused them.
    package init(rules: Redaction.Rules, patterns: [RedactionPattern] = []) {
        self.rules = rules
        self.patterns = patterns.compactMap { pattern in
            (try? RegularExpression(pattern.expression)).map { ("<\(pattern.name)>", $0) }
        }
    }

    /// Appends `text` with what was found replaced; nothing where nothing was found. Answers
    /// which. `words` takes the place of the rules' own.
    package func appendIfChanged(
        _ text: Span<UInt8>, words: Redaction.Words? = nil, to buffer: inout ByteBuffer
    ) -> Bool {
        var rules = rules
        if let words { rules.words = words }
        guard !patterns.isEmpty else {
            return Redaction.appendIfChanged(text, rules, to: &buffer)
        }
        var isChanged = false
        for (word, expression) in patterns {
            second.removeAll()
            let found =
                isChanged
                ? Self.replace(expression, word, in: first.bytes, into: &second)
                : Self.replace(expression, word, in: text, into: &second)
            if found {
                swap(&first, &second)
                isChanged = true
            }
        }
        defer {
            first.removeAll(keeping: Self.keptBytes)
            second.removeAll(keeping: Self.keptBytes)
        }
        guard isChanged else { return Redaction.appendIfChanged(text, rules, to: &buffer) }
        first.withBytes { Redaction.append($0, rules, to: &buffer) }
        return true
    }

    /// Bytes of memory that are kept between texts.
    private static let keptBytes = 64 << 10

    /// Appends `text` with each match replaced; false, and nothing appended, without a match.
    private static func replace(
        _ expression: RegularExpression, _ word: String, in text: Span<UInt8>,
        into buffer: inout ByteBuffer
    ) -> Bool {
        var copied = 0
        var index = 0
        while index < text.count {
            let end = min(text.count, index + windowBytes)
            let isLast = end == text.count
            guard let match = expression.firstMatch(in: text, from: index, to: end) else {
                if isLast { break }
                index = end - overlapBytes
                continue
            }
            // One that touches the window's end may go on behind it.
            if !isLast, match.upperBound == end, match.lowerBound > index {
                index = max(match.lowerBound, index + 1)
                continue
            }
            guard !match.isEmpty else {
                index = max(match.upperBound, index) + 1
                continue
            }
            buffer.append(text.extracting(copied..<match.lowerBound))
            buffer.append(string: word)
            copied = match.upperBound
            index = copied
        }
        guard copied > 0 else { return false }
        buffer.append(text.extracting(copied...))
        return true
    }
}
