/// An `http` or `https` URL without credentials, query and fragment.
package struct BaseURL: Sendable, Hashable {
    /// `https`; else `http`.
    package let isTLS: Bool
    /// A name or address, lower case, an IPv6 address without its brackets.
    package let host: String
    /// 443 or 80 where the URL names none.
    package let port: UInt16
    /// Empty, or begins with a slash and does not end in one.
    package let path: String

    /// OpenAI's own.
    package static let openAI = BaseURL(
        isTLS: true, host: "api.openai.com", port: 443, path: "/v1")

    /// `host:port`, the port left out where it is the scheme's own; for `Host`.
    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isTLS ? 443 : 80) ? name : "\(name):\(port)"
    }
}

extension BaseURL {
    /// Reads a URL as it is configured, or nil.
    package init?(configured text: String) {
        guard let url = try? BaseURL(parsing: text) else { return nil }
        self = url
    }

    /// Reads the URL of a provider, as a key of the configuration holds it.
    init(parsing text: String) throws(ValueProblem) {
        if text.contains("@") {
            throw ValueProblem("holds credentials, which belong into upstream.apiKey")
        }
        guard let parts = URLParts(text), ["http", "https"].contains(parts.scheme) else {
            // A query may hold a key.
            let shown = text.contains("?") ? "is" : "is \(quoted(text)),"
            throw ValueProblem("\(shown) not a URL such as https://host:port/v1")
        }
        guard parts.query == nil, parts.fragment == nil else {
            throw ValueProblem("has a query or a fragment; a base URL ends with its path")
        }
        guard parts.port != 0 else { throw ValueProblem("is \(quoted(text)), which has port 0") }
        var path = Substring(parts.path)
        while path.last == "/" { path.removeLast() }
        for endpoint in ["/chat/completions", "/completions", "/embeddings"]
        where path.hasSuffix(endpoint) {
            throw ValueProblem("ends with \(endpoint); the base URL stops before it")
        }
        let isTLS = parts.scheme == "https"
        self.init(
            isTLS: isTLS, host: parts.host, port: parts.port ?? (isTLS ? 443 : 80),
            path: String(path))
    }
}

extension BaseURL: CustomStringConvertible {
    /// The URL, without a slash at its end.
    package var description: String {
        (isTLS ? "https://" : "http://") + authority + path
    }
}
