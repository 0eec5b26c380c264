import Bytes
import Crypto
import Networking

/// The TLS layer of a connection. Confined to its loop.
final class RedisTLS {
    private let session: TLSSession
    /// What came, decrypted; empty between two calls.
    private var plain = ByteBuffer()
    /// What goes, encrypted; empty between two calls.
    private var outgoing = ByteBuffer()
    /// Memory that an idle connection keeps, in bytes.
    private static let bytesKept = 64 << 10

    /// `server` is the name or address that its certificate has to be for.
    init(_ context: TLSContext, server: ListenAddress) throws(RedisError) {
        guard case .tcp(let host, _) = server else {
            throw RedisError(.tls, reason: "a socket in the file system is without TLS")
        }
        do throws(TLSError) {
            session = try TLSSession(context, host: host)
        } catch {
            throw RedisError(error)
        }
    }

    var isEstablished: Bool { session.isEstablished }

    func begin(over stream: SocketStream) throws(RedisError) {
        do throws(TLSError) {
            try session.begin(into: &outgoing)
        } catch {
            throw RedisError(error)
        }
        flush(to: stream)
    }

    func send(_ output: borrowing ByteBuffer, over stream: SocketStream) throws(RedisError) {
        do throws(TLSError) {
            try session.send(output.bytes, into: &outgoing)
        } catch {
            throw RedisError(error)
        }
        flush(to: stream)
    }

    /// Gives `body` what the peer says by `bytes`.
    func receive(
        _ bytes: Span<UInt8>, over stream: SocketStream,
        _ body: (Span<UInt8>) throws(RedisError) -> Void
    ) throws(RedisError) {
        var isEnded = false
        do throws(TLSError) {
            isEnded = try session.receive(bytes, into: &plain, outgoing: &outgoing)
        } catch {
            flush(to: stream)
            throw RedisError(error)
        }
        flush(to: stream)
        if !plain.isEmpty {
            try plain.withBytes { plain throws(RedisError) in try body(plain) }
            plain.removeAll(keeping: Self.bytesKept)
        }
        if isEnded { throw RedisError(.down, reason: "the server ended the connection") }
    }

    private func flush(to stream: SocketStream) {
        outgoing.withBytes { stream.write($0) }
        outgoing.removeAll(keeping: Self.bytesKept)
    }
}

extension RedisError {
    init(_ error: TLSError) {
        self.init(.tls, reason: error.reason)
    }
}
