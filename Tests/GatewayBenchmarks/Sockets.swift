import CEpoll
import Glibc

/// Loopback TCP sockets, non-blocking, with Nagle's algorithm off.
enum Loopback {
    private static func address(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        return address
    }

    /// A listening socket on a free port (or the one given), and that port.
    static func listener(port: Int) -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        setFlag(descriptor, SOL_SOCKET, SO_REUSEADDR)
        var local = address(port: port)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &local) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                var length = size
                guard bind(descriptor, generic, size) == 0, listen(descriptor, 4096) == 0 else {
                    return false
                }
                return getsockname(descriptor, generic, &length) == 0
            }
        }
        guard bound else { fail("cannot listen on port \(port)") }
        setNonBlocking(descriptor)
        return (descriptor, Int(UInt16(bigEndian: local.sin_port)))
    }

    /// The next waiting connection, or nil.
    static func accept(_ listener: Int32) -> Int32? {
        let descriptor = Glibc.accept(listener, nil, nil)
        guard descriptor >= 0 else { return nil }
        setNonBlocking(descriptor)
        setFlag(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY)
        return descriptor
    }

    /// A connection to the port; the connect itself blocks, which on loopback takes microseconds.
    static func connect(port: Int) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { fail("no socket: errno \(errno)") }
        var remote = address(port: port)
        let connected = withUnsafePointer(to: &remote) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                Glibc.connect(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { fail("cannot connect to port \(port): errno \(errno)") }
        setFlag(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY)
        setNonBlocking(descriptor)
        return descriptor
    }

    /// Makes the coming `close` send a reset in place of an orderly end.
    static func resetOnClose(_ descriptor: Int32) {
        var value = linger(l_onoff: 1, l_linger: 0)
        let size = socklen_t(MemoryLayout<linger>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &value, size)
    }

    /// Sends what the socket takes; -1 with `errno` as `send` has it.
    static func send(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
    }

    private static func setNonBlocking(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    private static func setFlag(_ descriptor: Int32, _ level: Int32, _ option: Int32) {
        var on: Int32 = 1
        setsockopt(descriptor, level, option, &on, socklen_t(MemoryLayout<Int32>.size))
    }
}

/// One epoll instance, level-triggered; an event carries the descriptor it is about.
struct Poller: ~Copyable {
    static let readable = UInt32(EPOLLIN.rawValue)
    static let writable = UInt32(EPOLLOUT.rawValue)
    static let readableAndWritable = readable | writable

    private let descriptor = epoll_create1(0)
    private let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: 512)

    deinit {
        close(descriptor)
        events.deallocate()
    }

    func add(_ watched: Int32, _ interest: UInt32 = Poller.readable) {
        control(EPOLL_CTL_ADD, watched, interest)
    }

    func change(_ watched: Int32, _ interest: UInt32) {
        control(EPOLL_CTL_MOD, watched, interest)
    }

    private func control(_ operation: Int32, _ watched: Int32, _ interest: UInt32) {
        var event = epoll_event()
        event.events = interest
        event.data.fd = watched
        guard epoll_ctl(descriptor, operation, watched, &event) == 0 else {
            fail("epoll_ctl on \(watched): errno \(errno)")
        }
    }

    /// The number of events, at most 512, that came within the time; nil waits without end.
    func wait(nanoseconds: UInt64?) -> Int {
        guard let nanoseconds else { return max(0, Int(epoll_wait(descriptor, events, 512, -1))) }
        // Microseconds matter: a stream's chunks are not to leave in bunches of a millisecond.
        var time = timespec(
            tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        return max(0, Int(epoll_pwait2(descriptor, events, 512, &time, nil)))
    }

    func event(_ index: Int) -> (descriptor: Int32, what: UInt32) {
        (events[index].data.fd, events[index].events)
    }
}
