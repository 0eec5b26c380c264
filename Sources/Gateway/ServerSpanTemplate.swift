import Bytes
import HTTP1
import Telemetry

/// Attributes that the SERVER span of a connection's last request had, and those of its next will
/// have: a client sends the same target, host and user agent again and again.
///
/// Belongs to one connection, whose peer it takes for granted.
final class ServerSpanTemplate {
    /// Bytes of what they are made of; larger heads have their attributes set one by one.
    private static let sourceBytesMax = 1024

    private var attributes: PreparedAttributes?
    /// What they were made of: method and version, then target, host and user agent, each behind
    /// its length.
    private var source = ByteBuffer()

    /// Puts the attributes onto the span of a request, where its head says what the last one's
    /// said.
    func set(_ head: RequestHead, _ bytes: Span<UInt8>, on span: SpanRecord) -> Bool {
        guard let attributes, Self.isKept(head) else { return false }
        let isSame = source.withBytes { source in
            var offset = 0
            for part in 0..<Self.partCount {
                let (lead, text) = Self.part(part, of: head)
                let length = text?.count ?? 0
                guard source.count - offset >= Self.leadBytes + length,
                    source.littleEndian64(at: offset) == lead
                else { return false }
                offset += Self.leadBytes
                if let text,
                    !source.extracting(offset..<offset + length).equals(bytes.extracting(text))
                {
                    return false
                }
                offset += length
            }
            return offset == source.count
        }
        if isSame { span.set(attributes) }
        return isSame
    }

    /// Keeps what was set on the span of a request, which is all that is set so far.
    func keep(_ head: RequestHead, _ bytes: Span<UInt8>, of span: SpanRecord) {
        attributes = nil
        guard Self.isKept(head) else { return }
        source.removeAll()
        for part in 0..<Self.partCount {
            let (lead, text) = Self.part(part, of: head)
            source.append(low: Self.leadBytes, of: lead)
            if let text { source.append(bytes.extracting(text)) }
            guard source.count <= Self.sourceBytesMax else {
                return source.removeAll(keeping: Self.sourceBytesMax)
            }
        }
        attributes = span.prepareAttributes()
    }

    /// Queries are often unique.
    private static func isKept(_ head: RequestHead) -> Bool {
        head.query == nil && head.method != .other
    }

    private static let partCount = 3
    private static let leadBytes = 8

    /// A part of the source: eight bytes that tell its length, none being not an empty one, and
    /// with the first part method and version; then where its text lies.
    private static func part(_ number: Int, of head: RequestHead) -> (UInt64, Range<Int>?) {
        let text: Range<Int>? =
            switch number {
            case 0: head.path
            case 1: head.host
            default: head.first(.userAgent)?.value
            }
        var lead = UInt64(UInt32(truncatingIfNeeded: text.map { $0.count + 1 } ?? 0))
        if number == 0 {
            lead |= UInt64(head.method.rawValue) << 32
            lead |= UInt64(UInt8(truncatingIfNeeded: head.minorVersion)) << 40
        }
        return (lead, text)
    }
}
