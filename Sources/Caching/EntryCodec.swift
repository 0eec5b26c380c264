import Bytes
import Crypto
import OpenAIAPI

/// Why bytes of a store are no answer: each is a miss.
package enum EntryError: Error, Hashable, Sendable {
    /// Does not begin as an entry does: somebody else's value.
    case foreign
    /// Of an older or newer form.
    case version
    /// Ends before its end.
    case truncated
    /// The code is not that of the content: changed, or made with another secret.
    case forged
    /// The entry of another key.
    case wrongKey
    /// The time to live is over.
    case expired
    /// More bytes than an entry may have.
    case tooLarge

    /// A metric's label and a span's `error.type`.
    package var name: StaticString {
        switch self {
        case .foreign: "foreign"
        case .version: "version"
        case .truncated: "truncated"
        case .forged: "forged"
        case .wrongKey: "wrong_key"
        case .expired: "expired"
        case .tooLarge: "too_large"
        }
    }
}

/// Writes entries for a store outside of the process and reads them back, with a keyed code over
/// all of it: nobody without the secret can make or change one. Confined to one thread at a time.
package struct EntryCodec: ~Copyable {
    /// `secret` is the installation's; the code's key is derived from it. An entry that takes
    /// more than `bytesMax` bytes is not read.
    package init(secret: Span<UInt8>, bytesMax: Int) {}

    /// Appends an entry.
    package mutating func encode(_ entry: CacheEntry, to buffer: inout ByteBuffer) {}

    /// The entry of `key` that `bytes` are; `now` is in milliseconds since 1970.
    package mutating func decode(
        _ bytes: Span<UInt8>, key: CacheKey, now: Int64
    ) throws(EntryError) -> CacheEntry {
        throw .foreign
    }
}
