import Bytes
import Privacy

/// Takes the credentials out of URLs that are recorded.
package enum URLRedaction {
    /// Query parameters whose values are never recorded: those of semconv v1.40.0 (docs/http),
    /// and the ones providers of models and their gateways take keys in. Lower case.
    private static let secretNames: [StaticString] = [
        "awsaccesskeyid", "signature", "sig", "x-goog-signature", "x-goog-credential",
        "x-amz-signature", "x-amz-credential", "x-amz-security-token", "key", "api_key", "api-key",
        "apikey", "x-api-key", "access_token", "access-token", "accesstoken", "id_token",
        "refresh_token", "auth_token", "token", "jwt", "auth", "authorization", "bearer",
        "password", "passwd", "pwd", "secret", "client_secret", "credential", "credentials",
        "subscription-key", "subscription_key", "code", "session_token",
    ]

    /// Bytes of a parameter's name that are compared.
    private static let nameBytesMax = 96

    /// Appends a URL with the values of such parameters replaced by `REDACTED`, and what looks
    /// like a key or token in others by a word for it. The configuration takes no base URL with
    /// user information.
    package static func append(_ url: Span<UInt8>, to buffer: inout ByteBuffer) {
        guard let question = url.firstIndex(of: UInt8(ascii: "?")) else {
            buffer.append(url)
            return
        }
        buffer.append(url.extracting(0...question))
        appendQuery(url.extracting((question + 1)...), to: &buffer)
    }

    /// Appends a query without its question mark.
    package static func appendQuery(_ query: Span<UInt8>, to buffer: inout ByteBuffer) {
        var start = 0
        while start <= query.count {
            let end = query.firstIndex(of: UInt8(ascii: "&"), from: start) ?? query.count
            let pair = query.extracting(start..<end)
            if let equals = pair.firstIndex(of: UInt8(ascii: "=")),
                isSecret(pair.extracting(0..<equals))
            {
                buffer.append(pair.extracting(0...equals))
                buffer.append("REDACTED")
            } else {
                Redaction.append(pair, .credentials, to: &buffer)
            }
            if end < query.count { buffer.append(UInt8(ascii: "&")) }
            start = end + 1
        }
    }

    /// Whether a parameter of that name holds a secret, percent-encoded or not.
    private static func isSecret(_ name: Span<UInt8>) -> Bool {
        guard name.count <= nameBytesMax else { return false }
        guard name.firstIndex(of: UInt8(ascii: "%")) != nil else { return isListed(name) }
        var decoded = ByteBuffer(capacity: name.count)
        var index = 0
        while index < name.count {
            if name[index] == UInt8(ascii: "%"), index + 2 < name.count,
                let high = ASCII.hexValue(name[index + 1]),
                let low = ASCII.hexValue(name[index + 2])
            {
                decoded.append(high << 4 | low)
                index += 3
            } else {
                decoded.append(name[index])
                index += 1
            }
        }
        return isListed(decoded.bytes)
    }

    private static func isListed(_ name: Span<UInt8>) -> Bool {
        secretNames.contains { name.equalsIgnoringCase($0) }
    }
}
