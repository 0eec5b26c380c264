import W3CTraceContext

/// Decides which traces are recorded (`OTEL_TRACES_SAMPLER`).
package struct Sampler: Sendable, Equatable {
    /// The decision for a trace without a parent.
    package enum Root: Sendable, Equatable {
        case alwaysOn
        case alwaysOff
        /// The share of traces that are recorded, 0 to 1.
        case ratio(Double)
    }

    /// What decides where no parent does.
    package let root: Root
    /// A parent's decision stands; without it every trace is decided as a root.
    package let honoursParent: Bool

    /// `parentbased_always_on`, the default.
    package static let `default` = Sampler(root: .alwaysOn, honoursParent: true)

    /// A sampler of those two rules.
    package init(root: Root, honoursParent: Bool) {
        self.root = root
        self.honoursParent = honoursParent
    }

    /// The sampler with a name of the specification, of any case; nil for other names.
    /// `argument` is the ratio, 1 where it is nil or no number from 0 to 1.
    package init?(name: String, argument: String?) {
        let ratio = argument.flatMap(Double.init).flatMap { (0...1).contains($0) ? $0 : nil } ?? 1
        switch name.lowercased() {
        case "always_on": self.init(root: .alwaysOn, honoursParent: false)
        case "always_off": self.init(root: .alwaysOff, honoursParent: false)
        case "traceidratio": self.init(root: .ratio(ratio), honoursParent: false)
        case "parentbased_always_on": self.init(root: .alwaysOn, honoursParent: true)
        case "parentbased_always_off": self.init(root: .alwaysOff, honoursParent: true)
        case "parentbased_traceidratio": self.init(root: .ratio(ratio), honoursParent: true)
        default: return nil
        }
    }

    /// Whether the trace is recorded. `parentFlags` is nil for a root.
    ///
    /// A ratio looks at the low eight bytes of the trace id, as other SDKs do, so that services
    /// with the same ratio choose the same traces.
    package func isSampled(traceID: TraceID, parentFlags: TraceFlags?) -> Bool {
        if honoursParent, let parentFlags { return parentFlags.contains(.sampled) }
        switch root {
        case .alwaysOn: return true
        case .alwaysOff: return false
        case .ratio(let ratio):
            return traceID.low >> 1 < UInt64(ratio * 0x1p63)
        }
    }
}
