import Bytes
import HTTP1
import Telemetry

/// Attributes that the SERVER span of a connection's last request had, and those of its next will
/// have: a client sends the same target, host and user agent again and again.
///
/// Belongs to one connection, whose peer it takes for granted.
final class ServerSpanTemplate {
    private var attributes: PreparedAttributes?
    /// What they were made of: method, version, target, host and user agent, each behind its
    /// length.
    private var source = ByteBuffer()
    private var other = ByteBuffer()

    /// Puts the attributes onto the span of a request, where its head says what the last one's
    /// said.
    func set(_ head: RequestHead, _ bytes: Span<UInt8>, on span: SpanRecord) -> Bool {
        guard let attributes, Self.isKept(head) else { return false }
        other.removeAll()
        Self.append(head, bytes, to: &other)
        let isSame = source.withBytes { source in other.withBytes { source.equals($0) } }
        if isSame { span.set(attributes) }
        return isSame
    }

    /// Keeps what was set on the span of a request, which is all that is set so far.
    func keep(_ head: RequestHead, _ bytes: Span<UInt8>, of span: SpanRecord) {
        guard Self.isKept(head) else { return }
        source.removeAll()
        Self.append(head, bytes, to: &source)
        attributes = span.prepareAttributes()
    }

    /// Queries are often unique.
    private static func isKept(_ head: RequestHead) -> Bool {
        head.query == nil && head.method != .other
    }

    private static func append(
        _ head: RequestHead, _ bytes: Span<UInt8>, to source: inout ByteBuffer
    ) {
        source.append(head.method.rawValue)
        source.append(UInt8(truncatingIfNeeded: head.minorVersion))
        append(head.path, of: bytes, to: &source)
        append(head.host, of: bytes, to: &source)
        append(head.first(.userAgent)?.value, of: bytes, to: &source)
    }

    /// None is not an empty one.
    private static func append(
        _ part: Range<Int>?, of bytes: Span<UInt8>, to source: inout ByteBuffer
    ) {
        guard let part else { return source.append(low: 4, of: 0) }
        source.append(
            low: 4, of: UInt64(UInt32(truncatingIfNeeded: part.count + 1)),
            then: bytes.extracting(part))
    }
}
