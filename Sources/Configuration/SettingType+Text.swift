import Networking
import Redis

extension SettingType {
    /// Words without spaces, as `gen_ai.provider.name` has them.
    static func identifier(_ path: Path<String?>) -> SettingType {
        optional(
            path, name: "text", form: .text,
            parse: { text, _ throws(ValueProblem) in
                let isAllowed = text.utf8.allSatisfy {
                    switch $0 {
                    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                    default: false
                    }
                }
                guard isAllowed, (1...64).contains(text.utf8.count) else {
                    throw ValueProblem(
                        "is \(quoted(text)); 1 to 64 letters, digits, `.`, `_` and `-` are allowed")
                }
                return text
            },
            text: { $0 })
    }

    /// A path, which is not opened here.
    static func path(_ path: Path<String?>) -> SettingType {
        optional(
            path, name: "path", form: .text,
            parse: { text, _ throws(ValueProblem) in
                guard !text.isEmpty, !text.contains("\0") else {
                    throw ValueProblem("is \(quoted(text)), not a path")
                }
                return text
            },
            text: { $0 })
    }

    /// A provider's base URL.
    static func baseURL(_ path: Path<BaseURL>) -> SettingType {
        one(
            path, name: "URL",
            parse: { text, _ throws(ValueProblem) in try BaseURL(parsing: text) },
            text: \.description)
    }

    /// A provider's base URL, or none.
    static func baseURL(_ path: Path<BaseURL?>) -> SettingType {
        optional(
            path, name: "URL",
            parse: { text, _ throws(ValueProblem) in try BaseURL(parsing: text) },
            text: \.description)
    }

    /// A model's name as providers take it.
    static func modelName(_ path: Path<String?>) -> SettingType {
        optional(
            path, name: "text", form: .text,
            parse: { text, _ throws(ValueProblem) in
                guard (1...256).contains(text.utf8.count),
                    text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
                else {
                    throw ValueProblem(
                        "is \(quoted(text)); 1 to 256 characters of ASCII without spaces are "
                            + "allowed")
                }
                return text
            },
            text: { $0 })
    }

    /// A number with a fraction.
    static func decimal(_ path: Path<Double>, _ range: ClosedRange<Double>) -> SettingType {
        one(
            path, name: "number", range: "\(range.lowerBound) to \(range.upperBound)",
            form: .number,
            parse: { text, _ throws(ValueProblem) in
                guard let value = Double(text), value.isFinite else {
                    throw ValueProblem("is \(quoted(text)), not a number")
                }
                guard range.contains(value) else {
                    throw ValueProblem(
                        "is \(value); the range is \(range.lowerBound) to \(range.upperBound)")
                }
                return value
            },
            text: { "\($0)" })
    }

    /// Where to listen.
    static func addresses(_ path: Path<[ListenAddress]>) -> SettingType {
        list(
            path, name: "address or list of them", isEmptyAllowed: false,
            parse: { text, _ throws(ValueProblem) in [try ListenAddress(parsing: text)] },
            text: \.description)
    }

    /// Baggage keys.
    static func baggagePatterns(_ path: Path<[BaggagePattern]>) -> SettingType {
        list(
            path, name: "list of keys, or of prefixes that end in `.*`",
            parse: { text, _ throws(ValueProblem) in
                let pattern = BaggagePattern(text)
                // A baggage key is a token (RFC 9110 section 5.6.2).
                guard !pattern.name.isEmpty, pattern.name != ".", isToken(pattern.name),
                    !pattern.name.contains("*")
                else {
                    throw ValueProblem("is \(quoted(text)), not a baggage key or prefix.*")
                }
                return [pattern]
            },
            text: \.description)
    }

    /// A proxy's URL; by reference where it holds a password.
    static func proxyURL(_ path: Path<Secret?>) -> SettingType {
        url(path, schemes: ["http", "https", "socks5", "socks5h"], like: "http://proxy:3128")
    }

    /// A Redis; by reference where its URL holds a password.
    static func redisURL(_ path: Path<Secret?>) -> SettingType {
        var type = optional(
            path, name: "URL, `env:NAME` or `file:PATH`", none: "none",
            parse: { text, source throws(ValueProblem) in
                let isReference = SecretReference(text) != nil
                let url =
                    isReference ? try SecretReference.resolve(text, source).reveal() : text
                let parsed: RedisURL
                do throws(RedisURLError) {
                    parsed = try RedisURL(url)
                } catch {
                    throw ValueProblem("is \(error)")
                }
                if parsed.password != nil, source.isFile, !isReference {
                    throw ValueProblem("holds a password; write env:NAME or file:PATH instead")
                }
                return Secret(url)
            },
            text: \.description)
        type.isSecret = true
        return type
    }

    /// A URL that may hold a password, and then stands there by reference only.
    static func url(
        _ path: Path<Secret?>, schemes: [String], like example: String
    ) -> SettingType {
        var type = optional(
            path, name: "URL, `env:NAME` or `file:PATH`", none: "none",
            parse: { text, source throws(ValueProblem) in
                let isReference = SecretReference(text) != nil
                let url =
                    isReference ? try SecretReference.resolve(text, source).reveal() : text
                guard let parts = URLParts(url), schemes.contains(parts.scheme) else {
                    throw ValueProblem("is not a URL such as \(example)")
                }
                if parts.userInfo != nil, source.isFile, !isReference {
                    throw ValueProblem("holds credentials; write env:NAME or file:PATH instead")
                }
                return Secret(url)
            },
            text: \.description)
        type.isSecret = true
        return type
    }

    /// One secret.
    static func secret(_ path: Path<Secret?>) -> SettingType {
        var type = optional(
            path, name: "`env:NAME` or `file:PATH`", none: "none",
            parse: { text, source throws(ValueProblem) in
                try SecretReference.resolve(text, source)
            },
            text: \.description)
        type.isSecret = true
        return type
    }
}

/// RFC 9110 section 5.6.2.
func isToken(_ text: String) -> Bool {
    !text.isEmpty
        && text.utf8.allSatisfy {
            switch $0 {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E, 0x5F, 0x60, 0x7C, 0x7E: true
            default: false
            }
        }
}
