import CLibUV
import Glibc

/// Accepts the connections of one descriptor on one loop.
///
/// Out of descriptors, libuv accepts and closes at once instead of spinning: those clients see a
/// closed connection, open ones go on.
@safe
package final class Listener {
    private let loop: EventLoop
    private var handle: UnsafeMutableRawPointer?
    private let kind: SocketStream.Kind
    private let accepted: (SocketStream) -> Void

    /// Takes over `descriptor`, which listens on `address`. `accepted` gets each new connection.
    package init(
        loop: EventLoop, descriptor: Int32, address: ListenAddress, backlog: Int32,
        accepted: @escaping (SocketStream) -> Void
    ) throws(SocketError) {
        self.loop = loop
        self.accepted = accepted
        kind = if case .unix = address { .unix } else { .tcp }
        let (raw, status) = unsafe kind.openHandle(loop: loop, descriptor: descriptor)
        unsafe handle = raw
        // SAFETY: `close` stops the callbacks before this object may go away.
        unsafe martlet_uv_set_data(raw, Unmanaged.passUnretained(self).toOpaque())
        let callback: uv_connection_cb = { server, status in
            guard status == 0 else { return }
            let owner = unsafe Unmanaged<Listener>.fromOpaque(martlet_uv_data(server!)!)
            unsafe owner.takeUnretainedValue().accept()
        }
        let listening = unsafe uv_listen(martlet_uv_stream(raw), backlog, callback)
        guard status == 0, listening == 0 else {
            close()
            throw SocketError("listen on \(address)", number: -(status != 0 ? status : listening))
        }
    }

    deinit {
        // SAFETY: only compared.
        precondition(unsafe handle == nil, "leak of an open listener")
    }

    /// Accepts nothing any more. May be called twice.
    package func close() {
        guard let raw = unsafe handle else { return }
        unsafe handle = nil
        // SAFETY: libuv is done with the memory when it calls back.
        unsafe uv_close(martlet_uv_handle(raw)) { closed in unsafe free(closed) }
    }

    private func accept() {
        guard let raw = unsafe handle else { return }
        let stream = SocketStream(loop: loop, kind: kind)
        guard unsafe stream.accept(from: raw) else {
            stream.close()
            return
        }
        accepted(stream)
    }
}
