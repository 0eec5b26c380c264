import Bytes

/// Why a command has no answer that can be used.
package struct RedisError: Error, Sendable, Equatable {
    /// What went wrong, as far as a caller decides by it.
    package enum Kind: String, Sendable, CaseIterable {
        /// No connection came about, or the one there was has ended.
        case down
        /// The TLS handshake failed, or the certificate is not good.
        case tls
        /// No answer within the command's budget.
        case timeout
        /// The breaker is open: nothing was tried.
        case open
        /// Too many commands wait already: nothing was tried.
        case overloaded
        /// NOAUTH, WRONGPASS, NOPERM.
        case auth
        /// The server is reading its data set and answers nothing yet.
        case loading
        /// The server is a replica.
        case readOnly = "readonly"
        /// The server takes no more data (OOM), or none for another reason (MISCONF).
        case outOfMemory = "oom"
        /// The key holds another type of value.
        case wrongType = "wrongtype"
        /// The cluster's slots could not be followed.
        case moved
        /// What came is not RESP2, or not the answer to what was asked.
        case malformed
        /// The answer is over `RedisSettings.replyBytesMax`.
        case tooLarge = "too_large"
        /// Any other error of the server.
        case other
    }

    /// What went wrong.
    package let kind: Kind
    /// The first word of the server's error (`WRONGTYPE`), capitals, digits and "_" only and at
    /// most 32 of them; empty where the server said none. For `db.response.status_code`.
    package let code: String
    /// A constant sentence's end, without addresses, keys or what a server wrote.
    package let reason: String

    package init(_ kind: Kind, reason: String) {
        self.kind = kind
        code = ""
        self.reason = reason
    }

    /// From an error reply's text. Sentences of a server may hold keys: only the code is kept.
    init(reply text: Span<UInt8>) {
        var word = ""
        for index in 0..<min(text.count, 32) {
            let byte = text[index]
            let isWord =
                byte &- 0x41 < 26 || byte &- 0x30 < 10 || byte == UInt8(ascii: "_")
            guard isWord else { break }
            word.unicodeScalars.append(Unicode.Scalar(byte))
        }
        code = word.isEmpty ? "ERR" : word
        (kind, reason) = Self.meaning(of: code)
    }

    private static func meaning(of code: String) -> (Kind, String) {
        switch code {
        case "NOAUTH": (.auth, "the server wants a password")
        case "WRONGPASS": (.auth, "the server does not know this user and password")
        case "NOPERM": (.auth, "the user may not use this command or key")
        case "LOADING": (.loading, "the server is loading its data")
        case "READONLY": (.readOnly, "the server is a replica")
        case "MASTERDOWN": (.down, "the server is a replica that has lost its master")
        case "OOM": (.outOfMemory, "the server is at its memory limit")
        case "MISCONF": (.outOfMemory, "the server takes no writes, as it cannot save them")
        case "WRONGTYPE": (.wrongType, "the key holds another type of value")
        case "MOVED", "ASK", "TRYAGAIN", "CROSSSLOT": (.moved, "the key is on another node")
        case "CLUSTERDOWN": (.moved, "the cluster has lost some of its slots")
        default: (.other, "the server answered with an error")
        }
    }

    /// For `error.type`: the server's code, or the kind's word.
    package var type: String { code.isEmpty ? kind.rawValue : code }
}

extension RedisError: CustomStringConvertible {
    package var description: String { code.isEmpty ? reason : "\(reason) (\(code))" }
}
