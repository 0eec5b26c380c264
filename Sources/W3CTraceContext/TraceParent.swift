import Bytes

/// The flags of a trace context this package knows (W3C Trace Context Level 2, section 3.2.2.5).
package struct TraceFlags: OptionSet, Sendable, Hashable {
    /// The octet as it is sent.
    package let rawValue: UInt8

    /// Those bits, known or not.
    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The caller may have recorded the trace.
    package static let sampled = TraceFlags(rawValue: 0x01)
    /// The right-most 7 bytes of the trace id are random. Set on new roots, else passed on as it
    /// came.
    package static let random = TraceFlags(rawValue: 0x02)
    /// Every flag with a meaning; the others are sent as zero.
    package static let known: TraceFlags = [.sampled, .random]
}

/// The value of `traceparent` (W3C Trace Context Level 2, section 3.2).
package struct TraceParent: Sendable, Hashable {
    /// The trace.
    package var traceID: TraceID
    /// The span that is the parent of what the receiver starts.
    package var spanID: SpanID
    /// The flags, unknown ones cleared.
    package var flags: TraceFlags

    /// The context of that span.
    package init(traceID: TraceID, spanID: SpanID, flags: TraceFlags) {
        self.traceID = traceID
        self.spanID = spanID
        self.flags = flags
    }

    /// Characters of version 00, which is what is sent.
    package static let length = 55

    /// The value of one `traceparent` header, or nil where it is invalid: then a new trace begins
    /// and `tracestate` counts for nothing. Spaces and tabs around it do not matter.
    ///
    /// Version 00 is exactly 55 characters; a later one may go on after a "-"; ff is invalid
    /// (section 3.2.2.1 and 4.3).
    package init?(parsing header: Span<UInt8>) {
        let value = header.trimmed
        guard value.count >= Self.length,
            let version = UInt64(lowerHex: value, from: 0, digits: 2), version != 0xFF
        else { return nil }
        if value.count > Self.length {
            guard version > 0, value[Self.length] == UInt8(ascii: "-") else { return nil }
        }
        let dash = UInt8(ascii: "-")
        guard value[2] == dash, value[35] == dash, value[52] == dash,
            let traceID = TraceID(hex: value.extracting(3..<35)),
            let spanID = SpanID(hex: value.extracting(36..<52)),
            let flags = UInt64(lowerHex: value, from: 53, digits: 2)
        else { return nil }
        self.traceID = traceID
        self.spanID = spanID
        self.flags = TraceFlags(rawValue: UInt8(flags)).intersection(.known)
    }
}

extension TraceParent: CustomStringConvertible {
    /// The header's value.
    package var description: String {
        var buffer = ByteBuffer(capacity: Self.length)
        buffer.append(self)
        return String(decoding: buffer.bytes)
    }
}

extension ByteBuffer {
    /// Appends the value of a `traceparent` header, version 00.
    package mutating func append(_ parent: TraceParent) {
        append("00-")
        append(parent.traceID)
        append(UInt8(ascii: "-"))
        append(parent.spanID)
        append("-0")
        append(ASCII.hexDigit(parent.flags.intersection(.known).rawValue))
    }
}
