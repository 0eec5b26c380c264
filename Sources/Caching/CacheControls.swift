import Bytes
import JSON

/// What a caller asked of the cache: by header fields (RFC 9111 section 5.2.1, and Portkey's), and
/// by the member `cache` of the body (LiteLLM's).
package struct CacheControls: Equatable, Sendable {
    /// Whether a stored answer may be used.
    package enum Lookup: Hashable, Sendable {
        case allowed
        /// Not used, but replaced.
        case refresh
        /// Not used.
        case bypass
    }

    /// Whether a stored answer may be used.
    package private(set) var lookup: Lookup = .allowed
    /// Whether the answer may be stored.
    package private(set) var stores = true
    /// How long an answer may be used, in seconds: between `ttlMin` and `ttlMax`.
    package private(set) var ttl: UInt32
    /// The time asked for was outside of those bounds.
    package private(set) var isClamped = false
    /// Older answers are not to be used; in seconds.
    package private(set) var maxAge: UInt32?
    /// The caller's namespace; empty without one.
    package private(set) var namespace: [UInt8] = []
    /// Where the member `cache` stands with its comma: taken out before a body goes on.
    package private(set) var bodyMember: Range<Int>?

    /// The controls of a caller that asked nothing. `ttl` is the configured time in seconds.
    package init(ttl: Int = 3600) { self.ttl = UInt32(clamping: ttl) }

    /// Reads one field value of `Cache-Control`.
    package mutating func read(cacheControl value: Span<UInt8>) {}
    /// Reads `x-portkey-cache-force-refresh`.
    package mutating func read(forceRefresh value: Span<UInt8>) {}
    /// Reads `x-portkey-cache`.
    package mutating func read(mode value: Span<UInt8>) {}
    /// Reads `x-portkey-cache-namespace`.
    package mutating func read(namespace value: Span<UInt8>) throws(CacheControlError) {}
    /// Reads the member `cache` of a body.
    package mutating func read(_ document: borrowing JSONDocument) throws(CacheControlError) {}
}

/// Why a caller's controls are answered with 400.
package enum CacheControlError: Error, Hashable, Sendable {
    case notAnObject
    case wrongType(StaticString)
    case namespaceTooLong

    package static func == (left: Self, right: Self) -> Bool { false }
    package func hash(into hasher: inout Hasher) {}
}
