import Foundation
import Glibc
import Networking

/// A system call of a test's socket failed.
package struct RawSocketError: Error {
    package let operation: String
    package let number: Int32

    init(_ operation: String) {
        self.operation = operation
        number = errno
    }
}

/// A blocking socket with a time limit for each wait.
struct RawSocket {
    enum Ending: Equatable {
        case closed, reset, timedOut
    }

    let descriptor: Int32

    /// Connects to where something listens.
    init(connectingTo address: ListenAddress) throws {
        switch address {
        case .tcp(let host, let port):
            let isIPv6 = host.contains(":")
            descriptor = socket(isIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            let status: Int32
            if isIPv6 {
                var name = sockaddr_in6()
                name.sin6_family = sa_family_t(AF_INET6)
                name.sin6_port = port.bigEndian
                inet_pton(AF_INET6, host, &name.sin6_addr)
                status = Self.call(connect, descriptor, &name)
            } else {
                var name = Self.address(host: host, port: port)
                status = Self.call(connect, descriptor, &name)
            }
            guard status == 0 else { throw close(after: RawSocketError("connect to \(address)")) }
        case .unix(let path):
            descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            var name = Self.address(path: path)
            guard Self.call(connect, descriptor, &name) == 0 else {
                throw close(after: RawSocketError("connect to \(address)"))
            }
        }
    }

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// A listening socket of 127.0.0.1 and its port.
    static func listening(backlog: Int32 = 128) throws -> (RawSocket, port: UInt16) {
        let listener = RawSocket(
            descriptor: socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
        var name = address(host: "127.0.0.1", port: 0)
        guard call(bind, listener.descriptor, &name) == 0,
            listen(listener.descriptor, backlog) == 0
        else { throw listener.close(after: RawSocketError("listen")) }
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(listener.descriptor, $0, &length)
            }
        }
        return (listener, UInt16(bigEndian: name.sin_port))
    }

    private static func call<Name>(
        _ function: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32, _ descriptor: Int32,
        _ name: inout Name
    ) -> Int32 {
        withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                function(descriptor, $0, socklen_t(MemoryLayout<Name>.size))
            }
        }
    }

    private static func address(host: String, port: UInt16) -> sockaddr_in {
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        inet_pton(AF_INET, host, &name.sin_addr)
        return name
    }

    private static func address(path: String) -> sockaddr_un {
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
        return name
    }

    /// Sends everything; false once the peer is gone or has not read for half a minute.
    func send(_ bytes: [UInt8]) -> Bool {
        var offset = 0
        while offset < bytes.count {
            guard wait(for: Int16(POLLOUT), milliseconds: 30_000) else { return false }
            let sent = bytes.withUnsafeBytes { all in
                Glibc.send(
                    descriptor, all.baseAddress! + offset, all.count - offset,
                    Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            }
            if sent < 0, errno != EAGAIN { return false }
            offset += max(0, sent)
        }
        return true
    }

    /// What comes next, or how it ended.
    func receive(within milliseconds: Int) -> Result<[UInt8], EndingError> {
        guard wait(for: Int16(POLLIN), milliseconds: milliseconds) else {
            return .failure(EndingError(ending: .timedOut))
        }
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count > 0 { return .success(Array(buffer[..<count])) }
        return .failure(EndingError(ending: count == 0 ? .closed : .reset))
    }

    struct EndingError: Error {
        let ending: Ending
    }

    private func wait(for events: Int16, milliseconds: Int) -> Bool {
        var entry = pollfd(fd: descriptor, events: events, revents: 0)
        return poll(&entry, 1, Int32(milliseconds)) == 1
    }

    /// A small buffer, so that a peer that writes much soon has to wait.
    func limitReceiveBuffer(to bytes: Int32) {
        var bytes = bytes
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Small pieces leave one by one.
    func sendAtOnce() {
        var on: Int32 = 1
        setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on,
            socklen_t(MemoryLayout<Int32>.size))
    }

    func finishSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    func close() {
        Glibc.close(descriptor)
    }

    /// Closes so that the peer sees a reset.
    func reset() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    private func close(after error: RawSocketError) -> RawSocketError {
        close()
        return error
    }
}

/// A listener whose queue is full, so that connecting to it neither succeeds nor fails.
package enum FullListener {
    /// The address, and the connections that fill the queue.
    package static func make() throws -> (ListenAddress, [RawClient]) {
        let (listener, port) = try RawSocket.listening(backlog: 0)
        let address = ListenAddress.tcp(host: "127.0.0.1", port: port)
        let fillers = [try RawClient(address)]
        // The descriptor stays open until the process ends, as nobody may accept.
        _ = listener
        return (address, fillers)
    }
}
