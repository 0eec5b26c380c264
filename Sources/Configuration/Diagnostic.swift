/// One thing wrong with the configuration, or worth saying about it.
package struct Diagnostic: Sendable, Equatable {
    /// Where the text stands that it is about.
    package enum Location: Sendable, Equatable {
        /// 1-based.
        case file(name: String, line: Int, column: Int)
        /// An environment variable.
        case variable(String)
        /// A command-line flag, with its dashes.
        case flag(String)
        /// The configuration as a whole.
        case settings
    }

    /// Whether the process may start.
    package enum Severity: Sendable, Equatable {
        case error, warning
    }

    /// Errors stop the start.
    package let severity: Severity
    /// What it is about.
    package let location: Location
    /// A sentence without full stop; never holds a secret.
    package let reason: String
    /// The nearest name that would have been right.
    package let suggestion: String?

    init(
        _ severity: Severity, at location: Location, _ reason: String, suggestion: String? = nil
    ) {
        self.severity = severity
        self.location = location
        self.reason = reason
        self.suggestion = suggestion
    }
}

extension Diagnostic: CustomStringConvertible {
    /// `martlet.yaml:3:7: reason (did you mean x?)`, `MARTLET_X: reason`.
    package var description: String {
        let hint = suggestion.map { " (did you mean \($0)?)" } ?? ""
        return switch location {
        case .file(let name, let line, let column): "\(name):\(line):\(column): \(reason)\(hint)"
        case .variable(let name), .flag(let name): "\(name): \(reason)\(hint)"
        case .settings: reason + hint
        }
    }
}
