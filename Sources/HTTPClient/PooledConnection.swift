import Bytes
import CCurl
import Glibc
import Networking

/// A connection that stands: carries one transfer after another and idles in between.
///
/// Plain ones are a socket of ours; through TLS bytes go by way of curl, whose handle belongs to
/// the connection then. One poll handle stays registered from the first request to the end.
@safe
final class PooledConnection: SocketPollObserver {
    let origin: Origin
    /// The server's numeric address and port.
    let peer: (address: String, port: Int)
    /// Milliseconds of the loop's clock.
    let madeAt: UInt64
    /// When it began to idle.
    var idleSince: UInt64 = 0
    /// It idles in the pool.
    var isIdle = false
    private(set) var isClosed = false

    private let client: CurlClient
    private let socket: Int32
    private let tls: CurlEasy?
    private var poll: SocketPoll?
    /// The transfer whose request is on it.
    private(set) var transfer: HTTPTransfer?
    /// Transfers it has carried.
    private var uses = 0
    private var isPaused = false
    private var wantsToWrite = false
    /// Bytes that go into one TLS record, and have to be offered again where they are.
    private var record = ByteBuffer()

    /// Bytes of a TLS record (RFC 8446 section 5.1).
    private static let recordBytesMax = 16 << 10
    /// Reads in one turn of the loop: one fast server must not keep the others waiting.
    private static let readsMax = 16

    /// Takes over `socket`, or the handle whose connection it is.
    init(
        client: CurlClient, origin: Origin, socket: Int32, tls: CurlEasy?,
        peer: (address: String, port: Int)
    ) {
        self.client = client
        self.origin = origin
        self.socket = socket
        self.tls = tls
        self.peer = peer
        madeAt = client.loop.now
        let poll = SocketPoll(loop: client.loop, socket: socket, observer: self)
        self.poll = poll
        poll.listen(for: SocketPoll.readable)
    }

    /// It could be registered with the loop.
    var isUsable: Bool { poll?.isOpen == true }

    /// Ends the connection.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        isIdle = false
        transfer = nil
        poll?.close()
        poll = nil
        if let tls {
            client.discard(tls)
        } else {
            _ = Glibc.close(socket)
        }
    }

    // MARK: Its transfer

    func carry(_ transfer: HTTPTransfer) {
        self.transfer = transfer
        uses += 1
        isIdle = false
        listen()
    }

    /// Its transfer has ended, and the connection is as clean as before.
    func becomeIdle() {
        transfer = nil
        isPaused = false
        wantsToWrite = false
        isIdle = true
        idleSince = client.loop.now
        listen()
    }

    /// Stops reading: the kernel's buffer fills, and the server has to wait.
    func pause() {
        isPaused = true
        listen()
    }

    func resume() {
        guard isPaused else { return }
        isPaused = false
        listen()
        // What TLS has decrypted already the kernel does not tell.
        if tls != nil { readSoon() }
    }

    /// Whether `socketIsWritable` is wanted.
    func waitToWrite(_ isWanted: Bool) {
        wantsToWrite = isWanted
        listen()
    }

    private func listen() {
        poll?.listen(
            for: (isPaused ? 0 : SocketPoll.readable) | (wantsToWrite ? SocketPoll.writable : 0))
    }

    /// Reads in a turn of its own.
    func readSoon() {
        let use = uses
        client.loop.spawn { [self] in
            if uses == use, transfer != nil, !isPaused, !isClosed { read() }
        }
    }

    // MARK: Writing

    /// Everything that was accepted has left.
    var isFlushed: Bool { record.isEmpty }

    /// Sends `first`, then `second`; answers how many bytes were accepted, or nil where the
    /// connection takes no more for good. Less than all: `waitToWrite`.
    func write(_ first: Span<UInt8>, _ second: Span<UInt8>) -> Int? {
        if let tls { return write(first, second, through: tls) }
        // SAFETY: the pieces are only read, inside the call.
        let count = unsafe first.withUnsafeBytes { first in
            unsafe second.withUnsafeBytes { second in
                unsafe martlet_send(
                    socket, first.baseAddress, first.count, second.baseAddress, second.count)
            }
        }
        if count >= 0 { return count }
        return count == -Int(EAGAIN) ? 0 : nil
    }

    private func write(
        _ first: Span<UInt8>, _ second: Span<UInt8>, through tls: CurlEasy
    ) -> Int? {
        var accepted = 0
        while true {
            if record.isEmpty {
                if accepted == first.count + second.count { return accepted }
                accepted += fillRecord(first, second, from: accepted)
            }
            switch record.withBytes({ tls.send($0) }) {
            case .bytes(let count): record.consume(count)
            case .wait: return accepted
            case .failed: return nil
            }
        }
    }

    private func fillRecord(_ first: Span<UInt8>, _ second: Span<UInt8>, from offset: Int) -> Int {
        let before = min(offset, first.count)
        let head = first.extracting(before..<min(first.count, before + Self.recordBytesMax))
        record.append(head)
        let behind = max(0, offset - first.count)
        let room = Self.recordBytesMax - head.count
        let rest = second.extracting(behind..<min(second.count, behind + room))
        record.append(rest)
        return head.count + rest.count
    }

    // MARK: Reading

    func socketIsReady(_ poll: SocketPoll, readable: Bool, writable: Bool, isBroken: Bool) {
        guard let transfer else { return checkIdle() }
        let use = uses
        if readable || isBroken { read() }
        guard uses == use, !isClosed, self.transfer != nil else { return }
        if writable { transfer.socketIsWritable() }
        // An error that is not fetched, because nothing is read: `resume` listens again.
        if isBroken, !isClosed, !isPaused { listen() }
    }

    /// Nobody asked for anything: the server has closed the connection, or sends what would be
    /// taken for the next request's answer. TLS has messages of its own.
    private func checkIdle() {
        if tls != nil, case .wait = receive({ _ in }) { return }
        client.pool.drop(self)
    }

    private func read() {
        let use = uses
        for _ in 0..<Self.readsMax {
            guard let transfer else { return }
            var isShort = false
            let moved = receive { bytes in
                isShort = tls == nil && bytes.count < CurlClient.readBufferBytes
                transfer.received(bytes)
            }
            // The transfer may be over, and the connection closed or carrying the next.
            guard uses == use, !isClosed, self.transfer === transfer else { return }
            switch moved {
            case .bytes(0): return transfer.connectionEnded(isClean: true)
            case .failed: return transfer.connectionEnded(isClean: false)
            case .wait: return transfer.nothingToRead()
            case .bytes: if isShort || isPaused { return }
            }
        }
        if tls != nil { readSoon() }
    }

    /// Receives into the client's buffer, which nobody else uses until `body` has returned.
    private func receive(_ body: (Span<UInt8>) -> Void) -> CurlEasy.Moved {
        let room = unsafe client.readBuffer
        let moved: CurlEasy.Moved
        if let tls {
            moved = unsafe tls.receive(room)
        } else {
            // SAFETY: writes within the room.
            let count = unsafe martlet_receive(socket, room.baseAddress, room.count)
            moved = count >= 0 ? .bytes(count) : count == -Int(EAGAIN) ? .wait : .failed
        }
        if case .bytes(let count) = moved, count > 0 {
            // SAFETY: `count` bytes were received; the span is used within the call only.
            unsafe body(Span(_unsafeBytes: UnsafeRawBufferPointer(rebasing: room[..<count])))
        }
        return moved
    }
}
