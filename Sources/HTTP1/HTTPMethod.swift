import Bytes

/// A request method (RFC 9110 section 9; PATCH: RFC 5789). Methods are case-sensitive.
package enum HTTPMethod: UInt8, Sendable, CaseIterable {
    case get, head, post, put, patch, delete, options, connect, trace
    /// A method this package does not know; answered with 501.
    case other

    /// The method as it is sent; `_OTHER`, the word of the telemetry conventions, for `other`.
    package var name: StaticString {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .connect: "CONNECT"
        case .trace: "TRACE"
        case .other: "_OTHER"
        }
    }

    /// The method of that name; `other` for one that is not known.
    package static func recognise(_ name: Span<UInt8>) -> HTTPMethod {
        switch name.count {
        case 3:
            if name.equals("GET") { return .get }
            if name.equals("PUT") { return .put }
        case 4:
            if name.equals("POST") { return .post }
            if name.equals("HEAD") { return .head }
        case 5:
            if name.equals("PATCH") { return .patch }
            if name.equals("TRACE") { return .trace }
        case 6: if name.equals("DELETE") { return .delete }
        case 7:
            if name.equals("OPTIONS") { return .options }
            if name.equals("CONNECT") { return .connect }
        default: break
        }
        return .other
    }
}
