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

extension BaseURL: CustomStringConvertible {
    /// The URL, without a slash at its end.
    package var description: String {
        (isTLS ? "https://" : "http://") + authority + path
    }
}
