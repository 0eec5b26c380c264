/// What a metric is: its name, unit and kind, as the conventions and OTLP have them.
package struct MetricDefinition: Sendable {
    /// How the values of a metric behave.
    package enum Kind: Sendable {
        /// Only rises, by additions (a synchronous Counter).
        case counter
        /// Only rises, and is read from elsewhere (an asynchronous Counter).
        case observedCounter
        /// Rises and falls, and adds up over processes (an UpDownCounter).
        case upDownCounter
        /// Counts values in buckets.
        case histogram(BucketBounds)
    }

    /// The instrumentation scope a metric belongs to.
    package enum Scope: Int, Sendable, CaseIterable {
        /// `martlet`: what this gateway sees as a client and as an HTTP server.
        case gateway
        /// `martlet.server`: `gen_ai.server.*`, where the gateway stands for the model's server.
        /// On its own, so that nobody adds it to what model servers report of themselves.
        case modelServer

        /// Its name.
        package var name: StaticString {
            switch self {
            case .gateway: "martlet"
            case .modelServer: "martlet.server"
            }
        }
    }

    /// Dotted, e.g. `gen_ai.client.token.usage`.
    package let name: String
    /// UCUM: `s`, `By`, `{token}`, or empty.
    package let unit: String
    /// A sentence.
    package let description: String
    package let kind: Kind
    package let scope: Scope
    /// Recorded in nanoseconds, and seconds outside.
    package let isDuration: Bool
    /// The name of the family on `/metrics`, without a counter's `_total`.
    let prometheusName: String

    /// A metric that belongs to `scope`.
    package init(
        _ name: String, unit: String, _ kind: Kind, scope: Scope = .gateway, _ description: String
    ) {
        self.name = name
        self.unit = unit
        self.description = description
        self.kind = kind
        self.scope = scope
        isDuration = unit == "s"
        prometheusName = PrometheusName.family(name, unit: unit)
    }

    /// A whole number, or nanoseconds, in the metric's unit.
    package func value(_ recorded: Int) -> Double {
        isDuration ? Double(recorded) / 1e9 : Double(recorded)
    }
}

/// OpenTelemetry's names in Prometheus (specification v1.60.0, "Prometheus and OpenMetrics
/// Compatibility").
enum PrometheusName {
    /// What is no letter, digit, `_` or `:` becomes `_`, several become one, and the unit is
    /// appended where it is none in braces.
    static func family(_ name: String, unit: String) -> String {
        var result = ""
        for character in name.utf8 {
            let isKept =
                switch character {
                case UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: ":"):
                    true
                default: false
                }
            if isKept {
                result.unicodeScalars.append(Unicode.Scalar(character))
            } else if result.last != "_" {
                result.append("_")
            }
        }
        if let suffix = self.unit(unit), !result.hasSuffix("_" + suffix) {
            result += "_" + suffix
        }
        return result
    }

    /// The unit as a suffix of names; nil where it has none.
    static func unit(_ unit: String) -> String? {
        switch unit {
        case "s": "seconds"
        case "By": "bytes"
        default: nil
        }
    }
}
