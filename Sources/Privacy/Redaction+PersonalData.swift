import Bytes

// E-mail addresses, numbers of telephones, cards and accounts, IP addresses.
extension Redaction {
    /// Characters of a local part and of a domain (RFC 5321 section 4.5.3.1).
    private static let localBytesMax = 64
    private static let domainBytesMax = 255

    /// The e-mail address around the `@` or `%40` at `index`. What stands before `copied` is
    /// gone already.
    static func email(_ text: Span<UInt8>, at index: Int, after copied: Int) -> Match? {
        var next = index + 1
        if text[index] == UInt8(ascii: "%") {
            guard text.extracting(index...).starts(with: "%40") else { return nil }
            next = index + 3
        }
        var start = index
        let bound = max(copied, index - localBytesMax)
        while start > bound, isLocalByte(text[start - 1]) { start -= 1 }
        // The letter of an escape in JSON is not the address's.
        if start > 0, text[start - 1] == UInt8(ascii: "\\"), index - start > 1 { start += 1 }
        while start < index, text[start] == UInt8(ascii: ".") || text[start] == UInt8(ascii: "-") {
            start += 1
        }
        guard start < index else { return nil }
        var end = next
        var lastDot: Int?
        let domainBound = min(text.count, next + domainBytesMax)
        while end < domainBound {
            let byte = text[end]
            if byte == UInt8(ascii: ".") {
                guard end > next, text[end - 1] != UInt8(ascii: ".") else { break }
                lastDot = end
            } else if !isAlphanumeric(byte), byte != UInt8(ascii: "-"), byte < 0x80 {
                break
            }
            end += 1
        }
        // A full stop behind it is the sentence's.
        if end > next, text[end - 1] == UInt8(ascii: ".") {
            end -= 1
            lastDot = nil
            for position in next..<end where text[position] == UInt8(ascii: ".") {
                lastDot = position
            }
        }
        guard let lastDot, end - lastDot > 2, !isDigit(text[end - 1]) else { return nil }
        return Match(start..<end, "<email>")
    }

    private static func isLocalByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "+"),
            UInt8(ascii: "%"), UInt8(ascii: "'"), UInt8(ascii: "&"), UInt8(ascii: "~"),
            UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "*"), 0x80...:
            true
        default: isAlphanumeric(byte)
        }
    }

    // MARK: Cards

    /// A card number (ISO/IEC 7812): 13 to 19 digits, single blanks or dashes between them, with
    /// a right check digit, and a first one that networks of cards have.
    static func card(_ text: Span<UInt8>, at start: Int) -> Match? {
        guard text[start] &- 0x32 < 5, !isInsideWord(text, at: start),
            !isFraction(text, at: start)
        else { return nil }
        var digits = InlineArray<19, UInt8>(repeating: 0)
        var count = 0
        var end = start
        var found: Int?
        while end < text.count {
            if isDigit(text[end]) {
                guard count < 19 else { return nil }
                digits[count] = text[end] &- 0x30
                count += 1
                end += 1
            } else if isSeparator(text[end]), end + 1 < text.count, isDigit(text[end + 1]) {
                if count >= 13, hasCheckDigit(digits, count) { found = end }
                if count >= 19 { break }
                end += 1
            } else {
                break
            }
        }
        if count >= 13, !continues(text, at: end), hasCheckDigit(digits, count) { found = end }
        return found.map { Match(start..<$0, "<card>") }
    }

    /// Luhn's formula (ISO/IEC 7812-1, annex B).
    private static func hasCheckDigit(_ digits: InlineArray<19, UInt8>, _ count: Int) -> Bool {
        var sum = 0
        for index in 0..<count {
            var digit = Int(digits[count - 1 - index])
            if index % 2 == 1 {
                digit *= 2
                if digit > 9 { digit -= 9 }
            }
            sum += digit
        }
        return sum % 10 == 0
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        byte == ASCII.space || byte == UInt8(ascii: "-")
    }

    /// Whether the digits at `start` stand behind a decimal point.
    private static func isFraction(_ text: Span<UInt8>, at start: Int) -> Bool {
        start > 1 && text[start - 1] == UInt8(ascii: ".") && isDigit(text[start - 2])
    }

    // MARK: Accounts

    /// An IBAN (ISO 13616): two letters, two check digits, 11 to 30 letters or digits, blanks
    /// between groups; its remainder by 97 is 1.
    static func iban(_ text: Span<UInt8>, at start: Int) -> Match? {
        guard start + 15 <= text.count, !isInsideWord(text, at: start), isLetter(text[start]),
            isLetter(text[start + 1]), isDigit(text[start + 2]), isDigit(text[start + 3])
        else { return nil }
        var remainder = 0
        var count = 0
        var end = start + 4
        var found: Int?
        // The first four characters count behind the others.
        var head = 0
        for index in start..<start + 4 { head = append(text[index], to: head, places: 1_000_000) }
        while end < text.count, count <= 30 {
            if isAlphanumeric(text[end]) {
                remainder = append(text[end], to: remainder, places: 97)
                count += 1
                end += 1
                let isEnd = !continues(text, at: end)
                if isEnd, (11...30).contains(count) {
                    // Two letters of two digits each, and two digits.
                    if (remainder * (1_000_000 % 97) + head) % 97 == 1 { found = end }
                }
            } else if text[end] == ASCII.space, continues(text, at: end + 1) {
                end += 1
            } else {
                break
            }
        }
        return found.map { Match(start..<$0, "<iban>") }
    }

    /// `value` with the digit, or the two digits of the letter, behind it, modulo `places`.
    private static func append(_ byte: UInt8, to value: Int, places: Int) -> Int {
        if isDigit(byte) { return (value * 10 + Int(byte &- 0x30)) % places }
        return (value * 100 + Int((byte | 0x20) &- 0x61) + 10) % places
    }

    // MARK: Telephones

    /// A telephone number: `+` or `00` and 8 to 15 digits (E.164), the North American form
    /// `(555) 555-0100` with its separators, or a national one in groups that begins with 0.
    static func phone(_ text: Span<UInt8>, at start: Int) -> Match? {
        guard !isInsideWord(text, at: start), !isFraction(text, at: start) else { return nil }
        var groups = InlineArray<8, Int>(repeating: 0)
        var groupCount = 0
        var digits = 0
        var end = start
        var last = start
        if text[end] == UInt8(ascii: "+") { end += 1 }
        scan: while end < text.count, end - start < 32 {
            if isDigit(text[end]) {
                guard groupCount < 8 else { return nil }
                while end < text.count, isDigit(text[end]) {
                    groups[groupCount] += 1
                    digits += 1
                    end += 1
                    guard digits <= 16 else { return nil }
                }
                groupCount += 1
                last = end
                continue
            }
            // At most two in a row: `) ` or ` (`.
            var blanks = 0
            while end < text.count, blanks < 2, isPhoneSeparator(text[end]) {
                blanks += 1
                end += 1
            }
            guard blanks > 0, end < text.count, isDigit(text[end]) else { break scan }
        }
        guard !continues(text, at: last),
            isPhone(text, start, groups, groupCount, digits)
        else { return nil }
        return Match(start..<last, "<phone>")
    }

    private static func isPhone(
        _ text: Span<UInt8>, _ start: Int, _ groups: InlineArray<8, Int>, _ groupCount: Int,
        _ digits: Int
    ) -> Bool {
        if text[start] == UInt8(ascii: "+") { return (8...15).contains(digits) }
        if text.extracting(start...).starts(with: "00") {
            return (10...17).contains(digits) && groupCount > 1
        }
        if groupCount == 3, groups[0] == 3, groups[1] == 3, groups[2] == 4 { return true }
        if groupCount == 4, groups[0] == 1, groups[1] == 3, groups[2] == 3, groups[3] == 4 {
            return true
        }
        let first = text[start] == UInt8(ascii: "(") ? start + 1 : start
        guard first < text.count, text[first] == UInt8(ascii: "0"), (9...13).contains(digits)
        else { return false }
        if (2...4).contains(groupCount), groups[0] >= 3 { return true }
        // Pairs, as in France.
        guard groupCount == 5 else { return false }
        for index in 0..<5 where groups[index] != 2 { return false }
        return true
    }

    private static func isPhoneSeparator(_ byte: UInt8) -> Bool {
        switch byte {
        case ASCII.space, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"),
            UInt8(ascii: "("), UInt8(ascii: ")"):
            true
        default: false
        }
    }

    // MARK: IP addresses

    /// Four numbers up to 255 with dots between them.
    static func address4(_ text: Span<UInt8>, at start: Int) -> Match? {
        guard !isInsideWord(text, at: start), !isFraction(text, at: start) else { return nil }
        var end = start
        for part in 0..<4 {
            if part > 0 {
                guard end < text.count, text[end] == UInt8(ascii: ".") else { return nil }
                end += 1
            }
            let begin = end
            var value = 0
            while end < text.count, isDigit(text[end]), end - begin < 3 {
                value = value * 10 + Int(text[end] &- 0x30)
                end += 1
            }
            guard end > begin, value <= 255 else { return nil }
        }
        return continues(text, at: end) ? nil : Match(start..<end, "<ip>")
    }

    /// Groups of hexadecimal digits with colons between them, eight of them or with `::`
    /// (RFC 4291 section 2.2). It may begin with the colons.
    static func address6(_ text: Span<UInt8>, at start: Int, after copied: Int) -> Match? {
        guard !isInsideWord(text, at: start) else { return nil }
        var end = start
        var colons = 0
        var hasGap = false
        var digits = 0
        while end < text.count, end - start < 46 {
            if text[end] == UInt8(ascii: ":") {
                if end > start, text[end - 1] == UInt8(ascii: ":") {
                    if hasGap { return nil }
                    hasGap = true
                }
                colons += 1
                digits = 0
            } else if ASCII.hexValue(text[end]) != nil {
                digits += 1
                if digits > 4 { return nil }
            } else {
                break
            }
            end += 1
        }
        guard end - start > 2, !continues(text, at: end), hasGap || colons == 7, colons <= 7
        else { return nil }
        return Match(start..<end, "<ip>")
    }
}
