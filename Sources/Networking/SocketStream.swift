import Bytes
import CLibUV
import Glibc

/// What a stream tells its owner. Called on the loop's thread, inside libuv's callbacks.
package protocol SocketStreamObserver: AnyObject {
    /// Bytes came. They are gone when the call returns.
    func streamReceived(_ bytes: Span<UInt8>)
    /// The peer sent its last byte (`error` is 0) or the connection broke (the system's number).
    func streamEnded(error: Int32)
    /// Everything that was waiting to be written has left.
    func streamDrained()
    /// What was gathered has left.
    func streamFlushed()
    /// What was gathered did not all leave: from now on `pendingBytes` counts it.
    func streamStalled()
}

extension SocketStreamObserver {
    /// Nothing: nobody waits for it.
    package func streamFlushed() {}

    /// Nothing: whoever looks at `pendingBytes` learns of it.
    package func streamStalled() {}
}

/// A connected TCP or unix-domain socket: reads into the loop's shared buffer, writes at once
/// what the kernel takes and keeps the rest.
@safe
package final class SocketStream: LoopGathering {
    enum Kind {
        case tcp, unix
    }

    private let loop: EventLoop
    private let kind: Kind
    private(set) var handle: UnsafeMutableRawPointer?
    /// Let go by `close`, which ends the cycle between the two.
    private var observer: (any SocketStreamObserver)?
    /// Handed to libuv, which may be writing it.
    private var inFlight = ByteBuffer()
    /// What comes after `inFlight`.
    private var waiting = ByteBuffer()
    private var request: UnsafeMutablePointer<uv_write_t>?
    private var isBroken = false
    private var isReading = false
    /// Bytes that were given to `write`.
    private var writtenBytes = 0
    /// FIN is due once everything has left.
    private var isFinishing = false
    /// What waits was gathered, and leaves when the loop's tasks have run.
    private var isGathered = false

    /// Bytes that are gathered for one stream at most; more goes at once.
    package static let gatheredBytesMax = 16 << 10
    /// Bytes of memory for them that are kept.
    private static let gatheredBytesKept = 2048

    init(loop: EventLoop, kind: Kind) {
        self.loop = loop
        self.kind = kind
        let raw = unsafe kind.makeHandle(loop: loop)
        unsafe handle = raw
        // SAFETY: the handle keeps this object alive until its close callback.
        unsafe martlet_uv_set_data(raw, Unmanaged.passRetained(self).toOpaque())
    }

    deinit {
        // SAFETY: only compared; the request is not in use, as no handle is open.
        precondition(unsafe handle == nil, "leak of an open stream")
        unsafe request?.deallocate()
    }

    /// Closed, or closing.
    package var isClosed: Bool { unsafe handle == nil }

    /// Bytes the peer has taken, by a system call: a slow one takes some now and then, while the
    /// kernel, which keeps megabytes, lets none leave for long.
    package var takenBytes: Int {
        guard let raw = unsafe handle else { return writtenBytes }
        var descriptor: Int32 = -1
        // SAFETY: the handle is open.
        guard unsafe uv_fileno(martlet_uv_handle(raw), &descriptor) == 0 else {
            return writtenBytes - pendingBytes
        }
        return writtenBytes - pendingBytes - Int(martlet_unacknowledged(descriptor))
    }

    /// Bytes that were written here and have not left yet.
    package var unsentBytes: Int { pendingBytes + (isGathered ? waiting.count : 0) }

    /// The same without those that were gathered: what the peer, or the kernel, did not take.
    package var pendingBytes: Int {
        guard let raw = unsafe handle else { return 0 }
        // SAFETY: the handle is open.
        let queued = unsafe uv_stream_get_write_queue_size(martlet_uv_stream(raw))
        return queued + (isGathered ? 0 : waiting.count)
    }

    // MARK: Reading

    /// Delivers bytes, and the end, to `observer`, which is held until `close`.
    package func startReading(_ observer: any SocketStreamObserver) {
        self.observer = observer
        resumeReading()
    }

    /// Stops delivering: the kernel's buffer fills, and the peer has to wait.
    package func pauseReading() {
        guard isReading, let raw = unsafe handle else { return }
        isReading = false
        // SAFETY: the handle is open.
        unsafe uv_read_stop(martlet_uv_stream(raw))
    }

    /// Delivers again.
    package func resumeReading() {
        guard !isReading, let raw = unsafe handle else { return }
        isReading = true
        let allocate: uv_alloc_cb = { handle, _, buffer in
            // SAFETY: the loop's buffer is used by one read at a time, on its thread.
            let stream = unsafe SocketStream.borrowed(handle!)
            unsafe buffer!.pointee = uv_buf_init(
                stream.loop.readBuffer, UInt32(EventLoop.readBufferBytes))
        }
        let read: uv_read_cb = { handle, count, buffer in
            let stream = unsafe SocketStream.borrowed(handle!)
            if count > 0 {
                // SAFETY: libuv read `count` bytes into the buffer, used within this call only.
                let bytes = unsafe UnsafeRawBufferPointer(
                    start: buffer!.pointee.base, count: count)
                let span = unsafe Span<UInt8>(_unsafeBytes: bytes)
                stream.observer?.streamReceived(span)
            } else if count < 0 {
                let isEnd = count == Int(UV_EOF.rawValue)
                if !isEnd { stream.isBroken = true }
                stream.pauseReading()
                stream.observer?.streamEnded(error: isEnd ? 0 : Int32(-count))
            }
        }
        // SAFETY: the handle is open, and its data keeps the stream alive.
        unsafe uv_read_start(martlet_uv_stream(raw), allocate, read)
    }

    // MARK: Writing

    /// Sends `first`, `second` and `third` in this order, with one system call where the kernel
    /// takes them, and keeps what it does not take. On a broken stream bytes are dropped.
    ///
    /// What tasks write is gathered and leaves when the tasks of the loop's turn have run: what
    /// goes out together wakes up its peers once. What callbacks write leaves at once.
    package func write(
        _ first: Span<UInt8>, _ second: Span<UInt8> = Span(), _ third: Span<UInt8> = Span()
    ) {
        // SAFETY: the handle is open, as in all that is called from here.
        guard let raw = unsafe handle, !isBroken else { return }
        let count = first.count + second.count + third.count
        writtenBytes += count
        if gathers(count) {
            waiting.append(first)
            waiting.append(second)
            return waiting.append(third)
        }
        flush()
        guard !isBroken else { return }
        var written = 0
        if waiting.isEmpty, unsafe request == nil || inFlight.isEmpty {
            written = unsafe tryWrite(raw, first, second, third)
        }
        guard written < count, !isBroken else { return }
        for piece in 0..<3 {
            let bytes = piece == 0 ? first : piece == 1 ? second : third
            let skipped = min(written, bytes.count)
            waiting.append(bytes.extracting(skipped...))
            written -= skipped
        }
        unsafe submit(raw)
    }

    /// Whether `count` bytes more are gathered for the end of the turn.
    private func gathers(_ count: Int) -> Bool {
        guard loop.isGathering else { return false }
        if isGathered { return waiting.count + count <= Self.gatheredBytesMax }
        guard count <= Self.gatheredBytesMax, waiting.isEmpty, inFlight.isEmpty else {
            return false
        }
        isGathered = true
        loop.flushLater(self)
        return true
    }

    /// Sends what was gathered.
    package func flush() {
        guard isGathered else { return }
        isGathered = false
        // SAFETY: a handle that is set is open.
        guard let raw = unsafe handle, !isBroken else { return waiting.removeAll() }
        let written = unsafe tryWrite(raw, waiting.bytes, Span(), Span())
        guard written < waiting.count, !isBroken else {
            // A large answer must not stay allocated while the connection idles.
            waiting.removeAll(keeping: Self.gatheredBytesKept)
            observer?.streamFlushed()
            return
        }
        waiting.consume(written)
        unsafe submit(raw)
        observer?.streamStalled()
    }

    private func tryWrite(
        _ raw: UnsafeMutableRawPointer,
        _ first: Span<UInt8>, _ second: Span<UInt8>, _ third: Span<UInt8>
    ) -> Int {
        // SAFETY: the pieces are only read, inside the call; C's uv_buf_t is not const-correct.
        let status = unsafe first.withUnsafeBytes { a in
            unsafe second.withUnsafeBytes { b in
                unsafe third.withUnsafeBytes { c in
                    var buffers = unsafe (Self.piece(a), Self.piece(b), Self.piece(c))
                    return unsafe withUnsafeMutablePointer(to: &buffers) { list in
                        unsafe list.withMemoryRebound(to: uv_buf_t.self, capacity: 3) {
                            unsafe uv_try_write(
                                martlet_uv_stream(raw), $0, c.isEmpty ? (b.isEmpty ? 1 : 2) : 3)
                        }
                    }
                }
            }
        }
        if status >= 0 { return Int(status) }
        if status != UV_EAGAIN.rawValue { isBroken = true }
        return 0
    }

    private static func piece(_ bytes: UnsafeRawBufferPointer) -> uv_buf_t {
        // SAFETY: C's uv_buf_t is not const-correct; what is written is only read.
        let base = unsafe UnsafeMutableRawPointer(mutating: bytes.baseAddress)
        return unsafe uv_buf_init(
            base?.assumingMemoryBound(to: CChar.self), UInt32(bytes.count))
    }

    /// Hands what waits to libuv, unless it is still busy with what came before.
    private func submit(_ raw: UnsafeMutableRawPointer) {
        // SAFETY: one request of ours is in flight at a time, and the handle is open.
        guard inFlight.isEmpty, !waiting.isEmpty else { return }
        swap(&inFlight, &waiting)
        if unsafe request == nil {
            unsafe request = .allocate(capacity: 1)
        }
        guard let request = unsafe request else { return }
        let written: uv_write_cb = { request, status in
            let stream = unsafe SocketStream.borrowed(request!.pointee.handle!)
            stream.finishedWriting(status)
        }
        let status = unsafe Self.queue(inFlight.bytes, request, martlet_uv_stream(raw), written)
        if status != 0 {
            isBroken = true
            inFlight.removeAll()
        }
    }

    @unsafe
    private static func queue(
        _ bytes: Span<UInt8>, _ request: UnsafeMutablePointer<uv_write_t>,
        _ stream: UnsafeMutablePointer<uv_stream_t>?, _ written: uv_write_cb
    ) -> Int32 {
        // SAFETY: the bytes are `inFlight`'s, which stays as it is until the callback.
        unsafe bytes.withUnsafeBytes { bytes in
            var buffer = unsafe piece(bytes)
            return unsafe uv_write(request, stream, &buffer, 1, written)
        }
    }

    private func finishedWriting(_ status: Int32) {
        // SAFETY: a handle that is set is open.
        // A burst to a slow peer must not stay allocated while the connection idles.
        inFlight.removeAll(keeping: 4096)
        if status != 0 { isBroken = true }
        guard let raw = unsafe handle, !isBroken else { return }
        if waiting.isEmpty {
            if isFinishing { unsafe shutDown(raw) }
            observer?.streamDrained()
        } else {
            unsafe submit(raw)
        }
    }

    /// Sends FIN once everything has left. Reading goes on.
    package func finishWriting() {
        flush()
        // SAFETY: a handle that is set is open.
        guard let raw = unsafe handle, !isBroken, !isFinishing else { return }
        isFinishing = true
        // What waits here is unknown to libuv, whose FIN would overtake it.
        if waiting.isEmpty, inFlight.isEmpty { unsafe shutDown(raw) }
    }

    @unsafe
    private func shutDown(_ raw: UnsafeMutableRawPointer) {
        let request = UnsafeMutablePointer<uv_shutdown_t>.allocate(capacity: 1)
        // SAFETY: the callback frees the request.
        let status = unsafe uv_shutdown(request, martlet_uv_stream(raw)) { request, _ in
            unsafe request?.deallocate()
        }
        if status != 0 { unsafe request.deallocate() }
    }

    // MARK: The end

    /// Closes the socket; what was gathered is sent, and what the kernel does not take is dropped.
    /// May be called twice.
    package func close() {
        flush()
        guard let raw = unsafe handle else { return }
        unsafe handle = nil
        observer = nil
        // SAFETY: libuv calls back once it is done with the memory; then the stream is released.
        unsafe uv_close(martlet_uv_handle(raw)) { closed in
            let stream = unsafe Unmanaged<SocketStream>.fromOpaque(martlet_uv_data(closed!)!)
            unsafe free(closed)
            unsafe stream.release()
        }
    }

    /// Closes so that the peer sees a reset: a cut answer must not look like a complete one.
    package func reset() {
        guard let raw = unsafe handle else { return }
        var descriptor: Int32 = -1
        // SAFETY: the handle is open.
        if unsafe uv_fileno(martlet_uv_handle(raw), &descriptor) == 0 {
            martlet_reset_on_close(descriptor)
        }
        close()
    }

    /// The peer's numeric address and port; nil for a unix socket.
    package var peer: (address: String, port: Int)? {
        guard kind == .tcp, let raw = unsafe handle else { return nil }
        var address = sockaddr_in6()
        var length = Int32(MemoryLayout<sockaddr_in6>.size)
        // SAFETY: libuv writes at most `length` bytes, and INET6_ADDRSTRLEN fits any address.
        let text: String? = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                let tcp = unsafe raw.assumingMemoryBound(to: uv_tcp_t.self)
                guard unsafe uv_tcp_getpeername(tcp, generic, &length) == 0 else { return nil }
                return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { name in
                    let status = unsafe uv_ip_name(generic, name.baseAddress!, 64)
                    return status == 0 ? unsafe String(cString: name.baseAddress!) : nil
                }
            }
        }
        guard let text else { return nil }
        return (text, Int(UInt16(bigEndian: address.sin6_port)))
    }

    // MARK: For Listener

    @unsafe
    func accept(from server: UnsafeMutableRawPointer) -> Bool {
        guard let raw = unsafe handle else { return false }
        // SAFETY: both handles are open and of the same kind.
        let status = unsafe uv_accept(martlet_uv_stream(server), martlet_uv_stream(raw))
        if kind == .tcp {
            // Without it a stream on a reused connection waits for delayed acknowledgements.
            unsafe uv_tcp_nodelay(raw.assumingMemoryBound(to: uv_tcp_t.self), 1)
        }
        return status == 0
    }

    @unsafe
    private static func borrowed(_ handle: UnsafeMutableRawPointer) -> SocketStream {
        // SAFETY: the data was set in `init` and is retained until the close callback.
        unsafe Unmanaged<SocketStream>.fromOpaque(martlet_uv_data(handle)!).takeUnretainedValue()
    }
}

extension SocketStream.Kind {
    /// A handle in memory of its own, to be freed in its close callback.
    func makeHandle(loop: EventLoop) -> UnsafeMutableRawPointer {
        // SAFETY: each kind of handle is initialised in memory of its size.
        switch self {
        case .tcp:
            let handle = unsafe malloc(MemoryLayout<uv_tcp_t>.size)!
            unsafe uv_tcp_init(loop.handle, handle.assumingMemoryBound(to: uv_tcp_t.self))
            return unsafe handle
        case .unix:
            let handle = unsafe malloc(MemoryLayout<uv_pipe_t>.size)!
            unsafe uv_pipe_init(loop.handle, handle.assumingMemoryBound(to: uv_pipe_t.self), 0)
            return unsafe handle
        }
    }

    /// A handle for an open descriptor, and libuv's status.
    func openHandle(
        loop: EventLoop, descriptor: Int32
    ) -> (UnsafeMutableRawPointer, status: Int32) {
        let handle = unsafe makeHandle(loop: loop)
        // SAFETY: as in `makeHandle`.
        let status =
            switch self {
            case .tcp: unsafe uv_tcp_open(handle.assumingMemoryBound(to: uv_tcp_t.self), descriptor)
            case .unix:
                unsafe uv_pipe_open(handle.assumingMemoryBound(to: uv_pipe_t.self), descriptor)
            }
        return unsafe (handle, status)
    }
}
