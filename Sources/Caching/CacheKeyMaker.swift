import Bytes
import Crypto
import JSON
import OpenAIAPI

/// Makes the keys of calls, one after the other, reusing its memory. Confined to one thread at a
/// time: a worker has one.
package struct CacheKeyMaker: ~Copyable {
    /// `secret`, of any length, keys the hash of callers' credentials.
    package init(secret: Span<UInt8>) {}

    /// The key of a call, or nil where its answer must not be cached.
    package mutating func key(
        of document: borrowing JSONDocument, request: CallRequest, scope: borrowing CacheScope
    ) -> CacheKey? {
        nil
    }
}
