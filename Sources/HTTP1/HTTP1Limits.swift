/// What a request may cost before it is understood. Every limit is inclusive.
package struct HTTP1Limits: Sendable {
    /// Bytes of the request line without its CRLF; beyond: 414. The 8,000 that RFC 9112 section 3
    /// asks for, rounded up.
    package var requestLineBytesMax = 8 * 1024
    /// Bytes of the header section, line ends and the empty line counted; beyond: 431.
    package var headerBytesMax = 64 * 1024
    /// Field lines of a header section; beyond: 431.
    package var headerFieldsMax = 100
    /// Bytes of one chunk's extensions, which nobody reads; beyond: 400.
    package var chunkExtensionBytesMax = 256
    /// Bytes of all chunk extensions of one body; beyond: 400. Keeps a body of tiny chunks from
    /// carrying mostly extensions.
    package var chunkExtensionBytesTotalMax = 16 * 1024
    /// Bytes of the trailer section, line ends counted; beyond: 431. Trailers are checked and
    /// dropped.
    package var trailerBytesMax = 8 * 1024

    /// The defaults.
    package init() {}
}
