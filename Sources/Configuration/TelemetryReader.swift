/// Reads typed values of environment variables by the rules of OpenTelemetry's specification:
/// empty is unset, what cannot be used is warned of and ignored (v1.60.0, "Environment
/// Variable Specification", "Parsing").
struct TelemetryReader {
    let environment: [String: String]
    private(set) var warnings: [Diagnostic] = []
    /// Keys of the file that variables stand for, which diagnostics are to name.
    private let keys: [String: String]

    init(_ environment: [String: String], keys: [String: String] = [:]) {
        self.environment = environment
        self.keys = keys
    }

    /// The variable without blanks around it; nil: unset or empty.
    func text(_ name: String) -> String? {
        guard let value = environment[name] else { return nil }
        let text = trimmed(value)
        return text.isEmpty ? nil : text
    }

    /// The first of the variables that is set.
    func first(_ names: [String]) -> (name: String, text: String)? {
        for name in names {
            if let text = text(name) { return (name, text) }
        }
        return nil
    }

    /// Says so once.
    mutating func warn(_ name: String, _ reason: String, suggestion: String? = nil) {
        let warning = Diagnostic(
            .warning, at: .variable(keys[name] ?? name), reason, suggestion: suggestion)
        if !warnings.contains(warning) { warnings.append(warning) }
    }

    /// True for `true` in any case only.
    mutating func boolean(_ name: String) -> Bool {
        guard let value = text(name)?.lowercased() else { return false }
        if value != "true", value != "false" {
            warn(name, "\(quoted(value)) is neither true nor false; false is used")
        }
        return value == "true"
    }

    /// The first of `names` that holds one of `words`, in any case.
    mutating func word(_ names: [String], among words: [String]) -> String? {
        for name in names {
            guard let value = text(name)?.lowercased() else { continue }
            if words.contains(value) { return value }
            warn(
                name, "\(quoted(value)) is not one of \(words.joined(separator: ", ")); ignored",
                suggestion: NearestName.of(value, among: words))
        }
        return nil
    }

    /// The first of `names` that holds a whole number in `range`, else `standard`.
    mutating func number(
        _ names: [String], _ range: ClosedRange<Int>, default standard: Int
    ) -> Int {
        optionalNumber(names, range) ?? standard
    }

    /// The first of `names` that holds a whole number in `range`.
    mutating func optionalNumber(_ names: [String], _ range: ClosedRange<Int>) -> Int? {
        for name in names {
            guard let text = text(name) else { continue }
            if let value = Int(text), range.contains(value) { return value }
            warn(
                name,
                "\(quoted(text)) is not a whole number of \(range.lowerBound) or more that can be "
                    + "used; ignored")
        }
        return nil
    }

    /// Comma-separated words, lower case, each once.
    func words(_ name: String) -> [String] {
        var words: [String] = []
        for part in (text(name) ?? "").split(separator: ",") {
            let word = trimmed(part).lowercased()
            if !word.isEmpty, !words.contains(word) { words.append(word) }
        }
        return words
    }

    /// `key=value,key=value`: split at the first `=`, percent-decoded.
    ///
    /// A member that cannot be used is left out; values are never shown.
    mutating func headers(_ name: String) -> [ExportHeader] {
        var headers: [ExportHeader] = []
        for (index, part) in (text(name) ?? "").split(separator: ",").enumerated() {
            let member = trimmed(part)
            if member.isEmpty { continue }
            let which = "header \(index + 1) of the list"
            guard let equals = member.firstIndex(of: "=") else {
                warn(name, "\(which) has no `=`; left out")
                continue
            }
            let key = trimmed(member[..<equals])
            let raw = trimmed(member[member.index(after: equals)...])
            guard isToken(key) else {
                warn(name, "\(which) has a name that no header can have; left out")
                continue
            }
            var value = raw
            if let decoded = PercentDecoding.decode(raw) {
                value = decoded
            } else {
                warn(name, "\(which) has a `%` that begins no code; it is sent as it is written")
            }
            guard value.utf8.allSatisfy({ $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }) else {
                warn(name, "\(which) has a control character in its value; left out")
                continue
            }
            headers.removeAll { $0.name.lowercased() == key.lowercased() }
            headers.append(ExportHeader(name: key, value: Secret(value)))
        }
        return headers
    }

    /// `key=value,key=value`, percent-decoded; any error discards the whole.
    mutating func resourceAttributes(_ name: String) -> [ResourceAttribute] {
        var attributes: [ResourceAttribute] = []
        for (index, part) in (text(name) ?? "").split(separator: ",").enumerated() {
            let member = trimmed(part)
            if member.isEmpty { continue }
            guard let equals = member.firstIndex(of: "="),
                let key = PercentDecoding.decode(trimmed(member[..<equals])), !key.isEmpty,
                let value = PercentDecoding.decode(
                    trimmed(member[member.index(after: equals)...]))
            else {
                warn(
                    name,
                    "attribute \(index + 1) of the list is not key=value in percent-encoded "
                        + "UTF-8; the whole list is discarded")
                return []
            }
            attributes.removeAll { $0.key == key }
            attributes.append(ResourceAttribute(key: key, value: value))
        }
        return attributes
    }
}

/// `%41` to `A`; `+` stays (W3C Baggage section 3.3).
enum PercentDecoding {
    /// nil: a `%` without two hexadecimal digits, or the result is not UTF-8.
    static func decode(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexValue),
                let low = rest.popFirst().flatMap(hexValue)
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
