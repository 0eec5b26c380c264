import Bytes
import Networking

/// The TLS layer of a connection. Confined to its loop.
final class RedisTLS {
    var isEstablished: Bool { false }

    func begin(over stream: SocketStream) throws(RedisError) {}

    func send(_ output: inout ByteBuffer, over stream: SocketStream) throws(RedisError) {}

    func receive(
        _ bytes: Span<UInt8>, over stream: SocketStream,
        _ body: (Span<UInt8>) throws(RedisError) -> Void
    ) throws(RedisError) {}
}
