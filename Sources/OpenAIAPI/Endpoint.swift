import Bytes

/// What a path of an OpenAI-style API stands for.
package enum Endpoint: UInt8, Sendable, Equatable {
    case chatCompletions
    case completions
    case embeddings
    case responses
    case models
    /// Anything else under `/v1/`: passed through without being read.
    case other

    /// Whether the gateway reads the calls of this endpoint and leaves a GenAI span.
    package var isTyped: Bool { rawValue <= Endpoint.responses.rawValue }

    /// The path without `/v1`, as routes and telemetry name it; nil for `other`.
    package var path: StaticString? {
        switch self {
        case .chatCompletions: "/chat/completions"
        case .completions: "/completions"
        case .embeddings: "/embeddings"
        case .responses: "/responses"
        case .models: "/models"
        case .other: nil
        }
    }

    /// `gen_ai.operation.name` (semconv v1.40.0); nil for what is no operation of a model.
    package var operationName: StaticString? {
        switch self {
        case .chatCompletions, .responses: "chat"
        case .completions: "text_completion"
        case .embeddings: "embeddings"
        case .models, .other: nil
        }
    }

    /// The endpoint of a path without its query, or nil where the gateway serves none.
    ///
    /// Typed paths count only in their exact spelling, with or without `/v1`. Everything else is
    /// looked for under `/v1/` alone. A path that would be a typed one after clean-up (double
    /// slashes, dots, percent-encoding, parameters, case) is refused: the upstream might clean up
    /// where this gateway did not look. So is one with dot segments: it may lead out of `/v1`.
    package init?(path: Span<UInt8>) {
        let isVersioned = path.starts(with: "/v1/")
        let rest = path.extracting((isVersioned ? 3 : 0)..<path.count)
        if let exact = Endpoint(exactly: rest) {
            self = exact
            return
        }
        guard isVersioned, rest.count > 1, !Self.isDisguised(rest) else { return nil }
        self = .other
    }

    private init?(exactly path: Span<UInt8>) {
        switch path.count {
        case 17 where path.equals("/chat/completions"): self = .chatCompletions
        case 12 where path.equals("/completions"): self = .completions
        case 11 where path.equals("/embeddings"): self = .embeddings
        case 10 where path.equals("/responses"): self = .responses
        case 7 where path.equals("/models"): self = .models
        default: return nil
        }
    }

    /// Whether `path` has a dot segment in any spelling, or is a typed path in disguise.
    private static func isDisguised(_ path: Span<UInt8>) -> Bool {
        var isPlain = true
        for index in path.indices {
            switch path[index] {
            case UInt8(ascii: "%"), UInt8(ascii: ";"), UInt8(ascii: "\\"), UInt8(ascii: "#"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"):
                isPlain = false
            case UInt8(ascii: "."), UInt8(ascii: "/"):
                if index > 0, path[index - 1] == UInt8(ascii: "/") { isPlain = false }
            case 0...0x20, 0x7F...:
                return true
            default: break
            }
        }
        if path[path.count - 1] == UInt8(ascii: "/") { isPlain = false }
        guard !isPlain else { return false }
        return hasDotsOrHides(path)
    }

    /// The slow half of `isDisguised`: cleans the path up as a lenient server might.
    private static func hasDotsOrHides(_ path: Span<UInt8>) -> Bool {
        var clean = ByteBuffer(capacity: path.count + 1)
        var segmentStart = 0
        var isInParameters = false
        var index = 0
        while index <= path.count {
            var byte = index < path.count ? path[index] : UInt8(ascii: "/")
            if byte == UInt8(ascii: "%"), index + 2 < path.count,
                let high = ASCII.hexValue(path[index + 1]),
                let low = ASCII.hexValue(path[index + 2])
            {
                byte = high << 4 | low
                // Encoded twice: nobody means that.
                if byte == UInt8(ascii: "%") { return true }
                index += 2
            }
            index += 1
            if byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\\") {
                if isDots(clean.bytes, from: segmentStart) { return true }
                // Empty segments vanish.
                if clean.count > segmentStart || clean.isEmpty {
                    clean.append(UInt8(ascii: "/"))
                }
                segmentStart = clean.count
                isInParameters = false
            } else if byte == UInt8(ascii: ";") {
                isInParameters = true
            } else if byte == UInt8(ascii: "#") || byte == UInt8(ascii: "?") {
                index = path.count
            } else if !isInParameters {
                clean.append(ASCII.lowercased(byte))
            }
        }
        if clean.count > 1 { clean.truncate(to: clean.count - 1) }
        guard let hidden = Endpoint(exactly: clean.bytes) else { return false }
        return hidden.isTyped
    }

    private static func isDots(_ path: Span<UInt8>, from start: Int) -> Bool {
        let segment = path.extracting(start..<path.count)
        return segment.equals(".") || segment.equals("..")
    }
}

/// What is to be done with a request of a method and path.
package enum CallDecision: Sendable, Equatable {
    /// `POST` on a path whose body the gateway reads.
    case typed(Endpoint)
    /// `GET` of the list of models: the configured aliases, or else the upstream's answer.
    case models
    /// Passed through with streamed bodies and a plain HTTP span.
    case relayed(Endpoint)
    /// `OPTIONS`: answered here with 204 and this `Allow`.
    case options(allow: AllowList)
    /// 405 with this `Allow`.
    case methodNotAllowed(allow: AllowList)
    /// 404.
    case notFound

    /// `method` as received (methods are case-sensitive, RFC 9110 section 9.1); `path` without its
    /// query. CONNECT and methods nobody knows are for the caller to refuse before this.
    package init(method: Span<UInt8>, path: Span<UInt8>) {
        guard let endpoint = Endpoint(path: path) else {
            self = .notFound
            return
        }
        let allow: AllowList = endpoint.isTyped ? .typed : .relayed
        if method.equals("OPTIONS") {
            self = .options(allow: allow)
        } else if endpoint.isTyped {
            if method.equals("POST") {
                self = .typed(endpoint)
            } else if method.equals("GET") {
                self = .relayed(endpoint)
            } else {
                self = .methodNotAllowed(allow: allow)
            }
        } else if endpoint == .models, method.equals("GET") {
            self = .models
        } else if Self.isRelayed(method) {
            self = .relayed(endpoint)
        } else {
            self = .methodNotAllowed(allow: allow)
        }
    }

    private static func isRelayed(_ method: Span<UInt8>) -> Bool {
        switch method.count {
        case 3: method.equals("GET") || method.equals("PUT")
        case 4: method.equals("POST") || method.equals("HEAD")
        case 5: method.equals("PATCH")
        case 6: method.equals("DELETE")
        default: false
        }
    }
}

/// The methods a path takes.
package enum AllowList: Sendable, Equatable {
    /// A path whose `POST` bodies the gateway reads; its `GET` is relayed.
    case typed
    /// A path that is passed through.
    case relayed
    /// A page of the gateway's own.
    case page
    /// A page of the gateway's own that does something.
    case action

    /// The value of the `Allow` header.
    package var value: StaticString {
        switch self {
        case .typed: "GET, POST, OPTIONS"
        case .relayed: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
        case .page: "GET, HEAD"
        case .action: "POST"
        }
    }
}
