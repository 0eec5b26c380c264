import Bytes
import JSON

/// What a caller asked of the cache: by header fields (RFC 9111 section 5.2.1, and Portkey's), and
/// by the member `cache` of the body (LiteLLM's).
///
/// Each way is read by its own call, in any order: what allows less wins, and of two times or
/// namespaces the body's. What is asked is about this one call only.
package struct CacheControls: Equatable, Sendable {
    /// Whether a stored answer may be used.
    package enum Lookup: UInt8, Hashable, Sendable {
        case allowed
        /// Not used, but replaced by the new one.
        case refresh
        /// Not used, nor stored.
        case bypass
    }

    /// The shortest and the longest time to live, in seconds: 1 s and 30 days.
    package static let ttlMin = 1
    package static let ttlMax = 30 * 24 * 3600
    /// The configured time to live unless there is another, in seconds.
    package static let ttlDefault = 3600
    /// Bytes of a namespace at most, as sent.
    package static let namespaceBytesMax = 256

    /// Whether a stored answer may be used.
    package private(set) var lookup: Lookup = .allowed
    /// Whether the answer may be stored.
    package private(set) var stores = true
    /// How long an answer may be used, in seconds: between `ttlMin` and `ttlMax`.
    package private(set) var ttl: UInt32
    /// The time asked for was outside of those bounds.
    package private(set) var isClamped = false
    /// Older answers are not to be used; in whole seconds (RFC 9111 section 5.2.1.1).
    package private(set) var maxAge: UInt32?
    /// The caller's namespace, in UTF-8; empty without one.
    package private(set) var namespace: [UInt8] = []
    /// Where the member `cache` stands with its comma: what a JSONSplice takes out of the body
    /// before it goes on.
    package private(set) var bodyMember: Range<Int>?

    /// Whether answers to questions that mean the same may be used: as the caller said, nil where
    /// it did not.
    package private(set) var semantic: Bool?

    private var isBodysNamespace = false

    /// The controls of a caller that asked nothing. `ttl` is the configured time in seconds,
    /// clamped too.
    package init(ttl: Int = CacheControls.ttlDefault) {
        self.ttl = UInt32(min(max(ttl, Self.ttlMin), Self.ttlMax))
    }

    /// Whether an answer of that age, in milliseconds, is young enough.
    package func accepts(age: Int64) -> Bool {
        guard let maxAge else { return true }
        return age / 1000 <= Int64(maxAge)
    }

    /// Reads `x-portkey-cache-force-refresh`: "true" in any case asks for a refresh, anything else
    /// for nothing.
    package mutating func read(forceRefresh value: Span<UInt8>) {
        if value.trimmed.equalsIgnoringCase("true") { forbid(.refresh) }
    }

    /// Reads `x-portkey-cache`: "off" (any case) neither uses nor stores an answer. "semantic" may
    /// also use the answer to a question that means the same, "simple" may not, which wins where
    /// both are said. Any other word changes nothing: one that nobody knows must not make calls
    /// cost more.
    package mutating func read(mode value: Span<UInt8>) {
        let value = value.trimmed
        if value.equalsIgnoringCase("off") {
            forbid(.bypass)
        } else if value.equalsIgnoringCase("simple") {
            semantic = false
        } else if value.equalsIgnoringCase("semantic"), semantic == nil {
            semantic = true
        }
    }

    /// Reads `x-portkey-cache-namespace`. An empty one is none.
    package mutating func read(namespace value: Span<UInt8>) throws(CacheControlError) {
        let value = value.trimmed
        guard value.count <= Self.namespaceBytesMax else { throw .headerNamespaceTooLong }
        if !isBodysNamespace { take(namespace: value) }
    }

    mutating func forbid(_ lookup: Lookup) {
        if lookup.rawValue > self.lookup.rawValue { self.lookup = lookup }
        if lookup == .bypass { stores = false }
        // A refresh that stores nothing is none.
        if self.lookup == .refresh, !stores { self.lookup = .bypass }
    }

    mutating func forbidStoring() {
        stores = false
        forbid(.allowed)
    }

    /// Of several ages the lowest. Nothing is younger than 0: a refresh.
    mutating func take(maxAge age: UInt32) {
        maxAge = min(age, maxAge ?? .max)
        if age == 0 { forbid(.refresh) }
    }

    mutating func take(ttl seconds: Double) {
        let clamped = min(max(seconds, Double(Self.ttlMin)), Double(Self.ttlMax))
        isClamped = clamped != seconds
        ttl = UInt32(clamped)
    }

    mutating func take(bodysNamespace name: Span<UInt8>) {
        take(namespace: name)
        isBodysNamespace = true
    }

    mutating func take(bodyMember range: Range<Int>) {
        bodyMember = range
    }

    private mutating func take(namespace name: Span<UInt8>) {
        namespace = name.indices.map { name[$0] }
    }
}

/// Why a caller's controls are answered with 400. What a caller asked of the cache and got wrong is
/// said rather than ignored: who writes `"no-store": "true"` does not want the answer stored.
package enum CacheControlError: Error, Hashable, Sendable {
    /// `cache` is neither an object nor null.
    case notAnObject
    /// `cache.no-cache` and `cache.no-store` are neither booleans nor null.
    case noCacheNotABoolean, noStoreNotABoolean
    /// `cache.ttl` and `cache.s-maxage` are neither numbers nor null; an age is not negative.
    case ttlNotANumber, maxAgeNotANumber
    /// `cache.namespace` is neither a string nor null.
    case namespaceNotAString
    /// More than `CacheControls.namespaceBytesMax` bytes.
    case namespaceTooLong, headerNamespaceTooLong

    /// The error object's `param`; nil where a header field is wrong.
    package var param: StaticString? {
        switch self {
        case .headerNamespaceTooLong: nil
        case .notAnObject: "cache"
        case .noCacheNotABoolean: "cache.no-cache"
        case .noStoreNotABoolean: "cache.no-store"
        case .ttlNotANumber: "cache.ttl"
        case .maxAgeNotANumber: "cache.s-maxage"
        case .namespaceNotAString, .namespaceTooLong: "cache.namespace"
        }
    }

    /// One sentence for the error object, whose code is `invalid_request`.
    package var message: StaticString {
        switch self {
        case .notAnObject: "'cache' must be an object."
        case .noCacheNotABoolean: "'cache.no-cache' must be true or false."
        case .noStoreNotABoolean: "'cache.no-store' must be true or false."
        case .ttlNotANumber: "'cache.ttl' must be a number of seconds."
        case .maxAgeNotANumber: "'cache.s-maxage' must be a number of seconds, not below 0."
        case .namespaceNotAString: "'cache.namespace' must be a string."
        case .namespaceTooLong: "'cache.namespace' must be at most 256 bytes long."
        case .headerNamespaceTooLong:
            "The header field 'x-portkey-cache-namespace' must be at most 256 bytes long."
        }
    }
}
