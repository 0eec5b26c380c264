import Bytes
import Crypto

/// What an answer is found by: a digest of everything of a call that may change its answer, and
/// hashes of three of those things, by which entries can be selected.
///
/// Two keys are the same if their digests are; the other parts follow from what was digested.
package struct CacheKey: Hashable, Sendable {
    /// SHA-256 of the call; see `CacheKeyMaker`.
    package let digest: SHA256.Digest
    /// Keyed hash of the caller's credential; zero for a key that all callers share.
    package let tenant: UInt64
    /// Keyed hash of the namespace; nil without one.
    package let namespace: UInt32?
    /// Hash of the requested model's name: it selects and protects nothing.
    package let model: UInt32

    /// The bytes `appendStoreKey` appends at most.
    package static let storeKeyBytesMax = 10 + 16 + 1 + 8 + 1 + 8 + 1 + 64

    /// Appends the key's name in a store that others use too:
    /// `martlet:1:<tenant, 16 digits>:<namespace, 8 digits, or ->:<model, 8 digits>:<digest, 64>`,
    /// in lower-case hexadecimal. The 1 is the version of this form.
    package func appendStoreKey(to buffer: inout ByteBuffer) {
        buffer.append("martlet:1:")
        buffer.append(digits: 16, of: tenant)
        buffer.append(UInt8(ascii: ":"))
        buffer.append(namespace: namespace)
        buffer.append(UInt8(ascii: ":"))
        buffer.append(digits: 8, of: UInt64(model))
        buffer.append(UInt8(ascii: ":"))
        digest.appendHexadecimal(to: &buffer)
    }

    /// Appends the part of the name that stands for the namespace: 8 digits, or `-` without one.
    package func appendNamespace(to buffer: inout ByteBuffer) {
        buffer.append(namespace: namespace)
    }

    /// Appends the first half of the digest as 32 hexadecimal digits: short enough for a span.
    package func appendShortName(to buffer: inout ByteBuffer) {
        let start = buffer.count
        digest.appendHexadecimal(to: &buffer)
        buffer.truncate(to: start + 32)
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.digest == right.digest
    }

    package func hash(into hasher: inout Hasher) {
        // The digest is as good as random already.
        hasher.combine(digest.bytes.littleEndian64(at: 0))
    }
}

extension ByteBuffer {
    /// Appends the lowest `count` hexadecimal digits of `value`, zeros in front included.
    mutating func append(digits count: Int, of value: UInt64) {
        var shift = UInt64(count * 4)
        while shift > 0 {
            shift -= 4
            append(ASCII.hexDigit(UInt8(truncatingIfNeeded: value &>> shift) & 15))
        }
    }

    /// Appends the part of a store's key that stands for a namespace.
    mutating func append(namespace: UInt32?) {
        if let namespace {
            append(digits: 8, of: UInt64(namespace))
        } else {
            append(UInt8(ascii: "-"))
        }
    }
}
