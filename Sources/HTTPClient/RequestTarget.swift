import Bytes
import HTTP1

/// The parts of an absolute URL, as ranges of its bytes.
struct RequestTarget {
    /// The scheme is https.
    let isTLS: Bool
    /// Scheme and authority, as far as the path.
    let origin: Range<Int>
    /// Host and port, without the scheme's own port: what a Host field says (RFC 9110
    /// section 7.2).
    let host: Range<Int>
    /// Path and query; the path may be missing (RFC 9112 section 3.2.1 makes it "/").
    let path: Range<Int>
    /// Begins with its path.
    let hasPath: Bool

    /// Nil for what is no http or https URL, names a user, or has a byte that could end the
    /// request line. A fragment is left out: it is not sent.
    init?(_ url: Span<UInt8>) {
        let authority: Int
        if Self.hasScheme(url, "http://") {
            isTLS = false
            authority = 7
        } else if Self.hasScheme(url, "https://") {
            isTLS = true
            authority = 8
        } else {
            return nil
        }
        var end = authority
        while end < url.count, !Self.endsAuthority(url[end]) { end += 1 }
        guard HTTPSyntax.isAuthority(url.extracting(authority..<end)) else { return nil }
        origin = 0..<end
        let port: StaticString = isTLS ? ":443" : ":80"
        let isOwnPort =
            end - authority > port.utf8CodeUnitCount
            && url.extracting(end - port.utf8CodeUnitCount..<end).equals(port)
        host = authority..<(isOwnPort ? end - port.utf8CodeUnitCount : end)
        let start = end
        hasPath = end < url.count && url[end] == UInt8(ascii: "/")
        while end < url.count, url[end] != UInt8(ascii: "#") {
            guard url[end] > ASCII.space, url[end] != 0x7F else { return nil }
            end += 1
        }
        path = start..<end
    }

    private static func hasScheme(_ url: Span<UInt8>, _ scheme: StaticString) -> Bool {
        let count = scheme.utf8CodeUnitCount
        return url.count > count && url.extracting(0..<count).equalsIgnoringCase(scheme)
    }

    private static func endsAuthority(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
    }
}
