import Bytes

/// A server as URLs name it: scheme, host and port; and the idle connections to it.
final class Origin {
    /// Scheme and authority as they stand in URLs. Another spelling is another origin.
    let name: String
    /// The URL curl connects to: the name and a slash.
    let url: String
    /// Its connections speak TLS.
    let isTLS: Bool
    private let bytes: ByteBuffer

    /// Connections that wait for a request, the most recently used last; also some that were
    /// closed meanwhile.
    var idle: [PooledConnection] = []

    init(_ name: Span<UInt8>, isTLS: Bool) {
        self.name = String(decoding: name)
        self.isTLS = isTLS
        url = self.name + "/"
        bytes = ByteBuffer(copying: name)
    }

    /// The scheme and authority are this origin's.
    func matches(_ name: Span<UInt8>) -> Bool {
        bytes.withBytes { $0.equals(name) }
    }
}
