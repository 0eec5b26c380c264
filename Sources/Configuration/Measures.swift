/// Text to durations and byte counts, and back: `10s`, `64KiB`.
enum Measures {
    private static let durationUnits: [(name: String, milliseconds: Int)] = [
        ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]
    private static let byteUnits: [(name: String, bytes: Int)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
    ]

    /// A whole number with a unit of `ms`, `s`, `m` or `h`.
    static func duration(_ text: String) throws(ValueProblem) -> Duration {
        let (digits, unit) = split(text)
        guard let number = Int(digits), !digits.isEmpty else {
            throw ValueProblem("is \(quoted(text)), not a duration such as 500ms, 10s, 2m or 1h")
        }
        if unit.isEmpty {
            throw ValueProblem("is \(quoted(text)), which lacks a unit: \(digits)s or \(digits)ms")
        }
        guard let factor = durationUnits.first(where: { $0.name == unit })?.milliseconds else {
            throw ValueProblem("is \(quoted(text)); the units are ms, s, m and h")
        }
        let (milliseconds, overflow) = number.multipliedReportingOverflow(by: factor)
        guard !overflow else { throw ValueProblem("is \(quoted(text)), which is too long") }
        return .milliseconds(milliseconds)
    }

    /// A whole number of bytes, or with a unit of `KiB`, `MiB`, `GiB` or `TiB`.
    static func bytes(_ text: String) throws(ValueProblem) -> Int {
        let (digits, unit) = split(text)
        guard let number = Int(digits), !digits.isEmpty else {
            throw ValueProblem("is \(quoted(text)), not a size such as 1000, 64KiB or 32MiB")
        }
        if unit.isEmpty { return number }
        guard let factor = byteUnits.first(where: { $0.name == unit })?.bytes else {
            throw ValueProblem("is \(quoted(text)); the units are KiB, MiB, GiB and TiB")
        }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
        guard !overflow else { throw ValueProblem("is \(quoted(text)), which is too large") }
        return bytes
    }

    /// A whole number.
    static func count(_ text: String) throws(ValueProblem) -> Int {
        guard let value = Int(text), text.first != "+" else {
            throw ValueProblem("is \(quoted(text)), not a whole number")
        }
        return value
    }

    /// With the largest unit that leaves it whole.
    static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
        if milliseconds == 0 { return "0s" }
        let unit = durationUnits.first { milliseconds.isMultiple(of: $0.milliseconds) }
        return unit.map { "\(milliseconds / $0.milliseconds)\($0.name)" } ?? "\(milliseconds)ms"
    }

    /// With the largest unit that leaves it whole.
    static func text(bytes: Int) -> String {
        let unit = byteUnits.first { bytes != 0 && bytes.isMultiple(of: $0.bytes) }
        return unit.map { "\(bytes / $0.bytes)\($0.name)" } ?? "\(bytes)"
    }

    private static func split(_ text: String) -> (digits: Substring, unit: Substring) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        return (digits, text[digits.endIndex...])
    }
}

/// What is wrong with a value: the rest of a sentence that begins with the key.
struct ValueProblem: Error, Equatable {
    let reason: String
    let suggestion: String?

    init(_ reason: String, suggestion: String? = nil) {
        self.reason = reason
        self.suggestion = suggestion
    }
}

/// A value as diagnostics show it: between backquotes, cut at 40 characters, without controls.
func quoted(_ text: some StringProtocol) -> String {
    var shown = ""
    for character in text.prefix(40) {
        let isControl = character.unicodeScalars.contains {
            $0.properties.generalCategory == .control || $0.properties.generalCategory == .format
        }
        shown.append(isControl ? "\u{FFFD}" : character)
    }
    return "`\(shown)\(text.count > 40 ? "…" : "")`"
}
