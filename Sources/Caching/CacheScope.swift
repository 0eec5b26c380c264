/// What beside the body decides about an answer. All spans are borrowed, nothing is copied.
///
/// nil means that a call has no such thing, which is not the same as an empty one.
package struct CacheScope: ~Escapable {
    /// The path as the caller sent it, without its query.
    package let path: Span<UInt8>
    /// What stands behind the question mark.
    package let query: Span<UInt8>?
    /// The base URL of the upstream that is asked.
    package let upstream: Span<UInt8>
    /// The model's name that the upstream gets where that is not the one of the body: a key must
    /// not outlive a change of the configured alias.
    package let upstreamModel: Span<UInt8>?
    /// `OpenAI-Organization`.
    package let organization: Span<UInt8>?
    /// `OpenAI-Project`.
    package let project: Span<UInt8>?
    /// `OpenAI-Beta`: all its lines, joined by ", " (RFC 9110 section 5.3).
    package let beta: Span<UInt8>?
    /// What the caller identified itself by: its key of the gateway or, without those, the field
    /// value that goes on to the upstream. nil or empty: nothing is cached, unless `isShared`.
    package let credential: Span<UInt8>?
    /// The caller's namespace; an empty one is none.
    package let namespace: Span<UInt8>?
    /// Callers share answers (`cache.scope: shared`): the credential does not count.
    package let isShared: Bool

    @_lifetime(
        copy path, copy query, copy upstream, copy upstreamModel, copy organization, copy project,
        copy beta, copy credential, copy namespace)
    package init(
        path: Span<UInt8>, query: Span<UInt8>? = nil, upstream: Span<UInt8>,
        upstreamModel: Span<UInt8>? = nil, organization: Span<UInt8>? = nil,
        project: Span<UInt8>? = nil, beta: Span<UInt8>? = nil, credential: Span<UInt8>?,
        namespace: Span<UInt8>? = nil, isShared: Bool = false
    ) {
        self.path = path
        self.query = query
        self.upstream = upstream
        self.upstreamModel = upstreamModel
        self.organization = organization
        self.project = project
        self.beta = beta
        self.credential = credential
        self.namespace = namespace
        self.isShared = isShared
    }
}
