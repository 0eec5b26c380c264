import Glibc

/// One keep-alive connection of a load generator.
final class Client {
    let descriptor: Int32
    var reader = ResponseReader()
    /// When the current request was sent; 0 while none is under way.
    var sentAt: UInt64 = 0
    var isBusy: Bool { sentAt != 0 }
    fileprivate var unsent = 0

    init(port: Int) { descriptor = Loopback.connect(port: port) }

    deinit { close(descriptor) }

    /// Starts sending the request; false where the server has closed the connection.
    func start(_ request: Request, poller: borrowing Poller) -> Bool {
        reader.reset()
        sentAt = monotonicNow()
        unsent = request.bytes.count
        let isWhole = sendRest(request)
        if isWhole == false { poller.change(descriptor, Poller.readableAndWritable) }
        return isWhole != nil
    }

    /// Goes on sending after the socket was full.
    func proceed(_ request: Request, poller: borrowing Poller) {
        if sendRest(request) == true { poller.change(descriptor, Poller.readable) }
    }

    /// Whether all has been sent; nil where the connection is gone.
    private func sendRest(_ request: Request) -> Bool? {
        let rest = UnsafeRawBufferPointer(
            rebasing: request.bytes.suffix(unsent))
        let sent = Loopback.send(descriptor, rest)
        guard sent >= 0 || errno == EAGAIN else { return nil }
        unsent -= max(0, sent)
        return unsent == 0
    }
}

/// A POST with the headers an OpenAI SDK sends, ready as bytes.
final class Request: Sendable {
    nonisolated(unsafe) let bytes: UnsafeRawBufferPointer
    /// Where the body begins.
    let headCount: Int

    init(port: Int, path: String, body: [UInt8]) {
        let head = """
            POST \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nAccept: application/json\r
            Accept-Encoding: gzip, deflate\r\nAuthorization: Bearer sk-bench-0123456789abcdef\r
            Content-Type: application/json\r\nUser-Agent: OpenAI/Python 1.99.0\r
            X-Stainless-Lang: python\r\nX-Stainless-Package-Version: 1.99.0\r
            X-Stainless-OS: Linux\r\nX-Stainless-Arch: x64\r\nX-Stainless-Runtime: CPython\r
            X-Stainless-Runtime-Version: 3.11.2\r\nX-Stainless-Retry-Count: 0\r
            Content-Length: \(body.count)\r\n\r\n
            """
        let all = Array(head.utf8) + body
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: all.count, alignment: 16)
        buffer.copyBytes(from: all)
        bytes = UnsafeRawBufferPointer(buffer)
        headCount = all.count - body.count
    }

    deinit { bytes.deallocate() }
}

/// The connections of one load, found by descriptor.
struct ClientTable {
    private var clients: [Client?] = []

    subscript(descriptor: Int32) -> Client? {
        get { Int(descriptor) < clients.count ? clients[Int(descriptor)] : nil }
        set {
            while clients.count <= Int(descriptor) { clients.append(nil) }
            clients[Int(descriptor)] = newValue
        }
    }

    mutating func removeAll() { clients.removeAll() }
}

/// A buffer to receive into, shared by all connections of a single-threaded tool.
final class ReceiveBuffer {
    private let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 64)

    deinit { bytes.deallocate() }

    /// What the socket has, up to 64 KiB; empty at the end or on an error, nil for nothing yet.
    func receive(_ descriptor: Int32, atMost limit: Int = 65536) -> UnsafeRawBufferPointer? {
        let count = recv(descriptor, bytes.baseAddress, min(limit, bytes.count), 0)
        if count < 0, errno == EAGAIN { return nil }
        return UnsafeRawBufferPointer(rebasing: bytes[..<max(0, count)])
    }
}

/// Latencies in nanoseconds and what is reported of them, in microseconds.
struct Latencies {
    private var values: [UInt64] = []

    init(expected: Int) { values.reserveCapacity(expected) }

    mutating func add(_ nanoseconds: UInt64) { values.append(nanoseconds) }

    /// JSON with the percentiles, in microseconds.
    func json() -> String {
        let sorted = values.sorted()
        func at(_ share: Double) -> Double {
            guard !sorted.isEmpty else { return 0 }
            let rank = Int(Double(sorted.count - 1) * share)
            return Double(sorted[rank]) / 1000
        }
        return "{\"p50\":\(at(0.5)),\"p90\":\(at(0.9)),\"p99\":\(at(0.99)),\"max\":\(at(1))}"
    }
}
