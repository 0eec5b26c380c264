import Bytes
import Crypto

/// HMAC-SHA256 under the installation's secret: equal texts can be told to be equal, and nobody
/// without the secret can try out what they were. Confined to one thread at a time.
package struct KeyedHash: ~Copyable {
    /// What is hashed: the same text gives different hashes as one and as another.
    package enum Purpose: Sendable {
        case content, user

        var label: StaticString {
            switch self {
            case .content: "content:"
            case .user: "user:"
            }
        }
    }

    private var authenticator: HMACSHA256

    /// Hashes under `secret`, of any length but none.
    package init(secret: Span<UInt8>) {
        precondition(!secret.isEmpty)
        authenticator = HMACSHA256(key: secret)
    }

    /// A secret of 256 random bits in hexadecimal, for a process that was given none.
    package static func randomSecret() -> String {
        var bytes = ByteBuffer(capacity: 32)
        SystemRandom.append(32, to: &bytes)
        var text = ByteBuffer(capacity: 64)
        SHA256.digest(of: bytes.bytes).appendHexadecimal(to: &text)
        return String(decoding: text.bytes)
    }

    /// Appends `hmac-sha256:`, 64 hexadecimal digits, a colon and the bytes that `text` has.
    package mutating func append(
        _ text: Span<UInt8>, for purpose: Purpose, to buffer: inout ByteBuffer
    ) {
        buffer.append("hmac-sha256:")
        appendDigits(text, for: purpose, to: &buffer)
        buffer.append(UInt8(ascii: ":"))
        buffer.append(decimal: text.count)
    }

    /// Appends 64 hexadecimal digits.
    package mutating func appendDigits(
        _ text: Span<UInt8>, for purpose: Purpose, to buffer: inout ByteBuffer
    ) {
        authenticator.update(purpose.label.bytes)
        authenticator.update(text)
        authenticator.finish().appendHexadecimal(to: &buffer)
    }
}
