import Bytes

// Keys and tokens.
extension Redaction {
    /// How a service's keys begin, and the characters that follow at least.
    private static let prefixes: [(prefix: StaticString, restMin: Int)] = [
        // OpenAI, Anthropic, DeepSeek, OpenRouter; Stripe; Groq, xAI, Perplexity, Replicate.
        ("sk-", 8), ("sk_live_", 8), ("sk_test_", 8), ("rk_live_", 8), ("rk_test_", 8),
        ("pk_live_", 8), ("gsk_", 16), ("xai-", 16), ("pplx-", 16), ("r8_", 16),
        // GitHub, GitLab, npm, Hugging Face, PyPI.
        ("ghp_", 16), ("gho_", 16), ("ghu_", 16), ("ghs_", 16), ("ghr_", 16),
        ("github_pat_", 16), ("glpat-", 16), ("npm_", 16), ("hf_", 16), ("pypi-", 16),
        // Slack, SendGrid, Google, Langfuse, LangSmith, PostHog.
        ("xoxb-", 8), ("xoxp-", 8), ("xoxa-", 8), ("xoxr-", 8), ("xoxs-", 8), ("xoxe-", 8),
        ("xapp-", 8), ("SG.", 16), ("AIza", 30), ("ya29.", 16), ("pk-lf-", 8),
        ("lsv2_", 16), ("phc_", 16), ("phx_", 16),
    ]

    /// Bytes of a credential that are looked at: what is longer is taken in further steps.
    private static let credentialBytesMax = 16 << 10

    /// A credential of a known form that begins at `start`.
    static func knownCredential(
        _ text: Span<UInt8>, at start: Int, _ words: Words
    ) -> Match? {
        switch text[start] {
        case UInt8(ascii: "e"):
            if let found = webToken(text, at: start) { return found }
        case UInt8(ascii: "B"), UInt8(ascii: "b"):
            if let found = scheme(text, at: start) { return found }
        case UInt8(ascii: "A"):
            if let found = accessKey(text, at: start) { return found }
        default: break
        }
        guard canBegin(text, at: start) else { return nil }
        let rest = text.extracting(start...)
        for (prefix, restMin) in prefixes where rest.starts(with: prefix) {
            let from = start + prefix.utf8CodeUnitCount
            let end = tokenEnd(text, from: from)
            // A message of an error quotes a key as `sk-ab***yz`.
            if end - from >= (words == .long ? 1 : restMin) { return Match(start..<end, "<key>") }
        }
        return nil
    }

    /// Letters and digits that stand before the first separator of a prefix at most.
    private static let prefixWordMax = 6

    /// Whether one of `prefixes` may stand there: a short word and a separator, or Google's.
    private static func canBegin(_ text: Span<UInt8>, at start: Int) -> Bool {
        if text[start] == UInt8(ascii: "A") { return true }
        var end = start
        while continues(text, at: end), end - start <= prefixWordMax { end += 1 }
        guard end < text.count else { return false }
        switch text[end] {
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): return true
        default: return false
        }
    }

    /// Bytes in which a JWT's first part ends: without it, a text of many beginnings would be
    /// looked through for each of them.
    private static let webTokenHeadBytesMax = 512

    /// A JWT (RFC 7519): three parts of base64url, the first of a JSON object.
    private static func webToken(_ text: Span<UInt8>, at start: Int) -> Match? {
        guard text.extracting(start...).starts(with: "eyJ") else { return nil }
        var end = start
        var dots = 0
        let bound = min(text.count, start + credentialBytesMax)
        while end < bound {
            let byte = text[end]
            if byte == UInt8(ascii: ".") {
                dots += 1
            } else if dots == 0, end - start > webTokenHeadBytesMax {
                return nil
            } else if !isAlphanumeric(byte), byte != UInt8(ascii: "_"),
                byte != UInt8(ascii: "-")
            {
                break
            }
            end += 1
        }
        while end > start, text[end - 1] == UInt8(ascii: ".") {
            end -= 1
            dots -= 1
        }
        return dots >= 1 && end - start >= 24 ? Match(start..<end, "<token>") : nil
    }

    /// `Bearer` or `Basic` and what follows: the scheme stays.
    private static func scheme(_ text: Span<UInt8>, at start: Int) -> Match? {
        let rest = text.extracting(start..<min(text.count, start + 8))
        var from = start
        if rest.count > 7, rest.extracting(0..<6).equalsIgnoringCase("bearer") {
            from += 6
        } else if rest.count > 6, rest.extracting(0..<5).equalsIgnoringCase("basic") {
            from += 5
        } else {
            return nil
        }
        let blank = from
        while from < text.count, from < blank + 4, text[from] == ASCII.space { from += 1 }
        guard from > blank, from < text.count else { return nil }
        let end = tokenEnd(text, from: from)
        var hasDigit = false
        for index in from..<end where isDigit(text[index]) { hasDigit = true }
        guard end - from >= 16 || end - from >= 8 && hasDigit else { return nil }
        return Match(from..<end, "<token>")
    }

    /// An access key id of AWS: `AKIA` or `ASIA` and sixteen capitals or digits.
    private static func accessKey(_ text: Span<UInt8>, at start: Int) -> Match? {
        let rest = text.extracting(start...)
        guard rest.count >= 20, rest.starts(with: "AKIA") || rest.starts(with: "ASIA") else {
            return nil
        }
        for index in 4..<20 where !isDigit(rest[index]) && rest[index] &- 0x41 >= 26 { return nil }
        return continues(text, at: start + 20) ? nil : Match(start..<start + 20, "<key>")
    }

    /// A private key in PEM (RFC 7468), to the end of its last line, or of the text.
    static func privateKey(_ text: Span<UInt8>, at start: Int) -> Match? {
        let rest = text.extracting(start..<min(text.count, start + credentialBytesMax))
        guard rest.starts(with: "-----BEGIN ") else { return nil }
        let label = rest.extracting(11..<min(rest.count, 11 + 48))
        guard let dash = label.firstIndex(of: UInt8(ascii: "-")),
            label.extracting(0..<dash).ends(with: "PRIVATE KEY")
        else { return nil }
        var index = 11 + dash + 5
        while let next = rest.firstIndex(of: UInt8(ascii: "-"), from: index) {
            if rest.extracting(next...).starts(with: "-----END ") {
                var end = next + 9
                while end < rest.count, rest[end] != UInt8(ascii: "-") { end += 1 }
                end = min(rest.count, end + 5)
                return Match(start..<start + end, "<key>")
            }
            index = next + 1
        }
        return Match(start..<start + rest.count, "<key>")
    }

    /// Bytes of user information in a URL.
    private static let userInfoBytesMax = 256

    /// `user:password` between the `://` that begins at `colon` and an `@` of the authority.
    static func urlCredentials(_ text: Span<UInt8>, at colon: Int) -> Match? {
        guard text.extracting(colon...).starts(with: "://") else { return nil }
        let start = colon + 3
        let bound = min(text.count, start + userInfoBytesMax)
        var hasColon = false
        var end = start
        while end < bound {
            switch text[end] {
            case UInt8(ascii: "@"):
                return hasColon ? Match(start..<end, "<credentials>") : nil
            case UInt8(ascii: ":"): hasColon = true
            case 0...0x20, UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"),
                UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"):
                return nil
            default: break
            }
            end += 1
        }
        return nil
    }

    // MARK: Words without a known form

    /// Where a run of the characters that keys are made of ends.
    private static func tokenEnd(_ text: Span<UInt8>, from start: Int) -> Int {
        let bound = min(text.count, start + credentialBytesMax)
        var end = start
        while end < bound, isRunByte(text[end]) || text[end] == UInt8(ascii: ".") { end += 1 }
        while end > start, text[end - 1] == UInt8(ascii: ".") { end -= 1 }
        return paddedEnd(text, end)
    }

    /// Where a word of base64, hexadecimal or the like ends.
    static func runEnd(_ text: Span<UInt8>, from start: Int) -> Int {
        let bound = min(text.count, start + credentialBytesMax)
        var end = start
        while end < bound, isRunByte(text[end]) { end += 1 }
        return paddedEnd(text, end)
    }

    /// Behind the padding of base64: an equals sign before something else is none of it.
    private static func paddedEnd(_ text: Span<UInt8>, _ start: Int) -> Int {
        var end = start
        while end < text.count, end < start + 2, text[end] == UInt8(ascii: "=") { end += 1 }
        return end < text.count && isRunByte(text[end]) ? start : end
    }

    private static func isRunByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "+"),
            UInt8(ascii: "/"), UInt8(ascii: "~"):
            true
        default: isAlphanumeric(byte)
        }
    }

    /// Characters from which a word can be a credential.
    private static let wordLengthMin = 20
    /// Places in a random word at which a letter follows a digit or the other way round.
    private static let turnsMin = 3
    /// One such place in so many characters, at least.
    private static let charactersPerTurnMax = 10

    static func isCredential(_ text: Span<UInt8>, _ range: Range<Int>, _ words: Words) -> Bool {
        guard range.count >= wordLengthMin else { return false }
        var turns = 0
        var hasDigit = false
        var last: UInt8 = 0
        for index in range {
            let byte = text[index]
            if isDigit(byte) {
                hasDigit = true
                if isLetter(last) { turns += 1 }
            } else if isLetter(byte), isDigit(last) {
                turns += 1
            }
            last = byte
        }
        switch words {
        case .known: return false
        case .long: return hasDigit
        case .random:
            return turns >= turnsMin && turns * charactersPerTurnMax >= range.count
        }
    }
}

extension Span<UInt8> {
    /// Ends with the literal's bytes.
    func ends(with literal: StaticString) -> Bool {
        let suffix = literal.bytes
        return count >= suffix.count
            && extracting(count - suffix.count..<count).equals(suffix)
    }
}
