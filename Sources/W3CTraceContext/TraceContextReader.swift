import Bytes

/// Collects the trace context of one request from its headers, in the order they stand there.
package struct TraceContextReader {
    private var parent: TraceParent?
    private var parentCount = 0
    private var stateAsSent = TraceState()
    /// The baggage; it does not depend on the trace context.
    package private(set) var baggage = Baggage()

    /// Nothing seen yet.
    package init() {}

    /// Takes note of a `traceparent` header.
    package mutating func addTraceParent(_ value: Span<UInt8>) {
        parentCount += 1
        parent = parentCount == 1 ? TraceParent(parsing: value) : nil
    }

    /// Takes note of a `tracestate` header.
    package mutating func addTraceState(_ value: Span<UInt8>) {
        stateAsSent.add(value)
    }

    /// Takes note of a `baggage` header.
    package mutating func addBaggage(_ value: Span<UInt8>) {
        baggage.add(value)
    }

    /// The caller's context; nil where there was no valid `traceparent`, or more than one: then a
    /// new trace begins (section 3.2 and 4.3).
    package var traceParent: TraceParent? { parent }

    /// The caller's `tracestate`, shortened to what must be propagated; empty without a valid
    /// `traceparent` (section 3.3).
    package var traceState: TraceState {
        guard parent != nil, !stateAsSent.isDiscarded else { return TraceState() }
        var state = stateAsSent
        state.shorten()
        return state
    }
}
